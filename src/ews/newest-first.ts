import { gapFailure, listAround, mayBeOneItem, mostFailedFolders } from "../exchange/around.ts";
import { isLocal } from "../exchange/local-failure.ts";
import type { Message } from "../exchange/message.ts";
import { endReading, newestOf, newReading, type Reading, takePage } from "../exchange/newest-first.ts";
import { Failure } from "../failure.ts";
import { attempt, type Outcome } from "../outcome.ts";
import type { Xml } from "../wire/xml-write.ts";
import type { FolderRef } from "./folders/folder-ref.ts";
import { findItem, type ItemPage } from "./operations/find-item.ts";
import type { EwsMailbox } from "./session/mailbox.ts";
import { shape } from "./shapes.ts";

/** What is asked of every folder. */
export interface Listing {
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
interface Source extends Reading {
  readonly folder: FolderRef;
  offset: number;
  pageSize: number;
  total: number | undefined;
  /** Nothing of it could be listed. */
  failed: boolean;
}

/** The smallest shape: what remains to ask of a message that cannot be listed. */
const idShape = shape("m:ItemShape", ["item:ItemId"]);

/** Merges the folders of a mailbox. Several folders share a request for their first pages, as long as the server's limit holds them all. */
export function newestFirst(mailbox: EwsMailbox, folders: readonly FolderRef[], listing: Listing): NewestFirst {
  const conditional = listing.restriction !== undefined || listing.queryString !== undefined;
  const maxSize = conditional ? maxPageSizeWithCondition : maxPageSize;
  const fairShare = Math.ceil((2 * listing.expected) / Math.max(1, folders.length));
  // One more than expected tells whether more follows.
  const firstSize = Math.max(1, Math.min(maxSize, listing.expected + 1, Math.max(minPageSize, fairShare)));
  const sources = folders.map(
    (folder): Source => ({ ...newReading(), folder, offset: 0, pageSize: firstSize, total: undefined, failed: false }),
  );
  const unlisted: Unlisted[] = [];

  const question = (of: readonly Source[], pageSize: number, offset: number, itemShape = listing.shape) => ({
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
      if (outcome.ok) take(source, outcome.value);
      else await readAround(source, firstSize, outcome.failure);
    }
    const [first] = unlisted;
    if (first && sources.every(({ failed }) => failed)) throw first.failure;
  }

  async function refill(source: Source): Promise<void> {
    source.pageSize = Math.min(maxSize, source.pageSize * 2);
    const { pageSize, offset } = source;
    for await (const outcome of mailbox.each(findItem, [source], (some) => question(some, pageSize, offset))) {
      if (outcome.ok) take(source, outcome.value);
      else await readAround(source, pageSize, outcome.failure);
    }
  }

  /** One message may spoil its page: the others are listed without it. */
  async function readAround(source: Source, length: number, failure: Failure): Promise<void> {
    if (!mayBeOneItem(failure) || sources.filter(({ failed }) => failed).length >= mostFailedFolders) return giveUp(source, failure);
    // Of several messages one more failure is expected; of one alone it must not be an accident.
    const hasty = mailbox.during({ ...mailbox.call, tries: 1 });
    const page = async (offset: number, pageSize: number, itemShape = listing.shape) =>
      onlyOf((pageSize > 1 ? hasty : mailbox).each(findItem, [source], (some) => question(some, pageSize, offset, itemShape)));
    const found = await listAround(
      async (offset, pageSize) => {
        const { items, nextOffset = 0, isLast, total } = await page(offset, pageSize);
        source.total = total ?? source.total;
        // Never more than was asked: behind it lies what was not looked at.
        return { items, isLast, length: Math.max(items.length, Math.min(nextOffset - offset, pageSize)) };
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
    const { items } = found;
    if (found.failure !== undefined) giveUp(source, found.failure, items);
    else notEnding(source, takePage(source, items, found.isLast));
  }

  function take(source: Source, page: ItemPage<Message>): void {
    source.total = page.total ?? source.total;
    // The server's own offset may be missing, old or 0: it never takes us back.
    source.offset = Math.max(page.nextOffset ?? 0, source.offset + page.items.length);
    notEnding(source, takePage(source, page.items, page.isLast));
  }

  function notEnding(source: Source, failure: Failure | undefined): void {
    if (failure !== undefined) unlisted.push({ folder: source.folder, isMessage: false, failure });
  }

  /** Ends a folder with what was read of it. */
  function giveUp(source: Source, failure: Failure, items: readonly Message[] = []): void {
    if (!isLocal(failure) && !mayBeOneItem(failure)) throw failure;
    source.failed = source.seen.size + items.length === 0;
    endReading(source);
    takePage(source, items, true);
    unlisted.push({ folder: source.folder, isMessage: false, failure });
  }

  async function* messages(): AsyncIterable<Message> {
    await started();
    yield* newestOf(sources, refill);
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
