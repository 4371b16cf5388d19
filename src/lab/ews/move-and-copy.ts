import type { LabFolder, LabItem } from "../store/mailbox.ts";
import { elementOf } from "./items/item-kind.ts";
import { itemIdOnlyXml } from "./items/item-xml.ts";
import { ItemError, type Operation, responses, tasksOf } from "./operation.ts";
import { itemAt, targetFolder } from "./sign-in/access.ts";

/** Messages cannot be among contacts or appointments, nor in a search folder or above the visible folders. */
function checkTarget(item: LabItem, folder: LabFolder): void {
  if (folder.distinguishedName === "root" || folder.distinguishedName === "searchfolders") {
    throw new ItemError("ErrorMoveCopyFailed", "The move or copy operation failed.");
  }
  if (folder.folderClass === "IPF.Appointment" && elementOf(item.itemClass) === "Contact") {
    throw new ItemError("ErrorMoveCopyFailed", "The move or copy operation failed.");
  }
}

/** Moves or copies. Within one mailbox it returns the new id, whatever the value of ReturnNewItemIds; between mailboxes it succeeds without an id. */
export function moveOrCopy(name: "MoveItem" | "CopyItem", act: (item: LabItem, folder: LabFolder) => LabItem): Operation {
  return {
    name,
    handle(context) {
      const { request } = context;
      const tasks = tasksOf(context, "ItemIds", (id) => {
        const target = request.child("ToFolderId");
        if (target === undefined) throw new ItemError("ErrorToFolderNotFound", "No destination was given.");
        const folder = targetFolder(target, context);
        const item = itemAt(id, context);
        checkTarget(item, folder);
        const source = item.folder.mailbox;
        if (name === "MoveItem") context.habits.remember(item);
        const made = act(item, folder);
        return source === folder.mailbox && !context.habits.has("no-new-ids") ? `<m:Items>${itemIdOnlyXml(made)}</m:Items>` : "<m:Items/>";
      });
      return responses(name, tasks, context, { empty: "<m:Items/>" });
    },
  };
}
