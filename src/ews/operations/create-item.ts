import { mapped, optional, record } from "../../wire/xml/read-xml.ts";
import { element, type Xml } from "../../wire/xml/write-xml.ts";
import type { FolderRef } from "../folders/folder-ref.ts";
import { m } from "../namespaces.ts";
import { type Operation, outcomeOf, responses } from "../operation.ts";
import { folderId, folderName, type ItemRef } from "../session/item-ids.ts";
import { itemRefsReader } from "../session/item-ref.ts";
import { status } from "../session/response-status.ts";

/** One item to create and save as a draft. */
export interface CreateItem {
  /** `t:Message`, `t:ReplyToItem` or `t:ReplyAllToItem`. */
  readonly item: Xml;
  readonly folder: FolderRef;
}

/**
 * Creates a draft. Exchange returns the id only with `SaveOnly`; the dispositions that send return none, so they are never used. Not repeated: each
 * request creates another draft; `send` searches for its mark first.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/createitem-operation
 */
export const createItem: Operation<CreateItem, ItemRef> = {
  name: "CreateItem",
  safety: "never",
  names: ({ folder }) => [folderName(folder)],
  write: ({ item, folder }) =>
    element(
      "m:CreateItem",
      { MessageDisposition: "SaveOnly" },
      element("m:SavedItemFolderId", undefined, folderId(folder)),
      element("m:Items", undefined, item),
    ),
  read: responses(
    "CreateItem",
    mapped(
      record({ ...status, items: optional(m("Items"), itemRefsReader) }),
      outcomeOf(({ items }) => items?.[0]),
    ),
  ),
};
