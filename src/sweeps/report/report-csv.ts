import { cellsOf, columns, type ReportSource, withoutControls } from "./report-cells.ts";

/** Spreadsheets evaluate a cell with such a beginning as a formula: https://owasp.org/www-community/attacks/CSV_Injection */
const formula = /^[\s]*[=+\-@\uff1d\uff0b\uff0d\uff20]/u;

/** Yields RFC 4180 text, one line for each message. No cell is a formula. */
export async function* reportCsv({ targets }: Pick<ReportSource, "targets">): AsyncGenerator<string> {
  yield `${columns.join(",")}\r\n`;
  for await (const target of targets()) {
    const cells = cellsOf(target);
    yield `${columns.map((name) => quoted(cells[name])).join(",")}\r\n`;
  }
}

function quoted(text: string): string {
  const shown = withoutControls(text);
  return `"${(formula.test(shown) ? `'${shown}` : shown).replaceAll('"', '""')}"`;
}
