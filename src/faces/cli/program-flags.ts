import { Failure } from "../../failure.ts";
import { didYouMean } from "../../text/nearest-name.ts";
import { fieldOf, flagOf } from "../field-spellings.ts";
import type { FlagField } from "../parameters.ts";

/** Flags of the command line itself: their meanings, and the name of their value if they have one. */
export const programFlags = {
  input: {
    value: "FILE",
    meaning: "File or pipe with the input as one JSON object; - reads standard input. Flags take precedence over the file.",
  },
  from_search: {
    value: "FILE",
    meaning:
      "Work on the messages that an earlier call found: its JSON or JSON Lines, in a file; - reads standard input. One dry run, one confirmation and one expected count cover all mailboxes.",
  },
  output: {
    value: "FORMAT",
    meaning: "table, json, yaml, jsonl or csv (a line for each result). Default: table on a terminal, otherwise json. Short: -o.",
  },
  json: { value: undefined, meaning: "Print one JSON document: the same as --output json." },
  jmespath: {
    value: "EXPRESSION",
    meaning: "Print what this JMESPath expression selects, such as results[].item_id.",
  },
  out: { value: "DIR", meaning: "Folder for evidence and other files. Default: evidence_dir of the settings." },
  audit_file: { value: "FILE", meaning: "File for the audit entries. Default: audit_file of the settings." },
  yes: { value: undefined, meaning: "Confirm the action without being asked." },
  config: { value: "FILE", meaning: "Settings file. Default: mailcordon.yaml in this folder, then in ~/.config/mailcordon/." },
  connection: { value: "NAME", meaning: "Connection of the settings. Default: the default connection." },
  verbose: { value: undefined, meaning: "Show each request and reply on standard error: never a body, a secret or a token. Short: -v." },
  quiet: { value: undefined, meaning: "Print nothing on standard error." },
  help: { value: undefined, meaning: "Show this help. Short: -h." },
} as const satisfies Record<string, { value: string | undefined; meaning: string }>;

type ProgramFlag = keyof typeof programFlags;

/** Short flags, and the flags that they stand for. */
export const shortFlags: ReadonlyMap<string, string> = new Map([
  ["-h", "--help"],
  ["-o", "--output"],
  ["-v", "--verbose"],
]);

/** Other names of fields, as the commands that people know from elsewhere have them. */
const otherNames: ReadonlyMap<string, string> = new Map([
  ["since", "received_after"],
  ["until", "received_before"],
]);

/** Returns the other flag of a field. */
export function otherFlagOf(field: string): string | undefined {
  const [name] = [...otherNames].find(([, known]) => known === field) ?? [];
  return name === undefined ? undefined : flagOf(name);
}

/** A command line, read. */
export interface CommandLine {
  /** Fields of the action as they were written: texts, booleans, lists. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly program: { readonly [F in ProgramFlag]?: string | true };
}

/**
 * Reads `--flag value`, `--flag=value`, `--flag` and `--no-flag`. A list is a repeated flag or a comma-separated value.
 * @throws Failure `invalid-input` for an unknown flag, with the nearest one, and for a missing or repeated value
 */
export function readFlags(
  args: readonly string[],
  parameters: readonly FlagField[],
  own: readonly string[] = Object.keys(programFlags),
): CommandLine {
  const fields = new Map<string, unknown>();
  const program = new Map<string, string | true>();
  const byField = new Map(parameters.map((parameter) => [parameter.field, parameter]));
  const rest = [...args];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    word = shortFlags.get(word) ?? word;
    if (!word.startsWith("--") || word === "--") throw invalidArgument(`Unexpected argument: ${word}. Every value needs a flag before it.`);
    const equals = word.indexOf("=");
    const flag = equals < 0 ? word : word.slice(0, equals);
    const given = equals < 0 ? undefined : word.slice(equals + 1);
    const written = fieldOf(flag);
    const field = byField.has(written) ? written : (otherNames.get(written) ?? written);
    const value = () => given ?? takeValue(flag, rest);

    const parameter = byField.get(field);
    const negated = field.startsWith("no_") ? byField.get(field.slice(3)) : undefined;
    if (parameter?.kind === "boolean") setOnce(fields, field, given ?? (isTruth(rest[0]) ? rest.shift() : true), flag);
    else if (parameter?.kind === "list") fields.set(field, fields.has(field) ? `${fields.get(field)}\n${value()}` : value());
    else if (parameter !== undefined) setOnce(fields, field, value(), flag);
    else if (negated?.kind === "boolean" && given === undefined) setOnce(fields, negated.field, false, flag);
    else if (own.includes(field) && isProgramFlag(field)) {
      if (programFlags[field].value !== undefined) setOnce(program, field, value(), flag);
      else if (given === undefined || given === "true") program.set(field, true);
      else if (given !== "false") throw invalidArgument(`${flag} takes no value.`);
    } else throw invalidArgument(`Unknown flag: ${flag}.${didYouMean(written, [...byField.keys(), ...own], flagOf)}`);
  }
  return { fields: Object.fromEntries(fields), program: Object.fromEntries(program) };
}

function isProgramFlag(field: string): field is ProgramFlag {
  return Object.hasOwn(programFlags, field);
}

function isTruth(word: string | undefined): boolean {
  return word === "true" || word === "false";
}

function setOnce<T>(map: Map<string, T>, field: string, value: T, flag: string): void {
  if (map.has(field)) throw invalidArgument(`${flag} is given twice; it accepts one value.`);
  map.set(field, value);
}

function takeValue(flag: string, rest: string[]): string {
  const next = rest.shift();
  if (next === undefined) throw invalidArgument(`${flag} needs a value.`);
  if (next.startsWith("--")) throw invalidArgument(`${flag} needs a value; write a value that begins with -- as ${flag}=${next}.`);
  return next;
}

function invalidArgument(message: string): Failure {
  return new Failure("invalid-input", message);
}
