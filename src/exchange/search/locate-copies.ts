import { asFailure, Failure, type FailureCode } from "../../failure.ts";
import { done, failed, type Outcome } from "../../outcome.ts";
import type { Message, MessageName } from "../message.ts";
import { isAbsent, type Located, type SearchExtent, searchExtentOf } from "./absence.ts";
import { bareMessageId, sameMessageId } from "./match-filters.ts";
import type { ArchiveState } from "./search-query.ts";
import { couldNotLook, mailboxNotOpened } from "./unopened-folders.ts";

/** How a back end looks for messages by their Internet Message-IDs. */
export interface CopySearch {
  /** How many ids one search names. */
  readonly atOnce: number;
  /** What it says of an id that it cannot read. */
  readonly unreadable: readonly FailureCode[];
  /**
   * One search for several ids, over every place that is meant; without ids it only opens each place. `unlisted`: what could not be looked into.
   * Throws Failure.
   */
  find(ids: readonly string[]): Promise<SearchHits>;
}

/** What one search saw. */
export interface SearchHits {
  readonly messages: readonly Message[];
  readonly unlisted: readonly { readonly failure: Failure }[];
  /** All that was to be looked into. */
  readonly places: Omit<SearchExtent, "by">;
  readonly archive: ArchiveState | undefined;
}

/** What a name stands for before anything was found. */
export function unnamed(): Outcome<Located> {
  return failed(new Failure("invalid-input", "A message is named neither by an item id nor by an Internet Message-ID."));
}

/** True for a dead id, or one that is none of this server's (of another mailbox, or of another back end): the other name may still be good. */
export function mayTryMessageId(outcome: Outcome<Located> | undefined, unreadable: readonly FailureCode[]): boolean {
  if (outcome === undefined || outcome.ok) return false;
  return isNotFound(outcome) || outcome.failure.code === "could-not-look" || unreadable.includes(outcome.failure.code);
}

/** The server knows no such id. It says the same of what is in a mailbox that it does not open. */
function isNotFound(outcome: Outcome<Located> | undefined): boolean {
  return outcome?.ok === false && outcome.failure.code === "not-found";
}

/**
 * Looks for what has only an Internet Message-ID, or an id that is dead, and puts what it finds into the outcomes. Of an id that the server does not
 * know, every place that is meant is opened before it is said that it is not there. Throws only when cancelled.
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
      // One name that cannot be written, or all of them being too many for the server, must not cost the others their answer.
      const alone = ids.length > 1 && !outcome.ok && unreadable.includes(outcome.failure.code);
      outcomes[index] = alone ? (await searchIds([internetMessageId], search))(internetMessageId) : outcome;
    }
  }
  const unknown = [...names.keys()].filter((index) => isNotFound(outcomes[index]));
  if (unknown.length === 0) return;
  const opened = (await searchIds([], search))(undefined);
  for (const index of unknown) outcomes[index] = opened;
}

/** An id opens its message wherever that lies: of what was found by ids, what lies elsewhere is not in the folder that is meant. */
export function keepInFolder(folderId: string, outcomes: Outcome<Located>[], places: SearchHits["places"]): void {
  for (const [index, outcome] of outcomes.entries()) {
    if (!outcome.ok || isAbsent(outcome.value)) continue;
    const messages = outcome.value.messages.filter(({ parentFolderId }) => parentFolderId === folderId);
    outcomes[index] = done(messages.length > 0 ? { messages } : { absentFrom: { ...places, by: "item_id" } });
  }
}

/** What one search says of each id that it names; of none, when places were opened for an item id. */
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
 * Looked at again here, whatever the server took for equal: what is found may be deleted next. Not found where a folder could not be looked
 * into is a failure: the message may be there.
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
  const closed = `${unlisted.length} of the folders could not be looked into`;
  return failed(couldNotLook(`${sought} ${searchExtentOf(places)}, but ${closed}: ${first.failure.message}`, first.failure));
}

/**
 * Every mailbox has folders: a server leaves out of a list what the account may not see. The Deletions of the Recoverable Items are asked for without being listed.
 * Throws Failure `could-not-look`.
 */
export function requireFolders({ mailbox, folders, places }: Omit<SearchExtent, "by">): void {
  if (folders > (places.includes("recoverable_items_deletions") && places.includes("mailbox") ? 1 : 0)) return;
  throw new Failure("could-not-look", `The server shows no folder of ${mailbox}, so nothing could be looked for.`);
}

function mayHaveMoreCopies(number: number, { mailbox }: Pick<SearchExtent, "mailbox">, first: Failure): Failure {
  const message = `There may be more copies: ${number} of the folders of ${mailbox} could not be looked into: ${first.message}`;
  const { wireCode, requestId } = first;
  return new Failure("could-not-look", message, { wireCode, requestId, cause: first });
}
