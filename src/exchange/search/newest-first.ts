import { Failure } from "../../failure.ts";
import type { Message } from "../message.ts";

/** A server under load may give an empty page and say that more follows; one that does so again and again never ends. */
const maxIdlePages = 3;
/** No folder has five million messages: a server that goes on beyond this is going round in circles. */
const maxPages = 20_000;

/** How far one list of messages, newest first, was read. At most one page of it is held, and the ids of those before. */
export interface ListProgress {
  page: readonly Message[];
  /** Of the page, the next to give. */
  next: number;
  /** Ids met so far. */
  readonly seen: Set<string>;
  idlePages: number;
  pages: number;
  /** There are no more pages. */
  ended: boolean;
}

export function newListProgress(): ListProgress {
  return { page: [], next: 0, seen: new Set(), idlePages: 0, pages: 0, ended: false };
}

/**
 * The next page has come. `includes`: what of it belongs to the list. Returns why the list is ended with this page although the server says that more
 * follows: it never ends.
 */
export function addPage(
  reading: ListProgress,
  items: readonly Message[],
  isLast: boolean,
  includes: (message: Message) => boolean = () => true,
): Failure | undefined {
  // Messages that arrive while we read push others onto the next page again.
  const fresh = items.filter(({ itemId }) => !reading.seen.has(itemId));
  for (const { itemId } of fresh) reading.seen.add(itemId);
  reading.idlePages = fresh.length > 0 ? 0 : reading.idlePages + 1;
  reading.pages += 1;
  reading.page = fresh.filter(includes);
  reading.next = 0;
  reading.ended = isLast;
  if (isLast || (reading.idlePages < maxIdlePages && reading.pages < maxPages)) return undefined;
  reading.ended = true;
  return new Failure("broken-reply", "The server says again and again that a folder has more messages, and gives none that are new.");
}

/** Nothing more is read of this one. */
export function endList(reading: ListProgress): void {
  reading.page = [];
  reading.ended = true;
}

/**
 * Several lists as one: newest first, those without a time of receipt last; at one instant in the order of the lists. `refill` takes the next page of
 * one, or ends it. Throws what it throws.
 */
export async function* mergeNewestFirst<R extends ListProgress>(
  readings: readonly R[],
  refill: (reading: R) => Promise<void>,
): AsyncGenerator<Message, void, undefined> {
  for (;;) {
    let newest: R | undefined;
    let newestAt = "";
    for (const reading of readings) {
      while (reading.next >= reading.page.length && !reading.ended) await refill(reading);
      const receivedAt = reading.page[reading.next]?.receivedAt ?? "";
      if (reading.next < reading.page.length && (!newest || receivedAt > newestAt)) {
        newest = reading;
        newestAt = receivedAt;
      }
    }
    const message = newest?.page[newest.next];
    if (!newest || !message) return;
    newest.next += 1;
    yield message;
  }
}
