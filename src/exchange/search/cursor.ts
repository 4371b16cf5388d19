import { createHash } from "node:crypto";
import { Failure } from "../../failure.ts";
import { parseJson } from "../../text/parse-json.ts";
import type { Message } from "../message.ts";
import type { Search } from "./search-query.ts";

/** Where a search goes on: after the messages already given. Nothing in it depends on a position, so deleting what a page gave moves nothing. */
export interface Position {
  /** When the last message given was received; empty for one that has no such time, which comes last. UTC, ISO 8601. */
  readonly receivedAt: string;
  /** Digests of the ids already given at that very instant. */
  readonly given: readonly string[];
}

/** Grows when the meaning of a cursor changes: an older one is refused then, not misread. */
const version = 1;

/** 9 bytes: 2^-72 that an id not yet given is taken for one that was, and no padding in base64. */
const digestBytes = 9;

/** More than this many messages at one instant would make the cursor itself a burden (12 characters each). */
const maxGiven = 5000;

/** Longer text was not made by us: `maxGiven` digests and what stands around them. */
const maxCursorLength = 120_000;

/** Makes the cursor that follows the messages given on this page. `before` is the position this page began at. */
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

/** Reads the cursor of a search. Throws Failure `invalid-input` for one that is not ours or belongs to another query. */
export function readCursor(search: Search): Position | undefined {
  const { cursor } = search;
  if (cursor === undefined) return undefined;
  const [found, query, receivedAt, ...given] = decode(cursor);
  if (found !== version || query === undefined) refuseCursor("it was not made by this version of mailcordon");
  if (query !== digestOfQuery(search)) refuseCursor("it belongs to another search; repeat the filters of the page before unchanged");
  if (receivedAt === undefined || (receivedAt !== "" && !isInstant(receivedAt))) refuseCursor("it is damaged");
  return { receivedAt, given };
}

/** Whether a message comes after the position, newest first. */
export function isAfter(position: Position, message: Message): boolean {
  const receivedAt = message.receivedAt ?? "";
  if (receivedAt !== position.receivedAt) return receivedAt < position.receivedAt;
  return !position.given.includes(digest(message.itemId));
}

/** Everything that decides which messages match. Limit and detail do not: a next page may be longer or say more. */
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

/** The one way `receivedAt` is written, so that times can be compared as text. */
function isInstant(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text) && !Number.isNaN(Date.parse(text));
}

function refuseCursor(why: string): never {
  throw new Failure("invalid-input", `The cursor cannot be used: ${why}.`);
}
