import type { FolderName } from "../../exchange/folders/folder.ts";
import { descendants } from "../../exchange/folders/folder-tree.ts";
import { requestedPlaces, type SearchExtent } from "../../exchange/search/absence.ts";
import { Failure } from "../../failure.ts";
import type { FolderRef } from "../folders/folder-ref.ts";
import type { GraphMailbox } from "../session/mailbox.ts";

/** The folders of one search, with their paths for people. */
export interface SearchFolders {
  /** The listed places: folders, or the whole mailbox (undefined). */
  readonly places: readonly (FolderRef | undefined)[];
  /** Number of folders in these places. */
  readonly folders: number;
  pathOf(place: FolderRef | undefined): string | undefined;
  pathOfId(folderId: string | undefined): string | undefined;
  /** Intended places that cannot be listed. */
  readonly closed: readonly { readonly failure: Failure }[];
  /** The part of the mailbox that these places are. */
  readonly extent: Omit<SearchExtent, "by">;
}

export interface SearchFoldersRequest {
  readonly folder?: FolderName | undefined;
  readonly recursive?: boolean | undefined;
  readonly includeRecoverable?: boolean | undefined;
}

/** The folder of softly deleted messages, which the list of a whole mailbox does not include. */
const recoverableName = "recoverableitemsdeletions";
const recoverableItems: FolderRef = { distinguished: recoverableName };

/**
 * Returns the places to search: the whole mailbox (including Deleted Items), or the named folder and its subfolders. Throws Failure
 * `folder-not-found`.
 */
export async function resolveSearchFolders(mailbox: GraphMailbox, requested: SearchFoldersRequest): Promise<SearchFolders> {
  const { folders } = mailbox;
  const places: (FolderRef | undefined)[] = [];
  const nodes = (requested.folder === undefined || requested.recursive !== false ? await folders.tree() : []).filter(
    (node) => !node.isSearchFolder,
  );
  const paths = new Map(nodes.map(({ folderId, path }) => [folderId, path]));
  let count = nodes.length;
  if (requested.folder === undefined) places.push(undefined);
  else if (requested.recursive === false) {
    const { ref, folderId, path } = await folders.only(requested.folder);
    places.push(ref);
    if (folderId !== undefined && path !== undefined) paths.set(folderId, path);
    count = 1;
  } else {
    const top = await folders.get(requested.folder);
    if (!paths.has(top.folderId)) paths.set(top.folderId, top.path);
    places.push({ id: top.folderId }, ...descendants(nodes, top.folderId).map(({ folderId }) => ({ id: folderId })));
    count = places.length;
  }
  if (requested.includeRecoverable) {
    places.push(recoverableItems);
    count += 1;
    const { folderId } = await folders.only(recoverableName);
    if (folderId !== undefined) paths.set(folderId, recoverableName);
  }
  const pathOfId = (folderId: string | undefined) => (folderId === undefined ? undefined : paths.get(folderId));
  return {
    places,
    folders: count,
    extent: { mailbox: mailbox.address, folders: count, ...requestedPlaces(requested) },
    closed: requested.folder !== undefined && requested.recursive === false ? [] : folders.cut().map((failure) => ({ failure })),
    pathOfId,
    pathOf: (place) => (place === undefined ? undefined : "id" in place ? pathOfId(place.id) : place.distinguished),
  };
}

/** Returns the Failure for a search of the archive. Microsoft Graph v1.0 does not even report whether there is one. */
export function noArchive(): Failure {
  return new Failure("unsupported", "Microsoft Graph v1.0 does not reach archive mailboxes: nothing was searched.", {
    hint: "Leave archive out, or use a connection over Exchange Web Services where they are still allowed.",
  });
}
