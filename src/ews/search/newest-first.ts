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

/** What is asked of every folder. */
export interface ListingRequest {
  /** `m:ItemShape`; has to hold `item:DateTimeReceived`. */
  readonly shape: Xml;
  readonly restriction?: Xml | undefined;
  readonly queryString?: string | undefined;
  /** How many messages will probably be taken. */
  readonly expected: number;
}

/** A folder that could not be listed to its end, or one of its messages that could not be listed, and why. */
export interface Unlisted {
  readonly folder: FolderRef;
  /** True of one message; its id where the server gives at least that. */
  readonly isMessage: boolean;
  readonly itemId?: string | undefined;
  readonly failure: Failure;
}

/** Many folders as one list. */
export interface NewestFirst {
  /**
   * Newest first over all folders, no item of a folder twice; those without a time of receipt come last. What arrives while we read may stand in
   * between. Throws Failure.
   */
  messages(): AsyncIterable<Message>;
  /** Asks for the first pages, if they were not asked for yet. Throws Failure: what the folder says that failed first, where all fail. */
  begin(): Promise<void>;
  /** Grows while it is read. */
  readonly unlisted: readonly Unlisted[];
  /** How many messages match in all folders, when every folder said so. */
  total(): number | undefined;
}

// The server answers more shortly above these: https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/ews-throttling-in-exchange
const maxPageSize = 1000;
const maxPageSizeWithCondition = 250;
/** Small enough that many folders fit into one request, large enough that a search of usual limit seldom asks a folder twice. */
const minPageSize = 25;
/** Exchange names no bound; each folder costs the server an open view, of which it counts a few hundred per session. */
const maxFoldersPerRequest = 20;

/** How far one folder was read. */
interface FolderProgress extends ListProgress {
  readonly folder: FolderRef;
  offset: number;
  pageSize: number;
  total: number | undefined;
  /** Nothing of it could be listed. */
  failed: boolean;
  /** Places of it were left out, which was reported. */
  skipped: boolean;
}

/** What a page says, whichever way it was asked for. */
type ListedPage = Pick<ItemPage<Message>, "items" | "isLast"> & Partial<Pick<ItemPage<Message>, "nextOffset">>;

/** The smallest shape: what remains to ask of a message that cannot be listed. */
const idShape = shape("m:ItemShape", ["item:ItemId"]);

/** Merges the folders of a mailbox. Several folders share a request for their first pages, as long as the server's limit holds them all. */
export function newestFirst(mailbox: EwsMailbox, folders: readonly FolderRef[], listing: ListingRequest): NewestFirst {
  const conditional = listing.restriction !== undefined || listing.queryString !== undefined;
  const maxSize = conditional ? maxPageSizeWithCondition : maxPageSize;
  const fairShare = Math.ceil((2 * listing.expected) / Math.max(1, folders.length));
  // One more than expected tells whether more follows.
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

  /** One message may spoil its page: the others are listed without it. */
  async function readAround(source: FolderProgress, length: number, failure: Failure): Promise<void> {
    if (!mayBeFaultOfOneItem(failure) || sources.filter(({ failed }) => failed).length >= mostFailedFolders) return giveUp(source, failure);
    // Of several messages one more failure is expected; of one alone it must not be an accident.
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
    // A last page of what was given before does not bring the list to its end.
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
   * A page that ends its folder before the server's own count does, or whose next offset leaves places out, is asked for again behind its last item. What
   * the second reply gives is read, and a count that agrees by now settles it. Otherwise `doubt` says why the list may lack messages.
   */
  async function secondLook(
    source: FolderProgress,
    { items, isLast, nextOffset = 0 }: ListedPage,
  ): Promise<{ readonly items: readonly Message[]; readonly isLast: boolean; readonly doubt?: Failure }> {
    const leadsTo = isLast ? (source.total ?? 0) : nextOffset;
    if (leadsTo <= source.offset) return { items, isLast };
    const otherCount = conditional && mailbox.counting.isOfFolder();
    const followed = () => {
      // Where a server leaves out what does not match only after it has cut the page, its offset counts the whole folder.
      if (!isLast) source.offset = nextOffset;
      return { items, isLast };
    };
    if (otherCount) return followed();
    // A server under load gives an empty page: it is asked again as often as any page that gives nothing new.
    if (!isLast && items.length === 0 && !conditional) return { items, isLast };
    const again = await attempt(() => pageOf(source, Math.min(maxSize, leadsTo - source.offset), source.offset));
    if (!again.ok) {
      if (again.failure.code === "cancelled") throw again.failure;
      // The next page is asked for at this place, and what is wrong with it is found there.
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

  /** Ends a folder with what was read of it. */
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
      // A count of the whole folder says nothing of what matches.
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
