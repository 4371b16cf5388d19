import type { Action } from "../../catalogue/action-definition.ts";
import { type Answer, exitCodeOf } from "../../catalogue/answer-envelope.ts";
import { mostBytesOf } from "../../catalogue/limits.ts";
import { failures, withLocal } from "../../failure.ts";
import { type Host, type Plan, perform } from "../../perform/perform.ts";
import { jsonPieces } from "../json-pieces.ts";
import type { OutputFormat } from "./output-format.ts";
import type { Program } from "./program-definition.ts";
import type { CommandLine } from "./program-flags.ts";
import type { Screen } from "./screen.ts";
import { foundText, tell } from "./tell.ts";
import { harmless } from "./terminal.ts";

const careless =
  "mailcordon: WARNING: the server's certificate is not checked (tls.verify: false), so anybody on the network path can read and change everything.\n";

/** Runs one action and returns its exit code. Loaded late: help and `--version` do not need this code. */
export async function runAction(
  action: Action,
  line: CommandLine,
  program: Program,
  screen: Screen,
  format: OutputFormat,
): Promise<number> {
  const { input, from_search, config, connection, out, audit_file, yes, quiet, verbose, jmespath } = line.program;
  const text = (value: string | true | undefined) => (value === true ? undefined : value);
  // A mistake in the expression must not show only after the action.
  const select = typeof jmespath === "string" ? await (await import("./output-format.ts")).openSelection(jmespath) : undefined;
  const raw = { ...(await readInputFile(text(input), screen, mostBytesOf(action.input))), ...line.fields };
  const chained = typeof from_search === "string" ? await openChain(action, raw, from_search, text(input), screen) : undefined;
  if (chained?.missing !== undefined && !quiet) screen.stderr.write(`mailcordon: ${chained.missing}\n`);
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
    const host = {
      ...opened,
      shown: withLocal,
      signal: screen.signal,
      ...confirmation(action, yes === true, screen, () => {
        requested = true;
        progress?.end();
      }),
      ...(progress === undefined ? {} : { progress: progress.say }),
    };
    const performed = await (chained?.perform(host) ?? perform(action, raw, host));
    // A file uses names of fields; a person at a terminal uses flags.
    const answer = input === undefined ? await spelledAsFlags(performed, action, format === "table") : performed;
    progress?.end();
    // A user who has just declined has seen the items.
    const known = format === "table" && requested && answer.error?.code === "confirmation-required";
    await print(known ? { ...answer, results: [] } : answer, action, screen, {
      format,
      select,
      quiet: quiet === true,
      auditFile: opened.auditFile,
    });
    const code = exitCodeOf(answer);
    return code !== 0 && screen.signal.aborted ? failures.cancelled.exit : code;
  } finally {
    progress?.end();
    await opened.exchange.close();
  }
}

/** Returns how to run an action on the messages of an earlier answer, which is read first. Throws Failure `invalid-input`. */
async function openChain(action: Action, raw: Readonly<Record<string, unknown>>, path: string, input: string | undefined, screen: Screen) {
  const [{ readFoundMessages, refuseToChain }, { performMany }] = await Promise.all([
    import("./from-search.ts"),
    import("../../perform/perform-many.ts"),
  ]);
  refuseToChain(action, raw, { path, input });
  const { mailbox, ...rest } = raw;
  const { places, missing } = await readFoundMessages(path, screen.stdin, typeof mailbox === "string" ? mailbox : undefined);
  return {
    missing,
    perform: async (host: Host) => {
      const answer = await performMany(action, rest, places, host);
      return missing === undefined ? answer : { ...answer, message: `${answer.message} ${missing}` };
    },
  };
}

/**
 * Returns the answer with the flags of the command line in place of the names of fields in its failure; in a table also in those of its items, which
 * programs read as over every other interface.
 */
async function spelledAsFlags(answer: Answer, action: Action, isTable: boolean): Promise<Answer> {
  const { error } = answer;
  const results = isTable ? answer.results : undefined;
  if (error === undefined && results?.some((result) => result.error !== undefined) !== true) return answer;
  const { fieldsAsFlags } = await import("./fields-as-flags.ts");
  const spelled = (text: string) => fieldsAsFlags(text.replace("confirm: true", "--yes"), Object.keys(action.input.shape));
  const respelt = <E extends { readonly message: string; readonly hint: string }>(one: E): E => ({
    ...one,
    message: spelled(one.message),
    hint: spelled(one.hint),
  });
  return {
    ...answer,
    message: spelled(answer.message),
    ...(error === undefined ? {} : { error: respelt(error) }),
    ...(results === undefined
      ? {}
      : { results: results.map((result) => (result.error === undefined ? result : { ...result, error: respelt(result.error) })) }),
  };
}

interface PrintOptions {
  readonly format: OutputFormat;
  /** Selects what is printed. Default: all. */
  readonly select: ((answer: Answer) => unknown) | undefined;
  readonly quiet: boolean;
  /** The file of the audit log. */
  readonly auditFile: string | undefined;
}

async function print(answer: Answer, action: Action, screen: Screen, { format, select, quiet, auditFile }: PrintOptions): Promise<void> {
  const isTerminal = screen.stdout.isTTY === true;
  if (select === undefined && format === "table") {
    const { answerText } = await import("./answer-text.ts");
    const text = answerText(answer, action, screen.stdout.columns || 100, auditFile);
    if (text !== "") screen.stdout.write(`${text}\n`);
  } else if (select === undefined && format === "json" && !isTerminal) {
    for (const piece of jsonPieces(answer)) screen.stdout.write(piece);
    screen.stdout.write("\n");
  } else {
    const { formatted } = await import("./output-format.ts");
    const document = select === undefined ? answer : select(answer);
    // What was selected is no answer, for which a table could be drawn.
    for await (const piece of formatted(document, format === "table" ? "json" : format, isTerminal)) screen.stdout.write(piece);
  }
  const { error, mailbox } = answer;
  if (error === undefined || quiet) return;
  const named = mailbox === undefined || error.message.includes(mailbox) ? error.message : `${mailbox}: ${error.message}`;
  tell(screen, { ...error, message: named }, action.name);
}

/** Returns how to confirm: --yes confirms; without it mailcordon asks a person at a terminal; otherwise `perform` refuses. */
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
