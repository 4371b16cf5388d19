import { copyFolder, deleteFolder } from "../../store/folders/folder-tree.ts";
import type { FolderChange } from "../../store/folders/stored-folder.ts";
import type { LabFolder } from "../../store/mailbox.ts";
import { StoreError, type StoreErrorCode } from "../../store/store-error.ts";
import { badRequest, GraphError } from "../errors.ts";
import { folderRow } from "../items/folder-json.ts";
import { textIn } from "../items/message-from-json.ts";
import { memberOf, parameterOf } from "../json.ts";
import { type Call, jsonOf, type Operation } from "../operation.ts";
import { contextOf, itemReply, noContent } from "../reply.ts";
import { folderNamed } from "../sign-in/access.ts";
import { checkParameters } from "./message-changes.ts";

const writing = ["Mail.ReadWrite"];
const path = "/users/{user}/mailFolders/{folder}";

/** The store's refusals, as Graph's. Microsoft documents no status: the lab's choice. */
const refusals: Partial<Record<StoreErrorCode, readonly [status: number, code: string, text: string]>> = {
  "folder-exists": [409, "ErrorFolderExists", "A folder with the specified name already exists."],
  "folder-into-itself": [400, "ErrorMoveCopyFailed", "The move or copy operation failed."],
};

/** Runs `act` in the store and turns a refusal by the store into a GraphError. `ofDefault`: the refusal for a default folder. */
function withRefusals<T>(act: () => T, ofDefault: readonly [code: string, text: string]): T {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    if (error.code === "distinguished-folder") throw badRequest(ofDefault[1], ofDefault[0]);
    const found = refusals[error.code];
    throw found === undefined ? error : new GraphError(...found);
  }
}

/** Throws Graph's refusal of a member that mailFolder does not have. The other members are decided by the server, and passed over. */
export function checkFolderMembers(body: ReturnType<typeof jsonOf>): void {
  const known = ["id", "displayName", "isHidden", "childFolderCount", "parentFolderId", "totalItemCount", "unreadItemCount"];
  const strange = Object.keys(body).find((name) => !name.includes("@") && !known.includes(name));
  if (strange === undefined) return;
  const text = `The property '${strange}' does not exist on type 'microsoft.graph.mailFolder'. Make sure to only use property names that are defined by the type.`;
  throw badRequest(text, "RequestBodyRead");
}

/** Only the name can be changed. @see https://learn.microsoft.com/en-us/graph/api/mailfolder-update */
export const updateMailFolder: Operation = {
  name: "mailfolder-update",
  method: "PATCH",
  paths: [path],
  permissions: writing,
  of: "exchange",
  handle(call) {
    const folder = folderNamed(call.parameter("folder"), call);
    const body = jsonOf(call.request);
    checkFolderMembers(body);
    const name = memberOf(body, "displayName");
    const change: FolderChange = name === undefined ? {} : { name: textIn(name, "displayName") };
    if (change.name?.trim() === "") throw badRequest("Folder save failed: it has no name.", "ErrorFolderSavePropertyError");
    if (change.name !== undefined && change.name !== folder.name && folder.distinguishedName !== undefined)
      throw badRequest("Folder save failed: a default folder cannot be renamed.", "ErrorFolderSaveFailed");
    withRefusals(() => call.mailbox.updateFolder(folder, change), ["ErrorFolderSaveFailed", "The folder cannot be changed."]);
    return itemReply(call, folderRow(folder), "mailFolder", contextOf(call, "mailFolders"));
  },
};

const undeletable = ["ErrorDeleteDistinguishedFolder", "Distinguished folders cannot be deleted."] as const;

/** Moves the folder to Deleted Items, and from there its items to the Recoverable Items. @see https://learn.microsoft.com/en-us/graph/api/mailfolder-delete */
export const deleteMailFolder: Operation = {
  name: "mailfolder-delete",
  method: "DELETE",
  paths: [path],
  permissions: writing,
  of: "exchange",
  handle(call) {
    const folder = folderNamed(call.parameter("folder"), call);
    const isDeleted = folder.isBelow(call.mailbox.known("deleteditems"));
    withRefusals(() => deleteFolder(folder, isDeleted ? "recoverableitemsdeletions" : "deleteditems"), undeletable);
    return noContent;
  },
};

/** @see https://learn.microsoft.com/en-us/graph/api/mailfolder-permanentdelete */
export const permanentlyDeleteMailFolder: Operation = {
  name: "mailfolder-permanentdelete",
  method: "POST",
  paths: [`${path}/permanentDelete`],
  permissions: writing,
  of: "exchange",
  handle(call) {
    const folder = folderNamed(call.parameter("folder"), call);
    withRefusals(() => deleteFolder(folder, "recoverableitemspurges"), undeletable);
    return noContent;
  },
};

function moveOrCopy(action: "copy" | "move", act: (folder: LabFolder, parent: LabFolder) => LabFolder): Operation {
  return {
    name: `mailfolder-${action}`,
    method: "POST",
    paths: [`${path}/${action}`],
    permissions: writing,
    of: "exchange",
    handle(call: Call) {
      const folder = folderNamed(call.parameter("folder"), call);
      const body = jsonOf(call.request);
      checkParameters(body, action, ["DestinationId"]);
      const parent = folderNamed(textIn(parameterOf(body, "DestinationId") ?? null, "DestinationId"), call);
      const made = withRefusals(() => act(folder, parent), ["ErrorMoveDistinguishedFolder", "Distinguished folders cannot be moved."]);
      return itemReply(call, folderRow(made), "mailFolder", contextOf(call, "mailFolders"), 201);
    },
  };
}

/** @see https://learn.microsoft.com/en-us/graph/api/mailfolder-copy */
export const copyMailFolder = moveOrCopy("copy", copyFolder);

/** @see https://learn.microsoft.com/en-us/graph/api/mailfolder-move */
export const moveMailFolder = moveOrCopy("move", (folder, parent) => {
  folder.mailbox.moveFolder(folder, parent);
  return folder;
});
