import type { FolderName } from "../folders/folder.ts";

/** The place in which messages are searched by their names. Default: every folder of the mailbox that can hold mail. */
export interface Within {
  /** Search only this folder, without its subfolders: a folder of the mailbox, its archive or the public folders. */
  readonly folder?: FolderName | undefined;
  /** Instead of `folder`: the id of the folder that a message was reported in, as the back end returned it. */
  readonly folderId?: string | undefined;
  /** Also search the folder Deletions of the Recoverable Items, and no other folder of theirs. Ignored where a folder is named. */
  readonly includeRecoverable?: boolean | undefined;
  /** Also search the archive mailbox, if there is one. Not with a folder. */
  readonly archive?: boolean | undefined;
  /** Accept a message opened by its id only if its folder lists it: some servers open a deleted message by its old id. */
  readonly mustBeListed?: boolean | undefined;
}

/** Returns whether only one folder is searched. */
export function isOneFolder({ folder, folderId }: Within): boolean {
  return folder !== undefined || folderId !== undefined;
}
