import type { FoundFolder } from "../../exchange/folders/folder-tree.ts";
import { listOf, mapped, optional, record } from "../../wire/xml/read-xml.ts";
import { element } from "../../wire/xml/write-xml.ts";
import { folderElements, folderReader } from "../folders/folder-reader.ts";
import type { FolderRef } from "../folders/folder-ref.ts";
import { m } from "../namespaces.ts";
import { type Operation, outcomeOf, responses } from "../operation.ts";
import { folderId, folderName } from "../session/item-ids.ts";
import { status } from "../session/response-status.ts";

/**
 * Creates one folder for mail. May be repeated: a second folder with the same name in the same place is refused (`ErrorFolderExists`). The reply has
 * only the id.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/createfolder-operation
 */
export const createFolder: Operation<{ readonly parent: FolderRef; readonly displayName: string }, FoundFolder> = {
  name: "CreateFolder",
  safety: "idempotent",
  names: ({ parent }) => [folderName(parent)],
  write: ({ parent, displayName }) =>
    element(
      "m:CreateFolder",
      undefined,
      element("m:ParentFolderId", undefined, folderId(parent)),
      element(
        "m:Folders",
        undefined,
        element("t:Folder", undefined, element("t:FolderClass", undefined, "IPF.Note"), element("t:DisplayName", undefined, displayName)),
      ),
    ),
  read: responses(
    "CreateFolder",
    mapped(
      record({ ...status, folders: optional(m("Folders"), listOf(folderElements, folderReader)) }),
      outcomeOf(({ folders }): FoundFolder | undefined => folders?.[0]),
    ),
  ),
};
