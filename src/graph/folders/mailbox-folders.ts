import type { Folder, FolderName } from "../../exchange/folders/folder.ts";
import type { FolderNode } from "../../exchange/folders/folder-tree.ts";
import type { Failure } from "../../failure.ts";
import type { FolderRef } from "./folder-ref.ts";

/** The folders of one mailbox: those for mail, which are all that Graph knows by path. */
export interface Folders {
  /** A well-known name or an id costs no request; a path costs the folder tree, once. Throws Failure `folder-not-found`, `unsupported`. */
  resolve(name: FolderName): Promise<FolderRef>;
  /** The folder with its path and counts. Throws Failure. */
  get(name: FolderName): Promise<Folder>;
  /** As `resolve`, with the path as far as it can be seen. Throws Failure `folder-not-found`. */
  only(name: FolderName): Promise<OneFolder>;
  /** Makes the folders of a path that are missing. */
  create(path: FolderName): Promise<Folder>;
  /** Every folder below the visible root, parents before children; asked once. */
  tree(): Promise<readonly FolderNode[]>;
  /** Why there are more folders than the tree has, where it was listed. */
  cut(): readonly Failure[];
}

/** A folder by itself; without id and path where they could not be seen. */
export interface OneFolder {
  readonly ref: FolderRef;
  readonly folderId: string | undefined;
  readonly path: string | undefined;
}
