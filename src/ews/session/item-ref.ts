import { fromAttribute, listOf, mapped, optional, type Reader, record } from "../../wire/xml/read-xml.ts";
import { itemElements } from "../messages/message-reader.ts";
import { t } from "../namespaces.ts";
import type { ItemRef } from "./item-ids.ts";

/**
 * Reads the id and change key of each item in `m:Items`, which is all that CreateItem and UpdateItem return. An item without an id is left out.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/itemid
 */
export const itemRefsReader: Reader<readonly ItemRef[]> = mapped(
  listOf(itemElements, record({ ref: optional(t("ItemId"), record({ id: fromAttribute("Id"), changeKey: fromAttribute("ChangeKey") })) })),
  (items) => items.flatMap(({ ref }) => (ref?.id === undefined ? [] : [{ id: ref.id, changeKey: ref.changeKey }])),
);
