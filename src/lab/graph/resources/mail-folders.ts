import type { LabFolder } from "../../store/mailbox.ts";
import { StoreError } from "../../store/store-error.ts";
import { badRequest, GraphError } from "../errors.ts";
import { folderRow, isMailFolder } from "../items/folder-json.ts";
import { memberOf } from "../json.ts";
import { type Call, counted, type GraphReply, jsonOf, type Operation } from "../operation.ts";
import { contextOf, itemReply, listReply } from "../reply.ts";
import { folderNamed } from "../sign-in/access.ts";
import { checkFolderMembers } from "./folder-changes.ts";

const reading = ["Mail.ReadBasic.All", "Mail.ReadBasic", "Mail.Read", "Mail.ReadWrite"];

/** Lists hidden folders only if the request includes them. */
function list(folder: LabFolder, call: Call, path: string): GraphReply {
  const includesHidden = call.request.url.searchParams.get("includeHiddenFolders")?.toLowerCase() === "true";
  const listed = folder.children.filter(isMailFolder).filter(({ isHidden }) => includesHidden || !isHidden);
  return listReply(call, listed.map(folderRow), "mailFolder", contextOf(call, path));
}

function create(parent: LabFolder, call: Call): GraphReply {
  const body = jsonOf(call.request);
  checkFolderMembers(body);
  const name = memberOf(body, "displayName");
  if (typeof name !== "string" || name.trim() === "")
    throw badRequest("Folder save failed: it has no name.", "ErrorFolderSavePropertyError");
  try {
    return itemReply(
      call,
      folderRow(call.mailbox.createFolder(parent, name, "IPF.Note", { isHidden: memberOf(body, "isHidden") === true })),
      "mailFolder",
      contextOf(call, "mailFolders"),
      201,
    );
  } catch (error) {
    if (error instanceof StoreError && error.code === "folder-exists")
      throw new GraphError(409, "ErrorFolderExists", "A folder with the specified name already exists.");
    throw error;
  }
}

/** The folders right below the root. @see https://learn.microsoft.com/en-us/graph/api/user-list-mailfolders */
export const listMailFolders: Operation = {
  name: "user-list-mailfolders",
  method: "GET",
  paths: counted("/users/{user}/mailFolders"),
  permissions: reading,
  of: "exchange",
  handle: (call) => list(call.mailbox.root, call, "mailFolders"),
};

/** @see https://learn.microsoft.com/en-us/graph/api/mailfolder-get */
export const getMailFolder: Operation = {
  name: "mailfolder-get",
  method: "GET",
  paths: ["/users/{user}/mailFolders/{folder}"],
  permissions: reading,
  of: "exchange",
  handle: (call) => itemReply(call, folderRow(folderNamed(call.parameter("folder"), call)), "mailFolder", contextOf(call, "mailFolders")),
};

/** @see https://learn.microsoft.com/en-us/graph/api/mailfolder-list-childfolders */
export const listChildFolders: Operation = {
  name: "mailfolder-list-childfolders",
  method: "GET",
  paths: counted("/users/{user}/mailFolders/{folder}/childFolders"),
  permissions: reading,
  of: "exchange",
  handle(call) {
    const name = call.parameter("folder");
    return list(folderNamed(name, call), call, `mailFolders('${encodeURIComponent(name)}')/childFolders`);
  },
};

/** @see https://learn.microsoft.com/en-us/graph/api/user-post-mailfolders */
export const createMailFolder: Operation = {
  name: "user-post-mailfolders",
  method: "POST",
  paths: ["/users/{user}/mailFolders"],
  permissions: ["Mail.ReadWrite"],
  of: "exchange",
  handle: (call) => create(call.mailbox.root, call),
};

/** @see https://learn.microsoft.com/en-us/graph/api/mailfolder-post-childfolders */
export const createChildFolder: Operation = {
  name: "mailfolder-post-childfolders",
  method: "POST",
  paths: ["/users/{user}/mailFolders/{folder}/childFolders"],
  permissions: ["Mail.ReadWrite"],
  of: "exchange",
  handle: (call) => create(folderNamed(call.parameter("folder"), call), call),
};
