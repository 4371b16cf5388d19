import type { Rights } from "../../exchange/exchange.ts";
import type { FoundFolder } from "../../exchange/folder-tree.ts";
import { bool, listOf, mapped, optional, record } from "../../wire/xml-read.ts";
import { element } from "../../wire/xml-write.ts";
import { folderElements, folderFields, folderReader } from "../folder.ts";
import type { FolderRef } from "../folders.ts";
import { folderId } from "../ids.ts";
import { m, t } from "../namespaces.ts";
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

const rightsReader = record({
  rights: optional(
    t("EffectiveRights"),
    record({
      create: optional(t("CreateContents"), bool),
      delete: optional(t("Delete"), bool),
      change: optional(t("Modify"), bool),
      read: optional(t("Read"), bool),
    }),
  ),
});

/**
 * Asks nothing of a folder but what the account may do in it.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/effectiverights
 */
export const getFolderRights: Operation<FolderRef, Rights> = {
  name: "GetFolder",
  safety: "read",
  write: (wanted) =>
    element(
      "m:GetFolder",
      undefined,
      shape("m:FolderShape", ["folder:EffectiveRights"]),
      element("m:FolderIds", undefined, folderId(wanted)),
    ),
  read: responses(
    "GetFolder",
    mapped(
      record({ ...status, folders: optional(m("Folders"), listOf(folderElements, rightsReader)) }),
      outcomeOf(({ folders }): Rights | undefined => (folders?.[0] === undefined ? undefined : (folders[0].rights ?? {}))),
    ),
  ),
};
