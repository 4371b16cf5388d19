import { createHash } from "node:crypto";
import { Failure } from "../../failure.ts";
import { parseJson } from "../../text/parse-json.ts";
import type { Message } from "../message.ts";
import type { Search } from "./search-query.ts";

/** Where a search continues: after the messages already returned. It does not depend on an index, so deleting messages of a page shifts nothing. */
export interface Position {
  /** Time at which the last returned message was received; empty for a message without such a time, which comes last. UTC, ISO 8601. */
  readonly receivedAt: string;
  /** Digests of the ids already returned with exactly this time. */
  readonly given: readonly string[];
}

/** Increases when the meaning of a cursor changes, so an older cursor is refused instead of misread. */
const version = 1;

/** 9 bytes: the probability that a new id is mistaken for a returned one is 2^-72, and base64 needs no padding. */
const digestBytes = 9;

/** More messages than this with the same time would make the cursor too long (12 characters each). */
const maxGiven = 5000;

/** mailcordon makes no longer cursor: `maxGiven` digests and the text around them. */
const maxCursorLength = 120_000;

/** Returns the cursor that follows the messages of this page. `before` is the position at which this page began. */
export function nextCursor(search: Search, messages: readonly Message[], before: Position | undefined): string | undefined {
  const last = messages.at(-1);
  if (!last) return undefined;
  const receivedAt = last.receivedAt ?? "";
  const given = messages.filter((message) => (message.receivedAt ?? "") === receivedAt).map((message) => digest(message.itemId));
  if (before?.receivedAt === receivedAt) given.unshift(...before.given);
  if (given.length > maxGiven) {
    throw new Failure(
      "too-large",
      `More than ${maxGiven} messages were received at ${receivedAt}: a search cannot be continued among them.`,
      {
        hint: "Raise the limit of the search, so that one page holds them all.",
      },
    );
  }
  return Buffer.from(JSON.stringify([version, digestOfQuery(search), receivedAt, ...given])).toString("base64url");
}

/** Reads the cursor of a search. Throws Failure `invalid-input` for a cursor that mailcordon did not make or that belongs to another query. */
export function readCursor(search: Search): Position | undefined {
  const { cursor } = search;
  if (cursor === undefined) return undefined;
  const [found, query, receivedAt, ...given] = decode(cursor);
  if (found !== version || query === undefined) refuseCursor("it was not made by this version of mailcordon");
  if (query !== digestOfQuery(search)) refuseCursor("it belongs to another search; repeat the filters of the page before unchanged");
  if (receivedAt === undefined || (receivedAt !== "" && !isInstant(receivedAt))) refuseCursor("it is damaged");
  return { receivedAt, given };
}

/** Tells whether a message comes after the position, newest first. */
export function isAfter(position: Position, message: Message): boolean {
  const receivedAt = message.receivedAt ?? "";
  if (receivedAt !== position.receivedAt) return receivedAt < position.receivedAt;
  return !position.given.includes(digest(message.itemId));
}

/**
 * Returns a digest of everything that decides which messages match. Limit and detail are left out: the next page may be longer or have more detail.
 */
function digestOfQuery({ filters, folder, recursive, includeRecoverable, archive }: Search): string {
  const named = Object.entries(filters).filter(([, value]) => value !== undefined);
  named.sort(([one], [other]) => (one < other ? -1 : 1));
  return digest(
    JSON.stringify([named, folder ?? null, recursive ?? true, includeRecoverable ?? false, ...(archive === true ? [archive] : [])]),
  );
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest().subarray(0, digestBytes).toString("base64url");
}

function decode(cursor: string): [number, ...string[]] {
  if (cursor.length > maxCursorLength || !/^[A-Za-z0-9_-]+$/.test(cursor)) refuseCursor("it is not one of ours");
  const parsed = parseJson(Buffer.from(cursor, "base64url").toString("utf8"));
  if (!Array.isArray(parsed)) refuseCursor("it is damaged");
  const [found, ...texts]: unknown[] = parsed;
  if (typeof found !== "number" || !texts.every((text) => typeof text === "string")) refuseCursor("it is damaged");
  return [found, ...texts];
}

/** Checks for the one format of `receivedAt`, which makes times comparable as text. */
function isInstant(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text) && !Number.isNaN(Date.parse(text));
}

function refuseCursor(why: string): never {
  throw new Failure("invalid-input", `The cursor cannot be used: ${why}.`);
}
