import type { LabItem } from "../../store/mailbox.ts";
import { cancellationOf, declineOf, isOrganizer } from "../../store/meetings.ts";
import { elementOf } from "../items/item-kind.ts";
import { ItemError, type Operation, type RequestContext, responses, tasksOf } from "../operation.ts";
import { itemAt } from "../sign-in/access.ts";

/** The folder to which each disposal moves the item. Purges keeps it for single item recovery, which every mailbox of the lab has. */
const destinations: Readonly<Record<string, string>> = {
  MoveToDeletedItems: "deleteditems",
  SoftDelete: "recoverableitemsdeletions",
  HardDelete: "recoverableitemspurges",
};

function dispose(item: LabItem, type: string): void {
  const mailbox = item.folder.mailbox;
  const isPublic = mailbox.distinguished("publicfoldersroot") !== undefined;
  // Items in Purges cannot be restored, and the lab keeps nothing that is deleted in public folders.
  if (isPublic || /^(?:archive)?recoverableitemspurges$/.test(item.folder.distinguishedName ?? "")) mailbox.remove(item);
  else mailbox.move(item, mailbox.known(destinations[type] ?? "deleteditems"));
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
      dispose(item, request.attributes.get("DeleteType") ?? "");
      return "";
    });
    return responses("DeleteItem", tasks, context);
  },
};
