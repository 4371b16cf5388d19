import { type Operation, responses, tasksOf } from "../operation.ts";
import { checkChange, folderAt } from "../sign-in/access.ts";

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/markallitemsasread-operation */
export const markAllItemsAsRead: Operation = {
  name: "MarkAllItemsAsRead",
  handle(context) {
    const isRead = /^(true|1)$/.test(context.request.textAt("ReadFlag") ?? "");
    const tasks = tasksOf(context, "FolderIds", (id) => {
      const folder = folderAt(id, context);
      checkChange(folder.mailbox, context);
      for (const item of folder.items.values()) if (item.isRead !== isRead) folder.mailbox.update(item, { isRead });
      return "";
    });
    return responses("MarkAllItemsAsRead", tasks, context);
  },
};
