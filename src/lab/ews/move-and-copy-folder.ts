import type { LabFolder } from "../store/mailbox.ts";
import { ItemError, type Operation, responses, tasksOf } from "./operation.ts";
import { folderIdOnly, folderXml } from "./search/folder-xml.ts";
import { checkChange, folderAt, targetFolder } from "./sign-in/access.ts";
import { withFolderErrors } from "./store-refusal.ts";

/** Moves or copies whole folders within one mailbox, as MoveFolder and CopyFolder do. */
export function moveOrCopyFolder(name: "MoveFolder" | "CopyFolder", act: (folder: LabFolder, parent: LabFolder) => LabFolder): Operation {
  return {
    name,
    handle(context) {
      const tasks = tasksOf(context, "FolderIds", (id) => {
        const target = context.request.child("ToFolderId");
        if (target === undefined) throw new ItemError("ErrorToFolderNotFound", "No destination was given.");
        const parent = targetFolder(target, context);
        const folder = folderAt(id, context);
        if (name === "MoveFolder") checkChange(folder.mailbox, context);
        if (name === "MoveFolder" && folder.distinguishedName !== undefined)
          throw new ItemError("ErrorMoveDistinguishedFolder", "Distinguished folders cannot be moved.");
        if (folder.mailbox !== parent.mailbox)
          throw new ItemError("ErrorCrossMailboxMoveCopy", "Folders cannot be moved or copied to another mailbox.");
        if (folder.parent === undefined || parent.distinguishedName === "searchfolders")
          throw new ItemError("ErrorMoveCopyFailed", "The move or copy operation failed.");
        return `<m:Folders>${folderXml(
          withFolderErrors(() => act(folder, parent)),
          folderIdOnly,
        )}</m:Folders>`;
      });
      return responses(name, tasks, context, { empty: "<m:Folders/>" });
    },
  };
}
