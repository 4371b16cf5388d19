/** A folder of one mailbox. */
export interface Folder {
  readonly folderId: string;
  readonly displayName: string;
  /** From the root of the visible folders, `/` between names, a `/` inside a name written `\/`. */
  readonly path: string;
  readonly totalCount?: number | undefined;
  readonly folderClass?: string | undefined;
}

/**
 * How a caller names a folder: a well-known name (`inbox`, `deleteditems`, `junkemail`, `sentitems`, `drafts`, `archive`,
 * `recoverableitemsdeletions`, … ; Microsoft's DistinguishedFolderId names, ignoring case), a path from the visible root with `/` or `\`
 * between names (`Inbox/Reports`; `\/` for a slash in a name), or an id. `archive:` before it means the archive mailbox, `public:` the public folders.
 */
export type FolderName = string;
