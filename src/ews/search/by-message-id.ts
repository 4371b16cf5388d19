// src/ews/search/: Searches messages: builds restrictions, lists folders, and locates messages by name.

import { attempt } from "../../outcome.ts";
import type { FolderRef } from "../folders/folder-ref.ts";
import { listShape } from "../messages/item-shapes.ts";
import type { EwsMailbox } from "../session/mailbox.ts";
import { type NewestFirst, newestFirst } from "./newest-first.ts";
import { isRefusal } from "./refused-filters.ts";
import { messageIdCondition, restrictionOf } from "./restriction.ts";

/** Page size where every message of a mailbox is listed. */
const listedAtOnce = 1000;

/**
 * Begins a list of the messages that may have one of these Internet Message-IDs, or of all messages where the server refuses this search. The caller
 * compares the ids. Throws Failure.
 */
export async function listByMessageIds(mailbox: EwsMailbox, folders: readonly FolderRef[], ids: readonly string[]): Promise<NewestFirst> {
  const condition = ids.length > 0 && !mailbox.refusals.read().has("internetMessageId") ? messageIdCondition(ids) : undefined;
  if (condition !== undefined) {
    const list = newestFirst(mailbox, folders, { shape: listShape(), restriction: restrictionOf([condition]), expected: ids.length });
    const begun = await attempt(() => list.begin());
    if (begun.ok) return list;
    if (!isRefusal(begun.failure)) throw begun.failure;
  }
  const list = newestFirst(mailbox, folders, { shape: listShape(), expected: ids.length === 0 ? 0 : listedAtOnce });
  await list.begin();
  // Without the condition the server replied, so it had refused the condition.
  if (condition !== undefined) mailbox.refusals.add(["internetMessageId"]);
  return list;
}
