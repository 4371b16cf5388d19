import { Failure } from "../../failure.ts";

/** One row of a CSV file, with the number of its line as an editor shows it. */
export interface CsvRow {
  readonly cells: readonly string[];
  readonly line: number;
}

/** The largest file, in characters: the export of a message tracking log for one message has some kilobytes per hundred recipients. */
const largestFile = 64 * 1024 * 1024;

/**
 * Reads the rows of a CSV text with or without a byte order mark; commas, semicolons or tabs separate the cells. Skips empty rows. `what` names the file in
 * messages. Throws Failure `invalid-input`.
 */
export async function readCsv(text: string, what: string, { comments = false } = {}): Promise<readonly CsvRow[]> {
  if (text.length > largestFile) throw new Failure("invalid-input", `${what} has more than 64 MB. Nothing was read of it.`);
  if (text.includes("\0")) throw new Failure("invalid-input", `${what} is no text in UTF-8. Save it as UTF-8.`);
  const { parse } = await import("../../libraries/csv-parse.ts");
  const rows: CsvRow[] = [];
  try {
    parse(text, {
      bom: true,
      comment: comments ? "#" : null,
      comment_no_infix: true,
      delimiter: delimiterOf(text, comments),
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
      on_record: (cells: readonly string[], { lines }) => {
        if (cells.some((cell) => cell !== "")) rows.push({ cells, line: lines });
        // `rows` has the record already: csv-parse must not keep a second copy.
        return null;
      },
    });
  } catch (thrown) {
    const lines = typeof thrown === "object" && thrown !== null && "lines" in thrown ? Number(thrown.lines) : Number.NaN;
    const at = Number.isNaN(lines) ? "" : ` at row ${lines}`;
    throw new Failure("invalid-input", `${what} is no valid CSV${at}: check the quotation marks.`, { cause: thrown });
  }
  return rows;
}

/** Returns the separator that the first row has most often; a comma for a file of one column. */
function delimiterOf(text: string, comments: boolean): string {
  const lines = text.slice(0, 100_000).split(/\r?\n|\r/);
  const first = lines.find((line) => line.trim() !== "" && !(comments && line.startsWith("#"))) ?? "";
  const count = (mark: string) => first.split(mark).length;
  return [",", ";", "\t"].reduce((best, mark) => (count(mark) > count(best) ? mark : best));
}

/** Returns a header without case, blanks and punctuation: `recipient-address`, `RecipientAddress` and `Recipient Address` are equal. */
export function plainName(header: string): string {
  return header.toLowerCase().replace(/[^a-z0-9]/g, "");
}
