import type { LabItem } from "../../store/mailbox.ts";
import type { XmlElement } from "../../xml.ts";
import { ItemError, type RequestContext } from "../operation.ts";
import { itemAt } from "../sign-in/access.ts";

/**
 * Returns the item of t:ItemId for a write that must know what it overwrites: sending and updating. `isCurrent` is true if its change key is that
 * of the item now. Throws ItemError `ErrorChangeKeyRequiredForWriteOperations` without a change key.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/itemid
 */
export function itemForWriteAt(element: XmlElement, context: RequestContext): { readonly item: LabItem; readonly isCurrent: boolean } {
  const item = itemAt(element, context);
  const key = element.attributes.get("ChangeKey") ?? "";
  if (key === "") throw new ItemError("ErrorChangeKeyRequiredForWriteOperations", "A change key is required for this operation.");
  return { item, isCurrent: key === item.changeKey };
}
