import { emptyFolder as empty } from "../../store/folders/folder-tree.ts";
import { disposalOf } from "../disposal.ts";
import { ItemError, type Operation, responses, tasksOf } from "../operation.ts";
import { folderElement } from "../search/folder-xml.ts";
import { checkChange, folderAt } from "../sign-in/access.ts";

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/emptyfolder-operation */
export const emptyFolder: Operation = {
  name: "EmptyFolder",
  handle(context) {
    const tasks = tasksOf(context, "FolderIds", (id) => {
      const folder = folderAt(id, context);
      checkChange(folder.mailbox, context);
      // Microsoft's page of Folder.Empty: calendar and search folders cannot be emptied. The root has no items of its own.
      const isRefused = folderElement(folder.folderClass) === "CalendarFolder" || folder.distinguishedName === "searchfolders";
      if (isRefused || folder.parent === undefined)
        throw new ItemError("ErrorCannotEmptyFolder", "Emptying the folder was not successful.");
      empty(folder, disposalOf(context.request), /^(true|1)$/.test(context.request.attributes.get("DeleteSubFolders") ?? ""));
      return "";
    });
    return responses("EmptyFolder", tasks, context);
  },
};
