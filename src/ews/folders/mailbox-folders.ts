import type { Folder, FolderName } from "../../exchange/folders/folder.ts";
import type { FolderNode } from "../../exchange/folders/folder-tree.ts";
import type { Failure } from "../../failure.ts";
import type { ArchiveFound } from "../session/archive-mailbox.ts";
import type { FolderRef } from "./folder-ref.ts";

/** The roots that can be listed. The folders below the second have paths that begin with `Recoverable Items/`, below the third with `archive:`. */
export type TreeRoot = "msgfolderroot" | "recoverableitemsroot" | "archivemsgfolderroot";

/** The folders of one mailbox, of its archive (`archive:…`), and the public ones (`public:…`). */
export interface Folders {
  /**
   * A well-known name costs no request; an id costs the question whose it is, and a path the folder tree, once. Throws Failure `folder-not-found`, or
   * `invalid-input` for an id that is not shown to be of this mailbox, its archive or the public folders.
   */
  resolve(name: FolderName): Promise<FolderRef>;
  /** A folder of the public folders, which are listed level by level. Throws Failure `folder-not-found`. */
  resolvePublic(name: FolderName): Promise<FolderRef>;
  /** The folder with its path and counts. Throws Failure `folder-not-found`. */
  get(name: FolderName): Promise<Folder>;
  /** As `resolve`, with the path as far as it can be seen. Throws Failure `folder-not-found`. */
  only(name: FolderName): Promise<OneFolder>;
  /** Makes the folders of a path that are missing. */
  create(path: FolderName): Promise<Folder>;
  /** Every folder below the root, parents before children; asked once. */
  tree(root?: TreeRoot): Promise<readonly FolderNode[]>;
  /** Why there are more folders than the tree has, for each of those that were listed. */
  cut(): readonly Failure[];
  /** The folders of the archive mailbox; or why there are none. Asked for with the tree of the mailbox, where that is asked for first. */
  archive(): Promise<ArchiveFolders>;
  /** The folders among which everything below a named one is, parents before children. */
  around(name: FolderName): Promise<readonly FolderNode[]>;
  /** A well-known folder of this mailbox, with the mailbox named where the access needs it. */
  distinguished(name: string): FolderRef;
}

/** What of an archive mailbox can be searched. */
export interface ArchiveFolders {
  readonly found: ArchiveFound;
  readonly nodes: readonly FolderNode[];
  /** Why it is not known whether there is one, or what it holds. */
  readonly failure?: Failure | undefined;
}

/** A folder by itself; without id and path where they could not be seen. */
export interface OneFolder {
  readonly ref: FolderRef;
  readonly folderId: string | undefined;
  readonly path: string | undefined;
}
