import { ChangeLog } from "../changes.ts";
import type { ItemContent } from "../item.ts";

/** An item in a folder. The object shows the item's present state until it is moved or removed; after that, `item(id)` does not find it. */
export interface ItemOf<Mailbox> extends ItemContent {
  readonly id: string;
  /** Stays the same while the item is in its mailbox, whatever its folder: immutable ids are made from it. */
  readonly identity: Uint8Array;
  readonly changeKey: string;
  readonly folder: FolderOf<Mailbox>;
  readonly createdAt: Date;
  readonly modifiedAt: Date;
  /** Display name of the last writer. */
  readonly modifiedBy: string;
  /** In bytes: an estimate, as in Exchange. */
  readonly size: number;
  /** False if every attachment is inline, as in Exchange. */
  readonly hasAttachments: boolean;
}

/** Properties of a folder that a client can change. */
export interface FolderChange {
  readonly name?: string;
  readonly folderClass?: string | undefined;
  readonly isHidden?: boolean;
  readonly extended?: ReadonlyMap<string, string | readonly string[]>;
}

const visibleRoots: ReadonlySet<string | undefined> = new Set(["root", "msgfolderroot", "archivemsgfolderroot", "publicfoldersroot"]);

/** One folder. Changed only through its mailbox. Its id stays the same wherever the folder is moved. */
export class FolderOf<Mailbox> {
  readonly mailbox: Mailbox;
  readonly id: string;
  readonly distinguishedName: string | undefined;
  folderClass: string | undefined;
  /** Undefined for `root` only. */
  parent: FolderOf<Mailbox> | undefined;
  name: string;
  changeKey: string;
  /** For a public folder: the GUID of the mailbox with its contents, if that is not the mailbox with the hierarchy. */
  contentsIn: string | undefined;
  /** PidTagAttributeHidden: clients do not show the folder, whatever its content. */
  isHidden: boolean;
  /** Other MAPI properties that a client has set, as in `ItemContent.extended`. */
  extended: ReadonlyMap<string, string | readonly string[]> = new Map();
  readonly children: FolderOf<Mailbox>[] = [];
  readonly items = new Map<string, ItemOf<Mailbox>>();
  readonly changes = new ChangeLog();

  constructor(
    mailbox: Mailbox,
    id: string,
    changeKey: string,
    seed: { name: string; folderClass: string | undefined; distinguishedName: string | undefined; isHidden?: boolean | undefined },
  ) {
    this.mailbox = mailbox;
    this.id = id;
    this.changeKey = changeKey;
    this.name = seed.name;
    this.folderClass = seed.folderClass;
    this.distinguishedName = seed.distinguishedName;
    this.isHidden = seed.isHidden ?? false;
  }

  get totalCount(): number {
    return this.items.size;
  }

  get unreadCount(): number {
    let count = 0;
    for (const item of this.items.values()) if (!item.isRead) count += 1;
    return count;
  }

  /** Exchange's ChildFolderCount counts the folders right below, hidden ones included. */
  get childCount(): number {
    return this.children.length;
  }

  /** Returns all folders below, parents before their children. */
  descendants(): FolderOf<Mailbox>[] {
    return this.children.flatMap((child) => [child, ...child.descendants()]);
  }

  child(name: string): FolderOf<Mailbox> | undefined {
    const wanted = name.toLowerCase();
    return this.children.find((folder) => folder.name.toLowerCase() === wanted);
  }

  isBelow(folder: FolderOf<Mailbox>): boolean {
    for (let at = this.parent; at; at = at.parent) if (at === folder) return true;
    return false;
  }

  /** Names from the visible root down, `/` between them. */
  get path(): string {
    const above = this.parent;
    return above === undefined || visibleRoots.has(above.distinguishedName) ? this.name : `${above.path}/${this.name}`;
  }
}
