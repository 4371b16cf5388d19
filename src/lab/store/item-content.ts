import { createHash } from "node:crypto";
import { type ChangeKeyKind, type IdMint, idOf, ownIdOf, parseId } from "./id.ts";
import type { EmbeddedItem, ItemContent, LabAttachment, NewAttachment, NewItem } from "./item.ts";
import { StoreError } from "./store-error.ts";
import { textOfHtml } from "./text.ts";

/** Exchange refuses items nested deeper than this (ErrorAttachmentNestLevelLimitExceeded). */
export const maxAttachmentDepth = 10;

/** Returns the subject without its reply and forward prefixes, which Exchange calls the conversation topic. */
export function topicOf(subject: string): string {
  return subject.replace(/^(?:\s*[a-zA-Z]{1,3}(?:\[\d{1,4}\])?:)+/, "").trim();
}

/**
 * Returns a conversation index (MS-OXOMSG 2.2.1.3): one header block of 22 bytes, 5 more for each reply. Its GUID comes from the topic, so messages without
 * Thread-Index are still grouped.
 */
export function newConversationIndex(topic: string, at: Date): Uint8Array {
  const index = Buffer.alloc(22);
  index[0] = 1;
  // The high 40 bits, without their first byte, of a FILETIME: 100 ns steps since 1601, which is 11,644,473,600 s before 1970.
  const fileTime = (BigInt(at.getTime()) + 11_644_473_600_000n) * 10_000n;
  index.writeUIntBE(Number((fileTime >> 16n) & 0xff_ffff_ffffn), 1, 5);
  index.set(createHash("md5").update(topic.toLowerCase()).digest(), 6);
  return index;
}

/** Returns the index of a reply to a message with this index. Its five bytes are the time since the first message, which the lab counts in replies. */
export function childConversationIndex(parent: Uint8Array): Uint8Array {
  const child = Buffer.alloc(5);
  child.writeUInt32BE(Math.floor((parent.length - 22) / 5) + 1);
  return Buffer.concat([parent, child]);
}

/** Returns the id of the conversation in one mailbox; storage type 4 of MS-OXWSITEMID, so it begins with AAQk. */
export function conversationIdOf(mailbox: string, index: Uint8Array): string {
  const id = Buffer.from(ownIdOf(mailbox, index.subarray(6, 22)), "base64");
  id[1] = 4;
  return id.toString("base64");
}

const nothingExtended: ItemContent["extended"] = new Map();
const notFlagged: ItemContent["flag"] = { status: "NotFlagged" };

/** Returns all fields of a new item, with Exchange's defaults for missing ones. */
export function contentOf(item: NewItem, mint: IdMint, rootId: string, now: Date, path: readonly Uint8Array[] = []): ItemContent {
  const body = item.body ?? { type: "Text", value: "" };
  const subject = item.subject ?? "";
  const topic = item.conversationTopic ?? topicOf(subject);
  const given = item.conversationIndex;
  const index = given && given.length >= 22 ? given : newConversationIndex(topic, item.sentAt ?? now);
  return {
    itemClass: item.itemClass ?? "IPM.Note",
    mime: item.mime,
    subject,
    sender: item.sender ?? item.from,
    from: item.from ?? item.sender,
    to: item.to ?? [],
    cc: item.cc ?? [],
    bcc: item.bcc ?? [],
    replyTo: item.replyTo ?? [],
    receivedAt: item.receivedAt ?? now,
    sentAt: item.sentAt,
    importance: item.importance ?? "Normal",
    sensitivity: item.sensitivity ?? "Normal",
    isRead: item.isRead ?? false,
    isDraft: item.isDraft ?? false,
    isReadReceiptRequested: item.isReadReceiptRequested ?? false,
    isDeliveryReceiptRequested: item.isDeliveryReceiptRequested ?? false,
    categories: item.categories ?? [],
    internetMessageId: item.internetMessageId,
    inReplyTo: item.inReplyTo,
    references: item.references,
    conversationTopic: topic,
    conversationIndex: index,
    conversationId: conversationIdOf(mint.mailbox, index),
    headers: item.headers ?? [],
    body,
    text: item.text ?? textOf(body),
    attachments: (item.attachments ?? []).map((attachment) => attachmentOf(attachment, mint, rootId, now, path)),
    contact: item.contact,
    group: item.group,
    meeting: item.meeting,
    extended: item.extended ?? nothingExtended,
    flag: item.flag ?? notFlagged,
  };
}

/** Returns an attachment whose ids, and those inside it, begin with the item `rootId`. */
export function attachmentOf(
  from: NewAttachment,
  mint: IdMint,
  rootId: string,
  now: Date,
  above: readonly Uint8Array[] = [],
): LabAttachment {
  const root = parseId(rootId);
  if (!root) throw new StoreError("item-not-found", "An attachment needs an item to hang on.");
  const kept = from.id === undefined ? undefined : parseId(from.id);
  const path = [...above, (kept?.mailbox === mint.mailbox ? kept.path.at(-1) : undefined) ?? mint.attachmentKey()];
  if (path.length > maxAttachmentDepth)
    throw new StoreError("attachment-too-deep", `Attachments can be nested ${maxAttachmentDepth} deep.`);
  const item = from.kind === "item" ? embeddedOf(from.item ?? {}, mint, rootId, now, path) : undefined;
  return {
    id: idOf(mint.mailbox, root.entry, path),
    kind: from.kind,
    name: from.name,
    contentType: from.contentType,
    contentId: from.contentId,
    contentLocation: from.contentLocation,
    isInline: from.isInline ?? false,
    content: from.kind === "file" ? (from.content ?? new Uint8Array(0)) : undefined,
    url: from.url,
    unreadable: from.unreadable,
    item,
    size: item ? item.size : (from.content?.length ?? 0),
    modifiedAt: now,
  };
}

function embeddedOf(item: NewItem, mint: IdMint, rootId: string, now: Date, path: readonly Uint8Array[]): EmbeddedItem {
  const content = contentOf(item, mint, rootId, now, path);
  return { ...content, size: sizeOf(content), hasAttachments: hasAttachments(content) };
}

/** Returns false if all attachments are inline, as Exchange does. */
export function hasAttachments(item: Pick<ItemContent, "attachments">): boolean {
  return item.attachments.some((attachment) => !attachment.isInline);
}

// An empty message in a real mailbox has some hundred bytes of properties; the exact number has no meaning.
const propertyBytes = 512;

/** Returns the size in bytes: an estimate, as in Exchange. */
export function sizeOf(item: ItemContent): number {
  if (item.mime) return item.mime.length;
  const text =
    item.subject.length + item.body.value.length + item.headers.reduce((sum, header) => sum + header.name.length + header.value.length, 0);
  return propertyBytes + text + item.attachments.reduce((sum, attachment) => sum + attachment.size, 0);
}

export function textOf(body: ItemContent["body"]): string {
  return body.type === "HTML" ? textOfHtml(body.value) : body.value;
}

/** Returns the attachments without the one with that id, at any depth. `path`: the attachments that lead to it. */
export function withoutAttachment(
  attachments: readonly LabAttachment[],
  id: string,
  path: readonly LabAttachment[],
): readonly LabAttachment[] {
  return attachments
    .filter((attachment) => attachment.id !== id)
    .map((attachment) => (path.includes(attachment) ? shortened(attachment, id, path) : attachment));
}

function shortened(holder: LabAttachment, id: string, path: readonly LabAttachment[]): LabAttachment {
  if (!holder.item) return holder;
  const content: ItemContent = { ...holder.item, mime: undefined, attachments: withoutAttachment(holder.item.attachments, id, path) };
  const item: EmbeddedItem = { ...content, size: sizeOf(content), hasAttachments: hasAttachments(content) };
  return { ...holder, item, size: item.size };
}

/** The kind of change key that an item gets. */
export function keyKindOf(item: ItemContent): ChangeKeyKind {
  if (item.itemClass.startsWith("IPM.Contact")) return "contact";
  return item.itemClass.startsWith("IPM.Appointment") ? "appointment" : "item";
}

/** Fields that can change while the stored bytes stay valid. After any other change, MIME is built anew. */
export const fieldsBesideMime: ReadonlySet<string> = new Set(["isRead", "categories", "flag", "extended", "mime", "receivedAt", "isDraft"]);

/** The facts that an item keeps when it is moved. */
export interface MovedState {
  readonly changeKey?: string | undefined;
  readonly createdAt?: Date | undefined;
  readonly identity?: Uint8Array | undefined;
}
