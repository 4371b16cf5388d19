import { ChangeLog } from "./changes.ts";
import type { LabItem } from "./item.ts";
import type { LabMailbox } from "./mailbox.ts";

export interface FolderSeed {
  /** Microsoft's DistinguishedFolderIdName, in lower case. */
  readonly name: string;
  readonly displayName: string;
  readonly folderClass?: string | undefined;
  /** Name of the parent; default msgfolderroot. */
  readonly parent?: string | undefined;
}

/** The folders that Exchange makes with a mailbox, parents first: https://learn.microsoft.com/exchange/client-developer/web-service-reference/distinguishedfolderid */
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

/** The folders of an archive mailbox. Its Inbox is a folder like others: only newer servers give it a well-known name. */
export const archiveFolders: readonly FolderSeed[] = [
  { name: "archivemsgfolderroot", displayName: "Top of Information Store", parent: "root" },
  { name: "archiveinbox", displayName: "Inbox", folderClass: "IPF.Note", parent: "archivemsgfolderroot" },
  { name: "archivedeleteditems", displayName: "Deleted Items", folderClass: "IPF.Note", parent: "archivemsgfolderroot" },
  { name: "archiverecoverableitemsroot", displayName: "Recoverable Items", parent: "root" },
  { name: "archiverecoverableitemsdeletions", displayName: "Deletions", parent: "archiverecoverableitemsroot" },
  { name: "archiverecoverableitemspurges", displayName: "Purges", parent: "archiverecoverableitemsroot" },
  { name: "archiverecoverableitemsversions", displayName: "Versions", parent: "archiverecoverableitemsroot" },
];

/** The public folders of an organisation that has some. */
export const publicFolders: readonly FolderSeed[] = [{ name: "publicfoldersroot", displayName: "IPM_SUBTREE", parent: "root" }];

const visibleRoots: ReadonlySet<string | undefined> = new Set(["root", "msgfolderroot", "archivemsgfolderroot", "publicfoldersroot"]);

/** One folder. Changed only through its mailbox. Its id lasts as long as it does, wherever it is moved. */
export class LabFolder {
  readonly mailbox: LabMailbox;
  readonly id: string;
  readonly distinguishedName: string | undefined;
  readonly folderClass: string | undefined;
  /** Undefined for `root` only. */
  parent: LabFolder | undefined;
  name: string;
  changeKey: string;
  /** Of a public folder: the GUID of the mailbox that holds its contents, where it is not that of the hierarchy. */
  contentsIn: string | undefined;
  readonly children: LabFolder[] = [];
  readonly items = new Map<string, LabItem>();
  readonly changes = new ChangeLog();

  constructor(
    mailbox: LabMailbox,
    id: string,
    changeKey: string,
    seed: { name: string; folderClass: string | undefined; distinguishedName: string | undefined },
  ) {
    this.mailbox = mailbox;
    this.id = id;
    this.changeKey = changeKey;
    this.name = seed.name;
    this.folderClass = seed.folderClass;
    this.distinguishedName = seed.distinguishedName;
  }

  get totalCount(): number {
    return this.items.size;
  }

  get unreadCount(): number {
    let count = 0;
    for (const item of this.items.values()) if (!item.isRead) count += 1;
    return count;
  }

  /** Exchange's ChildFolderCount counts the folders right below. */
  get childCount(): number {
    return this.children.length;
  }

  /** All folders below, parents before their children. */
  descendants(): LabFolder[] {
    return this.children.flatMap((child) => [child, ...child.descendants()]);
  }

  child(name: string): LabFolder | undefined {
    const wanted = name.toLowerCase();
    return this.children.find((folder) => folder.name.toLowerCase() === wanted);
  }

  isBelow(folder: LabFolder): boolean {
    for (let at = this.parent; at; at = at.parent) if (at === folder) return true;
    return false;
  }

  /** Names from the visible root down, `/` between them. */
  get path(): string {
    const above = this.parent;
    return above === undefined || visibleRoots.has(above.distinguishedName) ? this.name : `${above.path}/${this.name}`;
  }
}
