import type { Row } from "../catalogue/action-definition.ts";
import { Failure } from "../failure.ts";
import type { Plan, Question } from "../perform/perform.ts";
import { cell } from "./cli/table.ts";
import { cut, harmless, pad, width, wrap } from "./cli/terminal.ts";
import { headingOf } from "./field-spellings.ts";

/** The layout in which the question is shown. */
export interface QuestionLayout {
  /** Columns of a line. A line that is broken by the window could look like two. */
  readonly columns: number;
  /** Maximum number of items, and of the recipients and attachments of a message: a person reads all of them. */
  readonly most: number;
  /** Returns the instruction for more items than are shown; `found` is their number. */
  readonly otherwise: (found: number) => string;
}

/** Every question shows them where an item has them. */
const always = ["subject", "from", "received_at", "folder_path"];
const indent = "     ";
const narrowest = 40;
/** Longer texts are cut before anything else is done to them. */
const longest = 1000;

/**
 * The question as a person reads it: every item, and every text in quotation marks on one line, so that a text cannot pass for a line of ours.
 * @throws Failure `confirmation-required` when there is more than a person is shown
 */
export async function questionText(plan: Plan, layout: QuestionLayout): Promise<string> {
  const { title, mailbox, noun, done, rows } = plan;
  const many = rows.length === 1 ? `1 ${noun}` : `${rows.length} ${noun}s`;
  if (rows.length > layout.most) throw tooMany(`${title} of ${many}`, rows.length, layout);
  const question = await plan.question();
  const { values = {}, notes = [], isItem = false } = question;
  for (const [field, value] of Object.entries(values)) {
    if (Array.isArray(value) && value.length > layout.most)
      throw tooMany(`${title} with ${value.length} values of ${headingOf(field)}`, value.length, layout);
  }
  const columns = Math.max(narrowest, layout.columns);
  const headline = `${title}: ${many} in ${inOneLine(mailbox)} would be ${done}.`;
  const parts = [
    [headline, ...notes].map((line) => wrap(line, columns)),
    detailLines(values, columns),
    isItem ? [] : itemLines(plan.columns, question, columns),
  ];
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.join("\n")}\n`)
    .join("\n");
}

function tooMany(what: string, found: number, { most, otherwise }: QuestionLayout): Failure {
  const message = `${what}: a confirmation shows at most ${most}, so that a person can read them all. Nothing was changed.`;
  return new Failure("confirmation-required", message, { hint: otherwise(found) });
}

function detailLines(values: Row, columns: number): readonly string[] {
  const fields = Object.entries(values).map(([field, value]) => ({
    label: headingOf(field),
    list: Array.isArray(value) ? value : [value],
  }));
  const left = Math.max(0, ...fields.map(({ label }) => width(label)));
  return fields.flatMap(({ label, list }) =>
    list.map((value, at) => `${pad(at === 0 ? label : "", left)}  ${valueText(value, columns - left - 2)}`),
  );
}

function itemLines(first: readonly string[], { rows }: Question, columns: number): readonly string[] {
  const isShown = (field: string) => !/(?:^|_)id$/.test(field);
  const fields = [...new Set([...first.filter(isShown), ...always])];
  const room = columns - indent.length;
  return rows.flatMap((row, at) => {
    const telling = fields.filter((field) => cell(row[field]) !== "");
    const shown = telling.length > 0 ? telling : Object.keys(row);
    const lines: string[] = [];
    for (const field of shown) {
      const label = `${headingOf(field)} `;
      const piece = `${label}${valueText(row[field], room - width(label))}`;
      const last = lines.at(-1);
      const joined = last === undefined ? piece : `${last}, ${piece}`;
      if (last !== undefined && width(joined) <= room) lines[lines.length - 1] = joined;
      else lines.push(piece);
    }
    return lines.map((line, number) => `${number === 0 ? pad(`${at + 1}.`, indent.length) : indent}${line}`);
  });
}

/** Returns a value in this many columns. An address comes before its name, because the sender chooses the name freely. */
function valueText(value: unknown, room: number): string {
  if (typeof value === "string") return quoted(cell(value), room);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return quoted(cell(value), room, typeof value === "object");
  const { address, name, size }: Row = { ...value };
  if (typeof address === "string") {
    const who = `"${squeezed(escaped(address), Math.max(8, Math.floor(room * 0.7)))}"`;
    return typeof name === "string" && name !== "" ? cut(`${who} (name: ${quoted(name, room - width(who) - 9)})`, room) : who;
  }
  const bytes = typeof size === "number" ? `, ${size} bytes` : "";
  return `${quoted(typeof name === "string" ? name : cell(value), room - width(bytes))}${bytes}`;
}

/** In quotation marks, unless the value is a number, yes or no. */
function quoted(text: string, room: number, always = true): string {
  return always ? `"${cut(escaped(text), Math.max(1, room - 2))}"` : cut(inOneLine(text), room);
}

function escaped(text: string): string {
  return inOneLine(text).replace(/["\\]/g, "\\$&");
}

/** Characters that fill a line invisibly, and format characters, which are invisible as well: `harmless` alone leaves both unchanged. */
const blanks = /[\p{Z}\u115f\u1160\u2800\u3164\uffa0]+/gu;
const unseen = /\p{Cf}/gu;

function inOneLine(text: string): string {
  const shown = harmless(text.length > longest ? `${text.slice(0, longest)}…` : text).replace(blanks, " ");
  return shown.replace(unseen, (character) => `<U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}>`);
}

/** Cuts a text in its middle to this many columns: both ends of an address identify its owner. */
function squeezed(text: string, columns: number): string {
  if (width(text) <= columns) return text;
  const tail = [...text].slice(-Math.floor(columns * 0.6)).join("");
  return `${cut(text, Math.max(2, columns - width(tail)))}${tail}`;
}
