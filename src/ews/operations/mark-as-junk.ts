import type { Junk, Junked } from "../../exchange/exchange.ts";
import { attribute, mapped, optional, record } from "../../wire/xml/read-xml.ts";
import { element } from "../../wire/xml/write-xml.ts";
import { m } from "../namespaces.ts";
import { type Operation, outcomeOf, responses } from "../operation.ts";
import { type ItemRef, itemIds, itemNames } from "../session/item-ids.ts";
import { status } from "../session/response-status.ts";

/**
 * Adds the sender to the blocked senders list (or removes it) and moves the item to Junk Email (or back to the Inbox).
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/markasjunk-operation
 */
export function markAsJunk(how: Junk): Operation<readonly ItemRef[], Junked> {
  return {
    name: "MarkAsJunk",
    // A moved item has a new id, so a repetition would not find it and would look like a failure.
    safety: how.move ? "never" : "idempotent",
    instead: "Delete the message (delete-email), or copy it to Junk Email (copy-email with destination_folder junkemail).",
    names: itemNames,
    write: (ids) => element("m:MarkAsJunk", { IsJunk: how.isJunk, MoveItem: how.move }, itemIds(ids)),
    read: responses(
      "MarkAsJunk",
      mapped(
        record({ ...status, movedItemId: optional(m("MovedItemId"), attribute("Id")) }),
        // Success means that the list was changed, which is the purpose of the operation (MS-OXWSCORE, MarkAsJunk).
        outcomeOf(({ movedItemId }): Junked => ({ newItemId: movedItemId || undefined, senderBlocked: how.isJunk })),
      ),
    ),
  };
}
