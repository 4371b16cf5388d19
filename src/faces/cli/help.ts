import { type Action, effects } from "../../catalogue/action-definition.ts";
import { failures, someItemsFailedExit } from "../../failure.ts";
import { commonInputFields } from "../../perform/perform.ts";
import type { Catalogue } from "../catalogue.ts";
import { flagOf } from "../field-spellings.ts";
import { type Parameter, parametersOf } from "../parameters.ts";
import { fieldsAsFlags } from "./fields-as-flags.ts";
import { takesMessages } from "./from-search.ts";
import type { Program } from "./program-definition.ts";
import { otherFlagOf, type ProgramFlag, programFlags } from "./program-flags.ts";
import { commandWords, shellLines } from "./shell-command.ts";
import { harmless, pad, wrap } from "./terminal.ts";

/** One action in the list of all. */
export interface ActionListEntry {
  readonly name: string;
  readonly title: string;
  readonly kind: string;
  readonly effect: string;
  readonly summary: string;
}

export async function listActions(catalogue: Catalogue): Promise<readonly ActionListEntry[]> {
  const actions = await Promise.all(catalogue.names.map((name) => catalogue.load(name)));
  return actions.map(({ name, title, effect, summary }) => ({ name, title, kind: effects[effect].kind, effect, summary }));
}

export function actionsText(list: readonly ActionListEntry[], columns: number): string {
  return definitionList(
    list.map(({ name, effect, summary }) => [name, `${summary} (${effect})`]),
    columns,
  );
}

/** Returns the text of `mailcordon --help`. */
export function overview(program: Pick<Program, "catalogue" | "commands">, columns: number): string {
  const { catalogue, commands } = program;
  const own: [string, string][] = [
    ["actions", "List the actions."],
    ["exit-codes", "List the exit codes and their meanings."],
    ...commands.map(({ name, summary }): [string, string] => [name, summary]),
  ];
  return [
    "mailcordon: incident response for Exchange mailboxes.",
    "",
    "  mailcordon <action> [--flags…]",
    "  mailcordon <action> --help",
    "",
    "Actions:",
    wrapIndented(catalogue.names.join(" "), columns),
    "",
    "Other commands:",
    definitionList(own, columns),
    "",
    "Flags that every action accepts:",
    definitionList(programLines(), columns),
  ].join("\n");
}

/** Returns the help of the lists that the command line itself prints. */
export function listHelp(name: "actions" | "exit-codes", columns: number): string {
  const what = name === "actions" ? "lists the actions with their summaries and effects" : "lists the exit codes with their meanings";
  return [wrap(`mailcordon ${name}: ${what}.`, columns), "", definitionList(programLines(["json", "quiet", "help"]), columns)].join("\n");
}

/** Returns the text of `mailcordon <action> --help`, generated from the schema of its input. */
export function actionHelp(action: Action, columns: number, aliases: Readonly<Record<string, string>> = {}): string {
  const [alias] = Object.entries(aliases).find(([, meant]) => meant === action.name) ?? [];
  const { name, title, summary, effect, example } = action;
  const asks = effects[effect].asksFirst ? "; needs confirmation" : "";
  const parameters = parametersOf(action);
  const flags = (chosen: readonly Parameter[]) => flagList(chosen, parameters, columns);
  const own = parameters.filter(({ field }) => !commonInputFields.includes(field));
  const shared = parameters.filter(({ field }) => commonInputFields.includes(field));
  return [
    wrap(`${title}: ${summary}`, columns),
    "",
    `  mailcordon ${name} [--flags…]`,
    ...(alias === undefined ? [] : ["", `Short name: ${alias}.`]),
    ...(example === undefined ? [] : ["", "For example:", "", shellLines(commandWords(name, example), columns, "  ")]),
    "",
    `Effect: ${effect}${asks}. Kind: ${effects[effect].kind}.`,
    "",
    ...(own.length === 0 ? [] : ["Flags of this action (lists: repeat the flag, or separate values with commas):", flags(own)]),
    ...(takesMessages(action) ? [definitionList(programLines(["from_search"]), columns)] : []),
    ...(own.length === 0 ? [] : [""]),
    effect === "read" ? "Mailbox and access:" : "Mailbox, access, and checks before anything is changed:",
    flags(shared),
    "",
    "Flags that every action accepts:",
    definitionList(programLines(), columns),
    "",
    wrap(
      "Exit codes: 0 done, 2 wrong input, 3 wrong settings, 4 not confirmed, " +
        `${someItemsFailedExit} some items failed, 130 cancelled; \`mailcordon exit-codes\` lists all.`,
      columns,
    ),
  ].join("\n");
}

/** Lists flags with their descriptions, in which `all` fields are named as flags as well. */
export function flagList(parameters: readonly Parameter[], all: readonly Parameter[], columns: number): string {
  const fields = all.map(({ field }) => field);
  return definitionList(
    // Choices are values, which are spelt as they are: a column is `has_attachments`.
    parameters.map((parameter) => [flagText(parameter), fieldsAsFlags(parameter.description, fields) + notesText(parameter)]),
    columns,
  );
}

/** What the flags of the command line itself mean. */
export const flagMeanings: Readonly<Record<ProgramFlag, string>> = {
  input: "File or pipe with the input as one JSON object; - reads standard input. Flags take precedence over the file.",
  from_search:
    "Work on the messages that an earlier call found: its JSON or JSON Lines, in a file; - reads standard input. One dry run, one confirmation and one expected count cover all mailboxes.",
  output: "table, json, yaml, jsonl or csv (a line for each result). Default: table on a terminal, otherwise json. Short: -o.",
  json: "Print one JSON document: the same as --output json.",
  jmespath: "Print what this JMESPath expression selects, such as results[].item_id.",
  out: "Folder for evidence and other files. Default: evidence_dir of the settings.",
  audit_file: "File for the audit entries. Default: audit_file of the settings.",
  yes: "Confirm the action without being asked.",
  config: "Settings file. Default: mailcordon.yaml in this folder, then in ~/.config/mailcordon/.",
  connection: "Connection of the settings. Default: the default connection.",
  verbose: "Show each request and reply on standard error: never a body, a secret or a token. Short: -v.",
  quiet: "Print nothing on standard error.",
  help: "Show this help. Short: -h.",
};

/** Flags of the command line itself that some actions accept. */
const ofSomeActions = ["from_search"];

function programLines(fields = Object.keys(programFlags).filter((field) => !ofSomeActions.includes(field))): [string, string][] {
  const shown = entriesOf(programFlags).filter(([field]) => fields.includes(field));
  return shown.map(([field, value]) => [`${flagOf(field)}${value === undefined ? "" : ` ${value}`}`, flagMeanings[field]]);
}

const placeholders = { number: " N", text: " TEXT", list: " TEXT…", object: " JSON" } as const;

// More choices than this are listed with the description instead of the flag.
const choicesAtAGlance = 6;

function flagText({ field, kind, choices, byDefault }: Parameter): string {
  const flag = flagOf(field);
  if (kind === "boolean") return byDefault === false ? flag : flag.replace("--", "--[no-]");
  if (choices === undefined || choices.length > choicesAtAGlance) return flag + placeholders[kind];
  return `${flag} ${choices.join("|")}${kind === "list" ? "…" : ""}`;
}

function notesText({ field, kind, required, byDefault, bounds, choices }: Parameter): string {
  const other = otherFlagOf(field);
  const notes = [
    other === undefined ? undefined : `short: ${other}`,
    required ? "required" : undefined,
    bounds,
    choices !== undefined && choices.length > choicesAtAGlance ? `any of: ${choices.join(", ")}` : undefined,
    byDefault === undefined || (kind === "boolean" && byDefault === false) ? undefined : `default: ${defaultText(byDefault, kind)}`,
  ].filter((note) => note !== undefined);
  return notes.length === 0 ? "" : ` [${notes.join("; ")}]`;
}

function defaultText(value: unknown, kind: Parameter["kind"]): string {
  if (kind === "boolean") return value === true ? "yes" : "no";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** One exit code. */
export interface ExitCode {
  readonly exit: number;
  readonly code: string;
  readonly retryable: boolean;
  readonly meaning: string;
}

/** Every exit code of the program, in order. */
export function exitCodes(): readonly ExitCode[] {
  const table = Object.entries(failures).map(([code, { exit, retryable, hint }]) => ({ exit, code, retryable, meaning: hint }));
  const besides: ExitCode[] = [
    {
      exit: 0,
      code: "success",
      retryable: false,
      meaning: "The action succeeded. Finding nothing is a success, except where something was to be sent or created.",
    },
    {
      exit: someItemsFailedExit,
      code: "some-items-failed",
      retryable: false,
      meaning: "The call ended, but some of its items failed, each with its own code.",
    },
  ];
  return [...besides, ...table].sort((a, b) => a.exit - b.exit);
}

export function exitCodesText(columns: number): string {
  return definitionList(
    exitCodes().map(({ exit, code, retryable, meaning }) => [
      `${String(exit).padStart(3)}  ${code}`,
      `${meaning}${retryable ? " [may be retried]" : ""}`,
    ]),
    columns,
  );
}

function wrapIndented(text: string, columns: number): string {
  return `  ${wrap(text, columns - 2, "  ")}`;
}

/** Returns terms on the left and their meanings on the right, or below a long term. */
export function definitionList(entries: readonly (readonly [string, string])[], columns: number): string {
  const left = 26;
  const margin = " ".repeat(left + 2);
  return entries
    .map(([term, meaning]) => {
      const text = wrap(harmless(meaning), Math.max(24, columns - margin.length), margin);
      return term.length > left - 2 && text !== "" ? `  ${harmless(term)}\n${margin}${text}` : `  ${pad(term, left)}${text}`.trimEnd();
    })
    .join("\n");
}

/** The entries of an object with the types of its names. */
function entriesOf<K extends string, V>(object: Readonly<Record<K, V>>): readonly [K, V][] {
  return Object.entries(object) as [K, V][];
}
