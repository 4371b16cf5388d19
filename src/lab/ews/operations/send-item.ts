import { itemForWriteAt } from "../items/change-key.ts";
import { ItemError, type Operation, responses, tasksOf } from "../operation.ts";
import { isSendable, send } from "../sending.ts";
import { targetFolder } from "../sign-in/access.ts";

/**
 * A sent item is moved out of Drafts: its id becomes invalid, and the new id of the copy in Sent Items is not returned.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/senditem-operation
 */
export const sendItem: Operation = {
  name: "SendItem",
  handle(context) {
    const { request } = context;
    const saves = /^(true|1)$/.test(request.attributes.get("SaveItemToFolder") ?? "");
    const target = request.child("SavedItemFolderId");
    const tasks = tasksOf(context, "ItemIds", (id) => {
      if (!saves && target !== undefined) {
        throw new ItemError("ErrorInvalidSendItemSaveSettings", "A folder is given although no copy is to be saved.");
      }
      const { item, isCurrent } = itemForWriteAt(id, context);
      if (!isCurrent) throw new ItemError("ErrorStaleObject", "The item has been changed since its change key was read.");
      if (!isSendable(item) || !item.isDraft) {
        throw new ItemError("ErrorInvalidItemForOperationSendItem", "An item of this type cannot be sent.");
      }
      const mailbox = item.folder.mailbox;
      const folder = target === undefined ? mailbox.known("sentitems") : targetFolder(target, context);
      send(item, mailbox, saves ? folder : undefined, item, context);
      return "";
    });
    return responses("SendItem", tasks, context);
  },
};
