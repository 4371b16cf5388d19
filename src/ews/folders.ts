import type { Folder, FolderName } from "../exchange/folder.ts";

/** What names a folder on the wire. */
export type FolderRef =
  | { readonly id: string; readonly changeKey?: string | undefined }
  /** `mailbox` is written for delegate access only. */
  | { readonly distinguished: string; readonly mailbox?: string | undefined };

/** A folder of the tree. */
export interface FolderNode extends Folder {
  readonly parentFolderId?: string | undefined;
  /** Its well-known name, when it has one and the server says it. */
  readonly distinguished?: string | undefined;
  readonly isSearchFolder: boolean;
  /** From the top: 0 for the folders directly below the root. */
  readonly depth: number;
}

/** The roots that can be listed. */
export type TreeRoot = "msgfolderroot" | "recoverableitemsroot";

/** The folders of one mailbox. */
export interface Folders {
  /** A well-known name or an id costs no request; a path costs the folder tree, once. Throws Failure `folder-not-found`. */
  resolve(name: FolderName): Promise<FolderRef>;
  /** The folder with its path and counts. Throws Failure `folder-not-found`. */
  get(name: FolderName): Promise<Folder>;
  /** Makes the folders of a path that are missing. */
  create(path: FolderName): Promise<Folder>;
  /** Every folder below the root, parents before children; asked once. */
  tree(root?: TreeRoot): Promise<readonly FolderNode[]>;
  /** A well-known folder of this mailbox, with the mailbox named where the access needs it. */
  distinguished(name: string): FolderRef;
}
