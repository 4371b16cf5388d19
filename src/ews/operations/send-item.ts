import { mapped, record } from "../../wire/xml/read-xml.ts";
import { element } from "../../wire/xml/write-xml.ts";
import type { FolderRef } from "../folders/folder-ref.ts";
import { type Operation, outcomeOf, responses } from "../operation.ts";
import { folderId, type ItemRef, itemIds } from "../session/item-ids.ts";
import { status } from "../session/response-status.ts";

/** A draft to send, with its current change key. */
export interface SendItem {
  readonly draft: ItemRef;
  /** Where the copy goes; none: no copy is kept. */
  readonly copyTo: FolderRef | undefined;
}

/**
 * Sends a draft. The draft's id is dead afterwards, and the reply tells no new one. Not repeated: the first may be under way while the draft is
 * still there, and would be sent a second time; `deliver` looks what became of it first.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/senditem-operation
 */
export const sendItem: Operation<SendItem, true> = {
  name: "SendItem",
  safety: "never",
  write: ({ draft, copyTo }) =>
    element(
      "m:SendItem",
      { SaveItemToFolder: copyTo !== undefined },
      itemIds([draft]),
      copyTo && element("m:SavedItemFolderId", undefined, folderId(copyTo)),
    ),
  read: responses(
    "SendItem",
    mapped(
      record(status),
      outcomeOf((): true => true),
    ),
  ),
};
