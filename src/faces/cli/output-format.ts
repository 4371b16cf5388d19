import { Failure } from "../../failure.ts";
import { escapeQuotedYaml, harmlessJson } from "../../text/harmless-json.ts";
import { didYouMean } from "../../text/nearest-name.ts";
import { csvCell } from "../../text/quote-csv.ts";
import { jsonPieces } from "../json-pieces.ts";
import type { CommandLine } from "./program-flags.ts";

const outputFormats = ["table", "json", "jsonl", "csv", "yaml"] as const;
/** The form in which an answer is printed. */
export type OutputFormat = (typeof outputFormats)[number];
/** The forms for programs. */
type DocumentFormat = Exclude<OutputFormat, "table">;

/** Returns the format that a command line names. Throws Failure `invalid-input`. */
export function formatIn({ output, json }: CommandLine["program"]): OutputFormat {
  const format = outputFormats.find((one) => one === output);
  if (format === undefined) {
    const text = String(output);
    throw new Failure(
      "invalid-input",
      `--output: ${JSON.stringify(text)} is not one of ${outputFormats.join(", ")}.${didYouMean(text, outputFormats)}`,
    );
  }
  if (json !== undefined && format !== "json") throw new Failure("invalid-input", "--json and --output exclude each other.");
  return format;
}

/** Whether a failure is printed as JSON, also one of the command line itself. */
export function prefersJson(args: readonly string[], isTerminal: boolean): boolean {
  if (args.includes("--json")) return true;
  const [named] = args.flatMap((word, at) => {
    const [, inline] = /^(?:-o|--output)=(.*)$/.exec(word) ?? [];
    return inline ?? (word === "-o" || word === "--output" ? (args[at + 1] ?? []) : []);
  });
  const format = outputFormats.find((one) => one === named);
  return format === undefined ? !isTerminal : format !== "table";
}

/** Compiles a JMESPath expression. Throws Failure `invalid-input`. */
export async function openSelection(expression: string): Promise<(document: object) => unknown> {
  const { compile, search } = await import("../../libraries/jmespath.ts");
  try {
    compile(expression);
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new Failure("invalid-input", `--jmespath: this is not an expression of JMESPath: ${why}.`, {
      hint: "https://jmespath.org/tutorial.html shows expressions, such as results[].item_id.",
    });
  }
  return (document) => {
    try {
      return search(document, expression);
    } catch (thrown) {
      const why = thrown instanceof Error ? thrown.message : String(thrown);
      throw new Failure("invalid-input", `--jmespath: the expression does not fit the answer: ${why}.`);
    }
  };
}

/** Yields a document in a format, in pieces. `indented`: JSON for a person to read. */
export async function* formatted(document: unknown, format: DocumentFormat, indented: boolean): AsyncGenerator<string> {
  if (format === "yaml") {
    const { stringify } = await import("../../libraries/yaml.ts");
    // Every text in double quotes, so what a terminal would obey can be escaped.
    const plain: unknown = JSON.parse(JSON.stringify(document ?? null));
    yield escapeQuotedYaml(stringify(plain, { defaultStringType: "QUOTE_DOUBLE", defaultKeyType: "PLAIN", lineWidth: 0 }));
  } else if (format === "jsonl") for (const row of rowsOf(document)) yield `${harmlessJson(row ?? null)}\n`;
  else if (format === "csv") yield* csvOf(rowsOf(document));
  else if (indented || !isObject(document)) yield `${harmlessJson(document ?? null, indented ? 2 : 0)}\n`;
  else {
    yield* jsonPieces(document);
    yield "\n";
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The members that hold the rows of an answer, the first that an answer has. Others say how they were found, such as `per_mailbox`. */
const rowMembers = ["results", "items", "contacts", "mailboxes"];

/** Returns the rows of a document: the items of a list, or of the list of an answer; without one, and after a failure of the whole call, the document itself. */
function rowsOf(document: unknown): readonly unknown[] {
  if (Array.isArray(document)) return document;
  if (!isObject(document)) return [document];
  const rows = rowMembers.map((name) => document[name]).find(Array.isArray);
  return rows === undefined || (rows.length === 0 && document.error !== undefined) ? [document] : rows;
}

/** Yields RFC 4180 text with a column for each member that any row has, in the order in which they first occur. A value of several parts is JSON. */
function* csvOf(rows: readonly unknown[]): Generator<string> {
  const cells = rows.map((row) => (isObject(row) ? row : { value: row }));
  const columns = [...new Set(cells.flatMap((row) => Object.keys(row).filter((name) => row[name] !== undefined)))];
  if (columns.length === 0) return;
  yield `${columns.map(csvCell).join(",")}\r\n`;
  for (const row of cells) yield `${columns.map((name) => csvCell(textOf(row[name]))).join(",")}\r\n`;
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "object" ? harmlessJson(value) : String(value);
}
