import { sameMessageId } from "../../exchange/search/match-filters.ts";
import { throwDefect } from "../../failure.ts";
import { attempt, done, type Outcome } from "../../outcome.ts";
import type { FolderRef } from "../folders/folder-ref.ts";
import { getItem } from "../operations/get-item.ts";
import type { Relocated } from "../operations/move-item.ts";
import { listByMessageIds } from "../search/by-message-id.ts";
import type { EwsMailbox } from "../session/mailbox.ts";

/** The content of a folder before messages were copied or moved to it. */
export interface FolderBefore {
  /** The Internet Message-ID of each item; undefined where it has none. */
  readonly messageIds: readonly (string | undefined)[];
  /** Undefined where the folder could not be listed completely: a message found later is then not known to be new. */
  readonly itemIds: ReadonlySet<string> | undefined;
}

// Exchange limits the length of a restriction, not the number of conditions; 20 Message-IDs are about 3 KB.
const perSearch = 20;

/** Returns the copies of these items that are already in a folder. */
export async function listBefore(
  from: EwsMailbox,
  itemIds: readonly string[],
  target: EwsMailbox,
  folder: FolderRef,
): Promise<FolderBefore> {
  const messageIds: (string | undefined)[] = [];
  for await (const outcome of from.each(getItem, itemIds, (ids) => ({ ids: ids.map((id) => ({ id })), detail: {} }))) {
    messageIds.push(outcome.ok ? outcome.value.internetMessageId : undefined);
  }
  const { copies, isWhole } = await listByMessageId(target, folder, messageIds);
  return { messageIds, itemIds: isWhole ? new Set(copies.map(({ itemId }) => itemId)) : undefined };
}

/**
 * Finds new items in a folder by their Internet Message-ID: those that were not there before. Exchange returns no id for items that go to another
 * mailbox or a public folder. An item that is not found keeps its success, without an id.
 */
export async function findNewCopies(
  before: FolderBefore,
  outcomes: readonly Outcome<Relocated>[],
  target: EwsMailbox,
  folder: FolderRef,
): Promise<readonly Outcome<Relocated>[]> {
  const known = before.itemIds;
  if (known === undefined) return outcomes;
  const wanted = outcomes.map((outcome, index) =>
    outcome.ok && outcome.value.newItemId === undefined ? before.messageIds[index] : undefined,
  );
  const { copies } = await listByMessageId(target, folder, wanted, "The messages were put there.");
  const fresh = copies.filter(({ itemId }) => !known.has(itemId));
  const taken = new Set<string>();
  return outcomes.map((outcome, index) => {
    const messageId = wanted[index];
    if (messageId === undefined) return outcome;
    const copy = fresh.find((found) => found.messageId === messageId && !taken.has(found.itemId));
    if (copy === undefined) return outcome;
    taken.add(copy.itemId);
    return done({ newItemId: copy.itemId });
  });
}

/** The messages of a folder that have one of several Message-IDs. */
interface ListedCopies {
  readonly copies: readonly { readonly itemId: string; readonly messageId: string | undefined }[];
  /** True when no further copies exist. */
  readonly isWhole: boolean;
}

/**
 * Lists the messages of a folder that have one of the Message-IDs. Where the server refuses this search, the whole folder is listed. A failure to
 * list is not thrown, because the action before it is already done; `before` describes that action for a defect. Throws Failure `cancelled`,
 * `internal`.
 */
export async function listByMessageId(
  target: EwsMailbox,
  folder: FolderRef,
  messageIds: readonly (string | undefined)[],
  before?: string,
): Promise<ListedCopies> {
  const distinct = [...new Set(messageIds.filter((id) => id !== undefined))];
  const copies: { itemId: string; messageId: string | undefined }[] = [];
  let isWhole = true;
  for (let start = 0; start < distinct.length; start += perSearch) {
    const some = distinct.slice(start, start + perSearch);
    const listed = await attempt(async () => {
      const list = await listByMessageIds(target, [folder], some);
      for await (const { itemId, internetMessageId: messageId } of list.messages())
        if (some.some((id) => sameMessageId(id, messageId ?? ""))) copies.push({ itemId, messageId });
      return list.unlisted.length === 0;
    });
    if (!listed.ok && listed.failure.code === "cancelled") throw listed.failure;
    if (!listed.ok) throwDefect(listed.failure, before);
    isWhole &&= listed.ok && listed.value;
  }
  return { copies, isWhole };
}
