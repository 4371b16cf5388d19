import { fieldsAsFlags } from "../../faces/cli/fields-as-flags.ts";
import { readFlags } from "../../faces/cli/program-flags.ts";
import type { Screen } from "../../faces/cli/screen.ts";
import type { FlagField } from "../../faces/parameters.ts";
import { asFailure, Failure, reworded } from "../../failure.ts";
import { flagNames } from "../../sweeps/plan-request.ts";
import { harmlessJson } from "../../text/harmless-json.ts";
import { didYouMean } from "../../text/nearest-name.ts";
import { approve } from "./approve.ts";
import { archive } from "./archive.ts";
import { pauseOrCancel } from "./pause-or-cancel.ts";
import { plan, planFlags } from "./plan.ts";
import { report } from "./report.ts";
import { run } from "./run.ts";
import { list, status } from "./status.ts";
import { type SubcommandContext, type SubcommandResult, withSubcommandContext } from "./subcommand-context.ts";
import { sweepUsage } from "./usage.ts";

/** Flags of the program that every subcommand accepts. */
const own = ["config", "connection", "out", "audit_file", "json", "quiet", "help", "yes"];
const text = (field: string): FlagField => ({ field, kind: "text" });
const detach: FlagField = { field: "detach", kind: "boolean" };

/** `flags`: those of the subcommand itself. The flags of `plan` also depend on the planned action. */
interface Subcommand {
  readonly flags: readonly FlagField[] | ((words: readonly string[]) => Promise<readonly FlagField[]>);
  run(id: string, context: SubcommandContext): Promise<SubcommandResult>;
}

const subcommands: Readonly<Record<string, Subcommand>> = {
  plan: { flags: planFlags, run: (_, context) => plan(context) },
  approve: { flags: [text("plan")], run: approve },
  run: { flags: [text("plan"), detach], run: (id, context) => run(id, "act", context) },
  resume: { flags: [detach], run: (id, context) => run(id, "resume", context) },
  undo: { flags: [detach], run: (id, context) => run(id, "undo", context) },
  status: { flags: [], run: status },
  report: { flags: [text("format")], run: report },
  archive: { flags: [text("output")], run: archive },
  list: { flags: [], run: (_, context) => list(context) },
  pause: { flags: [], run: (id, context) => pauseOrCancel(id, "pause", context) },
  cancel: { flags: [], run: (id, context) => pauseOrCancel(id, "cancel", context) },
};
const withoutId = ["plan", "list"];

/** Returns the failure with flags of the command line in place of field names. */
function spelledAsFlags(failure: Failure, flags: readonly FlagField[]): Failure {
  const fields = [...Object.keys(flagNames), ...flags.map(({ field }) => field)];
  const spelled = (text: string) => fieldsAsFlags(text, fields, flagNames);
  return reworded(failure, spelled(failure.message), spelled(failure.hint));
}

/** Runs `mailcordon sweep` and returns the exit code. Throws Failure. */
export async function runSweep(words: readonly string[], screen: Screen): Promise<number> {
  const [name = "--help", ...rest] = words;
  if (name === "--help" || name === "-h" || rest.includes("--help")) {
    screen.stdout.write(await sweepUsage());
    return 0;
  }
  const subcommand = Object.hasOwn(subcommands, name) ? subcommands[name] : undefined;
  if (subcommand === undefined) {
    throw new Failure("invalid-input", `There is no sweep ${name}.${didYouMean(name, Object.keys(subcommands))}`, {
      hint: "`mailcordon sweep --help` lists them.",
    });
  }
  const [first] = rest;
  const id = withoutId.includes(name) || first === undefined || first.startsWith("--") ? undefined : first;
  if (id === undefined && !withoutId.includes(name))
    throw new Failure("invalid-input", `sweep ${name}: name the sweep, as sweep list shows it.`);
  const flags = typeof subcommand.flags === "function" ? await subcommand.flags(rest) : subcommand.flags;
  const line = readFlags(id === undefined ? rest : rest.slice(1), flags, own);
  return withSubcommandContext(line, screen, async (context) => {
    const {
      document,
      shown,
      exit = 0,
      raw,
    } = await subcommand.run(id ?? "", context).catch((thrown) => {
      throw spelledAsFlags(asFailure(thrown), flags);
    });
    if (raw !== undefined) {
      for await (const text of raw) screen.stdout.write(text);
      return exit;
    }
    const json = screen.stdout.isTTY !== true || line.program.json === true;
    screen.stdout.write(json ? `${harmlessJson(document, screen.stdout.isTTY ? 2 : 0)}\n` : `${shown(screen.stdout.columns || 100)}\n`);
    return exit;
  });
}
