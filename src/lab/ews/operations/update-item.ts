import type { ItemChange } from "../../store/item.ts";
import type { LabItem } from "../../store/mailbox.ts";
import type { XmlElement } from "../../xml.ts";
import { itemForWriteAt } from "../items/change-key.ts";
import { elementOf, isMessage } from "../items/item-kind.ts";
import { readUpdate } from "../items/item-update.ts";
import { itemIdOnlyXml } from "../items/item-xml.ts";
import { ItemError, type Operation, type RequestContext, responses, type Task } from "../operation.ts";
import { send } from "../sending.ts";
import { itemAt, targetFolder } from "../sign-in/access.ts";

/** Resolved conflicts: the lab does not record what a client last saw, so an overwriting update has none to report. */
const noConflicts = "<m:ConflictResults><t:Count>0</t:Count></m:ConflictResults>";

/**
 * Only AutoResolve, the default, needs a change key: Thunderbird marks messages as read with AlwaysOverwrite and without one, and Exchange accepts it.
 * Microsoft's page of ResponseCode says otherwise.
 */
function itemToUpdate(id: XmlElement, context: RequestContext): { readonly item: LabItem; readonly isCurrent: boolean } {
  const hasKey = (id.attributes.get("ChangeKey") ?? "") !== "";
  const resolution = context.request.attributes.get("ConflictResolution") ?? "AutoResolve";
  return hasKey || resolution === "AutoResolve" ? itemForWriteAt(id, context) : { item: itemAt(id, context), isCurrent: true };
}

function update(element: XmlElement, context: RequestContext): string {
  const { request, store } = context;
  const id = element.children.find(({ name }) => name.endsWith("ItemId"));
  if (id === undefined) throw new ItemError("ErrorInvalidId", "The item is not named.");
  const { item, isCurrent } = itemToUpdate(id, context);
  if (!isCurrent && request.attributes.get("ConflictResolution") === "NeverOverwrite") {
    throw new ItemError(
      "ErrorIrresolvableConflict",
      "The send or update operation could not be performed because the change key passed in the request does not match the current change key for the item.",
    );
  }
  const kind = elementOf(item.itemClass);
  const disposition = request.attributes.get("MessageDisposition");
  if (isMessage(kind) && disposition === undefined)
    throw new ItemError("ErrorMessageDispositionRequired", "Message disposition is required for messages.");
  if (kind === "CalendarItem" && !request.attributes.has("SendMeetingInvitationsOrCancellations")) {
    throw new ItemError(
      "ErrorSendMeetingInvitationsOrCancellationsRequired",
      "SendMeetingInvitationsOrCancellations is required for calendar items.",
    );
  }
  // Reads every update before the first takes effect, so a refused one leaves the item unchanged; each sees the earlier ones.
  let changes: ItemChange = {};
  for (const one of element.child("Updates")?.children ?? []) {
    changes = Object.assign(changes, readUpdate(one, Object.assign({ ...item }, changes), store));
  }
  item.folder.mailbox.update(item, changes, context.acting.displayName);
  if (isMessage(kind) && disposition !== "SaveOnly") {
    sendUpdated(item, disposition === "SendAndSaveCopy", context);
    return `<m:Items/>${noConflicts}`;
  }
  return `<m:Items>${itemIdOnlyXml(item)}</m:Items>${noConflicts}`;
}

function sendUpdated(item: LabItem, saves: boolean, context: RequestContext): void {
  const target = context.request.child("SavedItemFolderId");
  const mailbox = item.folder.mailbox;
  const folder = target === undefined ? mailbox.known("sentitems") : targetFolder(target, context);
  if (!item.isDraft) throw new ItemError("ErrorInvalidItemForOperationSendItem", "A message that was sent cannot be sent again.");
  send(item, mailbox, saves ? folder : undefined, item, context);
}

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/updateitem-operation */
export const updateItem: Operation = {
  name: "UpdateItem",
  handle(context) {
    const tasks = (context.request.child("ItemChanges")?.children ?? []).map(
      (element): Task => ({
        itemId: element.child("ItemId")?.attributes.get("Id") ?? "",
        run: () => update(element, context),
      }),
    );
    return responses("UpdateItem", tasks, context, { empty: "<m:Items/>" });
  },
};
