import type { FolderName } from "../../exchange/folders/folder.ts";
import { wellKnownName } from "../../exchange/folders/folder-names.ts";
import type { FolderNode } from "../../exchange/folders/folder-tree.ts";
import { descendants } from "../../exchange/folders/folder-tree.ts";
import { requestedPlaces, type SearchExtent } from "../../exchange/search/absence.ts";
import type { ArchiveState } from "../../exchange/search/search-query.ts";
import { Failure } from "../../failure.ts";
import type { FolderRef } from "../folders/folder-ref.ts";
import type { ArchiveFound } from "../session/archive-mailbox.ts";
import type { EwsMailbox } from "../session/mailbox.ts";

/** The folders of one search, with their paths for people. */
export interface SearchFolders {
  readonly folders: readonly FolderRef[];
  pathOf(folder: FolderRef): string | undefined;
  pathOfId(folderId: string | undefined): string | undefined;
  /** The part of the mailbox, its archive or the public folders that these folders are. */
  readonly extent: Omit<SearchExtent, "by">;
  /** State of the archive mailbox; undefined where one place is named. */
  readonly archive: ArchiveState | undefined;
  /** Intended places that cannot be opened. */
  readonly closed: readonly { readonly folderPath?: string; readonly failure: Failure }[];
}

export interface SearchFoldersRequest {
  readonly folder?: FolderName | undefined;
  readonly recursive?: boolean | undefined;
  readonly includeRecoverable?: boolean | undefined;
  /** Also search the archive mailbox, if there is one. Not with a folder, whose name says whether it is in the archive. */
  readonly archive?: boolean | undefined;
}

/** The folder of softly deleted messages, which is not below the visible root. */
const recoverableItems = "recoverableitemsdeletions";
const inArchive = "archive:";

/**
 * Returns the folders to search: every folder that can hold mail (including Deleted Items), or the named folder and its subfolders. Throws Failure
 * `folder-not-found`.
 */
export async function resolveSearchFolders(mailbox: EwsMailbox, requested: SearchFoldersRequest): Promise<SearchFolders> {
  const { folders } = mailbox;
  const recursive = requested.recursive ?? true;
  const refs: FolderRef[] = [];
  const nodes: FolderNode[] = [];
  const paths = new Map<string, string>();
  let archive: ArchiveState | undefined;
  let closed: SearchFolders["closed"] = [];
  if (requested.folder === undefined) {
    for (const one of await folders.tree()) nodes.push(one);
    archive = unsearchedArchive(mailbox.archive.read());
    if (requested.archive === true) {
      const { found, nodes: others, failure } = await folders.archive();
      for (const one of others) nodes.push(one);
      archive = failure === undefined && found === "exists" ? "searched" : unsearchedArchive(found);
      if (failure !== undefined) closed = [{ folderPath: inArchive, failure }];
    }
    for (const one of nodes.filter(holdsMail).map(refOf)) refs.push(one);
  } else if (!recursive) {
    const { ref, folderId, path } = await folders.only(requested.folder);
    refs.push(ref);
    if (folderId !== undefined && path !== undefined) paths.set(folderId, path);
  } else {
    if (/^archive./i.test(wellKnownName(requested.folder) ?? "")) {
      throw new Failure("unsupported", `The folders below ${requested.folder} cannot be listed.`, {
        hint: "Set recursive to false and name one folder of the archive.",
      });
    }
    const top = await folders.get(requested.folder);
    refs.push({ id: top.folderId });
    for (const one of await folders.around(requested.folder)) nodes.push(one);
    paths.set(top.folderId, top.path);
    for (const one of descendants(nodes, top.folderId).filter(holdsMail).map(refOf)) refs.push(one);
  }
  if (requested.includeRecoverable) refs.push(folders.distinguished(recoverableItems));
  if (requested.includeRecoverable && archive === "searched") refs.push(folders.distinguished(`archive${recoverableItems}`));
  const meant = requestedPlaces(requested);
  const behind = archive === "searched" ? (["archive"] as const) : [];
  for (const { folderId, path } of nodes) paths.set(folderId, path);
  if (requested.includeRecoverable) {
    // These folders are not in the tree of the others, so the names in requests serve as paths.
    for (const name of [recoverableItems, ...(archive === "searched" ? [`${inArchive}${recoverableItems}`] : [])]) {
      const { folderId } = await folders.only(name);
      if (folderId !== undefined) paths.set(folderId, name);
    }
  }
  // For a single folder, the list of the others is needed only for the path.
  const cut = requested.folder !== undefined && !recursive ? [] : folders.cut();
  const pathOfId = (folderId: string | undefined) => (folderId === undefined ? undefined : paths.get(folderId));
  return {
    folders: refs,
    extent: { mailbox: mailbox.address, folders: refs.length, ...meant, places: [...meant.places, ...behind] },
    archive,
    closed: [...closed, ...cut.map((failure) => ({ failure }))],
    pathOfId,
    pathOf: (folder) => ("id" in folder ? pathOfId(folder.id) : folder.distinguished),
  };
}

function unsearchedArchive(found: ArchiveFound = "unknown"): ArchiveState {
  return found === "exists" ? "not_searched" : found;
}

/**
 * Tells whether a folder can hold mail. Search folders only show messages of other folders; a folder without a class is assumed to hold mail, as
 * Outlook does.
 */
function holdsMail({ folderClass, isSearchFolder }: FolderNode): boolean {
  if (isSearchFolder) return false;
  return folderClass === undefined || folderClass === "" || /^IPF\.Note(\.|$)/i.test(folderClass);
}

function refOf({ folderId }: FolderNode): FolderRef {
  return { id: folderId };
}
