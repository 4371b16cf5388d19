import { mapped, record } from "../../wire/xml/read-xml.ts";
import { element } from "../../wire/xml/write-xml.ts";
import type { FolderRef } from "../folders/folder-ref.ts";
import { type Operation, outcomeOf, responses } from "../operation.ts";
import { folderId, type ItemRef, itemIds } from "../session/item-ids.ts";
import { status } from "../session/response-status.ts";

/** A draft to send, with its current change key. */
export interface SendItem {
  readonly draft: ItemRef;
  /** Folder for the copy; undefined: no copy is kept. */
  readonly copyTo: FolderRef | undefined;
}

/**
 * Sends a draft. The draft's id becomes invalid, and the reply has no new one. Not repeated: the first order may be under way while the draft is
 * still there, and the message would be sent twice; `deliver` first checks what became of it.
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
