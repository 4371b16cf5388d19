import { deleteFolder as remove } from "../../store/folders/folder-tree.ts";
import { disposalOf } from "../disposal.ts";
import { type Operation, responses, tasksOf } from "../operation.ts";
import { checkChange, folderAt } from "../sign-in/access.ts";
import { withFolderErrors } from "../store-refusal.ts";

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/deletefolder-operation */
export const deleteFolder: Operation = {
  name: "DeleteFolder",
  handle(context) {
    const tasks = tasksOf(context, "FolderIds", (id) => {
      const folder = folderAt(id, context);
      checkChange(folder.mailbox, context);
      withFolderErrors(() => remove(folder, disposalOf(context.request)));
      return "";
    });
    return responses("DeleteFolder", tasks, context);
  },
};
