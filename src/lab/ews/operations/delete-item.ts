import type { Disposal } from "../../store/folders/folder-tree.ts";
import type { LabItem } from "../../store/mailbox.ts";
import { cancellationOf, declineOf, isOrganizer } from "../../store/meetings.ts";
import { disposalOf } from "../disposal.ts";
import { elementOf } from "../items/item-kind.ts";
import { ItemError, type Operation, type RequestContext, responses, tasksOf } from "../operation.ts";
import { itemAt } from "../sign-in/access.ts";

function dispose(item: LabItem, to: Disposal): void {
  const mailbox = item.folder.mailbox;
  const isPublic = mailbox.distinguished("publicfoldersroot") !== undefined;
  // Items in Purges cannot be restored, and the lab keeps nothing that is deleted in public folders.
  if (isPublic || /^(?:archive)?recoverableitemspurges$/.test(item.folder.distinguishedName ?? "")) mailbox.remove(item);
  else mailbox.move(item, mailbox.known(to));
}

/** The attendees learn of a cancellation; that an organizer learns of an attendee's deletion is the lab's guess, and the worse case. */
function tellOthers(entry: LabItem, { store }: RequestContext): void {
  if (entry.meeting?.isMeeting !== true) return;
  const message = isOrganizer(entry) ? cancellationOf(entry) : declineOf(entry);
  if (message !== undefined) store.submit(message, entry.folder.mailbox);
}

/**
 * After any disposal the old id is invalid, and the new one is not returned.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/deleteitem-operation
 */
export const deleteItem: Operation = {
  name: "DeleteItem",
  handle(context) {
    const { request } = context;
    const tasks = tasksOf(context, "ItemIds", (id) => {
      const item = itemAt(id, context);
      const element = elementOf(item.itemClass);
      if (element === "CalendarItem" && !request.attributes.has("SendMeetingCancellations")) {
        throw new ItemError("ErrorSendMeetingCancellationsRequired", "SendMeetingCancellations is required for calendar items.");
      }
      if (element === "Task" && !request.attributes.has("AffectedTaskOccurrences")) {
        throw new ItemError("ErrorAffectedTaskOccurrencesRequired", "AffectedTaskOccurrences is required for tasks.");
      }
      const told = element === "CalendarItem" && request.attributes.get("SendMeetingCancellations") !== "SendToNone";
      if (told) tellOthers(item, context);
      context.habits.remember(item);
      dispose(item, disposalOf(request));
      return "";
    });
    return responses("DeleteItem", tasks, context);
  },
};
