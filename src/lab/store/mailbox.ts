import type { Clock } from "../clock.ts";
import type { ActLog } from "../message-acts.ts";
import { ChangeLog } from "./changes.ts";
import { EventLog, itemEvent, type MailboxEvent } from "./events.ts";
import { distinguishedFolders, type FolderSeed } from "./folders/default-folders.ts";
import { type FolderChange, FolderOf, type ItemOf } from "./folders/stored-folder.ts";
import { IdMint, identityKey } from "./id.ts";
import type { ItemChange, ItemContent, LabAttachment, NewAttachment, NewItem } from "./item.ts";
import {
  attachmentOf,
  contentOf,
  conversationIdOf,
  fieldsBesideMime,
  hasAttachments,
  keyKindOf,
  type MovedState,
  newConversationIndex,
  sizeOf,
  textOf,
  topicOf,
  withoutAttachment,
} from "./item-content.ts";
import type { Oof, User } from "./organisation.ts";
import { InboxRules } from "./rules.ts";
import { StoreError } from "./store-error.ts";

/** One folder of a mailbox. */
export type LabFolder = FolderOf<LabMailbox>;
/** One item in a folder of a mailbox. */
export type LabItem = ItemOf<LabMailbox>;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The contents of a mailbox that are created when it is opened. */
export interface LazyContents {
  /** Puts the items into the mailbox, the same each time. */
  fill(mailbox: LabMailbox): void;
  /** Called whenever the contents have been created. */
  made(mailbox: LabMailbox): void;
}

/** One mailbox: its folders, its items, its settings. Every change goes through this class, so that ids, change keys and logs stay consistent. */
export class LabMailbox {
  readonly user: User;
  readonly guid: string;
  /** Changes of the folders themselves. */
  hierarchy = new ChangeLog();
  /** What subscribers are told. */
  readonly events = new EventLog();
  readonly rules = new InboxRules();
  /** Address keys (see `addressKey`) whose mail goes to Junk Email. */
  readonly blockedSenders = new Set<string>();
  oof: Oof;
  readonly #clock: Clock;
  #mint: IdMint;
  readonly #folders = new Map<string, LabFolder>();
  readonly #distinguished = new Map<string, LabFolder>();
  /** The record of actions on its messages. */
  acts: ActLog | undefined;
  readonly #items = new Map<string, Mutable<LabItem>>();
  readonly #identities = new Map<string, LabItem>();
  #top: LabFolder | undefined;
  readonly #seeds: readonly FolderSeed[];
  readonly #lazily: LazyContents | undefined;
  #isMaking = false;
  #isChanged = false;

  /** `seeds`: its first folders, beginning with the visible root. Without `lazily` they are created immediately. */
  constructor(user: User, guid: string, clock: Clock, seeds: readonly FolderSeed[] = distinguishedFolders, lazily?: LazyContents) {
    this.user = user;
    this.guid = guid;
    this.#clock = clock;
    this.#mint = new IdMint(guid);
    const start = clock.now();
    this.oof = {
      state: "Disabled",
      externalAudience: "All",
      start,
      end: new Date(start.getTime() + 86_400_000),
      internalReply: "",
      externalReply: "",
    };
    this.#seeds = seeds;
    this.#lazily = lazily;
    if (lazily === undefined) this.#make();
  }

  /** Creates the contents of a mailbox when it is opened for the first time, or for the first time since `forget`. */
  #make(): LabFolder {
    if (this.#top !== undefined) return this.#top;
    this.#isMaking = true;
    const top = this.#newFolder(undefined, "", undefined, "root");
    this.#top = top;
    for (const seed of this.#seeds)
      this.#newFolder(this.#distinguished.get(seed.parent ?? "msgfolderroot"), seed.displayName, seed.folderClass, seed.name);
    this.#lazily?.fill(this);
    this.#isMaking = false;
    this.#lazily?.made(this);
    return top;
  }

  /** Drops contents that can be created again with the same ids. Does nothing if anything was changed in the mailbox. */
  forget(): void {
    if (this.#lazily === undefined || this.#isChanged) return;
    this.#top = undefined;
    this.#mint = new IdMint(this.guid);
    this.hierarchy = new ChangeLog();
    for (const map of [this.#folders, this.#distinguished, this.#items, this.#identities]) map.clear();
  }

  /** `root`, above the visible folders and the Recoverable Items. */
  get top(): LabFolder {
    return this.#make();
  }

  /** `msgfolderroot`: the visible folders. */
  get root(): LabFolder {
    return this.top.children[0] ?? this.top;
  }

  get address(): string {
    return this.user.address;
  }

  // Folders

  folder(id: string): LabFolder | undefined {
    this.#make();
    return this.#folders.get(id);
  }

  /** Returns a folder by Microsoft's DistinguishedFolderId name. */
  distinguished(name: string): LabFolder | undefined {
    this.#make();
    return this.#distinguished.get(name.toLowerCase());
  }

  /** As `distinguished`, for folders that every mailbox has. */
  known(name: string): LabFolder {
    // An archive mailbox has these folders under other names.
    const folder = this.distinguished(name) ?? this.distinguished(`archive${name}`);
    if (!folder) throw new StoreError("folder-not-found", `No mailbox has a folder ${name}.`);
    return folder;
  }

  /** Returns all folders, including hidden ones, parents before their children. */
  folders(): LabFolder[] {
    return [this.top, ...this.top.descendants()];
  }

  /** Returns a folder by the names from the visible root down: `["Inbox", "Invoices"]`. */
  folderAt(path: readonly string[]): LabFolder | undefined {
    return path.reduce<LabFolder | undefined>((at, name) => at?.child(name), this.root);
  }

  createFolder(parent: LabFolder, name: string, folderClass?: string, { isHidden = false } = {}): LabFolder {
    if (parent.child(name)) throw new StoreError("folder-exists", `There is a folder of this name in ${parent.name}.`);
    return this.#newFolder(parent, name, folderClass ?? parent.folderClass ?? "IPF.Note", undefined, isHidden);
  }

  /** Changes properties of a folder; its change key is new afterwards. */
  updateFolder(folder: LabFolder, change: FolderChange): void {
    const twin = change.name === undefined ? undefined : folder.parent?.child(change.name);
    if (twin && twin !== folder) throw new StoreError("folder-exists", "There is a folder of this name beside it.");
    Object.assign(folder, change);
    this.#touchFolder(folder);
  }

  /** Moves a folder; its id stays. */
  moveFolder(folder: LabFolder, parent: LabFolder): void {
    if (folder.distinguishedName !== undefined) throw new StoreError("distinguished-folder", "A default folder cannot be moved.");
    if (folder === parent || parent.isBelow(folder)) throw new StoreError("folder-into-itself", "A folder cannot be moved into itself.");
    if (parent !== folder.parent && parent.child(folder.name))
      throw new StoreError("folder-exists", "There is a folder of this name in the destination.");
    this.#unlink(folder);
    folder.parent = parent;
    parent.children.push(folder);
    this.#touchFolder(folder);
  }

  /** Deletes a folder with everything in it. */
  removeFolder(folder: LabFolder): void {
    if (folder.distinguishedName !== undefined) throw new StoreError("distinguished-folder", "A default folder cannot be deleted.");
    for (const child of [...folder.children]) this.removeFolder(child);
    for (const item of [...folder.items.values()]) this.remove(item);
    this.#unlink(folder);
    this.#folders.delete(folder.id);
    this.hierarchy.record("delete", folder.id);
    this.#clock.tick();
  }

  // Items

  /** Returns undefined after the item was moved or deleted. Ids are case-sensitive. */
  item(id: string): LabItem | undefined {
    this.#make();
    return this.#items.get(id);
  }

  /** Returns an item by the part of its identity that survives moves. */
  itemByIdentity(identity: Uint8Array): LabItem | undefined {
    this.#make();
    return this.#identities.get(identityKey(identity));
  }

  items(): IterableIterator<LabItem> {
    this.#make();
    return this.#items.values();
  }

  add(folder: LabFolder, item: NewItem): LabItem {
    const made = this.#put(folder, item, this.#clock.tick(), {});
    this.#tell("created", made);
    return made;
  }

  /** The copy has its own id. The folder may belong to another mailbox. */
  copy(item: LabItem, folder: LabFolder): LabItem {
    this.#live(item);
    this.acts?.add("copy", item, this.address, folder.name, this.#clock.now());
    const made = folder.mailbox.#put(folder, item, this.#clock.tick(), {});
    folder.mailbox.#tell(folder.mailbox === this ? "copied" : "created", made, folder.mailbox === this ? item : undefined);
    return made;
  }

  /** Moves an item; the moved item has a new id, and the old one is invalid. The folder may belong to another mailbox. */
  move(item: LabItem, folder: LabFolder): LabItem {
    this.#live(item);
    const now = this.#clock.tick();
    this.acts?.add("move", item, this.address, folder.name, now);
    this.#drop(item);
    // Exchange keeps the change key of a deleted item.
    const recoverable = this.distinguished("recoverableitemsroot");
    const isBelowIt = recoverable !== undefined && folder.isBelow(recoverable);
    const thrownAway = folder.mailbox === this && (folder.distinguishedName === "deleteditems" || isBelowIt);
    const kept = { changeKey: thrownAway ? item.changeKey : undefined, createdAt: item.createdAt };
    const made = folder.mailbox.#put(folder, item, now, folder.mailbox === this ? { ...kept, identity: item.identity } : kept);
    // Clients are told of a deletion when an item leaves the visible folders.
    if (folder.mailbox !== this || isBelowIt) this.#tell("deleted", item);
    if (folder.mailbox !== this) folder.mailbox.#tell("created", made);
    else if (!isBelowIt) this.#tell("moved", made, item);
    return made;
  }

  remove(item: LabItem): void {
    this.#live(item);
    this.acts?.add("delete", item, this.address, undefined, this.#clock.tick());
    this.#drop(item);
    this.#tell("deleted", item);
  }

  /** Changes fields of an item in its folder: its id stays, its change key does not. `by`: display name of the writer. */
  update(item: LabItem, change: ItemChange, by?: string): void {
    const record = this.#live(item);
    const keys = Object.keys(change);
    if (change.mime === undefined && keys.some((key) => !fieldsBesideMime.has(key))) record.mime = undefined;
    Object.assign(record, change);
    if (change.body && change.text === undefined) record.text = textOf(change.body);
    if (change.subject !== undefined && change.conversationTopic === undefined && !record.conversationTopic) {
      record.conversationTopic = topicOf(change.subject);
      record.conversationIndex = newConversationIndex(record.conversationTopic, this.#clock.now());
    }
    if (record.conversationIndex) record.conversationId = conversationIdOf(this.guid, record.conversationIndex);
    this.#touch(record, keys.length === 1 && keys[0] === "isRead" ? "read" : "update", by);
  }

  /** Replaces the content of an item, attachments included: its id and its folder stay. */
  replace(item: LabItem, content: NewItem): void {
    const record = this.#live(item);
    const id = record.internetMessageId;
    Object.assign(record, contentOf(content, this.#mint, record.id, this.#clock.now()));
    record.internetMessageId ??= id;
    this.#touch(record, "update");
  }

  // Attachments

  /** Returns the item at the root of the id, and the attachments on the path to the named one. */
  attachment(
    id: string,
  ): { readonly item: LabItem; readonly attachment: LabAttachment; readonly path: readonly LabAttachment[] } | undefined {
    this.#make();
    const root = this.#items.get(this.#mint.rootOf(id) ?? "");
    if (!root) return undefined;
    const path: LabAttachment[] = [];
    let within: readonly LabAttachment[] = root.attachments;
    for (;;) {
      const next = within.find((attachment) => attachment.id === id || this.#mint.isAbove(attachment.id, id));
      if (!next) return undefined;
      path.push(next);
      if (next.id === id) return { item: root, attachment: next, path };
      within = next.item?.attachments ?? [];
    }
  }

  addAttachment(item: LabItem, attachment: NewAttachment): LabAttachment {
    const record = this.#live(item);
    const added = attachmentOf(attachment, this.#mint, record.id, this.#clock.now());
    record.attachments = [...record.attachments, added];
    record.mime = undefined;
    this.#touch(record, "update");
    return added;
  }

  /** Removes an attachment from its item, at any depth. The items around it are rewritten. */
  removeAttachment(id: string): LabItem {
    const found = this.attachment(id);
    if (!found) throw new StoreError("attachment-not-found", "There is no such attachment.");
    const record = this.#live(found.item);
    this.acts?.add("delete-attachment", found.item, this.address, undefined, this.#clock.now());
    record.attachments = withoutAttachment(record.attachments, id, found.path);
    record.mime = undefined;
    this.#touch(record, "update");
    return record;
  }

  #put(folder: LabFolder, content: NewItem, now: Date, kept: MovedState): LabItem {
    this.#isChanged ||= !this.#isMaking;
    const id = this.#mint.item(folder.id);
    const fields: ItemContent = contentOf(content, this.#mint, id, now);
    const isMail = !/^IPM\.(Contact|DistList|Appointment|Task|StickyNote|Activity)\b/.test(fields.itemClass);
    // Build one object of one shape: copying so many members is slow and takes kilobytes.
    const record: Mutable<LabItem> = Object.assign(fields, {
      internetMessageId: fields.internetMessageId ?? (isMail ? this.#mint.messageId() : undefined),
      id,
      identity: kept.identity ?? this.#mint.identity(),
      changeKey: kept.changeKey ?? this.#mint.changeKey(keyKindOf(fields)),
      folder,
      createdAt: kept.createdAt ?? now,
      modifiedAt: now,
      modifiedBy: this.user.displayName,
      size: sizeOf(fields),
      hasAttachments: hasAttachments(fields),
    });
    this.#items.set(id, record);
    this.#identities.set(identityKey(record.identity), record);
    folder.items.set(id, record);
    folder.changes.record("create", id);
    return record;
  }

  #drop(item: LabItem): void {
    this.#isChanged ||= !this.#isMaking;
    this.#items.delete(item.id);
    this.#identities.delete(identityKey(item.identity));
    item.folder.items.delete(item.id);
    item.folder.changes.record("delete", item.id, item.identity);
  }

  #live(item: LabItem): Mutable<LabItem> {
    const record = this.#items.get(item.id);
    if (record === undefined || record !== item) throw new StoreError("item-not-found", "The item was moved or deleted.");
    return record;
  }

  #touch(record: Mutable<LabItem>, kind: "update" | "read", by?: string): void {
    this.#isChanged ||= !this.#isMaking;
    record.changeKey = this.#mint.changeKey(keyKindOf(record));
    record.modifiedAt = this.#clock.tick();
    record.modifiedBy = by ?? this.user.displayName;
    record.size = sizeOf(record);
    record.hasAttachments = hasAttachments(record);
    record.folder.changes.record(kind, record.id);
    this.#tell("modified", record);
  }

  /** Tells subscribers what happened to an item. `old`: what it was before. */
  #tell(kind: MailboxEvent["kind"], item: LabItem, old?: LabItem): void {
    if (!this.#isMaking) this.events.add(itemEvent(kind, item, this.#clock.now(), old));
  }

  #newFolder(parent: LabFolder | undefined, name: string, folderClass?: string, distinguishedName?: string, isHidden = false): LabFolder {
    this.#isChanged ||= !this.#isMaking;
    const seed = { name, folderClass, distinguishedName, isHidden };
    const folder = new FolderOf<LabMailbox>(this, this.#mint.folder(), this.#mint.changeKey("folder"), seed);
    folder.parent = parent;
    parent?.children.push(folder);
    this.#folders.set(folder.id, folder);
    if (distinguishedName !== undefined) this.#distinguished.set(distinguishedName, folder);
    this.hierarchy.record("create", folder.id);
    this.#clock.tick();
    return folder;
  }

  #touchFolder(folder: LabFolder): void {
    this.#isChanged ||= !this.#isMaking;
    folder.changeKey = this.#mint.changeKey("folder");
    this.hierarchy.record("update", folder.id);
    this.#clock.tick();
  }

  #unlink(folder: LabFolder): void {
    this.#isChanged ||= !this.#isMaking;
    const siblings = folder.parent?.children ?? [];
    const at = siblings.indexOf(folder);
    if (at >= 0) siblings.splice(at, 1);
  }
}
