import type { Rights } from "../../exchange/exchange.ts";
import type { FoundFolder } from "../../exchange/folders/folder-tree.ts";
import { bool, listOf, mapped, optional, record, text, within } from "../../wire/xml/read-xml.ts";
import { element } from "../../wire/xml/write-xml.ts";
import { folderElements, folderFields, folderReader } from "../folders/folder-reader.ts";
import type { FolderRef } from "../folders/folder-ref.ts";
import { shape } from "../messages/item-shapes.ts";
import { m, t } from "../namespaces.ts";
import { type Operation, outcomeOf, responses } from "../operation.ts";
import { folderId, folderName } from "../session/item-ids.ts";
import { status } from "../session/response-status.ts";

/**
 * Reads folders by id or well-known name.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/getfolder-operation
 */
export const getFolder: Operation<readonly FolderRef[], FoundFolder> = {
  name: "GetFolder",
  safety: "read",
  names: (folders) => folders.map(folderName),
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
 * Reads only the account's rights on a folder.
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

/** PR_REPLICA_LIST. Microsoft's page writes the tag as a number; Exchange accepts both forms. */
const replicaList = element("t:ExtendedFieldURI", { PropertyTag: "0x6698", PropertyType: "Binary" });
const replicaShape = element(
  "m:FolderShape",
  undefined,
  element("t:BaseShape", undefined, "IdOnly"),
  element("t:AdditionalProperties", undefined, replicaList),
);
const replicaReader = record({ value: optional(t("ExtendedProperty"), within(t("Value"), text)) });

/**
 * Reads which mailbox holds the contents of a public folder. The mailbox with the hierarchy knows this for every folder.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/how-to-route-public-folder-content-requests
 */
export const getReplica: Operation<readonly FolderRef[], { readonly mailboxGuid?: string | undefined }> = {
  name: "GetFolder",
  safety: "read",
  write: (folders) => element("m:GetFolder", undefined, replicaShape, element("m:FolderIds", undefined, folders.map(folderId))),
  read: responses(
    "GetFolder",
    mapped(
      record({ ...status, folders: optional(m("Folders"), listOf(folderElements, replicaReader)) }),
      outcomeOf(({ folders }) => (folders?.[0] === undefined ? undefined : { mailboxGuid: guidIn(folders[0].value) })),
    ),
  ),
};

/** Reads a GUID as zero-terminated text. Before Exchange 2013 the list had names of servers. */
function guidIn(base64 = ""): string | undefined {
  const guid = Buffer.from(base64.slice(0, 64), "base64").toString("latin1").slice(0, 36).toLowerCase();
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(guid) ? guid : undefined;
}
