import { asFailure, Failure, failures, withLocal } from "../../failure.ts";
import { harmlessJson } from "../../text/harmless-json.ts";
import { flagFieldsOf } from "../parameters.ts";
import type { Program } from "./program-definition.ts";
import { readFlags } from "./program-flags.ts";
import type { Screen } from "./screen.ts";
import { tell } from "./tell.ts";

// How long a cancelled call may take to end: long enough for an audit entry, short enough for a waiting person.
const graceMs = 5000;

/** Runs one command line and returns its exit code. Writes one JSON document to stdout, or a table if stdout is a terminal. */
export async function runCli(args: readonly string[], program: Program, screen: Screen): Promise<number> {
  const quiet = args.includes("--quiet");
  const isTerminal = screen.stdout.isTTY === true;
  const json = !isTerminal || args.includes("--json");
  const [first = "--help", ...rest] = args;
  // A command that ends the process itself has no time limit: nobody would handle the rejection, and Node ends a process for that.
  const endsItself = program.commands.some((command) => command.name === first && command.endsItself);
  const grace = endsItself ? undefined : openGracePeriod(screen.signal);
  // A call that is given up may still end later: its output must not follow the reported failure.
  let givenUp = false;
  const write = (text: string) => (givenUp ? true : screen.stdout.write(text));
  const { isTTY, columns } = screen.stdout;
  const gated = Object.create(screen, { stdout: { value: { isTTY, columns, write } } });
  const work = () => dispatch(first, rest, program, gated, json);
  try {
    return await (grace === undefined ? work() : Promise.race([work(), grace.over]));
  } catch (thrown) {
    givenUp = true;
    const failure = withLocal(asFailure(thrown));
    const namesFormat = args.some((word) => /^(?:-o|--output)(?:=|$)/.test(word));
    if (namesFormat ? (await import("./output-format.ts")).prefersJson(args, isTerminal) : json) {
      const { errorNoun } = await import("../../catalogue/answer-envelope.ts");
      screen.stdout.write(`${harmlessJson({ success: false, message: failure.message, error: errorNoun(failure) })}\n`);
    }
    if (!quiet) tell(screen, failure, first);
    return failures[failure.code].exit;
  } finally {
    grace?.end();
  }
}

async function dispatch(first: string, rest: readonly string[], program: Program, screen: Screen, json: boolean): Promise<number> {
  const help = () => import("./help.ts");
  const columns = screen.stdout.columns || 100;
  const print = (document: unknown, text: (() => string) | undefined) => {
    screen.stdout.write(json || text === undefined ? `${harmlessJson(document, screen.stdout.isTTY ? 2 : 0)}\n` : `${text()}\n`);
    return 0;
  };
  const show = async (text: string) => {
    if (screen.stdout.isTTY === true) await (await import("./pager.ts")).page(text, screen);
    else screen.stdout.write(`${text}\n`);
    return 0;
  };
  if (first === "--version" || first === "-V") {
    screen.stdout.write(`${program.version()}\n`);
    return 0;
  }
  if (first === "--help" || first === "-h" || first === "help") {
    const [topic] = rest;
    if (topic !== undefined && !topic.startsWith("-")) return dispatch(topic, ["--help"], program, screen, json);
    return show((await help()).overview(program, columns));
  }
  if (first === "exit-codes" || first === "actions") {
    if (readFlags(rest, [], ["json", "quiet", "help"]).program.help) return show((await help()).listHelp(first, columns));
  }
  if (first === "exit-codes") {
    const { exitCodes, exitCodesText } = await help();
    return print(exitCodes(), () => exitCodesText(columns));
  }
  if (first === "actions") {
    const { listActions, actionsText } = await help();
    const list = await listActions(program.catalogue);
    return print(list, () => actionsText(list, columns));
  }
  const command = program.commands.find(({ name }) => name === first);
  if (command !== undefined) return command.run(rest, screen, program.version);
  const { names, aliases = {} } = program.catalogue;
  const short = Object.hasOwn(aliases, first) ? aliases[first] : undefined;
  const name = names.includes(first) ? first : (short ?? (await (await import("./named-action.ts")).namedAction(first, program)));
  const action = await program.catalogue.load(name);
  const line = readFlags(rest, flagFieldsOf(action));
  if (line.program.help) {
    return show((await help()).actionHelp(action, columns, program.catalogue.aliases));
  }
  const named = line.program.output === undefined ? undefined : (await import("./output-format.ts")).formatIn(line.program);
  const format = named ?? (json ? "json" : "table");
  return (await import("./run-action.ts")).runAction(action, line, program, screen, format);
}

/** Rejects with `cancelled` if a cancelled call has not ended in time. */
function openGracePeriod(signal: AbortSignal): { readonly over: Promise<never>; end(): void } {
  let timer: NodeJS.Timeout | undefined;
  let begin: (() => void) | undefined;
  const over = new Promise<never>((_, reject) => {
    begin = () => {
      timer = setTimeout(() => reject(new Failure("cancelled", "The call was stopped on request before its result was known.")), graceMs);
    };
  });
  const start = () => begin?.();
  if (signal.aborted) start();
  signal.addEventListener("abort", start, { once: true });
  return {
    over,
    end: () => {
      signal.removeEventListener("abort", start);
      clearTimeout(timer);
    },
  };
}
