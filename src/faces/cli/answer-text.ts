// src/faces/cli/: The command line: flags, help, confirmation, tables and exit codes.

import { dirname } from "node:path";
import type { Action } from "../../catalogue/action-definition.ts";
import { Answer, type Result } from "../../catalogue/answer-envelope.ts";
import { headingOf } from "../field-spellings.ts";
import { type Cells, cell, recordText, singleRowText, table } from "./table.ts";
import { harmless } from "./terminal.ts";

/** Returns an answer as text for a person at a terminal. The failure of a whole call is printed elsewhere. */
export function answerText(answer: Answer, action: Action, columns: number): string {
  const { results = [], error, message } = answer;
  const blocks = [...resultsText(results, action, columns), ...reasons(results)];
  for (const one of ownMembers(answer, action, columns)) blocks.push(one);
  if (error === undefined) blocks.push(harmless(message));
  return blocks.join("\n\n");
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
 * Returns why rows failed: each reason once, with the numbers of its rows. Items that were not found are named, because a row of ids may not fit a
 * table.
 */
function reasons(rows: readonly Cells[]): string[] {
  const about = new Map<string, number[]>();
  for (const [at, row] of rows.entries()) {
    const reason = reasonOf(row);
    if (reason !== undefined) about.set(reason, [...(about.get(reason) ?? []), at + 1]);
  }
  return [...about].map(([reason, numbers]) => (rows.length === 1 ? reason : `${numbers.join(", ")}. ${reason}`));
}

function reasonOf(row: Cells): string | undefined {
  const { message, hint }: Cells = { ...(row.error instanceof Object ? row.error : {}) };
  if (typeof message === "string" && typeof hint === "string") return `${harmless(message)}\n   ${harmless(hint)}`;
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
    const shown = [rows.length === 1 ? singleRowText(rows[0] ?? {}, first) : table(rows, columns, { first }), ...reasons(rows)];
    return lists.length === 1 ? shown : [headingOf(name), ...shown];
  });
  const values = recordText(Object.fromEntries(members.filter(([, value]) => !isRows(value))));
  return values === "" ? blocks : [...blocks, values];
}

function isRows(value: unknown): value is Cells[] {
  return Array.isArray(value) && value.length > 0 && value.every((row) => typeof row === "object" && row !== null && !Array.isArray(row));
}
