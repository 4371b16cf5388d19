import type { Folder, FolderName } from "../../exchange/folders/folder.ts";
import type { FolderNode } from "../../exchange/folders/folder-tree.ts";
import type { Failure } from "../../failure.ts";
import type { ArchiveFound } from "../session/archive-mailbox.ts";
import type { FolderRef } from "./folder-ref.ts";

/** The roots that can be listed. Paths below the second begin with `Recoverable Items/`, below the third with `archive:`. */
export type TreeRoot = "msgfolderroot" | "recoverableitemsroot" | "archivemsgfolderroot";

/** The folders of one mailbox, of its archive (`archive:…`) and the public folders (`public:…`). */
export interface Folders {
  /**
   * Resolves a name. A well-known name costs no request, an id costs the check of its owner, and a path the folder tree, once. Throws Failure
   * `folder-not-found`, or `invalid-input` for an id that is not shown to belong to this mailbox, its archive or the public folders.
   */
  resolve(name: FolderName): Promise<FolderRef>;
  /** Resolves a public folder. Public folders are listed level by level. Throws Failure `folder-not-found`. */
  resolvePublic(name: FolderName): Promise<FolderRef>;
  /** Returns the folder with its path and counts. Throws Failure `folder-not-found`. */
  get(name: FolderName): Promise<Folder>;
  /** As `resolve`, with the path where it can be seen. Throws Failure `folder-not-found`. */
  only(name: FolderName): Promise<OneFolder>;
  /** Creates the missing folders of a path. */
  create(path: FolderName): Promise<Folder>;
  /** Returns every folder below the root, parents before children. Listed once. */
  tree(root?: TreeRoot): Promise<readonly FolderNode[]>;
  /** Returns reasons why folders are missing from the trees listed so far. */
  cut(): readonly Failure[];
  /**
   * Returns the folders of the archive mailbox, or why there are none. They are requested with the tree of the mailbox if that is requested first.
   */
  archive(): Promise<ArchiveFolders>;
  /** Returns a list of folders that includes everything below a named folder, parents before children. */
  around(name: FolderName): Promise<readonly FolderNode[]>;
  /** Returns a well-known folder of this mailbox, with the mailbox's address where the access needs it. */
  distinguished(name: string): FolderRef;
}

/** The searchable part of an archive mailbox. */
export interface ArchiveFolders {
  readonly found: ArchiveFound;
  readonly nodes: readonly FolderNode[];
  /** Reason why the existence or the content of the archive is not known. */
  readonly failure?: Failure | undefined;
}

/** A single folder; without id and path where they could not be seen. */
export interface OneFolder {
  readonly ref: FolderRef;
  readonly folderId: string | undefined;
  readonly path: string | undefined;
}
