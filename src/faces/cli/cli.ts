import type { Action } from "../../catalogue/action-definition.ts";
import { type Answer, type ErrorNoun, errorNoun, exitCodeOf } from "../../catalogue/answer-envelope.ts";
import { mostBytesOf } from "../../catalogue/limits.ts";
import { asFailure, Failure, failures, withLocal } from "../../failure.ts";
import { type Plan, perform } from "../../perform/perform.ts";
import { harmlessJson } from "../../text/harmless-json.ts";
import { didYouMean } from "../../text/nearest-name.ts";
import { jsonPieces } from "../json-pieces.ts";
import { parametersOf } from "../parameters.ts";
import type { Program } from "./program-definition.ts";
import { type Line, readFlags } from "./program-flags.ts";
import type { Screen } from "./screen.ts";
import { harmless } from "./terminal.ts";

const careless =
  "mailcordon: WARNING: the server's certificate is not checked (tls.verify: false), so that anybody on the way can read and change everything.\n";

// How long a cancelled call may take to end by itself: long enough for an audit entry, short enough for a person who waits.
const graceMs = 5000;

/** Runs one command line and gives its exit code. Writes one JSON document to stdout, or a table where that is a terminal. */
export async function runCli(words: readonly string[], program: Program, screen: Screen): Promise<number> {
  const quiet = words.includes("--quiet");
  const json = screen.stdout.isTTY !== true || words.includes("--json");
  const [first = "--help", ...rest] = words;
  // A command with an end of its own is not timed: nobody would hear of the rejection, and Node ends a process for that.
  const endsItself = program.commands.some((command) => command.name === first && command.endsItself);
  const grace = endsItself ? undefined : graceAfter(screen.signal);
  // What is given up on may still come to its end: its report must not follow the one that was given.
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
    if (json) screen.stdout.write(`${harmlessJson({ success: false, message: failure.message, error: errorNoun(failure) })}\n`);
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
  if (first === "--version" || first === "-V") {
    screen.stdout.write(`${program.version()}\n`);
    return 0;
  }
  if (first === "--help" || first === "-h" || first === "help") {
    const [topic] = rest;
    if (topic !== undefined && !topic.startsWith("-")) return dispatch(topic, ["--help"], program, screen, json);
    screen.stdout.write(`${(await help()).overview(program, columns)}\n`);
    return 0;
  }
  if (first === "exit-codes") {
    readFlags(rest, [], ["json", "quiet"]);
    const { exitCodes, exitCodesText } = await help();
    return print(exitCodes(), () => exitCodesText(columns));
  }
  if (first === "actions") {
    readFlags(rest, [], ["json", "quiet"]);
    const { listActions, actionsText } = await help();
    const list = await listActions(program.catalogue);
    return print(list, () => actionsText(list, columns));
  }
  const command = program.commands.find(({ name }) => name === first);
  if (command !== undefined) return command.run(rest, screen, program.version);
  if (!program.catalogue.names.includes(first)) throw unknown(first, program);

  const action = await program.catalogue.load(first);
  const line = readFlags(rest, parametersOf(action));
  if (line.program.help) {
    screen.stdout.write(`${(await help()).actionHelp(action, columns)}\n`);
    return 0;
  }
  return runAction(action, line, program, screen, json);
}

function unknown(name: string, program: Program): Failure {
  const names = [...program.catalogue.names, ...program.commands.map((command) => command.name), "actions", "exit-codes", "help"];
  const what = name.startsWith("-") ? `${name} stands before the action; put the action first.` : `There is no action ${name}.`;
  return new Failure("invalid-input", `${what}${didYouMean(name, names)}`, { hint: "`mailcordon actions` lists them all." });
}

async function runAction(action: Action, line: Line, program: Program, screen: Screen, json: boolean): Promise<number> {
  const { input, config, connection, out, audit_file, yes, quiet, verbose } = line.program;
  const text = (value: string | true | undefined) => (value === true ? undefined : value);
  const raw = { ...(await readInputFile(text(input), screen, mostBytesOf(action.input))), ...line.fields };
  const progress = quiet === true || screen.stderr.isTTY !== true ? undefined : (await import("./progress.ts")).openProgress(screen.stderr);
  const opened = await program.open({
    config: text(config),
    connection: text(connection),
    out: text(out),
    auditFile: text(audit_file),
    ...(verbose ? { log: (said) => screen.stderr.write(`${harmless(said)}\n`) } : {}),
  });
  if (opened.foundFile !== undefined && !quiet) screen.stderr.write(foundText(opened.foundFile));
  if (opened.tlsVerified === false && !quiet) screen.stderr.write(careless);
  let requested = false;
  try {
    const answer = await perform(action, raw, {
      ...opened,
      shown: withLocal,
      signal: screen.signal,
      ...confirmation(action, yes === true, screen, () => {
        requested = true;
        progress?.end();
      }),
      ...(progress === undefined ? {} : { progress: progress.say }),
    });
    progress?.end();
    // Who has just said no has seen what it was about.
    const known = !json && requested && answer.error?.code === "confirmation-required";
    await print(known ? { ...answer, results: [] } : answer, action, screen, json, quiet === true);
    const code = exitCodeOf(answer);
    return code !== 0 && screen.signal.aborted ? failures.cancelled.exit : code;
  } finally {
    progress?.end();
    await opened.exchange.close();
  }
}

/** Names the settings file that mailcordon found by itself: whoever did not expect it there sees it. */
export function foundText(path: string): string {
  return `Settings: ${harmless(path)}\n`;
}

async function print(answer: Answer, action: Action, screen: Screen, json: boolean, quiet: boolean): Promise<void> {
  if (json && screen.stdout.isTTY) screen.stdout.write(`${harmlessJson(answer, 2)}\n`);
  else if (json) {
    for (const piece of jsonPieces(answer)) screen.stdout.write(piece);
    screen.stdout.write("\n");
  } else {
    const { answerText } = await import("./answer-text.ts");
    const text = answerText(answer, action, screen.stdout.columns || 100);
    if (text !== "") screen.stdout.write(`${text}\n`);
  }
  if (answer.error !== undefined && !quiet) tell(screen, answer.error, action.name);
}

/** Where no better hint is given, the help of what was called has the names. */
function tell(screen: Screen, { code, message, hint }: Pick<ErrorNoun, "code" | "message" | "hint">, called: string): void {
  const help =
    hint === failures["invalid-input"].hint && code === "invalid-input" ? ` \`mailcordon ${called} --help\` lists them all.` : "";
  screen.stderr.write(`mailcordon: ${harmless(message)}\n  ${harmless(hint + help)}\n`);
}

/** --yes says yes; without it a person at a terminal is asked; where there is nobody, the door refuses. */
function confirmation({ effect }: Action, yes: boolean, screen: Screen, asking: () => void) {
  if (effect === "read") return {};
  if (yes) return { confirm: () => Promise.resolve(true) };
  if (screen.stdin.isTTY !== true || screen.stderr.isTTY !== true) return {};
  return {
    confirm: async (plan: Plan) => {
      asking();
      return (await import("./ask-confirmation.ts")).ask(plan, screen);
    },
  };
}

async function readInputFile(path: string | undefined, screen: Screen, mostBytes: number): Promise<Readonly<Record<string, unknown>>> {
  if (path === undefined) return {};
  const { readJson } = await import("./json-input.ts");
  return readJson(path, screen.stdin, mostBytes);
}

/** Rejects with `cancelled` when what was cancelled has not ended by itself in time. */
function graceAfter(signal: AbortSignal): { readonly over: Promise<never>; end(): void } {
  let timer: NodeJS.Timeout | undefined;
  let begin: (() => void) | undefined;
  const over = new Promise<never>((_, reject) => {
    begin = () => {
      timer = setTimeout(() => reject(new Failure("cancelled", "It was stopped on request, before its end was known.")), graceMs);
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
