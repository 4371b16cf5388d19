// src/graph/search/: Searches messages: builds OData filters and KQL queries, lists folders, and locates messages by name.

import type { Detail, Message } from "../../exchange/message.ts";
import type { Position } from "../../exchange/search/cursor.ts";
import { chunks } from "../../exchange/search/filter-listed.ts";
import { mayBeFaultOfOneItem } from "../../exchange/search/list-around-failures.ts";
import { isLocal } from "../../exchange/search/local-failure.ts";
import type { Filters } from "../../exchange/search/search-query.ts";
import { Failure } from "../../failure.ts";
import type { FolderRef } from "../folders/folder-ref.ts";
import { listMessages } from "../requests/messages.ts";
import { toImmutable } from "../requests/translate-exchange-ids.ts";
import type { GraphMailbox } from "../session/mailbox.ts";
import type { Unlisted } from "./newest-first.ts";

/** So many results a search has at most, however many match: https://learn.microsoft.com/en-us/graph/search-query-parameter */
const maxResults = 1000;
const pageSize = 250;
const dayMs = 86_400_000;

/** Days since 1970-01-01, both included; undefined is open. */
interface DayRange {
  readonly from: number | undefined;
  readonly to: number | undefined;
}

/** What a query of the server's language finds in several places, with all that the limit of one search hides. */
export interface QueryResults {
  /** Newest first by day, and within what one search gave. */
  messages(): AsyncIterable<Message>;
  readonly unlisted: readonly Unlisted[];
}

/**
 * Searches with `$search`. When there are as many results as a search can have, it is repeated over shorter times, as short as a day: the language
 * compares no finer. A day with more is told as not listed.
 */
export function searchByQuery(
  mailbox: GraphMailbox,
  places: readonly (FolderRef | undefined)[],
  query: string,
  detail: Detail,
  times: DayRange,
  includes: (message: Message, place: FolderRef | undefined) => boolean,
): QueryResults {
  const unlisted: Unlisted[] = [];

  async function* within(window: DayRange): AsyncIterable<Message> {
    const found: Message[] = [];
    let isCut = false;
    for (const place of places) {
      const some = await all(place, window);
      isCut ||= some.length >= maxResults;
      for (const one of some.filter((message) => includes(message, place))) found.push(one);
    }
    found.sort((one, other) => compare(other.receivedAt ?? "", one.receivedAt ?? ""));
    if (!isCut) {
      yield* found;
      return;
    }
    const days = found.flatMap(({ receivedAt }) => (receivedAt === undefined ? [] : [Math.floor(Date.parse(receivedAt) / dayMs)]));
    const newest = window.to ?? days.reduce((most, day) => Math.max(most, day), Number.NEGATIVE_INFINITY);
    const oldest = window.from ?? days.reduce((least, day) => Math.min(least, day), Number.POSITIVE_INFINITY);
    if (days.length === 0 || (window.from !== undefined && window.from === window.to)) {
      unlisted.push({ place: undefined, isMessage: false, failure: tooManyResults(window.from) });
      yield* found;
      return;
    }
    // Where the results end is where the next search begins; with both ends given, in the middle.
    const split = window.from === undefined || window.to === undefined ? oldest : Math.floor((oldest + newest) / 2);
    const [newer, older]: [DayRange, DayRange] =
      split >= newest
        ? [
            { from: split, to: split },
            { from: window.from, to: split - 1 },
          ]
        : [
            { from: split + 1, to: window.to },
            { from: window.from, to: split },
          ];
    yield* within(newer);
    if (older.from === undefined || older.to === undefined || older.from <= older.to) yield* within(older);
  }

  /** As many as the server gave, those that are not looked for among them: what it cut off is seen by their number. */
  async function all(place: FolderRef | undefined, window: DayRange): Promise<Message[]> {
    const found: Message[] = [];
    const listing = { folder: place, detail, search: queryWithin(query, window), top: pageSize };
    try {
      for await (const { items } of mailbox.pages(listMessages, listing)) {
        for (const one of items) found.push(one);
        if (found.length >= maxResults) break;
      }
    } catch (thrown) {
      if (!(thrown instanceof Failure)) throw thrown;
      // A broken page ends the results of this place: with `$search` the service takes no number to go on from.
      const isBroken = mayBeFaultOfOneItem(thrown) && found.length > 0;
      if (!isBroken && (!isLocal(thrown) || places.length === 1)) throw thrown;
      unlisted.push({ place, isMessage: false, failure: thrown });
    }
    return found;
  }

  async function* messages(): AsyncIterable<Message> {
    // Windows meet at days, and a day may begin earlier where the mailbox is.
    const seen = new Set<string>();
    for await (const some of chunks(within(times), maxResults)) {
      const fresh = some.filter(({ itemId }) => !seen.has(itemId));
      for (const { itemId } of fresh) seen.add(itemId);
      yield* await withImmutableIds(mailbox, fresh);
    }
  }
  return { messages, unlisted };
}

/** The days that can hold what is looked for: one more on each side, since a day begins elsewhere at another time. */
export function daysOf({ receivedAfter, receivedBefore }: Filters, after: Position | undefined): DayRange {
  const upper = [receivedBefore, after?.receivedAt].flatMap((time) => (time === undefined || time === "" ? [] : [Date.parse(time)]));
  return {
    from: receivedAfter === undefined ? undefined : Math.floor(Date.parse(receivedAfter) / dayMs) - 1,
    to: upper.length === 0 ? undefined : Math.floor(Math.min(...upper) / dayMs) + 1,
  };
}

function queryWithin(query: string, { from, to }: DayRange): string {
  const day = (number: number) => new Date(number * dayMs).toISOString().slice(0, 10);
  const bounds = [...(from === undefined ? [] : [`received>=${day(from)}`]), ...(to === undefined ? [] : [`received<=${day(to)}`])];
  return bounds.length === 0 ? query : [`(${query})`, ...bounds].join(" AND ");
}

/** With `$search` the service gives the ids that change with every move. Where it may not translate them, they stay: they name the same messages. */
async function withImmutableIds(mailbox: GraphMailbox, messages: readonly Message[]): Promise<readonly Message[]> {
  if (messages.length === 0) return messages;
  try {
    const ids = await mailbox.ask(
      toImmutable,
      messages.map(({ itemId }) => itemId),
    );
    return messages.map((message) => ({ ...message, itemId: ids.get(message.itemId) ?? message.itemId }));
  } catch (thrown) {
    if (thrown instanceof Failure && isLocal(thrown)) return messages;
    throw thrown;
  }
}

function tooManyResults(day: number | undefined): Failure {
  const when = day === undefined ? "" : ` on ${new Date(day * dayMs).toISOString().slice(0, 10)}`;
  return new Failure("too-large", `More than ${maxResults} messages match the query${when}: Microsoft Graph gives no more than these.`, {
    hint: "Make the query narrower, or use the other filters instead of it.",
  });
}

function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
