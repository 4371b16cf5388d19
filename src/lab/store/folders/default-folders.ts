// src/lab/store/folders/: The folders of a mailbox: those that Exchange creates, one stored folder, and changes of whole folders.

export interface FolderSeed {
  /** Microsoft's DistinguishedFolderIdName, in lower case. */
  readonly name: string;
  readonly displayName: string;
  readonly folderClass?: string | undefined;
  /** Name of the parent; default msgfolderroot. */
  readonly parent?: string | undefined;
}

/**
 * The folders that Exchange creates with a mailbox, parents first:
 * https://learn.microsoft.com/exchange/client-developer/web-service-reference/distinguishedfolderid
 */
export const distinguishedFolders: readonly FolderSeed[] = [
  { name: "msgfolderroot", displayName: "Top of Information Store", parent: "root" },
  { name: "inbox", displayName: "Inbox", folderClass: "IPF.Note" },
  { name: "drafts", displayName: "Drafts", folderClass: "IPF.Note" },
  { name: "sentitems", displayName: "Sent Items", folderClass: "IPF.Note" },
  { name: "outbox", displayName: "Outbox", folderClass: "IPF.Note" },
  { name: "deleteditems", displayName: "Deleted Items", folderClass: "IPF.Note" },
  { name: "junkemail", displayName: "Junk Email", folderClass: "IPF.Note" },
  { name: "archive", displayName: "Archive", folderClass: "IPF.Note" },
  { name: "conversationhistory", displayName: "Conversation History", folderClass: "IPF.Note" },
  { name: "calendar", displayName: "Calendar", folderClass: "IPF.Appointment" },
  { name: "contacts", displayName: "Contacts", folderClass: "IPF.Contact" },
  { name: "tasks", displayName: "Tasks", folderClass: "IPF.Task" },
  { name: "notes", displayName: "Notes", folderClass: "IPF.StickyNote" },
  { name: "journal", displayName: "Journal", folderClass: "IPF.Journal" },
  { name: "searchfolders", displayName: "Finder", parent: "root" },
  { name: "recoverableitemsroot", displayName: "Recoverable Items", parent: "root" },
  { name: "recoverableitemsdeletions", displayName: "Deletions", parent: "recoverableitemsroot" },
  { name: "recoverableitemspurges", displayName: "Purges", parent: "recoverableitemsroot" },
  { name: "recoverableitemsversions", displayName: "Versions", parent: "recoverableitemsroot" },
];

/** The folders of an archive mailbox. Its Inbox is an ordinary folder: only newer servers give it a well-known name. */
export const archiveFolders: readonly FolderSeed[] = [
  { name: "archivemsgfolderroot", displayName: "Top of Information Store", parent: "root" },
  { name: "archiveinbox", displayName: "Inbox", folderClass: "IPF.Note", parent: "archivemsgfolderroot" },
  { name: "archivedeleteditems", displayName: "Deleted Items", folderClass: "IPF.Note", parent: "archivemsgfolderroot" },
  { name: "archiverecoverableitemsroot", displayName: "Recoverable Items", parent: "root" },
  { name: "archiverecoverableitemsdeletions", displayName: "Deletions", parent: "archiverecoverableitemsroot" },
  { name: "archiverecoverableitemspurges", displayName: "Purges", parent: "archiverecoverableitemsroot" },
  { name: "archiverecoverableitemsversions", displayName: "Versions", parent: "archiverecoverableitemsroot" },
];

/** The public folders of an organisation that has them. */
export const publicFolders: readonly FolderSeed[] = [{ name: "publicfoldersroot", displayName: "IPM_SUBTREE", parent: "root" }];
