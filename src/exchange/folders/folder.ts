/** A folder of one mailbox. */
export interface Folder {
  readonly folderId: string;
  readonly displayName: string;
  /** From the root of the visible folders, with `/` between names; a `/` in a name is written `\/`. */
  readonly path: string;
  readonly totalCount?: number | undefined;
  readonly folderClass?: string | undefined;
}

/**
 * A caller's name for a folder: a well-known name (`inbox`, `deleteditems`, `junkemail`, `sentitems`, `drafts`, `archive`,
 * `recoverableitemsdeletions`, …; Microsoft's DistinguishedFolderId names, ignoring case), a path from the visible root with `/` or `\` between names
 * (`Inbox/Reports`; `\/` for a slash in a name), or an id. The prefix `archive:` means the archive mailbox, `public:` the public folders.
 */
export type FolderName = string;
