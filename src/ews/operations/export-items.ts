import { mapped, record } from "../../wire/xml/read-xml.ts";
import { element } from "../../wire/xml/write-xml.ts";
import { type Operation, outcomeOf, responses } from "../operation.ts";
import { type ItemRef, itemIds } from "../session/item-ids.ts";
import { status } from "../session/response-status.ts";

/**
 * Exports one item with everything that Exchange keeps of it, as a stream that only UploadItems reads (`m:Data`, streamed).
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/exportitems-operation
 */
export const exportItem: Operation<ItemRef, Record<never, never>> = {
  name: "ExportItems",
  safety: "read",
  names: ({ id }) => [id],
  write: (id) => element("m:ExportItems", undefined, itemIds([id])),
  read: responses(
    "ExportItems",
    mapped(
      record(status),
      outcomeOf(() => ({})),
    ),
  ),
};
