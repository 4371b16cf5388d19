import { sameMessageId } from "../../exchange/search/match-filters.ts";
import { throwDefect } from "../../failure.ts";
import { attempt, done, type Outcome } from "../../outcome.ts";
import type { FolderRef } from "../folders/folder-ref.ts";
import { getItem } from "../operations/get-item.ts";
import type { Relocated } from "../operations/move-item.ts";
import { listByMessageIds } from "../search/by-message-id.ts";
import type { EwsMailbox } from "../session/mailbox.ts";

/** What lay in a folder before the same messages were put there. */
export interface FolderBefore {
  /** The Internet Message-ID of each item, undefined where it has none. */
  readonly messageIds: readonly (string | undefined)[];
  /** Undefined where not all of it could be listed: then what is there later is not known to be new. */
  readonly itemIds: ReadonlySet<string> | undefined;
}

// Exchange limits the length of a restriction, not by number; 20 Message-IDs are about 3 KB.
const perSearch = 20;

/** Which copies of these items lie in a folder already. */
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
 * Finds what was put into a folder by its Internet Message-ID: what is there now and was not before. Exchange gives no id for what goes
 * to another mailbox or a public folder. One that is not found keeps its success, without an id.
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

/** The messages of a folder that have one of some Message-IDs. */
interface ListedCopies {
  readonly copies: readonly { readonly itemId: string; readonly messageId: string | undefined }[];
  /** There are no others. */
  readonly isWhole: boolean;
}

/**
 * The messages of a folder that have one of the Message-IDs; where the server refuses to look for these, the folder is listed. What cannot be listed is no
 * failure: what was done before is done. `before`: what that was, for a defect. Throws Failure `cancelled`, `internal`.
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
