// src/faces/cli/completion/: What a shell offers for the next word, and the man page, both made from the catalogue.

import { fieldOf, flagOf } from "../../field-spellings.ts";
import { type Parameter, parametersOf } from "../../parameters.ts";
import { takesMessages } from "../from-search.ts";
import { flagMeanings } from "../help.ts";
import type { DescribedProgram } from "../program-definition.ts";
import { otherFlagOf, programFlags, shortFlags } from "../program-flags.ts";

/** A word that may come next, and its meaning in one line. */
export interface Candidate {
  readonly word: string;
  readonly meaning: string;
}

/** The next word is the path of a file or a folder, which the shell knows better. */
export type Candidates = readonly Candidate[] | "files";

/** Names that the catalogue does not have. Read only if the word needs them. */
export interface KnownNames {
  /** Well-known folders. */
  readonly folders: readonly string[];
  readonly connections: readonly string[];
  readonly aliases: Readonly<Record<string, string>>;
}

/** Returns the text of a command's help. */
type HelpOf = (command: string) => Promise<string>;

const outputFormats = ["table", "json", "yaml", "jsonl", "csv"];
const fileValues = ["FILE", "DIR"];

/**
 * Returns the words that may stand in the place of the last of `typed`, which are the words after the name of the program: actions and commands, their
 * flags, choices, connections and well-known folders. Every word is safe in a shell.
 */
export async function completionsOf(
  typed: readonly string[],
  program: DescribedProgram,
  known: () => Promise<KnownNames>,
  helpOf: HelpOf,
): Promise<Candidates> {
  const words = typed.filter((word, at) => word !== "=" || at === typed.length - 1);
  const last = words.at(-1) ?? "";
  const current = last === "=" ? "" : last;
  const before = words.slice(0, -1);
  const [first] = before;
  const matching = (candidates: readonly Candidate[]) =>
    candidates.filter(({ word }) => word.startsWith(current) && /^[\w@.,:/+=-]+$/.test(word));
  if (first === undefined) return matching(await firstWords(program, known));
  const { catalogue } = program;
  const name = catalogue.names.includes(first) ? first : await aliasOf(first, program, known);
  const previous = before.at(-1) ?? "";
  const [, flag = shortFlags.get(previous) ?? previous] = /^(--[\w-]+)=/.exec(current) ?? [];
  const inline = current.startsWith("--") && current.includes("=");
  const prefix = inline ? `${flag}=` : "";
  const values = (list: readonly Candidate[]) => matching(list.map(({ word, meaning }) => ({ word: `${prefix}${word}`, meaning })));
  if (name === undefined || !catalogue.names.includes(name)) {
    const found = commandWords(first, before, await helpOf(first));
    const value = found.flags.find((each) => each.word === flag)?.value;
    if (value === "NAME" && flag === "--connection") return values(await connectionWords(known));
    if (value !== undefined) return fileValues.includes(value) ? "files" : [];
    return matching(current.startsWith("-") || found.subcommands.length === 0 ? unused(found.flags, before) : found.subcommands);
  }
  const action = await catalogue.load(name);
  const parameters = parametersOf(action);
  const parameter = parameters.find(({ field }) => field === fieldOf(flag) || otherFlagOf(field) === flag);
  if (parameter !== undefined && (inline || parameter.kind !== "boolean")) {
    if (/^file_|^attachments$/.test(parameter.field)) return "files";
    return values(valuesOf(parameter, await known()));
  }
  const own = fieldOf(flag);
  const programFlag = Object.entries(programFlags).find(([field, value]) => field === own && value !== undefined);
  if (programFlag !== undefined) {
    const [field, value] = programFlag;
    if (field === "connection") return values(await connectionWords(known));
    if (field === "output") return values(outputFormats.map((word) => ({ word, meaning: "" })));
    return fileValues.includes(value ?? "") ? "files" : [];
  }
  const flags = [
    ...parameters.map(({ field, description, kind }) => ({
      word: flagOf(field),
      meaning: sentenceOf(description),
      repeated: kind === "list",
    })),
    ...Object.entries(flagMeanings)
      .filter(([field]) => field !== "from_search" || takesMessages(action))
      .map(([field, meaning]) => ({ word: flagOf(field), meaning: sentenceOf(meaning), repeated: false })),
  ];
  return matching(unused(flags, before));
}

async function firstWords({ catalogue, commands }: DescribedProgram, known: () => Promise<KnownNames>): Promise<readonly Candidate[]> {
  const actions = await Promise.all(catalogue.names.map(async (name) => ({ word: name, meaning: (await catalogue.load(name)).summary })));
  const { aliases } = await known();
  const short = Object.entries({ ...aliases, ...catalogue.aliases }).map(([word, action]) => ({ word, meaning: action }));
  const others = [
    { word: "actions", meaning: "List the actions." },
    { word: "exit-codes", meaning: "List the exit codes and their meanings." },
    { word: "help", meaning: "Show the help of an action or a command." },
    { word: "--help", meaning: "Show the help." },
    { word: "--version", meaning: "Show the version." },
  ];
  return [...actions, ...short, ...commands.map(({ name, summary }) => ({ word: name, meaning: summary })), ...others];
}

async function aliasOf(
  word: string,
  { catalogue, commands }: DescribedProgram,
  known: () => Promise<KnownNames>,
): Promise<string | undefined> {
  if (commands.some(({ name }) => name === word)) return undefined;
  const aliases = { ...(await known()).aliases, ...catalogue.aliases };
  return Object.hasOwn(aliases, word) ? aliases[word] : undefined;
}

async function connectionWords(known: () => Promise<KnownNames>): Promise<readonly Candidate[]> {
  return (await known()).connections.map((word) => ({ word, meaning: "" }));
}

function valuesOf({ field, choices, kind }: Parameter, { folders }: KnownNames): readonly Candidate[] {
  if (choices !== undefined) return choices.map((word) => ({ word, meaning: "" }));
  if (kind === "boolean") return ["true", "false"].map((word) => ({ word, meaning: "" }));
  if (field === "folder" || field.endsWith("_folder")) return folders.map((word) => ({ word, meaning: "" }));
  return field === "mailboxes" ? [{ word: "all", meaning: "Every mailbox that the account may search." }] : [];
}

/** Leaves out flags that are there, except those that may be repeated. */
function unused<T extends Candidate & { readonly repeated?: boolean }>(flags: readonly T[], before: readonly string[]): readonly T[] {
  return flags.filter(({ word, repeated }) => repeated === true || !before.includes(word));
}

function sentenceOf(text: string): string {
  return text.replace(/\.(?: .*)?$/s, ".");
}

interface CommandWords {
  readonly subcommands: readonly Candidate[];
  /** `value`: the name of the flag's value in the help. */
  readonly flags: readonly (Candidate & { readonly value: string | undefined; readonly repeated: true })[];
}

/** Reads the flags and subcommands of a command from its help, which lists each at the beginning of a line. */
function commandWords(command: string, before: readonly string[], help: string): CommandWords {
  const flags = [...help.matchAll(/^ +(--[a-z][\w-]*)(?: ([A-Z]+))?(?:, --[\w-]+(?: [A-Z]+)?)?(?: {2,}(.*))?$/gm)].map(
    ([, word = "", value, meaning = ""]) => ({ word, value, meaning: sentenceOf(meaning), repeated: true as const }),
  );
  const listed = [...help.matchAll(new RegExp(`^ *(?:mailcordon )?${command} ([a-z][\\w-]*)(?:.*? {2,}(\\S.*)|.*)$`, "gm"))];
  const subcommands = listed.map(([, word = "", meaning = ""]) => ({ word, meaning: sentenceOf(meaning) }));
  return { flags, subcommands: before.length > 1 ? [] : subcommands };
}
