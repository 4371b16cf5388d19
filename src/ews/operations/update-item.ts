import { mapped, optional, record } from "../../wire/xml/read-xml.ts";
import { element, type Xml } from "../../wire/xml/write-xml.ts";
import { m } from "../namespaces.ts";
import { type Operation, outcomeOf, responses } from "../operation.ts";
import { type ItemRef, itemId } from "../session/item-ids.ts";
import { itemRefsReader } from "../session/item-ref.ts";
import { status } from "../session/response-status.ts";

/** One property of a message to set. */
export interface SetField {
  /** Its path: `t:FieldURI` or `t:ExtendedFieldURI`. */
  readonly path: Xml;
  /** The element of `t:Message` that holds the value. */
  readonly value: Xml;
}

/** Properties of one message to set. */
export interface UpdateItem {
  readonly item: ItemRef;
  /** Handling of a message that was changed since the given change key: `NeverOverwrite` fails with `changed`. */
  readonly conflict: "NeverOverwrite" | "AlwaysOverwrite";
  readonly set: readonly SetField[];
}

/**
 * Sets properties, one per `SetItemField` as Exchange demands. May be repeated: with `NeverOverwrite` the second request is refused because of the
 * change key of the first.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/updateitem-operation
 */
export const updateItem: Operation<UpdateItem, ItemRef> = {
  name: "UpdateItem",
  safety: "idempotent",
  names: ({ item }) => [item.id],
  write: ({ item, conflict, set }) =>
    element(
      "m:UpdateItem",
      { ConflictResolution: conflict, MessageDisposition: "SaveOnly" },
      element(
        "m:ItemChanges",
        undefined,
        element("t:ItemChange", undefined, itemId(item), element("t:Updates", undefined, set.map(setItemField))),
      ),
    ),
  read: responses(
    "UpdateItem",
    mapped(
      record({ ...status, items: optional(m("Items"), itemRefsReader) }),
      outcomeOf(({ items }) => items?.[0]),
    ),
  ),
};

function setItemField({ path, value }: SetField): Xml {
  return element("t:SetItemField", undefined, path, element("t:Message", undefined, value));
}
