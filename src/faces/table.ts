import { headingOf } from "./names.ts";
import { cut, harmless, pad, width } from "./terminal.ts";

/** A column gets so much at first; more only when there is room left. */
const widest = 40;
const gap = "  ";

export type Cells = Readonly<Record<string, unknown>>;

/** One value as one line of harmless text. */
export function cell(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.map(cell).join(", ");
  if (typeof value !== "object") return harmless(String(value));
  const { name, address, code } = { name: undefined, address: undefined, code: undefined, ...value };
  if (typeof code === "string") return harmless(code);
  if (typeof address === "string") return harmless(typeof name === "string" && name !== "" ? `${name} <${address}>` : address);
  if (typeof name === "string") return harmless(name);
  return harmless(JSON.stringify(value));
}

interface Column {
  readonly field: string;
  readonly natural: number;
  readonly texts: readonly string[];
}

/**
 * Rows as a table of at most so many columns of the terminal, in the order of the row. Fields that do not fit are left out and named below; what
 * is useless when it is cut (an id) gives way to what is not.
 */
export function table(rows: readonly Cells[], columns: number): string {
  const fields = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const all: Column[] = fields.map((field) => {
    const texts = rows.map((row) => cell(row[field]));
    return { field, texts, natural: Math.max(width(headingOf(field)), ...texts.map((text) => width(cut(text, widest * 3)))) };
  });
  const filled = all.filter((column) => column.texts.some((text) => text !== ""));
  const shown = chosen(filled, columns);
  const widths = fitted(shown, columns);
  const line = (text: (column: Column) => string) =>
    shown
      .map((column, at) => pad(text(column), widths[at] ?? 0))
      .join(gap)
      .trimEnd();
  const lines = [line((column) => headingOf(column.field)), widths.map((size) => "─".repeat(size)).join(gap)];
  for (const at of rows.keys()) lines.push(line((column) => column.texts[at] ?? ""));
  const left = filled.filter((column) => !shown.includes(column)).map((column) => column.field);
  if (left.length > 0) lines.push(cut(`(no room for ${left.join(", ")}; --json has them)`, columns));
  return lines.join("\n");
}

function chosen(all: readonly Column[], columns: number): readonly Column[] {
  const picked = new Set<Column>();
  let used = 0;
  for (const column of [...all.filter((each) => !isOpaque(each)), ...all.filter(isOpaque)]) {
    // The first column is always shown, cut if it must be.
    const size = Math.min(column.natural, widest) + (picked.size === 0 ? 0 : gap.length);
    if (picked.size > 0 && used + size > columns) continue;
    picked.add(column);
    used += size;
  }
  return all.filter((column) => picked.has(column));
}

/** One long word: an id, a link, a hash. */
function isOpaque({ texts }: Column): boolean {
  return texts.some((text) => width(text) > widest && !text.includes(" "));
}

/** Gives the room that is left to the columns that were cut. */
function fitted(shown: readonly Column[], columns: number): readonly number[] {
  const widths = shown.map(({ natural }) => Math.min(natural, widest, columns));
  let room = columns - widths.reduce((sum, size) => sum + size, 0) - gap.length * (shown.length - 1);
  return widths.map((size, at) => {
    const more = Math.max(0, Math.min(room, (shown[at]?.natural ?? size) - size));
    room -= more;
    return size + more;
  });
}

/** Named values, one below the other; a text of several lines is shown as such, up to so many lines. */
export function record(values: Cells, columns: number, maxLines = 20): string {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const left = Math.min(24, Math.max(0, ...entries.map(([field]) => width(headingOf(field)))));
  const lines = entries.flatMap(([field, value]) => {
    const texts = typeof value === "string" ? value.trimEnd().split(/\r?\n/).map(harmless) : [cell(value)];
    const more = texts.length > maxLines ? [`… (${texts.length - maxLines} more lines; --json has them)`] : [];
    return [...texts.slice(0, maxLines), ...more].map(
      (text, at) => `${pad(at === 0 ? headingOf(field) : "", left)}${gap}${cut(text, Math.max(8, columns - left - gap.length))}`,
    );
  });
  return lines.map((text) => text.trimEnd()).join("\n");
}
