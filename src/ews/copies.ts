import { throwDefect } from "../failure.ts";
import { done, type Outcome } from "../outcome.ts";
import type { FolderRef } from "./folders/folder-ref.ts";
import { findItem } from "./operations/find-item.ts";
import { getItem } from "./operations/get-item.ts";
import type { Relocated } from "./operations/move-item.ts";
import { messageIdCondition, restrictionOf } from "./restriction.ts";
import type { EwsMailbox } from "./session/mailbox.ts";
import { shape } from "./shapes.ts";

/** What lay in a folder before the same messages were put there. */
export interface Before {
  /** The Internet Message-ID of each item, undefined where it has none. */
  readonly messageIds: readonly (string | undefined)[];
  readonly itemIds: ReadonlySet<string>;
}

// Exchange limits the length of a restriction, not by number; 20 Message-IDs are about 3 KB.
const perSearch = 20;
// With a restriction Exchange gives at most 250 at once: https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/ews-throttling-in-exchange
const pageSize = 250;

/** Which copies of these items lie in a folder already. */
export async function findCopies(from: EwsMailbox, itemIds: readonly string[], target: EwsMailbox, folder: FolderRef): Promise<Before> {
  const messageIds: (string | undefined)[] = [];
  for await (const outcome of from.each(getItem, itemIds, (ids) => ({ ids: ids.map((id) => ({ id })), detail: {} }))) {
    messageIds.push(outcome.ok ? outcome.value.internetMessageId : undefined);
  }
  const found = await listByMessageId(target, folder, messageIds);
  return { messageIds, itemIds: new Set(found.map(({ itemId }) => itemId)) };
}

/**
 * Finds what was put into a folder by its Internet Message-ID: what is there now and was not before. Exchange gives no id for what goes
 * to another mailbox or a public folder. One that is not found keeps its success, without an id.
 */
export async function newCopies(
  before: Before,
  outcomes: readonly Outcome<Relocated>[],
  target: EwsMailbox,
  folder: FolderRef,
): Promise<readonly Outcome<Relocated>[]> {
  const wanted = outcomes.map((outcome, index) =>
    outcome.ok && outcome.value.newItemId === undefined ? before.messageIds[index] : undefined,
  );
  const fresh = (await listByMessageId(target, folder, wanted, "The messages were put there.")).filter(
    ({ itemId }) => !before.itemIds.has(itemId),
  );
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

/** The messages of a folder that have one of the Message-IDs. What cannot be listed is not found: the copies themselves are done. `before`: what was done before, for a defect. */
export async function listByMessageId(
  target: EwsMailbox,
  folder: FolderRef,
  messageIds: readonly (string | undefined)[],
  before?: string,
): Promise<readonly { itemId: string; messageId: string | undefined }[]> {
  const distinct = [...new Set(messageIds.filter((id) => id !== undefined))];
  const searches = Array.from({ length: Math.ceil(distinct.length / perSearch) }, (_, index) =>
    distinct.slice(index * perSearch, (index + 1) * perSearch),
  );
  const found: { itemId: string; messageId: string | undefined }[] = [];
  for (const some of searches) {
    const condition = messageIdCondition(some);
    const restriction = condition === undefined ? undefined : restrictionOf([condition]);
    if (restriction === undefined) continue;
    const find = {
      folders: [folder],
      shape: shape("m:ItemShape", ["item:ItemId", "message:InternetMessageId"]),
      pageSize,
      offset: 0,
      restriction,
    };
    for await (const page of target.each(findItem, [find], () => find)) {
      if (!page.ok) throwDefect(page.failure, before);
      else
        for (const one of page.value.items.map(({ itemId, internetMessageId }) => ({ itemId, messageId: internetMessageId })))
          found.push(one);
    }
  }
  return found;
}
