import type { Folder, FolderName } from "../../exchange/folders/folder.ts";
import type { FolderNode } from "../../exchange/folders/folder-tree.ts";
import type { Failure } from "../../failure.ts";
import type { FolderRef } from "./folder-ref.ts";

/** The mail folders of one mailbox, the only ones that Graph lists by path. */
export interface Folders {
  /**
   * Resolves a name. A well-known name or an id costs no request; a path costs the folder tree, once. Throws Failure `folder-not-found`,
   * `unsupported`.
   */
  resolve(name: FolderName): Promise<FolderRef>;
  /** Returns the folder with its path and counts. Throws Failure. */
  get(name: FolderName): Promise<Folder>;
  /** As `resolve`, with the path where it can be seen. Throws Failure `folder-not-found`. */
  only(name: FolderName): Promise<OneFolder>;
  /** Creates the missing folders of a path. */
  create(path: FolderName): Promise<Folder>;
  /** Returns every folder below the visible root, parents before children. Listed once. */
  tree(): Promise<readonly FolderNode[]>;
  /** Returns reasons why folders are missing from the tree, if it was listed. */
  cut(): readonly Failure[];
}

/** A single folder; without id and path where they could not be seen. */
export interface OneFolder {
  readonly ref: FolderRef;
  readonly folderId: string | undefined;
  readonly path: string | undefined;
}
