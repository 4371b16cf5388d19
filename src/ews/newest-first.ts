import { isLocal } from "../exchange/local-failure.ts";
import type { Message } from "../exchange/message.ts";
import { Failure } from "../failure.ts";
import type { Xml } from "../wire/xml-write.ts";
import type { FolderRef } from "./folders.ts";
import { findItem, type ItemPage } from "./operations/find-item.ts";
import type { EwsMailbox } from "./session.ts";

/** What is asked of every folder. */
export interface Listing {
  /** `m:ItemShape`; has to hold `item:DateTimeReceived`. */
  readonly shape: Xml;
  readonly restriction?: Xml | undefined;
  readonly queryString?: string | undefined;
  /** How many messages will probably be taken. */
  readonly expected: number;
}

/** A folder that could not be listed to its end, and why. */
export interface Unlisted {
  readonly folder: FolderRef;
  readonly failure: Failure;
}

/** Many folders as one list. */
export interface NewestFirst {
  /**
   * Newest first over all folders, no item of a folder twice; those without a time of receipt come last. What arrives while we read may stand in
   * between. Throws Failure.
   */
  messages(): AsyncIterable<Message>;
  /** Known once the first message was given. */
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
/** A server under load may give an empty page and say that more follows; one that does so again and again never ends. */
const maxIdlePages = 3;
/** No mailbox has folders of five million messages: a server that goes on beyond this is going round in circles. */
const maxPages = 20_000;

/** How far one folder was read. At most one page of it is held, and the ids of those before. */
interface Source {
  readonly folder: FolderRef;
  page: readonly Message[];
  /** Of the page, the next to give. */
  next: number;
  /** Ids given so far. */
  readonly seen: Set<string>;
  offset: number;
  pageSize: number;
  ended: boolean;
  idlePages: number;
  pages: number;
  total: number | undefined;
}

/** Merges the folders of a mailbox. Several folders share a request for their first pages, as long as the server's limit holds them all. */
export function newestFirst(mailbox: EwsMailbox, folders: readonly FolderRef[], listing: Listing): NewestFirst {
  const conditional = listing.restriction !== undefined || listing.queryString !== undefined;
  const maxSize = conditional ? maxPageSizeWithCondition : maxPageSize;
  const fairShare = Math.ceil((2 * listing.expected) / Math.max(1, folders.length));
  // One more than expected tells whether more follows.
  const firstSize = Math.max(1, Math.min(maxSize, listing.expected + 1, Math.max(minPageSize, fairShare)));
  const sources = folders.map(
    (folder): Source => ({
      folder,
      page: [],
      next: 0,
      seen: new Set(),
      offset: 0,
      pageSize: firstSize,
      ended: false,
      idlePages: 0,
      pages: 0,
      total: undefined,
    }),
  );
  const unlisted: Unlisted[] = [];

  const question = (of: readonly Source[], pageSize: number, offset: number) => ({
    folders: of.map(({ folder }) => folder),
    shape: listing.shape,
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
      else giveUp(source, outcome.failure);
    }
    const [first] = unlisted;
    if (first && unlisted.length === sources.length) throw first.failure;
  }

  async function refill(source: Source): Promise<void> {
    source.pageSize = Math.min(maxSize, source.pageSize * 2);
    const { pageSize, offset } = source;
    for await (const outcome of mailbox.each(findItem, [source], (some) => question(some, pageSize, offset))) {
      if (outcome.ok) take(source, outcome.value);
      else giveUp(source, outcome.failure);
    }
  }

  function take(source: Source, page: ItemPage<Message>): void {
    // Messages that arrive while we read push others onto the next page again.
    const fresh = page.items.filter(({ itemId }) => !source.seen.has(itemId));
    for (const { itemId } of fresh) source.seen.add(itemId);
    source.idlePages = fresh.length > 0 ? 0 : source.idlePages + 1;
    source.pages += 1;
    source.page = fresh;
    source.next = 0;
    source.total = page.total ?? source.total;
    // The server's own offset may be missing, old or 0: it never takes us back.
    source.offset = Math.max(page.nextOffset ?? 0, source.offset + page.items.length);
    source.ended = page.isLast;
    if (!source.ended && (source.idlePages >= maxIdlePages || source.pages >= maxPages)) {
      throw new Failure("broken-reply", "The server says again and again that a folder has more messages, and gives none that are new.");
    }
  }

  function giveUp(source: Source, failure: Failure): void {
    if (!isLocal(failure)) throw failure;
    source.ended = true;
    source.page = [];
    unlisted.push({ folder: source.folder, failure });
  }

  async function* messages(): AsyncIterable<Message> {
    await begin();
    for (;;) {
      let newest: Source | undefined;
      let newestAt = "";
      for (const source of sources) {
        while (source.next >= source.page.length && !source.ended) await refill(source);
        const receivedAt = source.page[source.next]?.receivedAt ?? "";
        if (source.next < source.page.length && (!newest || receivedAt > newestAt)) {
          newest = source;
          newestAt = receivedAt;
        }
      }
      const message = newest?.page[newest.next];
      if (!newest || !message) return;
      newest.next += 1;
      yield message;
    }
  }

  return {
    messages,
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
