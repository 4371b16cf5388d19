import { mostCharacters } from "../../catalogue/limits.ts";
import { Failure } from "../../failure.ts";
import { type CsvRow, plainName, readCsv } from "./csv-rows.ts";

/** Names of the address column in exports of Exchange, Entra ID and spreadsheets, the most specific first. */
const headers = ["mailbox", "primarysmtpaddress", "emailaddress", "email", "mail", "address", "smtpaddress", "userprincipalname"];
/** Maximum number of rows that a message names. */
const mostNamed = 10;

/**
 * Reads the addresses of a file: one address per line, or a CSV with a header that names the column. Returns each address once. Throws Failure
 * `invalid-input` that names the rows without a valid address: skipping them would leave mailboxes out silently.
 */
export async function readAddressFile(text: string): Promise<readonly string[]> {
  const rows = await readCsv(text, "The file of mailboxes");
  const [first] = rows;
  if (first === undefined) throw new Failure("invalid-input", "The file of mailboxes has no addresses.");
  const column = columnOf(first);
  const data = column.isHeader ? rows.slice(1) : rows;
  const found = new Map<string, string>();
  const wrong: string[] = [];
  let wrongRows = 0;
  for (const { cells, line } of data) {
    const cell = (cells[column.at] ?? "").replace(/^smtp:/i, "").trim();
    if (isAddress(cell)) {
      if (!found.has(cell.toLowerCase())) found.set(cell.toLowerCase(), cell);
      continue;
    }
    wrongRows += 1;
    if (wrong.length < mostNamed) wrong.push(`row ${line} (${cell === "" ? "empty" : JSON.stringify(cell.slice(0, 60))})`);
  }
  if (wrongRows > 0) {
    const more = wrongRows > wrong.length ? ` and ${wrongRows - wrong.length} more` : "";
    throw new Failure("invalid-input", `The file of mailboxes has rows without a valid address: ${wrong.join(", ")}${more}.`, {
      hint: "Correct or remove these rows. Nothing was planned.",
    });
  }
  if (found.size === 0) throw new Failure("invalid-input", "The file of mailboxes has a header and no addresses.");
  return [...found.values()];
}

/** Finds the column with the addresses. A file of one column needs no header. */
function columnOf({ cells }: CsvRow): { readonly at: number; readonly isHeader: boolean } {
  const names = cells.map(plainName);
  const known = headers.find((header) => names.includes(header));
  if (known !== undefined) return { at: names.indexOf(known), isHeader: true };
  if (cells.length === 1) return { at: 0, isHeader: !(cells[0] ?? "").includes("@") };
  throw new Failure(
    "invalid-input",
    "The file of mailboxes has several columns, and its first row does not name the one with the addresses.",
    {
      hint: "Name it Mailbox, PrimarySmtpAddress or EmailAddress in the first row.",
    },
  );
}

/** Returns whether `text` is an SMTP address without display name, quotes and blanks. */
export function isAddress(text: string): boolean {
  return text.length <= mostCharacters.mailbox && /^[^\s@<>()[\]\\,;:"\p{Cc}]+@[^\s@<>()[\]\\,;:"\p{Cc}]+$/u.test(text);
}
