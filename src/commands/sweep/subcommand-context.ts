import type { CommandLine } from "../../faces/cli/program-flags.ts";
import type { Screen } from "../../faces/cli/screen.ts";
import { commandWords } from "../../faces/cli/shell-command.ts";
import { foundText } from "../../faces/cli/tell.ts";
import type { Failure } from "../../failure.ts";
import type { SettingsFlags } from "../../settings/load-settings.ts";
import type { State } from "../../state/state.ts";
import type { archiveAnswer } from "../../sweeps/report/evidence-archive.ts";
import type { SweepCaller } from "../../sweeps/service/sweep-access.ts";
import type { SweepService } from "../../sweeps/service/sweep-service.ts";
import { harmlessJson } from "../../text/harmless-json.ts";
import { type OpenedConnection, openSweepHost } from "./sweep-host.ts";

/** Exit code if something could not be examined, as for every other answer. */
export const incompleteExit = 6;

/** Output of a subcommand, and its exit code. */
export interface SubcommandResult {
  readonly document: object;
  readonly shown: (columns: number) => string;
  readonly exit?: number;
  /** Text printed instead of JSON, even outside a terminal. */
  readonly raw?: AsyncIterable<string>;
}

/** Everything that a subcommand needs. */
export interface SubcommandContext {
  readonly state: State;
  readonly line: CommandLine;
  readonly screen: Screen;
  readonly flags: SettingsFlags;
  readonly progress: (text: string) => void;
  /** The service that every face uses for sweeps, and the caller on the command line. */
  readonly service: SweepService;
  readonly caller: SweepCaller;
  archiveTo(id: string, output: string): Promise<ReturnType<typeof archiveAnswer>>;
  connection(name: string | undefined): Promise<OpenedConnection>;
  /** Works on sweeps in this process. Throws Failure. */
  work(): Promise<{ close(): Promise<void> }>;
  complain(failure: Failure): void;
  /** Returns the command line of a subcommand for a sweep, with the settings of this command. */
  readonly command: (name: string, id: string) => string;
}

/**
 * Returns a function that shows the last progress, followed by the current wait. A request reports its wait (`waiting 12 s: …`) independently of the counts,
 * so each text would erase the other.
 */
export function withWaits(say: (text: string) => void, now: () => number = () => performance.now()): (text: string) => void {
  let done = "";
  let wait = { text: "", until: 0 };
  return (text) => {
    const [isWait, seconds] = /^waiting(?: (\d+) s)?: /.exec(text) ?? [];
    if (isWait === undefined) done = text;
    // A wait without a time ends with the next progress.
    if (isWait !== undefined) wait = { text, until: now() + Number(seconds ?? 0) * 1000 };
    else if (wait.until <= now()) wait = { text: "", until: 0 };
    say([done, wait.text].filter((one) => one !== "").join("; "));
  };
}

/** Opens the settings, the database and the connections for one command, and closes them after it. Throws Failure. */
export async function withSubcommandContext(
  line: CommandLine,
  screen: Screen,
  work: (context: SubcommandContext) => Promise<number>,
): Promise<number> {
  const textOf = (value: string | true | undefined) => (value === true ? undefined : value);
  const { config, connection, out, audit_file, quiet } = line.program;
  const flags = { config: textOf(config), connection: textOf(connection), evidenceDir: textOf(out), auditFile: textOf(audit_file) };
  const progress =
    quiet || screen.stderr.isTTY !== true ? undefined : (await import("../../faces/cli/progress.ts")).openProgress(screen.stderr);
  const say = progress === undefined ? () => undefined : withWaits(progress.say);
  const complain = ({ code, message }: Failure) => {
    progress?.end();
    if (!quiet) screen.stderr.write(`${harmlessJson({ level: "warn", code, message })}\n`);
  };
  const host = await openSweepHost({
    ...{ flags, complain, progress: say },
    found: ({ foundFile }) => {
      if (foundFile !== undefined && !quiet) screen.stderr.write(foundText(foundFile));
    },
  });
  const { state, service, caller, connect: reach } = host;
  try {
    return await work({
      ...{ state, line, screen, flags, progress: say, service, caller, complain },
      connection: reach,
      archiveTo: host.archive,
      work: () => host.work(screen.signal),
      command: (name, id) => commandWords(`sweep ${name} ${id}`, flags.config === undefined ? {} : { config: flags.config }).join(" "),
    });
  } finally {
    progress?.end();
    await host.close();
  }
}
