// src/faces/cli/: The command line: flags, help, confirmation, tables and exit codes.

import { dirname } from "node:path";
import type { Action } from "../../catalogue/action-definition.ts";
import { Answer, type Result } from "../../catalogue/answer-envelope.ts";
import { headingOf } from "../field-spellings.ts";
import { commandWords, shellLines } from "./shell-command.ts";
import { type Cells, cell, recordText, singleRowText, table } from "./table.ts";
import { cut, harmless, wrap } from "./terminal.ts";

/** Returns an answer as text for a person at a terminal. The failure of a whole call is printed elsewhere. */
export function answerText(answer: Answer, action: Action, columns: number, auditFile?: string): string {
  const { results = [], error, message } = answer;
  // A failure names its mailbox, also where all results have the same.
  const failed = results.map((result) => (result.status === "failed" ? { mailbox: answer.mailbox, ...result } : result));
  const blocks = [...resultsText(results.length === 1 ? failed : results, action, columns), ...reasons(failed, columns)];
  for (const one of ownMembers(answer, action, columns)) blocks.push(one);
  if (error === undefined) blocks.push(wrap(harmless(message), columns));
  const changed = action.effect !== "read" && results.some(({ status }) => status === "done");
  return [...blocks, ...(changed ? afterChange(answer, action, columns, auditFile) : [])].join("\n\n");
}

/** More commands are not read any more. */
const mostCommands = 20;
/** Returns how the changes can be undone, and where the audit log is. */
function afterChange({ results = [], mailbox }: Answer, { glance }: Action, columns: number, auditFile: string | undefined): string[] {
  const calls = new Map<string, { readonly action: string; readonly input: Cells; readonly ids: string[] }>();
  for (const result of results) {
    const undo = result.status === "done" ? glance?.undo?.(result) : undefined;
    if (undo === undefined) continue;
    const { item_id, ...input } = undo.input;
    const call = { action: undo.action, input: { mailbox: result.mailbox ?? mailbox, ...input } };
    const key = JSON.stringify(call);
    const known = calls.get(key) ?? { ...call, ids: [] as string[] };
    calls.set(key, known);
    known.ids.push(item_id);
  }
  const commands = [...calls.values()].map(({ action, input, ids }) =>
    shellLines(
      commandWords(action, Object.fromEntries(Object.entries({ ...input, item_id: ids }).filter(([, value]) => value !== undefined))),
      columns,
      "  ",
    ),
  );
  const undo =
    commands.length <= mostCommands
      ? ["To undo this:", ...commands].join("\n")
      : wrap("To undo this: the audit log has the member undo of each result, with the item and how to bring it back.", columns);
  return [...(commands.length > 0 ? [undo] : []), ...(auditFile === undefined ? [] : [`Audit log: ${harmless(auditFile)}`])];
}

/** Returns the columns of a result in order of importance: its status, what names the item, and the action's own columns. */
function resultRow({ status, verified, error, evidence, ...row }: Result, { glance, each }: Action): Cells {
  // A result of --from-search names its mailbox.
  const known = ["mailbox", ...(glance?.columns ?? Object.keys(row)), ...Object.keys(each?.shape ?? {})];
  const own = [...new Set(known)]
    .filter((name) => row[name] !== undefined && !glance?.hidden?.includes(name))
    .map((name) => [name, row[name]]);
  return { status, verified, error: error?.code, ...Object.fromEntries(own), evidence: evidence?.file_ref };
}

/** Several results are shown as a table. A single result is a list of all its values, since the next command needs its ids. */
function resultsText(results: readonly Result[], action: Action, columns: number): string[] {
  const rows = results.map((result) => resultRow(result, action));
  const [row, second] = rows;
  if (row === undefined) return [];
  if (second === undefined) return [recordText(row)];
  const own = action.glance?.columns ?? rows.flatMap((each) => Object.keys(each));
  return [table(rows, columns, { first: ["status", "verified", "error", "mailbox", ...own] }), ...filesIn(results)];
}

/** Returns the folders with the files of several results: a table has no room for each path. */
function filesIn(results: readonly Result[]): string[] {
  const files = results.flatMap(({ file_ref, evidence }) => [file_ref, evidence?.file_ref]);
  const folders = new Set(files.flatMap((file) => (typeof file === "string" ? dirname(file) : [])));
  return folders.size > 0 ? [recordText({ files_in: [...folders] })] : [];
}

/**
 * Returns why rows failed: each reason once, with the numbers of its rows and the names of their items, which a table may have cut. Items that were not
 * found are named in the reason.
 */
function reasons(rows: readonly Cells[], columns: number): string[] {
  const about = new Map<string, number[]>();
  for (const [at, row] of rows.entries()) {
    const reason = reasonOf(row, columns);
    if (reason !== undefined) about.set(reason, [...(about.get(reason) ?? []), at + 1]);
  }
  return [...about].map(([reason, numbers]) => (rows.length === 1 ? reason : `${numbers.join(", ")}${namesOf(numbers, rows)}. ${reason}`));
}

/** More names of items than this are not listed: the numbers have them. */
const mostNames = 5;
const longestName = 60;

/** Returns the names of failed items in parentheses. */
function namesOf(numbers: readonly number[], rows: readonly Cells[]): string {
  const failed = numbers.map((number): Cells => rows[number - 1] ?? {}).filter((row) => row.status !== "not_found");
  const named = failed.slice(0, mostNames).map(({ mailbox, subject, file_name, name, internet_message_id, item_id }) => {
    const item = [subject, file_name, name, internet_message_id, item_id].map((value) => cell(value)).find((text) => text !== "");
    return [mailbox === undefined ? undefined : cell(mailbox), item === undefined ? undefined : JSON.stringify(cut(item, longestName))]
      .filter((part) => part !== undefined)
      .join(" ");
  });
  const names = [...new Set(named)].filter((text) => text !== "");
  if (names.length === 0) return "";
  return ` (${names.join(", ")}${failed.length > mostNames ? ", …" : ""})`;
}

function reasonOf(row: Cells, columns: number): string | undefined {
  const { message, hint }: Cells = { ...(row.error instanceof Object ? row.error : {}) };
  if (typeof message === "string" && typeof hint === "string")
    return `${wrap(harmless(message), columns - 8)}\n   ${wrap(harmless(hint), columns - 3, "   ")}`;
  if (row.status !== "not_found") return undefined;
  // An item with a new id was found under the old one.
  const ids = Object.entries(row).filter(([name]) => name.endsWith("_id") && !name.startsWith("new_"));
  return `${row.action === "already_gone" ? "Gone already" : "Not found"}: ${ids.map(([, id]) => cell(id)).join(", ")}`;
}

/** The members that are the action's own: single values together, each list as a table. */
function ownMembers(answer: Answer, { glance }: Action, columns: number): string[] {
  const members = Object.entries(glance?.members?.(answer) ?? answer).filter(([name]) => !(name in Answer.shape));
  const lists = members.filter((entry): entry is [string, Cells[]] => isRows(entry[1]));
  const blocks = lists.flatMap(([name, rows]) => {
    const first = glance?.columns ?? Object.keys(rows[0] ?? {});
    const shown = [rows.length === 1 ? singleRowText(rows[0] ?? {}, first) : table(rows, columns, { first }), ...reasons(rows, columns)];
    return lists.length === 1 ? shown : [headingOf(name), ...shown];
  });
  const values = recordText(Object.fromEntries(members.filter(([, value]) => !isRows(value))));
  return values === "" ? blocks : [...blocks, values];
}

function isRows(value: unknown): value is Cells[] {
  return Array.isArray(value) && value.length > 0 && value.every((row) => typeof row === "object" && row !== null && !Array.isArray(row));
}
