import { asFailure, Failure, type FailureCode } from "../../failure.ts";
import { attempt, done, failed, type Outcome } from "../../outcome.ts";
import type { Message, MessageName } from "../message.ts";
import { isAbsent, type Located, type SearchExtent, searchExtentOf } from "./absence.ts";
import { bareMessageId, sameMessageId } from "./match-filters.ts";
import type { ArchiveState } from "./search-query.ts";
import { couldNotLook, mailboxNotOpened } from "./unopened-folders.ts";

/** How a back end searches for messages by their Internet Message-IDs. */
export interface CopySearch {
  /** Number of ids per search. */
  readonly atOnce: number;
  /** Failures for an id that the back end cannot read. */
  readonly unreadable: readonly FailureCode[];
  /**
   * Searches all intended places for several ids; without ids it only opens each place. `unlisted` holds what could not be searched. Throws Failure.
   */
  find(ids: readonly string[]): Promise<SearchHits>;
}

/** The results of one search. */
export interface SearchHits {
  readonly messages: readonly Message[];
  readonly unlisted: readonly { readonly failure: Failure }[];
  /** Everything that was to be searched. */
  readonly places: Omit<SearchExtent, "by">;
  readonly archive: ArchiveState | undefined;
}

/** Returns the Outcome of a message that has no name. */
export function unnamed(): Outcome<Located> {
  return failed(new Failure("invalid-input", "A message is named neither by an item id nor by an Internet Message-ID."));
}

/** Tells whether the Message-ID should be tried: the item id no longer exists, or belongs to another mailbox or back end. */
export function mayTryMessageId(outcome: Outcome<Located> | undefined, unreadable: readonly FailureCode[]): boolean {
  if (outcome === undefined || outcome.ok) return false;
  return isNotFound(outcome) || outcome.failure.code === "could-not-look" || unreadable.includes(outcome.failure.code);
}

/** Tells whether the server does not know the id. Servers say the same of an item in a mailbox that they do not open. */
function isNotFound(outcome: Outcome<Located> | undefined): boolean {
  return outcome?.ok === false && outcome.failure.code === "not-found";
}

/**
 * Searches for names that have only an Internet Message-ID or whose id no longer exists, and puts the results into `outcomes`. For an id that the
 * server does not know, every intended place is opened before absence is reported. Throws only when cancelled.
 */
export async function locateCopies(names: readonly MessageName[], outcomes: Outcome<Located>[], search: CopySearch): Promise<void> {
  const { atOnce, unreadable } = search;
  const wanted = [...names.entries()].flatMap(([index, { itemId, internetMessageId }]) => {
    if (internetMessageId === undefined || bareMessageId(internetMessageId) === "") return [];
    return itemId === undefined || mayTryMessageId(outcomes[index], unreadable) ? [{ index, internetMessageId }] : [];
  });
  for (let start = 0; start < wanted.length; start += atOnce) {
    const some = wanted.slice(start, start + atOnce);
    const ids = some.map(({ internetMessageId }) => internetMessageId);
    const together = await searchIds(ids, search);
    for (const { index, internetMessageId } of some) {
      const outcome = together(internetMessageId);
      // One id that cannot be written, or too many ids for the server, must not spoil the results of the others.
      const alone = ids.length > 1 && !outcome.ok && unreadable.includes(outcome.failure.code);
      outcomes[index] = alone ? (await searchIds([internetMessageId], search))(internetMessageId) : outcome;
    }
  }
  const unknown = [...names.keys()].filter((index) => isNotFound(outcomes[index]));
  if (unknown.length === 0) return;
  const opened = (await searchIds([], search))(undefined);
  for (const index of unknown) outcomes[index] = opened;
}

/** The folders in which names are searched, as a back end resolves them. */
export interface ResolvedFolders {
  /** Id of the folder, if one was named. */
  readonly folderId?: string;
  readonly extent: SearchHits["places"];
}

/** Returns a function that resolves the folders once, when they are needed. */
export function resolveOnce<T>(resolve: () => Promise<T>): () => Promise<T> {
  let resolved: Promise<T> | undefined;
  return () => {
    resolved ??= resolve();
    return resolved;
  };
}

/**
 * Removes messages that are not in the named folder: an id opens its message in whatever folder it is. Fails every name if the folder cannot be
 * opened. Throws only when cancelled.
 */
export async function keepInFolder(resolve: () => Promise<ResolvedFolders>, outcomes: Outcome<Located>[]): Promise<boolean> {
  const opened = await attempt(resolve);
  if (!opened.ok) {
    if (opened.failure.code === "cancelled") throw opened.failure;
    outcomes.fill(opened);
    return false;
  }
  const { folderId = "", extent } = opened.value;
  for (const [index, outcome] of outcomes.entries()) {
    if (!outcome.ok || isAbsent(outcome.value)) continue;
    const messages = outcome.value.messages.filter(({ parentFolderId }) => parentFolderId === folderId);
    outcomes[index] = done(messages.length > 0 ? { messages } : { absentFrom: { ...extent, by: "item_id" } });
  }
  return true;
}

/** Returns the result of one search for each of its ids; without ids, the result of opening the places for an item id. */
async function searchIds(ids: readonly string[], search: CopySearch): Promise<(id: string | undefined) => Outcome<Located>> {
  try {
    const seen = await search.find(ids);
    requireFolders(seen.places);
    return (id) => outcomeOfId(id, seen);
  } catch (thrown) {
    const failure = asFailure(thrown);
    if (failure.code === "cancelled") throw failure;
    return () => failed(mailboxNotOpened(failure));
  }
}

/**
 * Compares the ids again, whatever the server considers equal, because the results may be deleted next. If nothing was found but a folder could not
 * be searched, the result is a failure: the message may be there.
 */
function outcomeOfId(id: string | undefined, { messages, unlisted, places, archive }: SearchHits): Outcome<Located> {
  const copies = id === undefined ? [] : messages.filter(({ internetMessageId = "" }) => sameMessageId(internetMessageId, id));
  const [first] = unlisted;
  if (copies.length > 0)
    return done({ messages: copies, archive, unopened: first && mayHaveMoreCopies(unlisted.length, places, first.failure) });
  const by = id === undefined ? "item_id" : "internet_message_id";
  if (first === undefined) return done({ absentFrom: { ...places, by }, archive });
  const sought =
    id === undefined ? "No message has this id" : `No message with the Internet Message-ID ${JSON.stringify(id.slice(0, 200))}`;
  const closed = `${unlisted.length} of the folders could not be searched`;
  return failed(couldNotLook(`${sought} ${searchExtentOf(places)}, but ${closed}: ${first.failure.message}`, first.failure));
}

/**
 * Checks that folders were listed. Every mailbox has folders, but a server leaves out the folders that the account may not see. The folder Deletions
 * of the Recoverable Items is searched without being listed. Throws Failure `could-not-look`.
 */
export function requireFolders({ mailbox, folders, places }: Omit<SearchExtent, "by">): void {
  if (folders > (places.includes("recoverable_items_deletions") && places.includes("mailbox") ? 1 : 0)) return;
  throw new Failure("could-not-look", `The server shows no folder of ${mailbox}, so nothing could be searched.`);
}

function mayHaveMoreCopies(number: number, { mailbox }: Pick<SearchExtent, "mailbox">, first: Failure): Failure {
  const message = `There may be more copies: ${number} of the folders of ${mailbox} could not be searched: ${first.message}`;
  const { wireCode, requestId } = first;
  return new Failure("could-not-look", message, { wireCode, requestId, cause: first });
}
