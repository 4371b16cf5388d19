import { headingOf } from "../field-spellings.ts";
import { cut, harmless, pad, width } from "./terminal.ts";

// Libraries draw tables but do not choose columns: which ones fit, and which values are equal in every row, is most of this file. cli-table3 has 46 KB
// and would load string-width (57 ms) in every start that prints a table.

/** A longer word is an id or a link: cut, it is of no use. */
const longestWord = 40;
/** Text of several words may be cut to this width. */
const leastWords = 20;
const gap = "  ";

export type Cells = Readonly<Record<string, unknown>>;

/**
 * Writes a value as one line of harmless text. `brief`: as in a table, with an address without its name, which the sender chooses freely, and a time to the
 * minute.
 */
export function cell(value: unknown, brief = false): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) {
    return value
      .map((each) => cell(each, brief))
      .filter((text) => text !== "")
      .join(", ");
  }
  if (typeof value !== "object") return harmless(timeText(String(value), brief));
  const { name, address, code, label, ...others }: Cells = { ...value };
  if (typeof code === "string") return harmless(code);
  if (typeof address === "string") return harmless(typeof name === "string" && name !== "" && !brief ? `${name} <${address}>` : address);
  if (typeof name === "string") return harmless(name);
  if (typeof label === "string") return [harmless(`${label}:`), ...Object.values(others).map((each) => cell(each, brief))].join(" ");
  return Object.entries(value)
    .map(([field, each]) => `${harmless(field)} ${valueText(field, each, brief)}`)
    .join(", ");
}

/** Writes the value of a field: a number of bytes with its unit, everything else as `cell`. */
function valueText(field: string, value: unknown, brief = false): string {
  if (!/(?:^|_)(?:size|bytes)$/.test(field) || typeof value !== "number" || !Number.isFinite(value)) return cell(value, brief);
  const units = ["bytes", "KB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.abs(value) || 1) / 3)));
  const short = power === 0 ? `${value} ${units[0]}` : `${(value / 1000 ** power).toFixed(1)} ${units[power]}`;
  return brief || power === 0 ? short : `${short} (${value} bytes)`;
}

/** Shows a time of ISO 8601 in UTC without its T and its fraction, which is easier to read; inputs accept this form as well. */
function timeText(text: string, brief: boolean): string {
  const [, day, minute, second] = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(:\d\d)(?:\.\d+)?Z$/.exec(text) ?? [];
  return day === undefined ? text : `${day} ${minute}${brief ? "" : second}Z`;
}

interface Column {
  readonly field: string;
  readonly natural: number;
  /** Minimum useful width. */
  readonly least: number;
  readonly texts: readonly string[];
  /** A hash or a Message-ID, which people copy: one that does not fit has a line of its own below its row. */
  readonly exact: boolean;
}

/** How a table is laid out. */
interface Layout {
  /** Fields that come first and may be cut to save room. Others are shown only if they fit. */
  readonly first?: readonly string[];
  /** Says at the end how many columns were left out, and where they are. */
  readonly note?: boolean;
}

/**
 * Returns rows as a table of at most `columns` columns of the terminal. An id is shown whole or not at all; a hash or a Message-ID of the first fields that
 * does not fit has its own line, which may be longer. If the first fields do not all fit, values that are equal in every row are shown once, below the
 * table.
 */
export function table(rows: readonly Cells[], columns: number, { first = [], note = true }: Layout = {}): string {
  const all = orderFields([...new Set(rows.flatMap((row) => Object.keys(row)))], first).map((field) => columnOf(field, rows));
  const filled = all.filter((column) => column.texts.some((text) => text !== ""));
  const firsts = filled.filter(({ field }) => first.includes(field));
  const crowded = firsts.length > chooseColumns(firsts, columns, first).length;
  const same = crowded ? firsts.filter(({ texts }) => texts.length > 1 && new Set(texts).size === 1) : [];
  const telling = filled.filter((column) => !same.includes(column));
  // Nothing but equal rows: they are still rows.
  const shown = chooseColumns(telling.length === 0 ? filled : telling, columns, first);
  const widths = fitWidths(shown, columns);
  const line = (text: (column: Column) => string) =>
    shown
      .map((column, at) => pad(text(column), widths[at] ?? 0))
      .join(gap)
      .trimEnd();
  const lines = [line((column) => headingOf(column.field)), widths.map((size) => "─".repeat(size)).join(gap)];
  const below = telling.filter((column) => column.exact && first.includes(column.field) && !shown.includes(column));
  for (const at of rows.keys()) {
    lines.push(line((column) => column.texts[at] ?? ""));
    for (const { field, texts } of below) if (texts[at]) lines.push(`${gap}${headingOf(field)}${gap}${cut(texts[at], longestId)}`);
  }
  const once = same.filter((column) => !shown.includes(column));
  if (once.length > 0) lines.push("", "In every row:", recordText(Object.fromEntries(once.map(({ field }) => [field, rows[0]?.[field]]))));
  const left = filled.length - shown.length - once.length - below.length;
  if (note && left > 0) lines.push(cut(`(${left === 1 ? "1 more column" : `${left} more columns`}: --json)`, columns));
  return lines.join("\n");
}

/** Returns whether a text is an id, a link or a hash, which is of no use to a person who did not request it. */
function isOneLongWord(text: string): boolean {
  return width(text) >= longestWord && !text.includes(" ");
}

/** Far more than the longest id of any server. */
const longestId = 1000;

function isId(field: string): boolean {
  return /(?:^|_)id$/.test(field);
}

/** Returns the fields, with those of `first` in front. */
function orderFields(fields: readonly string[], first: readonly string[]): readonly string[] {
  return [...new Set([...first.filter((field) => fields.includes(field)), ...fields])];
}

function columnOf(field: string, rows: readonly Cells[]): Column {
  const texts = rows.map((row) => valueText(field, row[field], true));
  // One by one: a call cannot take a hundred thousand arguments.
  const longest = isId(field) ? longestId : longestWord * 5;
  const natural = texts.reduce((most, text) => Math.max(most, width(cut(text, longest))), width(headingOf(field)));
  const exact = field === "internet_message_id" || texts.some((text) => /^[\da-f]{32,}$/i.test(text));
  if (exact) return { field, texts, natural, least: natural, exact };
  const words = texts.every((text) => width(text) <= longestWord || text.includes(" ")) && texts.some((text) => text.includes(" "));
  return { field, texts, natural, least: words ? Math.min(natural, Math.max(leastWords, width(headingOf(field)))) : natural, exact };
}

function chooseColumns(all: readonly Column[], columns: number, first: readonly string[]): readonly Column[] {
  const picked: Column[] = [];
  let used = -gap.length;
  // A hash would take the room of several columns that tell more.
  const isHash = (column: Column) => column.exact && !isId(column.field);
  for (const column of [...all.filter((each) => !isHash(each)), ...all.filter(isHash)]) {
    const isFirst = first.includes(column.field);
    if (!isFirst && column.texts.some(isOneLongWord)) continue;
    const size = gap.length + (isFirst ? column.least : column.natural);
    // The first column is always shown, cut if it must be; an id is never cut.
    if ((picked.length > 0 || isId(column.field)) && used + size > columns) continue;
    used += size;
    picked.push(column);
  }
  // If there are only ids and none fits, one id exceeds the width.
  const [only] = all;
  return picked.length === 0 && only !== undefined ? [only] : picked;
}

/** Distributes the remaining width to the columns that were cut, one after the other. */
function fitWidths(shown: readonly Column[], columns: number): readonly number[] {
  const widths = shown.map((column) => (isId(column.field) ? column.least : Math.min(column.least, columns)));
  let room = columns - widths.reduce((sum, size) => sum + size, 0) - gap.length * (shown.length - 1);
  return widths.map((size, at) => {
    const more = Math.max(0, Math.min(room, (shown[at]?.natural ?? size) - size));
    room -= more;
    return size + more;
  });
}

/** So much of a line is written out, beyond the edge of the terminal if it must be, so that an id or a path can be copied. */
const longestLine = 400;

/** Returns named values, one below the other. A text of several lines keeps its lines, up to `maxLines`. */
export function recordText(values: Cells, maxLines = 20): string {
  const entries = Object.entries(values).filter(([, value]) => cell(value) !== "");
  const left = Math.min(24, Math.max(0, ...entries.map(([field]) => width(headingOf(field)))));
  const lines = entries.flatMap(([field, value]) => {
    const texts =
      typeof value === "string"
        ? value
            .trimEnd()
            .split(/\r?\n/)
            .map((text) => cell(text))
        : [valueText(field, value)];
    const more = texts.length > maxLines ? [`… (${texts.length - maxLines} more lines; --json has them)`] : [];
    return [...texts.slice(0, maxLines), ...more].map(
      (text, at) => `${pad(at === 0 ? headingOf(field) : "", left)}${gap}${cut(text, longestLine)}`,
    );
  });
  return lines.map((text) => text.trimEnd()).join("\n");
}

/** Returns a row as a list of its values, without ids and links that are not in `first`. */
export function singleRowText(row: Cells, first: readonly string[]): string {
  const fields = orderFields(Object.keys(row), first).filter((field) => {
    const text = cell(row[field]);
    return first.includes(field) || !isOneLongWord(text);
  });
  return recordText(Object.fromEntries(fields.map((field) => [field, row[field]])));
}
