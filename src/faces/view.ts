import { Answer, type Result } from "../answer.ts";
import { headingOf } from "./names.ts";
import { type Cells, record, table } from "./table.ts";
import { harmless } from "./terminal.ts";

/** An answer as a person at a terminal reads it. What failed as a whole is told elsewhere. */
export function answerText(answer: Answer, columns: number): string {
  const { results, error, message } = answer;
  const blocks: string[] = [];
  if (results !== undefined && results.length > 0) blocks.push(table(results.map(resultRow), columns));
  blocks.push(...ownMembers(answer, columns));
  for (const [at, result] of (results ?? []).entries()) {
    if (result.error !== undefined) blocks.push(`${at + 1}. ${harmless(result.error.message)}\n   ${harmless(result.error.hint)}`);
  }
  if (error === undefined) blocks.push(harmless(message));
  return blocks.join("\n\n");
}

/** What is read first stands first. */
function resultRow({ status, verified, error, evidence, ...own }: Result): Cells {
  return { status, verified, error: error?.code, ...own, evidence: evidence?.file_ref };
}

/** The members that are the action's own: single values together, each list as a table. */
function ownMembers(answer: Answer, columns: number): string[] {
  const own = Object.entries(answer).filter(([name]) => !(name in Answer.shape));
  const lists = own.filter((entry): entry is [string, Cells[]] => isRows(entry[1]));
  const single = own.filter(([, value]) => !isRows(value));
  const tables = lists
    .filter(([, rows]) => rows.length > 0)
    .map(([name, rows]) => `${headingOf(name)}\n\n${rows.length === 1 ? record(rows[0] ?? {}, columns) : table(rows, columns)}`);
  return single.length === 0 ? tables : [...tables, record(Object.fromEntries(single), columns)];
}

function isRows(value: unknown): value is Cells[] {
  return Array.isArray(value) && value.length > 0 && value.every((row) => typeof row === "object" && row !== null && !Array.isArray(row));
}
