import type { Detail, Message } from "../../exchange/message.ts";
import { contradiction } from "../../exchange/search/contradiction.ts";
import { gapFailure, listAround, mayBeFaultOfOneItem, mostFailedFolders } from "../../exchange/search/list-around-failures.ts";
import { isLocal } from "../../exchange/search/local-failure.ts";
import { addPage, endList, type ListProgress, mergeNewestFirst, newListProgress } from "../../exchange/search/newest-first.ts";
import { Failure } from "../../failure.ts";
import { attempt } from "../../outcome.ts";
import type { FolderRef } from "../folders/folder-ref.ts";
import { type Listing, listMessages } from "../requests/messages.ts";
import type { GraphMailbox } from "../session/mailbox.ts";
import { endsShort, type Page } from "../session/paging.ts";

/** The listing of every place. */
export interface ListingRequest {
  readonly detail: Detail;
  /** `$filter`, the best first. When one is refused, the next is tried. */
  readonly filters: readonly (string | undefined)[];
  /** Number of messages that will probably be needed. */
  readonly expected: number;
  /** Tells whether a message belongs to the list. Default: each. */
  includes?(message: Message): boolean;
}

/** A place that could not be listed completely, or one of its messages that could not be listed, and the reason. */
export interface Unlisted {
  readonly place: FolderRef | undefined;
  /** True for a single message, with its id if the server returns at least that. */
  readonly isMessage: boolean;
  readonly itemId?: string | undefined;
  readonly failure: Failure;
}

/** Several places merged into one list. */
export interface NewestFirst {
  /** Index of the filter that was accepted. */
  readonly taken: number;
  /** Yields messages newest first, no item of a place twice. Messages that arrive during reading may be in between. Throws Failure. */
  messages(): AsyncIterable<Message>;
  readonly unlisted: readonly Unlisted[];
  /** Returns the number of messages that match, if the first pages are all. */
  total(): number | undefined;
}

// Larger pages were seen to time out at the gateway, and earlier with bodies.
const maxPageSize = 250;
const maxPageSizeWithBody = 50;
const minPageSize = 25;

/** Progress of reading one place. */
interface PlaceProgress extends ListProgress {
  readonly place: FolderRef | undefined;
  /** Link to the next page. */
  link: string | undefined;
  /** Number of messages that the server has returned or could not return: the position from which to continue without a link. */
  offset: number;
  /** True when no message of the place could be listed. */
  failed: boolean;
}

/** Requests the first page of every place. Throws Failure. */
export async function newestFirst(
  mailbox: GraphMailbox,
  places: readonly (FolderRef | undefined)[],
  asking: ListingRequest,
): Promise<NewestFirst> {
  const unlisted: Unlisted[] = [];
  /** The places that were requested with the current filter. */
  let begun: PlaceProgress[] = [];
  const withBody = asking.detail.body === "text" || asking.detail.body === "html";
  const maxSize = withBody ? maxPageSizeWithBody : maxPageSize;
  const fairShare = Math.ceil((2 * asking.expected) / Math.max(1, places.length));
  // One more than expected shows whether more follows.
  const top = Math.max(1, Math.min(maxSize, asking.expected + 1, Math.max(minPageSize, fairShare)));
  const listingOf = (place: FolderRef | undefined, filter: string | undefined): Listing => ({
    folder: place,
    detail: asking.detail,
    filter,
    orderBy: "receivedDateTime desc",
    top,
  });
  const { taken, sources } = await begin();

  async function begin(): Promise<{ readonly taken: number; readonly sources: readonly PlaceProgress[] }> {
    for (const [index, filter] of asking.filters.entries()) {
      const first = await firstPages(filter, index === asking.filters.length - 1);
      if (first !== undefined) return { taken: index, sources: first };
    }
    throw new Failure("internal", "A list was asked for without a filter, not even none.");
  }

  /** Returns undefined when the filter is refused and another is left. */
  async function firstPages(filter: string | undefined, isLast: boolean): Promise<readonly PlaceProgress[] | undefined> {
    const sources: PlaceProgress[] = [];
    begun = sources;
    unlisted.length = 0;
    const listings = places.map((place) => listingOf(place, filter));
    // Twenty pages in one reply must not exceed the size of one page.
    const batchSize = Math.max(1, Math.min(20, Math.floor((2 * maxSize) / top)));
    let index = 0;
    for await (const outcome of mailbox.each(listMessages, listings, { batchSize })) {
      const place = places[index++];
      const source: PlaceProgress = { ...newListProgress(), place, link: undefined, offset: 0, failed: false };
      sources.push(source);
      if (outcome.ok) await take(source, filter, outcome.value);
      else if (!isLast && isRefusal(outcome.failure)) return undefined;
      else {
        await readAround(source, filter, outcome.failure);
        // The filter may have caused the failure after all.
        if (source.failed && !isLast && mayBeFaultOfOneItem(outcome.failure)) return undefined;
      }
    }
    const [first] = unlisted;
    if (first && sources.every(({ failed }) => failed)) throw first.failure;
    return sources;
  }

  async function refill(source: PlaceProgress): Promise<void> {
    const { link, offset } = source;
    const filter = asking.filters[taken];
    const listing = listingOf(source.place, filter);
    const next = await attempt(() => onePage(link === undefined ? { ...listing, skip: offset } : listing, link));
    if (next.ok) await take(source, filter, next.value);
    else await readAround(source, filter, next.failure);
  }

  async function onePage(listing: Listing, from?: string, of = mailbox): Promise<Page<Message>> {
    for await (const page of of.pages(listMessages, listing, from)) return page;
    throw new Failure("internal", "A list without a page.");
  }

  /** Lists the other messages of a page that one message may spoil, by position. */
  async function readAround(source: PlaceProgress, filter: string | undefined, failure: Failure): Promise<void> {
    if (!mayBeFaultOfOneItem(failure) || begun.filter(({ failed }) => failed).length >= mostFailedFolders) return giveUp(source, failure);
    const listing = listingOf(source.place, filter);
    // In a page of several messages another failure is expected, so it is not retried; for a single message a failure must not be accidental.
    const hasty = mailbox.during({ ...mailbox.call, tries: 1 });
    let count: number | undefined;
    const found = await listAround(
      async (skip, size) => {
        const {
          items,
          length,
          next,
          count: counted,
        } = await onePage({ ...listing, skip, top: size }, undefined, size > 1 ? hasty : mailbox);
        count = counted ?? count;
        return { items, length, isLast: next === undefined };
      },
      source.offset,
      top,
    );
    for (const gap of found.gaps) {
      const named = await attempt(() => onePage({ ...listing, skip: gap.at, top: 1, idsOnly: true }));
      if (!named.ok && named.failure.code === "cancelled") throw named.failure;
      const itemId = named.ok ? named.value.items[0]?.itemId : undefined;
      unlisted.push({
        place: source.place,
        isMessage: true,
        itemId,
        failure: gapFailure(gap, "the message that is, newest first, number"),
      });
    }
    source.offset += found.length;
    source.link = undefined;
    if (found.failure !== undefined) giveUp(source, found.failure, found.items);
    else if (found.isLast && count !== undefined && count > source.offset)
      await takeAgain(source, filter, { items: found.items, next: undefined, length: found.length, count });
    else takeItems(source, found.items, found.isLast);
  }

  async function take(source: PlaceProgress, filter: string | undefined, page: Page<Message>): Promise<void> {
    source.link = page.next;
    // A last page of messages returned before does not count as progress.
    const isRepeated = page.next === undefined && page.items.length > 0 && page.items.every(({ itemId }) => source.seen.has(itemId));
    if (!isRepeated) source.offset += page.length;
    const nameless = page.length - page.items.length;
    if (nameless > 0) {
      const failure = new Failure("broken-reply", `The server listed ${nameless} of the messages without an id.`);
      unlisted.push({ place: source.place, isMessage: true, failure });
    }
    if (endsShort({ ...page, length: 0 }, source.offset)) await takeAgain(source, filter, page);
    else takeItems(source, page.items, page.next === undefined);
  }

  /**
   * Checks a list that ended before its own count by a request after its last message. New messages are read, and a count that now agrees settles the
   * matter; otherwise the place is reported as not listed completely.
   */
  async function takeAgain(source: PlaceProgress, filter: string | undefined, { items, count = 0 }: Page<Message>): Promise<void> {
    const again = await attempt(() => onePage({ ...listingOf(source.place, filter), skip: source.offset }));
    if (!again.ok && again.failure.code === "cancelled") throw again.failure;
    const known = new Set(items.map(({ itemId }) => itemId));
    const fresh = again.ok ? again.value.items.filter(({ itemId }) => !known.has(itemId) && !source.seen.has(itemId)) : [];
    // The next page is requested by position, where its failure will be found.
    if (!again.ok || fresh.length > 0) {
      source.offset += fresh.length;
      takeItems(source, [...items, ...fresh], false);
      return;
    }
    const counted = again.value.count ?? count;
    takeItems(source, items, true);
    if (counted > source.offset)
      unlisted.push({ place: source.place, isMessage: false, failure: contradiction(counted, source.offset, "the folder") });
  }

  function takeItems(source: PlaceProgress, items: readonly Message[], isLast: boolean): void {
    const never = addPage(source, items, isLast, (message) => asking.includes?.(message) ?? true);
    if (never !== undefined) unlisted.push({ place: source.place, isMessage: false, failure: never });
  }

  /** Ends a place with the messages read so far. */
  function giveUp(source: PlaceProgress, failure: Failure, items: readonly Message[] = []): void {
    if (!isLocal(failure) && !mayBeFaultOfOneItem(failure)) throw failure;
    source.failed = source.seen.size + items.length === 0;
    endList(source);
    takeItems(source, items, true);
    unlisted.push({ place: source.place, isMessage: false, failure });
  }

  const more = sources.some(({ ended }) => !ended);
  const count = sources.reduce((sum, { page }) => sum + page.length, 0);
  return { taken, unlisted, messages: () => mergeNewestFirst(sources, refill), total: () => (more ? undefined : count) };
}

/** Tells whether the service does not know or does not accept a filter. A missing folder has another code. */
function isRefusal({ code }: Failure): boolean {
  return code === "invalid-input" || code === "refused" || code === "unsupported";
}
