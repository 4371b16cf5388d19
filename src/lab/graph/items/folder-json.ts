import type { LabFolder } from "../../store/mailbox.ts";
import { restId } from "../ids.ts";
import type { JsonObject } from "../json.ts";
import type { Row } from "../row.ts";

function common(folder: LabFolder): JsonObject {
  return { id: restId(folder.id), displayName: folder.name, parentFolderId: folder.parent === undefined ? null : restId(folder.parent.id) };
}

/** @see https://learn.microsoft.com/en-us/graph/api/resources/mailfolder */
export function folderRow(folder: LabFolder): Row {
  return {
    properties: {
      ...common(folder),
      // Hidden ones included, although a list leaves them out: Conversation History counts one that clients do not show.
      childFolderCount: folder.children.filter(isMailFolder).length,
      unreadItemCount: folder.unreadCount,
      totalItemCount: folder.totalCount,
      isHidden: folder.isHidden,
    },
    expanded: (navigation) =>
      navigation === "childFolders"
        ? folder.children
            .filter(isMailFolder)
            .filter(({ isHidden }) => !isHidden)
            .map(folderRow)
        : undefined,
  };
}

/** @see https://learn.microsoft.com/en-us/graph/api/resources/contactfolder */
export function contactFolderRow(folder: LabFolder): Row {
  return { properties: common(folder) };
}

/** Returns whether the folder contains messages: others are not mailFolders. */
export function isMailFolder({ folderClass, distinguishedName }: LabFolder): boolean {
  if (folderClass === undefined) return distinguishedName !== undefined;
  return /^IPF\.Note(\.|$)/i.test(folderClass);
}

export function isContactFolder({ folderClass }: LabFolder): boolean {
  return /^IPF\.Contact(\.|$)/i.test(folderClass ?? "");
}
