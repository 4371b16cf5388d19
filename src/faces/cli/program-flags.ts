import { Failure } from "../../failure.ts";
import { didYouMean } from "../../text/nearest-name.ts";
import { fieldOf, flagOf } from "../field-spellings.ts";
import type { FlagField } from "../parameters.ts";

/** Flags of the command line itself: the name of their value, if they have one. `flagMeanings` in help.ts has what they mean, which a start does not read. */
export const programFlags = {
  input: "FILE",
  from_search: "FILE",
  output: "FORMAT",
  json: undefined,
  jmespath: "EXPRESSION",
  out: "DIR",
  audit_file: "FILE",
  yes: undefined,
  config: "FILE",
  connection: "NAME",
  verbose: undefined,
  quiet: undefined,
  help: undefined,
} as const satisfies Record<string, string | undefined>;

/** A flag of the command line itself. */
export type ProgramFlag = keyof typeof programFlags;

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
      if (programFlags[field] !== undefined) setOnce(program, field, value(), flag);
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
