import { csvCell } from "../../text/quote-csv.ts";
import { cellsOf, columns, type ReportSource } from "./report-cells.ts";

/** Yields RFC 4180 text, one line for each message. No cell is a formula. */
export async function* reportCsv({ targets }: Pick<ReportSource, "targets">): AsyncGenerator<string> {
  yield `${columns.join(",")}\r\n`;
  for await (const target of targets()) {
    const cells = cellsOf(target);
    yield `${columns.map((name) => csvCell(cells[name])).join(",")}\r\n`;
  }
}
