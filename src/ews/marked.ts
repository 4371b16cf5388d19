import { bool, fromAttribute, listOf, mapped, optional, type Reader, record } from "../wire/xml-read.ts";
import { sendMark } from "./draft.ts";
import type { FolderRef } from "./folders/folder-ref.ts";
import type { ItemRef } from "./ids.ts";
import { itemElements } from "./message.ts";
import { t } from "./namespaces.ts";
import { findItemAs } from "./operations/find-item.ts";
import { propertyCondition, restrictionOf } from "./restriction.ts";
import type { EwsMailbox } from "./session/mailbox.ts";
import { shape } from "./shapes.ts";

/** An item that carries a mark of ours. */
export interface Marked extends ItemRef {
  /** It has been handed over for sending, though it may still lie among the drafts. */
  readonly isSubmitted: boolean;
}

const markedReader: Reader<readonly Marked[]> = mapped(
  listOf(
    itemElements,
    record({
      ref: optional(t("ItemId"), record({ id: fromAttribute("Id"), changeKey: fromAttribute("ChangeKey") })),
      isSubmitted: optional(t("IsSubmitted"), bool),
    }),
  ),
  (items) =>
    items.flatMap(({ ref, isSubmitted = false }) => (ref?.id === undefined ? [] : [{ id: ref.id, changeKey: ref.changeKey, isSubmitted }])),
);

const findMarkedItem = findItemAs(markedReader);
const markedShape = shape("m:ItemShape", ["item:ItemId", "item:IsSubmitted"]);

/** More than one appears only when making a draft was repeated. */
const maxMarked = 10;

/** What carries the mark in these well-known folders; a folder that the mailbox does not have holds nothing. Throws Failure. */
export async function findMarked(mailbox: EwsMailbox, mark: string, folders: readonly string[]): Promise<readonly Marked[]> {
  const refs = folders.map((name): FolderRef => mailbox.folders.distinguished(name));
  const restriction = restrictionOf([propertyCondition(sendMark, mark)]);
  const question = (some: readonly FolderRef[]) => ({ folders: some, shape: markedShape, pageSize: maxMarked, offset: 0, restriction });
  const found: Marked[] = [];
  for await (const outcome of mailbox.each(findMarkedItem, refs, question)) {
    if (outcome.ok) for (const one of outcome.value.items) found.push(one);
    else if (outcome.failure.code !== "folder-not-found") throw outcome.failure;
  }
  return found;
}
