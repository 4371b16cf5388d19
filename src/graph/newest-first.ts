import { isLocal } from "../exchange/local-failure.ts";
import type { Detail, Message } from "../exchange/message.ts";
import { endReading, newestOf, newReading, type Reading, takePage } from "../exchange/newest-first.ts";
import { Failure } from "../failure.ts";
import type { FolderRef } from "./folders.ts";
import type { Page } from "./paging.ts";
import { type Listing, listMessages } from "./requests/messages.ts";
import type { GraphMailbox } from "./session.ts";

/** What is asked of every place. */
export interface Asking {
  readonly detail: Detail;
  /** `$filter`, the best first: the next is tried when one is refused. */
  readonly filters: readonly (string | undefined)[];
  /** How many messages will probably be taken. */
  readonly expected: number;
  /** Whether a message is one of the list. */
  includes(message: Message, place: FolderRef | undefined): boolean;
}

/** A place that could not be listed to its end, and why. */
export interface Unlisted {
  readonly place: FolderRef | undefined;
  readonly failure: Failure;
}

/** Several places as one list. */
export interface NewestFirst {
  /** Which of the filters was taken. */
  readonly taken: number;
  /** Newest first, no item of a place twice. What arrives while we read may stand in between. Throws Failure. */
  messages(): AsyncIterable<Message>;
  readonly unlisted: readonly Unlisted[];
  /** How many messages match, when the first pages are all there is. */
  total(): number | undefined;
}

// Larger pages have been seen to time out at the gateway; with bodies sooner.
const maxPageSize = 250;
const maxPageSizeWithBody = 50;
const minPageSize = 25;

/** How far one place was read. */
interface Source extends Reading {
  readonly place: FolderRef | undefined;
  /** The pages after the first. */
  link: string | undefined;
}

/** Asks for the first page of every place. Throws Failure. */
export async function newestFirst(mailbox: GraphMailbox, places: readonly (FolderRef | undefined)[], asking: Asking): Promise<NewestFirst> {
  const unlisted: Unlisted[] = [];
  const withBody = asking.detail.body === "text" || asking.detail.body === "html";
  const maxSize = withBody ? maxPageSizeWithBody : maxPageSize;
  const fairShare = Math.ceil((2 * asking.expected) / Math.max(1, places.length));
  // One more than expected tells whether more follows.
  const top = Math.max(1, Math.min(maxSize, asking.expected + 1, Math.max(minPageSize, fairShare)));
  const listingOf = (place: FolderRef | undefined, filter: string | undefined): Listing => ({
    folder: place,
    detail: asking.detail,
    filter,
    orderBy: "receivedDateTime desc",
    top,
  });
  const { taken, sources } = await begin();

  async function begin(): Promise<{ readonly taken: number; readonly sources: readonly Source[] }> {
    for (const [index, filter] of asking.filters.entries()) {
      const begun = await firstPages(filter, index === asking.filters.length - 1);
      if (begun !== undefined) return { taken: index, sources: begun };
    }
    throw new Failure("internal", "A list was asked for without a filter, not even none.");
  }

  /** Undefined when the filter is refused and another is left. */
  async function firstPages(filter: string | undefined, isLast: boolean): Promise<readonly Source[] | undefined> {
    const sources: Source[] = [];
    unlisted.length = 0;
    const listings = places.map((place) => listingOf(place, filter));
    // Twenty pages in one reply must not be more than one page may be.
    const batchSize = Math.max(1, Math.min(20, Math.floor((2 * maxSize) / top)));
    let index = 0;
    for await (const outcome of mailbox.each(listMessages, listings, { batchSize })) {
      const place = places[index++];
      const source: Source = { ...newReading(), place, link: undefined };
      sources.push(source);
      if (outcome.ok) take(source, outcome.value);
      else if (!isLast && isRefused(outcome.failure)) return undefined;
      else giveUp(source, outcome.failure);
    }
    const [first] = unlisted;
    if (first && unlisted.length === sources.length) throw first.failure;
    return sources;
  }

  async function refill(source: Source): Promise<void> {
    const { link } = source;
    if (link === undefined) return;
    try {
      for await (const page of mailbox.pages(listMessages, listingOf(source.place, asking.filters[taken]), link)) {
        take(source, page);
        return;
      }
    } catch (thrown) {
      if (!(thrown instanceof Failure)) throw thrown;
      giveUp(source, thrown);
    }
  }

  function take(source: Source, page: Page<Message>): void {
    source.link = page.next;
    takePage(source, page.items, page.next === undefined, (message) => asking.includes(message, source.place));
  }

  function giveUp(source: Source, failure: Failure): void {
    if (!isLocal(failure)) throw failure;
    endReading(source);
    unlisted.push({ place: source.place, failure });
  }

  const more = sources.some(({ ended }) => !ended);
  const count = sources.reduce((sum, { page }) => sum + page.length, 0);
  return { taken, unlisted, messages: () => newestOf(sources, refill), total: () => (more ? undefined : count) };
}

/** What the service says of a filter that it does not know, or does not want to answer. A folder that is not there is another thing. */
function isRefused({ code }: Failure): boolean {
  return code === "invalid-input" || code === "refused" || code === "unsupported";
}
