import { asFailure, type Failure } from "../../failure.ts";
import { attempt, type Outcome } from "../../outcome.ts";
import type { Detail, Message } from "../message.ts";
import { isAfter, nextCursor, type Position } from "./cursor.ts";
import { isLocal } from "./local-failure.ts";
import { type ClientFilter, detailFor, type Matcher } from "./match-filters.ts";
import { coversDetail, withoutExtraDetail } from "./read-detail.ts";
import type { Search, SearchPage, Unsearched } from "./search-query.ts";

/** The part of a search that both back ends share, after the server has listed the candidates. */
export interface ListedSearch {
  readonly requested: Search;
  readonly position: Position | undefined;
  readonly applied: SearchPage["applied"];
  /** The filters that mailcordon decides by reading each message. */
  readonly check: readonly ClientFilter[];
  readonly matches: Matcher;
  /** Newest first, as far as the server could narrow it down. */
  readonly listed: AsyncIterable<Message>;
  /** Tells whether a listed message lacks part of this detail. */
  needsReading(message: Message, detail: Detail): boolean;
  /** Reads messages with a detail. Returns an Outcome for each id. Throws only when cancelled. */
  read(messages: readonly Message[], detail: Detail): Promise<ReadonlyMap<string, Outcome<Message>>>;
}

/** The messages found. */
export interface FoundPage {
  readonly messages: readonly Message[];
  readonly nextCursor: string | undefined;
  /** Messages to which no filter could be applied, or that could not be returned whole. */
  readonly unsearched: readonly Unsearched[];
}

/** Number of messages read at a time for matching. Their bodies are held in memory meanwhile. */
const matchedAtOnce = 25;

/** Matches the listed messages until the limit is reached. Throws Failure. */
export async function searchListed(searching: ListedSearch): Promise<FoundPage> {
  const { requested, position, applied, check, listed: list } = searching;
  const detail = requested.detail ?? {};
  const candidates = position ? filtered(list, (message) => isAfter(position, message)) : list;
  const unsearched: Unsearched[] = [];
  const judged = check.length > 0 ? matchEach(searching, candidates, unsearched) : asRead(candidates);

  const found: MatchedMessage[] = [];
  const seen = new Set<string>();
  let more = false;
  for await (const one of judged) {
    if (seen.has(one.message.itemId)) continue;
    if (found.length === requested.limit) {
      more = true;
      break;
    }
    seen.add(one.message.itemId);
    found.push(one);
    // To find one more match that only mailcordon can recognise may mean reading the rest of the mailbox, so the next page may be empty.
    more = found.length === requested.limit && Object.values(applied).includes("client");
    if (more) break;
  }
  // Messages that arrived during the search may be in between.
  found.sort((one, other) => newestBefore(one.listed, other.listed));
  const messages = await withDetail(searching, found, detail, unsearched);
  const listed = found.map((one) => one.listed);
  return { messages, nextCursor: more ? nextCursor(requested, listed, position) : undefined, unsearched };
}

function newestBefore({ receivedAt: one = "" }: Message, { receivedAt: other = "" }: Message): number {
  if (one === other) return 0;
  return one < other ? 1 : -1;
}

/** A message that matches, with the parts read so far. */
interface MatchedMessage {
  readonly message: Message;
  /** The message as it was listed: the order and the cursor use this. */
  readonly listed: Message;
  /** Undefined: only the listed message is known. */
  readonly read: Detail | undefined;
}

async function* asRead(messages: AsyncIterable<Message>): AsyncIterable<MatchedMessage> {
  for await (const message of messages) yield { message, listed: message, read: undefined };
}

async function* filtered(messages: AsyncIterable<Message>, keep: (message: Message) => boolean): AsyncIterable<Message> {
  for await (const message of messages) if (keep(message)) yield message;
}

/** Yields the messages that match. A message deleted meanwhile does not match; a message that cannot be read is added to `unjudged`. */
async function* matchEach(
  searching: ListedSearch,
  candidates: AsyncIterable<Message>,
  unjudged: Unsearched[],
): AsyncIterable<MatchedMessage> {
  const needed = detailFor(searching.check);
  for await (const some of chunks(candidates, matchedAtOnce)) {
    const toRead = some.filter((message) => searching.needsReading(message, needed));
    const read = await searching.read(toRead, needed);
    for (const message of some) {
      const outcome = await matchOne(message, read.get(message.itemId), searching.matches);
      if (!outcome.ok) unjudged.push({ itemId: message.itemId, failure: outcome.failure });
      else if (outcome.value) yield { message: outcome.value, listed: message, read: read.has(message.itemId) ? needed : undefined };
    }
  }
}

/** Returns the message if it matches; undefined if it does not or no longer exists. Throws failures that concern more than this message. */
async function matchOne(message: Message, read: Outcome<Message> | undefined, matches: Matcher): Promise<Outcome<Message | undefined>> {
  if (read && !read.ok) {
    if (read.failure.code === "not-found") return { ok: true, value: undefined };
    return requireLocal(read);
  }
  const known = read?.value ?? message;
  const outcome = await attempt(() => matches(known));
  if (!outcome.ok) return requireLocal(outcome);
  return { ok: true, value: outcome.value ? known : undefined };
}

function requireLocal(outcome: { readonly ok: false; readonly failure: Failure }): Outcome<never> {
  if (!isLocal(outcome.failure)) throw asFailure(outcome.failure);
  return outcome;
}

/**
 * Returns the messages with the requested detail and nothing that was read for matching only. A message that cannot be read stays as it was listed.
 */
async function withDetail(
  searching: ListedSearch,
  found: readonly MatchedMessage[],
  detail: Detail,
  unread: Unsearched[],
): Promise<Message[]> {
  const wanting = found.filter(({ message, read }) =>
    read === undefined ? searching.needsReading(message, detail) : !coversDetail(read, detail),
  );
  const read = await searching.read(
    wanting.map(({ message }) => message),
    detail,
  );
  return found.flatMap(({ message }) => {
    const outcome = read.get(message.itemId);
    if (outcome && !outcome.ok) {
      if (!isLocal(outcome.failure)) throw outcome.failure;
      // The message was deleted after it was listed, so it is left out.
      if (outcome.failure.code === "not-found") return [];
      unread.push({ itemId: message.itemId, failure: outcome.failure });
    }
    return [withoutExtraDetail(outcome?.ok ? outcome.value : message, detail)];
  });
}

/** Yields the items in lists of `size`; the last list may be shorter. */
export async function* chunks<T>(items: AsyncIterable<T>, size: number): AsyncIterable<T[]> {
  let chunk: T[] = [];
  for await (const item of items) {
    chunk.push(item);
    if (chunk.length === size) {
      yield chunk;
      chunk = [];
    }
  }
  if (chunk.length > 0) yield chunk;
}
