import type { FolderName } from "../../exchange/folders/folder.ts";
import { descendants } from "../../exchange/folders/folder-tree.ts";
import type { Message } from "../../exchange/message.ts";
import { requestedPlaces, type SearchExtent } from "../../exchange/search/absence.ts";
import { Failure } from "../../failure.ts";
import type { FolderRef } from "../folders/folder-ref.ts";
import type { GraphMailbox } from "../session/mailbox.ts";

/** The folders of one search, with their paths for people. */
export interface SearchFolders {
  /** What is listed: folders, or (undefined) the whole mailbox at once. */
  readonly places: readonly (FolderRef | undefined)[];
  /** How many folders that makes. */
  readonly folders: number;
  pathOf(place: FolderRef | undefined): string | undefined;
  pathOfId(folderId: string | undefined): string | undefined;
  /** What is meant and cannot be listed. */
  readonly closed: readonly { readonly failure: Failure }[];
  /** What of the mailbox these places are. */
  readonly extent: Omit<SearchExtent, "by">;
  /** Whether a message that this place lists is looked for: the list of a whole mailbox also has what lies in folders that nobody sees. */
  includes(message: Message, place: FolderRef | undefined): boolean;
}

export interface SearchFoldersRequest {
  readonly folder?: FolderName | undefined;
  readonly recursive?: boolean | undefined;
  readonly includeRecoverable?: boolean | undefined;
}

/** Where messages lie that were deleted softly: the list of a whole mailbox does not have them. */
const recoverableName = "recoverableitemsdeletions";
const recoverableItems: FolderRef = { distinguished: recoverableName };

/**
 * Where to search: in the whole mailbox (Deleted Items among it), or in the folder that is named and those below it. Throws Failure
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
    includes: ({ parentFolderId = "" }, place) => place !== undefined || paths.has(parentFolderId),
  };
}

/** Microsoft Graph v1.0 does not even tell whether there is one. */
export function noArchive(): Failure {
  return new Failure("unsupported", "Microsoft Graph v1.0 does not reach archive mailboxes: nothing was searched.", {
    hint: "Leave archive out, or use a connection over Exchange Web Services where they are still allowed.",
  });
}
