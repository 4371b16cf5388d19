import { listOf, mapped, optional, record } from "../../wire/xml-read.ts";
import { element } from "../../wire/xml-write.ts";
import { type FoundFolder, folderElements, folderFields, folderReader } from "../folder.ts";
import type { FolderRef } from "../folders.ts";
import { folderId } from "../ids.ts";
import { m } from "../namespaces.ts";
import { type Operation, outcomeOf, responses, status } from "../operation.ts";
import { shape } from "../shapes.ts";

/**
 * Reads folders by id or well-known name.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/getfolder-operation
 */
export const getFolder: Operation<readonly FolderRef[], FoundFolder> = {
  name: "GetFolder",
  safety: "read",
  write: (folders) =>
    element("m:GetFolder", undefined, shape("m:FolderShape", folderFields), element("m:FolderIds", undefined, folders.map(folderId))),
  read: responses(
    "GetFolder",
    mapped(
      record({ ...status, folders: optional(m("Folders"), listOf(folderElements, folderReader)) }),
      outcomeOf(({ folders }): FoundFolder | undefined => folders?.[0]),
    ),
  ),
};
