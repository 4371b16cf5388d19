import type { LabHeader } from "../store/address.ts";
import type { Importance, NewAttachment, NewItem, Sensitivity } from "../store/item.ts";
import { maxAttachmentDepth } from "../store/item-content.ts";
import { textOfHtml } from "../store/text.ts";
import { addressesOf } from "./addresses.ts";
import { filesOf, meetingOf } from "./calendar.ts";
import { decodedBody, decodedText } from "./decode.ts";
import { decodeWords } from "./encoded-words.ts";
import { type Entity, headerValue, parseEntity } from "./entity.ts";
import { signedAttachment, smimeClass, smimeName } from "./signed.ts";

/**
 * Reads a message (RFC 5322, MIME) as an item. Never fails: input that is not a message becomes a text. Keeps the bytes exactly, including those of
 * attached messages. `receivedAt` is absent: it is the time of delivery.
 */
export function itemFromMime(bytes: Uint8Array): NewItem {
  return readItem(bytes, 1);
}

function readItem(bytes: Uint8Array, depth: number): NewItem {
  const root = parseEntity(bytes);
  const { headers } = root;
  const signed = signedAttachment(root);
  const found = signed ? { ...collect(root.parts[0] ?? root, depth), attachments: [signed] } : collect(root, depth);
  const text = found.plain ?? (found.html === undefined ? "" : textOfHtml(found.html));
  const one = (name: string): string | undefined => headerValue(headers, name) || undefined;
  const decoded = (name: string): string | undefined => mapped(one(name), decodeWords);
  return {
    mime: bytes,
    itemClass: smimeClass(root) ?? found.itemClass ?? reportClass(root) ?? "IPM.Note",
    subject: decoded("subject") ?? "",
    from: addressesOf(headers, "from")[0],
    sender: addressesOf(headers, "sender")[0],
    to: addressesOf(headers, "to"),
    cc: addressesOf(headers, "cc"),
    bcc: addressesOf(headers, "bcc"),
    replyTo: addressesOf(headers, "reply-to"),
    sentAt: mapped(one("date"), parseDate),
    importance: importanceOf(headers),
    sensitivity: sensitivityOf(one("sensitivity")),
    isReadReceiptRequested: one("disposition-notification-to") !== undefined,
    isDeliveryReceiptRequested: one("return-receipt-to") !== undefined,
    internetMessageId: one("message-id"),
    inReplyTo: one("in-reply-to"),
    references: one("references"),
    conversationTopic: decoded("thread-topic"),
    conversationIndex: mapped(one("thread-index"), (value) => Buffer.from(value, "base64")),
    headers,
    body: found.html === undefined ? { type: "Text", value: text } : { type: "HTML", value: found.html },
    text,
    attachments: found.attachments,
    meeting: found.meeting,
  };
}

interface FoundContent {
  plain: string | undefined;
  html: string | undefined;
  itemClass: string | undefined;
  meeting: NewItem["meeting"];
  readonly attachments: NewAttachment[];
}

function collect(root: Entity, depth: number): FoundContent {
  const found: FoundContent = { plain: undefined, html: undefined, itemClass: undefined, meeting: undefined, attachments: [] };
  const leaves: { readonly entity: Entity; readonly isRelated: boolean }[] = [];
  const walk = (entity: Entity, parent: string): void => {
    if (entity.parts.length > 0) for (const part of entity.parts) walk(part, entity.type.value);
    else if (!takeAsBody(entity, parent, found)) leaves.push({ entity, isRelated: parent === "multipart/related" });
  };
  walk(root, "");
  const referenced = cidsOf(found.html ?? "");
  for (const { entity, isRelated } of leaves) found.attachments.push(attachmentFrom(entity, isRelated, referenced, depth));
  return found;
}

/** Uses a leaf as (part of) the body if it is the first text, the first HTML or a meeting's calendar. */
function takeAsBody(entity: Entity, parent: string, found: FoundContent): boolean {
  const { type, disposition } = entity;
  if (disposition.value === "attachment") return false;
  if (type.value === "text/calendar") {
    const calendar = decodedText(entity);
    found.attachments.push(...filesOf(calendar));
    const meeting = meetingOf(calendar, type.parameters.get("method"));
    if (!meeting || found.meeting) return false;
    found.itemClass = meeting.itemClass;
    found.meeting = meeting.fields;
    // List it as well: two readers of one message must not see different files.
    return false;
  }
  // A text with a name is a file, and outside an alternative only one text is the body.
  const isNamed = type.parameters.has("name") || disposition.parameters.has("filename");
  if (isNamed && disposition.value !== "") return false;
  const isFirst = parent === "multipart/alternative" || (found.plain === undefined && found.html === undefined);
  const isHtml = type.value === "text/html";
  if (!isFirst || (!isHtml && type.value !== "text/plain" && !type.value.startsWith("multipart/"))) return false;
  if ((isHtml ? found.html : found.plain) !== undefined) return false;
  if (isHtml) found.html = decodedText(entity);
  else found.plain = decodedText(entity);
  return true;
}

function attachmentFrom(entity: Entity, isRelated: boolean, referenced: ReadonlySet<string>, depth: number): NewAttachment {
  const name = entity.disposition.parameters.get("filename") || entity.type.parameters.get("name") || smimeName(entity);
  const contentId = headerValue(entity.headers, "content-id")?.replace(/^<|>$/g, "") || undefined;
  const isShown = contentId !== undefined && referenced.has(contentId);
  const content = decodedBody(entity);
  const common = {
    contentType: entity.type.value,
    contentId,
    contentLocation: headerValue(entity.headers, "content-location") || undefined,
    // Exchange hides attachments that the HTML shows, and inline ones with a content id.
    isInline:
      isShown ||
      (contentId !== undefined && entity.disposition.value !== "attachment" && (isRelated || entity.disposition.value === "inline")),
  };
  const isMessage = entity.type.value === "message/rfc822" || entity.type.value === "message/global";
  if (!isMessage || depth >= maxAttachmentDepth) return { ...common, kind: "file", name, content };
  const item = readItem(content, depth + 1);
  return { ...common, kind: "item", isInline: false, name: name ?? (item.subject || undefined), item };
}

/** Returns the content ids to which the HTML refers as `cid:`. */
function cidsOf(html: string): Set<string> {
  return new Set([...html.matchAll(/cid:([^"'\s<>)]{1,500})/gi)].map((match) => unescapeCid(match[1] ?? "")));
}

function unescapeCid(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))).replaceAll("&amp;", "&");
}

/** RFC 3464 and RFC 8098: a report has its own item class. */
function reportClass(root: Entity): string | undefined {
  if (root.type.value !== "multipart/report") return undefined;
  const report = root.type.parameters.get("report-type")?.toLowerCase();
  if (report === "disposition-notification") return "REPORT.IPM.Note.IPNRN";
  if (report !== "delivery-status") return undefined;
  const status = root.parts.find((part) => part.type.value === "message/delivery-status");
  const action = status && /^action:\s*([a-z]+)/im.exec(decodedText(status))?.[1]?.toLowerCase();
  return action === "delivered" || action === "relayed" || action === "expanded" ? "REPORT.IPM.Note.DR" : "REPORT.IPM.Note.NDR";
}

/** Returns undefined if the text is not a date, or its year is outside the range of Exchange's times. */
export function parseDate(text: string): Date | undefined {
  if (!/\d{1,2}[\s-]+[a-z]{3,9}[\s-]+\d{2,4}|\d{4}-\d\d-\d\d|[a-z]{3}\s+\d{1,2}\s+\d\d:\d\d/i.test(text)) return undefined;
  const date = new Date(text);
  const year = date.getUTCFullYear();
  return year >= 1601 && year <= 4500 ? date : undefined;
}

/** Returns when the last server received the message: the date of the topmost Received header (RFC 5321 4.4). */
export function receivedDateOf(headers: readonly LabHeader[]): Date | undefined {
  const received = headerValue(headers, "received");
  return received === undefined ? undefined : parseDate(received.slice(received.lastIndexOf(";") + 1));
}

function importanceOf(headers: readonly LabHeader[]): Importance {
  const words = ["importance", "x-priority", "priority", "x-msmail-priority"].map(
    (name) => headerValue(headers, name)?.trim().toLowerCase() ?? "",
  );
  if (words.some((word) => word.startsWith("high") || word.startsWith("urgent") || /^[12]\b/.test(word))) return "High";
  return words.some((word) => word.startsWith("low") || word.startsWith("non-urgent") || /^[45]\b/.test(word)) ? "Low" : "Normal";
}

function sensitivityOf(value: string | undefined): Sensitivity {
  const word = value?.trim().toLowerCase();
  if (word === "personal") return "Personal";
  if (word === "private") return "Private";
  return word === "company-confidential" ? "Confidential" : "Normal";
}

function mapped<T>(value: string | undefined, map: (value: string) => T): T | undefined {
  return value === undefined ? undefined : map(value);
}
