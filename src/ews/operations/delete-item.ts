import { mapped, record } from "../../wire/xml/read-xml.ts";
import { element } from "../../wire/xml/write-xml.ts";
import { type Operation, outcomeOf, responses } from "../operation.ts";
import { type ItemRef, itemIds, itemNames } from "../session/item-ids.ts";
import { status } from "../session/response-status.ts";

/**
 * Deletes items. It returns no new id, so deletions that can be undone are moves instead. May be repeated: the id is invalid after the first time
 * (`not-found`), and no other item ever gets it.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/deleteitem-operation
 */
export const deleteItem: Operation<
  { readonly ids: readonly ItemRef[]; readonly type: "HardDelete" | "SoftDelete" | "MoveToDeletedItems" },
  Record<never, never>
> = {
  name: "DeleteItem",
  safety: "idempotent",
  gone: {},
  names: ({ ids }) => itemNames(ids),
  write: ({ ids, type }) =>
    element(
      "m:DeleteItem",
      // Nobody is notified: neither the attendees of a meeting nor the sender who requested a read receipt and may be the attacker.
      { DeleteType: type, SendMeetingCancellations: "SendToNone", AffectedTaskOccurrences: "AllOccurrences", SuppressReadReceipts: true },
      itemIds(ids),
    ),
  read: responses(
    "DeleteItem",
    mapped(
      record(status),
      outcomeOf(() => ({})),
    ),
  ),
};
