import type { Attachment } from "../../exchange/attachment.ts";
import type { Detail, Message } from "../../exchange/message.ts";
import { mapped, optional, record } from "../../wire/xml/read-xml.ts";
import { element } from "../../wire/xml/write-xml.ts";
import { itemShape, mimeShape, shape } from "../messages/item-shapes.ts";
import { messagesReader } from "../messages/message-reader.ts";
import { m } from "../namespaces.ts";
import { type Operation, outcomeOf, responses } from "../operation.ts";
import { type ItemRef, itemIds, itemNames } from "../session/item-ids.ts";
import { status } from "../session/response-status.ts";

const fields = { ...status, items: optional(m("Items"), messagesReader) };

const read = responses(
  "GetItem",
  mapped(
    record(fields),
    outcomeOf(({ items }): Message | undefined => items?.[0]),
  ),
);

/**
 * Reads items by their ids, in any folder.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/getitem-operation
 */
export const getItem: Operation<{ readonly ids: readonly ItemRef[]; readonly detail: Detail }, Message> = {
  name: "GetItem",
  safety: "read",
  names: ({ ids }) => itemNames(ids),
  write: ({ ids, detail }) => element("m:GetItem", undefined, itemShape(detail), itemIds(ids)),
  read,
};

/** GetItem for the streamed bytes of one item (`t:MimeContent`). The value is the item's id. */
export const getItemMime: Operation<ItemRef, Message> = {
  name: "GetItem",
  safety: "read",
  names: ({ id }) => [id],
  write: (id) => element("m:GetItem", undefined, mimeShape, itemIds([id])),
  read,
};

/** GetItem for the list of attachments only. An item without attachments has no such list. */
export const getItemAttachments: Operation<readonly ItemRef[], readonly Attachment[]> = {
  name: "GetItem",
  safety: "read",
  names: itemNames,
  write: (ids) => element("m:GetItem", undefined, shape("m:ItemShape", ["item:Attachments"]), itemIds(ids)),
  read: responses(
    "GetItem",
    mapped(
      record(fields),
      outcomeOf(({ items }) => items?.[0] && (items[0].attachments ?? [])),
    ),
  ),
};
