import { isLocal } from "../exchange/local-failure.ts";
import type { Message } from "../exchange/message.ts";
import { endReading, newestOf, newReading, type Reading, takePage } from "../exchange/newest-first.ts";
import type { Failure } from "../failure.ts";
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

/** How far one folder was read. */
interface Source extends Reading {
  readonly folder: FolderRef;
  offset: number;
  pageSize: number;
  total: number | undefined;
}

/** Merges the folders of a mailbox. Several folders share a request for their first pages, as long as the server's limit holds them all. */
export function newestFirst(mailbox: EwsMailbox, folders: readonly FolderRef[], listing: Listing): NewestFirst {
  const conditional = listing.restriction !== undefined || listing.queryString !== undefined;
  const maxSize = conditional ? maxPageSizeWithCondition : maxPageSize;
  const fairShare = Math.ceil((2 * listing.expected) / Math.max(1, folders.length));
  // One more than expected tells whether more follows.
  const firstSize = Math.max(1, Math.min(maxSize, listing.expected + 1, Math.max(minPageSize, fairShare)));
  const sources = folders.map((folder): Source => ({ ...newReading(), folder, offset: 0, pageSize: firstSize, total: undefined }));
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
    source.total = page.total ?? source.total;
    // The server's own offset may be missing, old or 0: it never takes us back.
    source.offset = Math.max(page.nextOffset ?? 0, source.offset + page.items.length);
    takePage(source, page.items, page.isLast);
  }

  function giveUp(source: Source, failure: Failure): void {
    if (!isLocal(failure)) throw failure;
    endReading(source);
    unlisted.push({ folder: source.folder, failure });
  }

  async function* messages(): AsyncIterable<Message> {
    await begin();
    yield* newestOf(sources, refill);
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
