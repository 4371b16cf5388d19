import type { Message } from "../../exchange/message.ts";
import { contradiction } from "../../exchange/search/contradiction.ts";
import { gapFailure, listAround, mayBeFaultOfOneItem, mostFailedFolders } from "../../exchange/search/list-around-failures.ts";
import { isLocal } from "../../exchange/search/local-failure.ts";
import { addPage, endList, type ListProgress, mergeNewestFirst, newListProgress } from "../../exchange/search/newest-first.ts";
import { Failure } from "../../failure.ts";
import { attempt, type Outcome } from "../../outcome.ts";
import type { Xml } from "../../wire/xml/write-xml.ts";
import type { FolderRef } from "../folders/folder-ref.ts";
import { shape } from "../messages/item-shapes.ts";
import { findItem, type ItemPage } from "../operations/find-item.ts";
import type { EwsMailbox } from "../session/mailbox.ts";
import { countsFolder } from "./count-matches.ts";

/** The listing of every folder. */
export interface ListingRequest {
  /** `m:ItemShape`; must include `item:DateTimeReceived`. */
  readonly shape: Xml;
  readonly restriction?: Xml | undefined;
  readonly queryString?: string | undefined;
  /** Number of messages that will probably be needed. */
  readonly expected: number;
}

/** A folder that could not be listed completely, or one of its messages that could not be listed, and the reason. */
export interface Unlisted {
  readonly folder: FolderRef;
  /** True for a single message, with its id if the server returns at least that. */
  readonly isMessage: boolean;
  readonly itemId?: string | undefined;
  readonly failure: Failure;
}

/** Several folders merged into one list. */
export interface NewestFirst {
  /**
   * Yields messages newest first over all folders, no item of a folder twice; messages without a time of receipt come last. Messages that arrive
   * during reading may be in between. Throws Failure.
   */
  messages(): AsyncIterable<Message>;
  /** Requests the first pages, unless they were requested already. Throws the first folder's Failure if all folders fail. */
  begin(): Promise<void>;
  /** Grows while the list is read. */
  readonly unlisted: readonly Unlisted[];
  /** Returns the number of messages that match in all folders, if every folder reported one. */
  total(): number | undefined;
}

// The server returns shorter pages above these sizes:
// https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/ews-throttling-in-exchange
const maxPageSize = 1000;
const maxPageSizeWithCondition = 250;
/** Small enough to fit many folders into one request, large enough for a usual search to request a folder only once. */
const minPageSize = 25;
/** Exchange documents no limit. Each folder costs the server an open view, of which it allows a few hundred per session. */
const maxFoldersPerRequest = 20;

/** Progress of reading one folder. */
interface FolderProgress extends ListProgress {
  readonly folder: FolderRef;
  offset: number;
  pageSize: number;
  total: number | undefined;
  /** True when no item of the folder could be listed. */
  failed: boolean;
  /** True when positions were skipped, which was reported. */
  skipped: boolean;
}

/** The content of a page, however it was requested. */
type ListedPage = Pick<ItemPage<Message>, "items" | "isLast"> & Partial<Pick<ItemPage<Message>, "nextOffset">>;

/** The smallest shape, for a message that cannot be listed otherwise. */
const idShape = shape("m:ItemShape", ["item:ItemId"]);

/** Merges folders of a mailbox. Several folders share a request for their first pages, within the server's limit. */
export function newestFirst(mailbox: EwsMailbox, folders: readonly FolderRef[], listing: ListingRequest): NewestFirst {
  const conditional = listing.restriction !== undefined || listing.queryString !== undefined;
  const maxSize = conditional ? maxPageSizeWithCondition : maxPageSize;
  const fairShare = Math.ceil((2 * listing.expected) / Math.max(1, folders.length));
  // One more than expected shows whether more follows.
  const firstSize = Math.max(1, Math.min(maxSize, listing.expected + 1, Math.max(minPageSize, fairShare)));
  const sources = folders.map(
    (folder): FolderProgress => ({
      ...newListProgress(),
      folder,
      offset: 0,
      pageSize: firstSize,
      total: undefined,
      failed: false,
      skipped: false,
    }),
  );
  const unlisted: Unlisted[] = [];

  const question = (of: readonly FolderProgress[], pageSize: number, offset: number, itemShape = listing.shape) => ({
    folders: of.map(({ folder }) => folder),
    shape: itemShape,
    pageSize,
    offset,
    restriction: listing.restriction,
    queryString: listing.queryString,
    newestBy: "item:DateTimeReceived" as const,
  });

  async function begin(): Promise<void> {
    const batchSize = Math.max(1, Math.min(maxFoldersPerRequest, Math.floor(maxSize / firstSize)));
    let index = 0;
    for await (const outcome of mailbox.each(findItem, sources, (some) => question(some, firstSize, 0), { batchSize })) {
      const source = sources[index++];
      if (!source) break;
      if (outcome.ok) await take(source, outcome.value);
      else await readAround(source, firstSize, outcome.failure);
    }
    const [first] = unlisted;
    if (first && sources.every(({ failed }) => failed)) throw first.failure;
  }

  async function refill(source: FolderProgress): Promise<void> {
    source.pageSize = Math.min(maxSize, source.pageSize * 2);
    const { pageSize, offset } = source;
    for await (const outcome of mailbox.each(findItem, [source], (some) => question(some, pageSize, offset))) {
      if (outcome.ok) await take(source, outcome.value);
      else await readAround(source, pageSize, outcome.failure);
    }
  }

  /** Lists the other messages of a page that one message may spoil. */
  async function readAround(source: FolderProgress, length: number, failure: Failure): Promise<void> {
    if (!mayBeFaultOfOneItem(failure) || sources.filter(({ failed }) => failed).length >= mostFailedFolders) return giveUp(source, failure);
    // In a page of several messages another failure is expected, so it is not retried; for a single message a failure must not be accidental.
    const hasty = mailbox.during({ ...mailbox.call, tries: 1 });
    const page = (offset: number, pageSize: number, itemShape = listing.shape) =>
      pageOf(source, pageSize, offset, pageSize > 1 ? hasty : mailbox, itemShape);
    const found = await listAround(
      async (offset, pageSize) => {
        const { items, isLast, total } = await page(offset, pageSize);
        source.total = total ?? source.total;
        return { items, isLast, length: items.length };
      },
      source.offset,
      length,
    );
    for (const gap of found.gaps) {
      const named = await attempt(() => page(gap.at, 1, idShape));
      if (!named.ok && named.failure.code === "cancelled") throw named.failure;
      const itemId = named.ok ? named.value.items[0]?.itemId || undefined : undefined;
      unlisted.push({
        folder: source.folder,
        isMessage: true,
        itemId,
        failure: gapFailure(gap, "the message that is, newest first, number"),
      });
    }
    source.offset += found.length;
    if (found.failure !== undefined) giveUp(source, found.failure, found.items);
    else await takeChecked(source, found);
  }

  async function take(source: FolderProgress, page: ItemPage<Message>): Promise<void> {
    source.total = page.total ?? source.total;
    // A last page of messages returned before does not count as progress.
    const isRepeated = page.isLast && page.items.length > 0 && page.items.every(({ itemId }) => source.seen.has(itemId));
    if (!isRepeated) source.offset += page.items.length;
    await takeChecked(source, page);
  }

  async function takeChecked(source: FolderProgress, page: ListedPage): Promise<void> {
    const { items, isLast, doubt } = await secondLook(source, page);
    notEnding(source, addPage(source, items, isLast));
    if (doubt !== undefined) notEnding(source, doubt);
  }

  /**
   * Checks a page that ends its folder before the server's own count, or whose next offset skips positions, by a request after its last item. New
   * messages of the second reply are read, and a count that now agrees settles the matter. Otherwise `doubt` says why messages may be missing.
   */
  async function secondLook(
    source: FolderProgress,
    { items, isLast, nextOffset = 0 }: ListedPage,
  ): Promise<{ readonly items: readonly Message[]; readonly isLast: boolean; readonly doubt?: Failure }> {
    const leadsTo = isLast ? (source.total ?? 0) : nextOffset;
    if (leadsTo <= source.offset) return { items, isLast };
    const otherCount = conditional && mailbox.counting.isOfFolder();
    const followed = () => {
      // Some servers remove messages that do not match after they have cut the page, so their offset counts the whole folder.
      if (!isLast) source.offset = nextOffset;
      return { items, isLast };
    };
    if (otherCount) return followed();
    // A server under load returns an empty page, which is requested again as often as any page without anything new.
    if (!isLast && items.length === 0 && !conditional) return { items, isLast };
    const again = await attempt(() => pageOf(source, Math.min(maxSize, leadsTo - source.offset), source.offset));
    if (!again.ok) {
      if (again.failure.code === "cancelled") throw again.failure;
      // The next page is requested at this position, where its failure will be found.
      return { items, isLast: false };
    }
    const known = new Set(items.map(({ itemId }) => itemId));
    const fresh = again.value.items.filter(({ itemId }) => !known.has(itemId) && !source.seen.has(itemId));
    source.total = again.value.total ?? source.total;
    if (fresh.length > 0) {
      source.offset += fresh.length;
      return { items: [...items, ...fresh], isLast: false };
    }
    if (isLast && (source.total ?? 0) <= source.offset) return { items, isLast };
    if (conditional && (await countsFolder(mailbox, source.folder))) return followed();
    const doubt = contradiction(leadsTo, source.offset, "the folder");
    if (isLast) return { items, isLast, doubt };
    source.offset = nextOffset;
    if (source.skipped) return { items, isLast };
    source.skipped = true;
    return { items, isLast, doubt };
  }

  function pageOf(
    source: FolderProgress,
    pageSize: number,
    offset: number,
    of = mailbox,
    itemShape = listing.shape,
  ): Promise<ItemPage<Message>> {
    return onlyOf(of.each(findItem, [source], (some) => question(some, pageSize, offset, itemShape)));
  }

  function notEnding(source: FolderProgress, failure: Failure | undefined): void {
    if (failure !== undefined) unlisted.push({ folder: source.folder, isMessage: false, failure });
  }

  /** Ends a folder with the messages read so far. */
  function giveUp(source: FolderProgress, failure: Failure, items: readonly Message[] = []): void {
    if (!isLocal(failure) && !mayBeFaultOfOneItem(failure)) throw failure;
    source.failed = source.seen.size + items.length === 0;
    endList(source);
    addPage(source, items, true);
    unlisted.push({ folder: source.folder, isMessage: false, failure });
  }

  async function* messages(): AsyncIterable<Message> {
    await started();
    yield* mergeNewestFirst(sources, refill);
  }

  let first: Promise<void> | undefined;
  function started(): Promise<void> {
    first ??= begin();
    return first;
  }

  return {
    messages,
    begin: started,
    unlisted,
    total: () => {
      // A count of the whole folder is not a count of the matches.
      if (conditional && mailbox.counting.isOfFolder()) return undefined;
      let sum = 0;
      for (const { total } of sources) {
        if (total === undefined) return undefined;
        sum += total;
      }
      return sum;
    },
  };
}

async function onlyOf<T>(outcomes: AsyncIterable<Outcome<T>>): Promise<T> {
  for await (const outcome of outcomes) {
    if (outcome.ok) return outcome.value;
    throw outcome.failure;
  }
  throw new Failure("internal", "A question without an outcome.");
}
