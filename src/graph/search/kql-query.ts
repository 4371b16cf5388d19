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

/** Maximum number of results of a search, however many match: https://learn.microsoft.com/en-us/graph/search-query-parameter */
const maxResults = 1000;
const pageSize = 250;
const dayMs = 86_400_000;

/** Days since 1970-01-01, both included; undefined is open. */
interface DayRange {
  readonly from: number | undefined;
  readonly to: number | undefined;
}

/** The results of a KQL query in several places, including those that the limit of one search hides. */
export interface QueryResults {
  /** Newest first by day, and in the order of each search within a day. */
  messages(): AsyncIterable<Message>;
  readonly unlisted: readonly Unlisted[];
}

/**
 * Searches with `$search`. If a search reaches its maximum number of results, it is repeated over shorter periods, down to a day, since KQL compares
 * days only. A day with more results is reported as not listed completely.
 */
export function searchByQuery(
  mailbox: GraphMailbox,
  places: readonly (FolderRef | undefined)[],
  query: string,
  detail: Detail,
  times: DayRange,
): QueryResults {
  const unlisted: Unlisted[] = [];

  async function* within(window: DayRange): AsyncIterable<Message> {
    const found: Message[] = [];
    let isCut = false;
    for (const place of places) {
      const some = await all(place, window);
      isCut ||= some.length >= maxResults;
      for (const one of some) found.push(one);
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
    // The next search begins where the results end; if both ends are given, in the middle.
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

  /** Returns everything that the server returned, including messages that do not match: the number shows whether the server cut the results. */
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
      // A broken page ends the results of this place, because the service cannot continue a `$search` from a number.
      const isBroken = mayBeFaultOfOneItem(thrown) && found.length > 0;
      if (!isBroken && (!isLocal(thrown) || places.length === 1)) throw thrown;
      unlisted.push({ place, isMessage: false, failure: thrown });
    }
    return found;
  }

  async function* messages(): AsyncIterable<Message> {
    // Periods meet at days, and a day may begin earlier in the mailbox's time zone.
    const seen = new Set<string>();
    for await (const some of chunks(within(times), maxResults)) {
      const fresh = some.filter(({ itemId }) => !seen.has(itemId));
      for (const { itemId } of fresh) seen.add(itemId);
      yield* await withImmutableIds(mailbox, fresh);
    }
  }
  return { messages, unlisted };
}

/** Returns the days that can contain matches, with one more on each side, since days begin at other times in other time zones. */
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

/** Translates ids, because `$search` returns default ids. Where the service may not translate them they stay, and name the same messages. */
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
  return new Failure("too-large", `More than ${maxResults} messages match the query${when}: Microsoft Graph returns no more than these.`, {
    hint: "Make the query narrower, or use the other filters instead of it.",
  });
}

function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
