import type { FolderName } from "../folders/folder.ts";

/** Where messages are looked for by their names. Default: in every folder of the mailbox that can hold mail. */
export interface Within {
  /** In this folder alone, not in those below it: of the mailbox, its archive or the public folders. */
  readonly folder?: FolderName | undefined;
  /** Instead of `folder`: in the folder that a message said it lies in, by the id that the back end gave. */
  readonly folderId?: string | undefined;
  /** Also in the Deletions of the Recoverable Items, and no other folder of theirs. Without effect where a folder is named. */
  readonly includeRecoverable?: boolean | undefined;
  /** Also in the archive mailbox, where there is one. Not with a folder. */
  readonly archive?: boolean | undefined;
  /** What an id opens is taken only where its folder lists it: some servers open a deleted message by the id that it had. */
  readonly mustBeListed?: boolean | undefined;
}
