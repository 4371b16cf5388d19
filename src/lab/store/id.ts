// Ids have the bytes that MS-OXWSITEMID gives them (https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxwsitemid):
// compression, storage type, length and text of the mailbox GUID, processing, length and bytes of the entry id, then the attachments'. Those of
// public folders name no mailbox: a folder's has type, length and entry id; an item's has type, processing, its entry id, and its folder's. Those of
// a server that is not Exchange (`hiddenGuidOf`) are the entry id alone.

export type IdKind = "folder" | "item" | "attachment";

export interface ParsedId {
  readonly kind: IdKind;
  /** GUID of the mailbox. */
  readonly mailbox: string;
  /** Entry id of the folder or item. */
  readonly entry: Uint8Array;
  /** One id per level of attachment. */
  readonly path: readonly Uint8Array[];
}

// The entry id of a folder has 46 bytes and that of a message 70: MS-OXCDATA 2.2.4.1 and 2.2.4.2.
const folderEntryLength = 46;
const itemEntryLength = 70;
// Storage type 3 of MS-OXWSITEMID: the mailbox is named by its GUID, so ids begin with AAMk.
const byMailboxGuid = 3;
const publicFolder = 1;
const publicFolderItem = 2;
const guidLength = 36;
const attachmentKeyLength = 16;
const entryAt = 4 + guidLength + 3;

export function idOf(mailbox: string, entry: Uint8Array, path: readonly Uint8Array[] = []): string {
  const parts: Uint8Array[] = isPublic(mailbox) ? publicFolderIdParts(entry) : mailboxIdParts(mailbox, entry);
  if (path.length > 0) parts.push(Uint8Array.of(path.length));
  for (const key of path) {
    const length = Buffer.alloc(2);
    length.writeUInt16LE(key.length);
    parts.push(length, key);
  }
  return Buffer.concat(parts).toString("base64");
}

function mailboxIdParts(mailbox: string, entry: Uint8Array): Uint8Array[] {
  if (isHiddenGuid(mailbox)) return [entry];
  const head = Buffer.alloc(entryAt);
  head[1] = byMailboxGuid;
  head.writeUInt16LE(guidLength, 2);
  head.write(mailbox, 4, "latin1");
  head.writeUInt16LE(entry.length, 4 + guidLength + 1);
  return [head, entry];
}

function publicFolderIdParts(entry: Uint8Array): Uint8Array[] {
  if (entry.length !== itemEntryLength) return [Uint8Array.of(0, publicFolder, entry.length, 0), entry];
  const folder = Buffer.from(entry.subarray(0, folderEntryLength));
  folder[20] = folderType;
  return [Uint8Array.of(0, publicFolderItem, 0, entry.length, 0), entry, Uint8Array.of(folder.length, 0), folder];
}

/** Returns the id of an object that has other bytes as its name within a mailbox, such as a conversation. */
export function ownIdOf(mailbox: string, bytes: Uint8Array): string {
  return Buffer.concat(mailboxIdParts(mailbox, bytes)).toString("base64");
}

/** Returns undefined if the text cannot be an id at all. An id of a missing object is still an id. */
export function parseId(text: string): ParsedId | undefined {
  const bytes = Buffer.from(text, "base64");
  if (bytes.length < folderEntryLength || bytes.toString("base64") !== text) return undefined;
  if (bytes.readUInt32LE(0) === 0) return parseWithoutMailbox(bytes);
  if (bytes.length < 4 + folderEntryLength) return undefined;
  if (bytes[0] === 0 && (bytes[1] === publicFolder || bytes[1] === publicFolderItem)) return parsePublic(bytes);
  if (bytes.length < entryAt + folderEntryLength) return undefined;
  if (bytes[0] !== 0 || bytes[1] !== byMailboxGuid || bytes.readUInt16LE(2) !== guidLength) return undefined;
  const mailbox = bytes.toString("latin1", 4, 4 + guidLength);
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(mailbox)) return undefined;
  const length = bytes.readUInt16LE(4 + guidLength + 1);
  if (length !== folderEntryLength && length !== itemEntryLength) return undefined;
  const at = entryAt + length;
  if (bytes.length < at) return undefined;
  return withAttachments(bytes, at, {
    kind: length === folderEntryLength ? "folder" : "item",
    mailbox,
    entry: bytes.subarray(entryAt, at),
  });
}

/** The entry id begins with the GUID of the mailbox with the hierarchy. */
function parsePublic(bytes: Buffer): ParsedId | undefined {
  const isItem = bytes[1] === publicFolderItem;
  const from = isItem ? 5 : 4;
  const length = isItem ? itemEntryLength : folderEntryLength;
  const end = from + length + (isItem ? 2 + folderEntryLength : 0);
  if (bytes.length < end || bytes.readUInt16LE(from - 2) !== length) return undefined;
  const entry = bytes.subarray(from, from + length);
  const mailbox = mailboxGuidIn(entry);
  const parsed = { kind: isItem ? "item" : "folder", mailbox, entry } as const;
  if (!isPublic(mailbox) || !bytes.subarray(0, end).equals(Buffer.concat(publicFolderIdParts(entry)))) return undefined;
  return isItem ? withAttachments(bytes, end, parsed) : bytes.length === end ? { ...parsed, path: [] } : undefined;
}

/** The entry id begins with the GUID of its mailbox, which only the server can read. */
function parseWithoutMailbox(bytes: Buffer): ParsedId | undefined {
  const isFolder = bytes[20] === folderType;
  const length = isFolder ? folderEntryLength : itemEntryLength;
  const mailbox = mailboxGuidIn(bytes);
  if (!isHiddenGuid(mailbox) || bytes.length < length || (isFolder && bytes.length > length)) return undefined;
  return withAttachments(bytes, length, { kind: isFolder ? "folder" : "item", mailbox, entry: bytes.subarray(0, length) });
}

/** Returns the GUID of the mailbox at the beginning of an entry id, after its flags. */
export function mailboxGuidIn(entry: Buffer): string {
  return entry.toString("hex", 4, 20).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** The bytes after the item's id belong to the attachments. */
function withAttachments(bytes: Buffer, end: number, parsed: Omit<ParsedId, "path">): ParsedId | undefined {
  if (bytes.length === end) return { ...parsed, path: [] };
  let at = end;
  const path: Uint8Array[] = [];
  const levels = bytes[at] ?? 0;
  at += 1;
  for (let level = 0; level < levels; level += 1) {
    if (bytes.length < at + 2 || bytes.length < at + 2 + bytes.readUInt16LE(at)) return undefined;
    path.push(bytes.subarray(at + 2, at + 2 + bytes.readUInt16LE(at)));
    at += 2 + bytes.readUInt16LE(at);
  }
  return path.length > 0 && at === bytes.length ? { ...parsed, kind: "attachment", path } : undefined;
}

// Byte 20 of an entry id shows a folder: MS-OXCDATA 2.2.4.
const folderType = 0x01;

const objectTypes = { folder: 0x01, item: 0x09, appointment: 0x0f, contact: 0x11 } as const;
export type ChangeKeyKind = keyof typeof objectTypes;
// Object type, length of the change number (16 bytes replica, 6 counter), change number: this layout makes keys begin with CQAAABYA.
const changeNumberLength = 22;

// The provider in every entry id of a mailbox.
const muidOfStore = Buffer.from("1d840311aa6611cd9bc800aa002fc45a", "hex");

/** Makes the ids of one mailbox. All come from counters, so the same actions give the same ids. */
export class IdMint {
  readonly mailbox: string;
  readonly #replica: Uint8Array;
  #next = 0x1000;

  constructor(mailbox: string) {
    this.mailbox = mailbox;
    this.#replica = Buffer.from(mailbox.replaceAll("-", ""), "hex");
  }

  folder(): string {
    const entry = Buffer.alloc(folderEntryLength);
    this.#fill(entry, folderType);
    return idOf(this.mailbox, entry);
  }

  /** `folder` is the id of the folder in which the item is created: a message's entry id begins with that of its folder. */
  item(folder: string): string {
    const entry = Buffer.alloc(itemEntryLength);
    const parent = parseId(folder);
    if (parent) entry.set(parent.entry);
    entry[20] = 0x07;
    entry.set(this.#replica, folderEntryLength);
    this.#count(entry, folderEntryLength + 16);
    return idOf(this.mailbox, entry);
  }

  /** Returns bytes that identify an item in whatever folder: the entry id that MAPI gives to an object without a folder, with a counter. */
  identity(): Uint8Array {
    const entry = Buffer.alloc(folderEntryLength);
    entry.set(muidOfStore, 4);
    entry[20] = 0x0d;
    entry.set(this.#replica, 22);
    this.#count(entry, 38);
    return entry;
  }

  attachmentKey(): Uint8Array {
    const key = Buffer.alloc(attachmentKeyLength);
    key[0] = 0x08;
    this.#count(key, attachmentKeyLength - 6);
    return key;
  }

  /** Returns the id of the item that contains an attachment, through all levels. */
  rootOf(attachmentId: string): string | undefined {
    const id = parseId(attachmentId);
    return id?.kind === "attachment" && id.mailbox === this.mailbox ? idOf(id.mailbox, id.entry) : undefined;
  }

  /** Returns whether the attachment `inner` is inside the attachment `outer`, at any depth. */
  isAbove(outer: string, inner: string): boolean {
    const above = parseId(outer)?.path ?? [];
    const below = parseId(inner)?.path ?? [];
    return above.length < below.length && above.every((key, level) => Buffer.compare(key, below[level] ?? key) === 0);
  }

  changeKey(kind: ChangeKeyKind): string {
    const key = Buffer.alloc(8 + changeNumberLength);
    key[0] = objectTypes[kind];
    key[4] = changeNumberLength;
    key.set(this.#replica, 8);
    this.#count(key, 24);
    return key.toString("base64");
  }

  /** Returns the Message-ID that Exchange gives to an item without one. */
  messageId(): string {
    this.#next += 1;
    return `<${this.#next.toString(16).padStart(12, "0")}.${this.mailbox.slice(-12)}@lab.example>`;
  }

  #fill(entry: Buffer, type: number): void {
    // Bytes 0-3 are flags, 4-19 name the store, 20-21 the type, followed by replica and counter.
    entry.set(this.#replica, 4);
    entry[20] = type;
    entry.set(this.#replica, 22);
    this.#count(entry, 38);
  }

  #count(into: Buffer, at: number): void {
    this.#next += 1;
    into.writeUIntBE(this.#next, at, 6);
  }
}

/** The object type byte of a change key names the kind of its object. */
export function isWellFormedChangeKey(text: string): boolean {
  const bytes = Buffer.from(text, "base64");
  if (bytes.length !== 8 + changeNumberLength || bytes.toString("base64") !== text) return false;
  return bytes[4] === changeNumberLength && Object.values<number>(objectTypes).includes(bytes[0] ?? 0);
}

/** Returns a GUID of a mailbox for public folders, from a range of its own. */
export function publicGuidOf(number: number): string {
  return `${publicGuids}${number.toString(16).padStart(12, "0")}`;
}

const publicGuids = "5f1d0001-0000-4000-8000-";

function isPublic(mailbox: string): boolean {
  return mailbox.startsWith(publicGuids);
}

/** Returns a GUID of a mailbox that does not appear in ids, from a range of its own. */
export function hiddenGuidOf(number: number): string {
  return `${hiddenGuids}${number.toString(16).padStart(12, "0")}`;
}

const hiddenGuids = "5f1d0002-0000-4000-8000-";

function isHiddenGuid(mailbox: string): boolean {
  return mailbox.startsWith(hiddenGuids);
}

/** Returns a GUID made from a number: the lab uses no random GUIDs. */
export function guidOf(number: number): string {
  return `5f1d0000-0000-4000-8000-${number.toString(16).padStart(12, "0")}`;
}

/** The identity of an item as the key of a map. */
export function identityKey(identity: Uint8Array): string {
  return Buffer.from(identity).toString("base64");
}
