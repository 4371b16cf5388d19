import type { FoundFolder } from "../../exchange/folders/folder-tree.ts";
import type { FolderRef } from "../folders/folder-ref.ts";
import { found, made } from "../session/expected-reply.ts";
import { type Page, pageOf } from "../session/paging.ts";
import { type JsonObject, numberIn, textIn } from "../session/read-json.ts";
import { type Request, required, segment } from "../session/request-description.ts";

/** A listed folder, and whether it has subfolders. */
export interface ListedFolder extends FoundFolder {
  readonly hasChildren: boolean;
  /** Number of its subfolders, hidden ones included. */
  readonly childCount?: number | undefined;
}

// Most mailboxes have fewer folders on one level; the service accepts up to 1000.
export const foldersPerPage = 250;
const select = "id,displayName,parentFolderId,childFolderCount,totalItemCount";

/** Writes a folder's name as a segment of a path. */
export function folderSegment(folder: FolderRef): string {
  return "id" in folder ? segment(folder.id) : folder.distinguished;
}

/** @see https://learn.microsoft.com/en-us/graph/api/resources/mailfolder */
function folderOf(folder: JsonObject): ListedFolder {
  return {
    folderId: textIn(folder, "id") ?? "",
    parentFolderId: textIn(folder, "parentFolderId"),
    displayName: textIn(folder, "displayName"),
    totalCount: numberIn(folder, "totalItemCount"),
    // Graph lists mail folders only and does not report their class.
    folderClass: undefined,
    // A search folder shows messages of other folders.
    isSearchFolder: textIn(folder, "@odata.type") === "#microsoft.graph.mailSearchFolder",
    hasChildren: (numberIn(folder, "childFolderCount") ?? 0) > 0,
    childCount: numberIn(folder, "childFolderCount"),
  };
}

export interface FolderListing {
  /** Undefined: the visible root. */
  readonly parent: FolderRef | undefined;
  readonly top?: number | undefined;
  /** Number of folders to skip before the first. */
  readonly skip?: number | undefined;
  /** Request only the id of each folder, for a folder that cannot be listed otherwise. */
  readonly idsOnly?: boolean | undefined;
}

/** Lists the folders directly below another one, or below the visible root, hidden ones included. @see https://learn.microsoft.com/en-us/graph/api/user-list-mailfolders */
export const listFolders: Request<FolderListing, Page<ListedFolder>> = {
  name: "mailfolder-list-childfolders",
  safety: "read",
  reply: found("value"),
  write: ({ parent, top, skip, idsOnly }) => ({
    method: "GET",
    path: parent === undefined ? "/mailFolders" : `/mailFolders/${folderSegment(parent)}/childFolders`,
    query: {
      $top: String(top ?? foldersPerPage),
      $skip: skip === undefined ? undefined : String(skip),
      $select: idsOnly === true ? "id" : select,
      includeHiddenFolders: "true",
    },
  }),
  read: (reply) => pageOf(reply, folderOf),
};

/** @see https://learn.microsoft.com/en-us/graph/api/mailfolder-get */
export const getFolder: Request<FolderRef, ListedFolder> = {
  name: "mailfolder-get",
  safety: "read",
  reply: found("id"),
  write: (folder) => ({ method: "GET", path: `/mailFolders/${folderSegment(folder)}`, query: { $select: select } }),
  read: (reply) => identified(folderOf(reply)),
};

/**
 * Creates a folder. May be repeated, because a second folder with the same name is refused, which also resolves a lost reply.
 * @see https://learn.microsoft.com/en-us/graph/api/mailfolder-post-childfolders
 */
export const createFolder: Request<{ readonly parent: FolderRef; readonly displayName: string }, ListedFolder> = {
  name: "mailfolder-post-childfolders",
  safety: "idempotent",
  reply: made("id"),
  write: ({ parent, displayName }) => ({
    method: "POST",
    path: `/mailFolders/${folderSegment(parent)}/childFolders`,
    body: { displayName },
  }),
  read: (reply) => identified(folderOf(reply)),
};

function identified(folder: ListedFolder): ListedFolder {
  required(folder.folderId === "" ? undefined : folder.folderId, "id");
  return folder;
}
