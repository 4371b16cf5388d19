import type { Attachment } from "../exchange/attachment.ts";
import { isAfter, nextCursor, readCursor } from "../exchange/cursor.ts";
import { covers, only } from "../exchange/detail.ts";
import { isLocal } from "../exchange/local-failure.ts";
import { detailFor, type Matcher, openMatcher } from "../exchange/match.ts";
import type { Detail, Message } from "../exchange/message.ts";
import type { Search, SearchPage, Unsearched } from "../exchange/query.ts";
import { asFailure, Failure } from "../failure.ts";
import { attempt, type Outcome } from "../outcome.ts";
import { isIncomplete, readItems } from "./complete.ts";
import { newestFirst } from "./newest-first.ts";
import { planFilters } from "./restriction.ts";
import type { EwsMailbox } from "./session.ts";
import { listShape, needsGetItem } from "./shapes.ts";
import { whereToSearch } from "./where.ts";

/** What a search needs of the rest of the back end. */
export interface SearchMeans {
  /** SHA-256 of a file attachment's bytes, hexadecimal. */
  sha256(attachment: Attachment): Promise<string>;
}

/** How many messages are read at once to be judged: their bodies are held meanwhile. */
const judgedAtOnce = 25;

/** A client that has to choose looks at least at so many: a first page for the price of one request. */
const fewestExpected = 100;

/**
 * Searches one mailbox, newest first over all its folders. The server narrows down by a restriction or a query; what it cannot decide, and what
 * FindItem cannot tell (recipients, bodies, long subjects), is read with GetItem. Throws Failure.
 */
export async function search(mailbox: EwsMailbox, asked: Search, means: SearchMeans): Promise<SearchPage> {
  if (!Number.isSafeInteger(asked.limit) || asked.limit < 1)
    throw new Failure("invalid-input", "The limit is not a positive whole number.");
  const position = readCursor(asked);
  const plan = planFilters(asked.filters, position);
  const matches = await openMatcher(asked.filters, plan.check, means);
  const where = await whereToSearch(mailbox, asked);
  const detail = asked.detail ?? {};

  const list = newestFirst(mailbox, where.folders, {
    shape: listShape(detail),
    restriction: plan.restriction,
    queryString: plan.queryString,
    // Of what is left to us, nobody knows how much will match.
    expected: plan.check.length > 0 ? Math.max(asked.limit, fewestExpected) : asked.limit,
  });
  const candidates = position ? filtered(list.messages(), (message) => isAfter(position, message)) : list.messages();
  const unjudged: Unsearched[] = [];
  const judged = plan.check.length > 0 ? judge(mailbox, candidates, detailFor(plan.check), matches, unjudged) : asRead(candidates);

  const found: Judged[] = [];
  const seen = new Set<string>();
  let more = false;
  for await (const one of judged) {
    if (seen.has(one.message.itemId)) continue;
    if (found.length === asked.limit) {
      more = true;
      break;
    }
    seen.add(one.message.itemId);
    found.push(one);
    // To look for one more that only we can recognise may mean reading the rest of the mailbox: then the next page may be empty.
    more = found.length === asked.limit && Object.values(plan.applied).includes("client");
    if (more) break;
  }
  // What arrived while we read may stand in between.
  found.sort((one, other) => newestBefore(one.listed, other.listed));
  const complete = await completed(mailbox, found, detail, unjudged);
  const unsearched = [...list.unlisted.map(({ folder, failure }) => ({ folderPath: where.pathOf(folder), failure })), ...unjudged];
  const exact = plan.check.length === 0 && position === undefined && unsearched.length === 0;
  const listed = found.map((one) => one.listed);
  return {
    messages: complete.map((message) => ({ ...message, folderPath: where.pathOfId(message.parentFolderId) ?? message.folderPath })),
    applied: plan.applied,
    folders: where.folders.length - list.unlisted.length,
    total: exact ? list.total() : undefined,
    nextCursor: more ? nextCursor(asked, listed, position) : undefined,
    unsearched: unsearched.length > 0 ? unsearched : undefined,
  };
}

function newestBefore({ receivedAt: one = "" }: Message, { receivedAt: other = "" }: Message): number {
  if (one === other) return 0;
  return one < other ? 1 : -1;
}

/** A message that passed, and what was read of it so far. */
interface Judged {
  readonly message: Message;
  /** As it stood in the list: what the order and the cursor go by. */
  readonly listed: Message;
  /** Undefined: only its line in the list. */
  readonly read: Detail | undefined;
}

async function* asRead(messages: AsyncIterable<Message>): AsyncIterable<Judged> {
  for await (const message of messages) yield { message, listed: message, read: undefined };
}

async function* filtered(messages: AsyncIterable<Message>, keep: (message: Message) => boolean): AsyncIterable<Message> {
  for await (const message of messages) if (keep(message)) yield message;
}

/** Lets those pass that match. A message that is gone meanwhile does not; one that cannot be read is put down as such. */
async function* judge(
  mailbox: EwsMailbox,
  candidates: AsyncIterable<Message>,
  needed: Detail,
  matches: Matcher,
  unjudged: Unsearched[],
): AsyncIterable<Judged> {
  for await (const some of chunks(candidates, judgedAtOnce)) {
    const toRead = some.filter((message) => needsGetItem(needed) || isIncomplete(message));
    const read = await readItems(mailbox, toRead, needed);
    for (const message of some) {
      const outcome = await decide(message, read.get(message.itemId), matches);
      if (!outcome.ok) unjudged.push({ itemId: message.itemId, failure: outcome.failure });
      else if (outcome.value) yield { message: outcome.value, listed: message, read: read.has(message.itemId) ? needed : undefined };
    }
  }
}

/** The message when it matches; undefined when it does not or is gone. Throws what concerns more than this message. */
async function decide(message: Message, read: Outcome<Message> | undefined, matches: Matcher): Promise<Outcome<Message | undefined>> {
  if (read && !read.ok) {
    if (read.failure.code === "not-found") return { ok: true, value: undefined };
    return local(read);
  }
  const known = read?.value ?? message;
  const outcome = await attempt(() => matches(known));
  if (!outcome.ok) return local(outcome);
  return { ok: true, value: outcome.value ? known : undefined };
}

function local(outcome: { readonly ok: false; readonly failure: Failure }): Outcome<never> {
  if (!isLocal(outcome.failure)) throw asFailure(outcome.failure);
  return outcome;
}

/** The messages with all that was asked of them, and nothing that was read for judging only. One that cannot be read stays as it was listed. */
async function completed(mailbox: EwsMailbox, found: readonly Judged[], detail: Detail, unread: Unsearched[]): Promise<Message[]> {
  const wanting = found.filter(({ message, read }) =>
    read === undefined ? needsGetItem(detail) || isIncomplete(message) : !covers(read, detail),
  );
  const read = await readItems(
    mailbox,
    wanting.map(({ message }) => message),
    detail,
  );
  return found.flatMap(({ message }) => {
    const outcome = read.get(message.itemId);
    if (outcome && !outcome.ok) {
      if (!isLocal(outcome.failure)) throw outcome.failure;
      // Gone since it was listed: it is no longer there to be found.
      if (outcome.failure.code === "not-found") return [];
      unread.push({ itemId: message.itemId, failure: outcome.failure });
    }
    return [only(outcome?.ok ? outcome.value : message, detail)];
  });
}

async function* chunks<T>(items: AsyncIterable<T>, size: number): AsyncIterable<T[]> {
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
