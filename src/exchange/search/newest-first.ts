import { Failure } from "../../failure.ts";
import type { Message } from "../message.ts";

/** A server under load may return an empty page and report that more follows; a server that repeats this never ends. */
const maxIdlePages = 3;
/** No folder has five million messages: a server that continues beyond this is in a loop. */
const maxPages = 20_000;

/** Progress of reading one list of messages, newest first. At most one page of it is held, and the ids of earlier pages. */
export interface ListProgress {
  page: readonly Message[];
  /** Index of the next message of the page. */
  next: number;
  /** Ids seen so far. */
  readonly seen: Set<string>;
  idlePages: number;
  pages: number;
  /** True when there are no more pages. */
  ended: boolean;
}

export function newListProgress(): ListProgress {
  return { page: [], next: 0, seen: new Set(), idlePages: 0, pages: 0, ended: false };
}

/**
 * Adds the next page. `includes` selects the messages that belong to the list. Returns the Failure that ends the list when the server reports without
 * end that more follows.
 */
export function addPage(
  reading: ListProgress,
  items: readonly Message[],
  isLast: boolean,
  includes: (message: Message) => boolean = () => true,
): Failure | undefined {
  // Messages that arrive during reading push others onto the next page again.
  const fresh = items.filter(({ itemId }) => !reading.seen.has(itemId));
  for (const { itemId } of fresh) reading.seen.add(itemId);
  reading.idlePages = fresh.length > 0 ? 0 : reading.idlePages + 1;
  reading.pages += 1;
  reading.page = fresh.filter(includes);
  reading.next = 0;
  reading.ended = isLast;
  if (isLast || (reading.idlePages < maxIdlePages && reading.pages < maxPages)) return undefined;
  reading.ended = true;
  return new Failure("broken-reply", "The server repeatedly reports that a folder has more messages but returns no new ones.");
}

/** Ends the list: nothing more of it is read. */
export function endList(reading: ListProgress): void {
  reading.page = [];
  reading.ended = true;
}

/**
 * Merges several lists: newest first, messages without a time of receipt last, and equal times in the order of the lists. `refill` reads the next
 * page of a list or ends it. Throws what `refill` throws.
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
