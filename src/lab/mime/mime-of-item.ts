import { createHash, type Hash } from "node:crypto";
import type { LabHeader } from "../store/address.ts";
import type { ItemContent, NewAttachment, NewItem } from "../store/item.ts";
import { base64Lines, encodeAddress, encodeAddresses, encodeDate, encodeParameter, encodeText, oneLine } from "./encode.ts";

export interface MimeOptions {
  /** Whether a newly built message contains Bcc; default true. */
  readonly bcc?: boolean | undefined;
}

/** Returns the message as RFC 5322 bytes: the stored bytes, or bytes built from the item's fields. */
export function mimeOf(item: ItemContent, options: MimeOptions = {}): Uint8Array {
  return mimeOfNew(item, options);
}

/** As `mimeOf`, for an item that is not in a folder yet. Deterministic: the same fields give the same bytes. */
export function mimeOfNew(item: NewItem, options: MimeOptions = {}): Uint8Array {
  if (item.mime) return item.mime;
  const builder = new Builder(item);
  const body = builder.body();
  const lines = headersOf(item, options.bcc ?? true).map(({ name, value }) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`${lines.join("")}MIME-Version: 1.0\r\n`), ...body.bytes()]);
}

/** Headers built from the fields. Headers of these names in the item's own list are not repeated. */
const buildMime = new Set(
  (
    "from sender to cc bcc reply-to subject date message-id in-reply-to references importance x-priority priority sensitivity thread-topic thread-index " +
    "disposition-notification-to return-receipt-to mime-version content-type content-transfer-encoding content-disposition content-id"
  ).split(" "),
);

/** Returns the headers built from the fields of an item, in wire form. */
export function headersOf(item: NewItem, withBcc: boolean): LabHeader[] {
  const headers: LabHeader[] = (item.headers ?? [])
    .filter(({ name }) => !buildMime.has(name.toLowerCase()) && /^[!-9;-~]+$/.test(name))
    .map(keptHeader);
  const say = (name: string, value: string | undefined): void => {
    if (value !== undefined && value !== "") headers.push({ name, value });
  };
  const from = item.from ?? item.sender;
  say("From", from && encodeAddress(from));
  if (item.sender?.address && item.sender.address.toLowerCase() !== from?.address?.toLowerCase()) say("Sender", encodeAddress(item.sender));
  say("To", encodeAddresses(item.to ?? []));
  say("Cc", encodeAddresses(item.cc ?? []));
  if (withBcc) say("Bcc", encodeAddresses(item.bcc ?? []));
  say("Reply-To", encodeAddresses(item.replyTo ?? []));
  say("Subject", encodeText(item.subject ?? ""));
  say("Thread-Topic", item.conversationTopic && encodeText(item.conversationTopic));
  say("Thread-Index", item.conversationIndex && Buffer.from(item.conversationIndex).toString("base64"));
  say("Date", item.sentAt && encodeDate(item.sentAt));
  say("Message-ID", item.internetMessageId && oneLine(item.internetMessageId));
  say("In-Reply-To", item.inReplyTo && oneLine(item.inReplyTo));
  say("References", item.references && oneLine(item.references).split(/\s+/).join("\r\n "));
  if (item.importance && item.importance !== "Normal") say("Importance", item.importance.toLowerCase());
  if (item.sensitivity && item.sensitivity !== "Normal")
    say("Sensitivity", item.sensitivity === "Confidential" ? "Company-Confidential" : item.sensitivity);
  if (item.isReadReceiptRequested && from) say("Disposition-Notification-To", encodeAddress(from));
  if (item.isDeliveryReceiptRequested && from) say("Return-Receipt-To", encodeAddress(from));
  return headers;
}

/** Returns a received header: encoded words stay unchanged, and only text that is not ASCII is encoded. */
function keptHeader({ name, value }: LabHeader): LabHeader {
  return { name, value: /^[\t\x20-\x7e]*$/.test(value) ? value : encodeText(value) };
}

/** One part of the message: its headers, the empty line and its content, in pieces, so that nothing is copied before the end. */
interface Part {
  bytes(): Uint8Array[];
}

class Builder {
  readonly #item: NewItem;
  #boundaries = 0;

  constructor(item: NewItem) {
    this.#item = item;
  }

  body(): Part {
    const attachments = this.#item.attachments ?? [];
    const inline = attachments.filter((one) => one.isInline && one.kind === "file");
    const others = attachments.filter((one) => !inline.includes(one));
    const text = this.#text();
    const shown = inline.length === 0 ? text : this.#multipart("related", [text, ...inline.map((one) => filePart(one))]);
    return others.length === 0 ? shown : this.#multipart("mixed", [shown, ...others.map((one) => attachmentPart(one))]);
  }

  #text(): Part {
    const { body, text } = this.#item;
    if (body?.type !== "HTML") return textPart("plain", body?.value ?? text ?? "");
    if (text === undefined || text === "") return textPart("html", body.value);
    return this.#multipart("alternative", [textPart("plain", text), textPart("html", body.value)]);
  }

  #multipart(subtype: string, parts: readonly Part[]): Part {
    this.#boundaries += 1;
    // All content is encoded, so none of its lines can begin with "--" and this boundary. Attached messages stay unchanged, so the hash includes them.
    const hash = createHash("sha256").update(`${this.#boundaries}\n`);
    mark(hash, this.#item);
    const boundary = `=_${subtype}_${hash.digest("hex").slice(0, 32)}`;
    const head = Buffer.from(`Content-Type: multipart/${subtype}; boundary="${boundary}"\r\n\r\n`);
    return {
      bytes: () => [
        head,
        ...parts.flatMap((part) => [Buffer.from(`--${boundary}\r\n`), ...part.bytes(), Buffer.from("\r\n")]),
        Buffer.from(`--${boundary}--\r\n`),
      ],
    };
  }
}

function mark(hash: Hash, item: NewItem): void {
  hash.update(`${item.internetMessageId ?? ""}\n${item.subject ?? ""}\n`);
  if (item.mime) hash.update(item.mime);
  for (const attachment of item.attachments ?? []) if (attachment.item) mark(hash, attachment.item);
}

function textPart(subtype: "plain" | "html", text: string): Part {
  const lines = base64Lines(Buffer.from(text));
  return {
    bytes: () => [Buffer.from(`Content-Type: text/${subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: base64\r\n\r\n${lines}`)],
  };
}

function attachmentPart(attachment: NewAttachment): Part {
  if (attachment.kind !== "item") return filePart(attachment);
  const item = attachment.item ?? {};
  const name = attachment.name === undefined ? "" : encodeParameter("name", attachment.name);
  const head = Buffer.from(`Content-Type: message/rfc822${name}\r\nContent-Disposition: attachment\r\n\r\n`);
  return { bytes: () => [head, mimeOfNew(item)] };
}

function filePart(attachment: NewAttachment): Part {
  const { name, contentId, contentLocation, url } = attachment;
  const content = attachment.content ?? Buffer.from(url ?? "");
  const type = /^[a-z0-9!#$&^_.+-]+\/[a-z0-9!#$&^_.+-]+$/i.test(attachment.contentType ?? "")
    ? attachment.contentType
    : "application/octet-stream";
  const head = [
    `Content-Type: ${type}${name === undefined ? "" : encodeParameter("name", name)}\r\n`,
    "Content-Transfer-Encoding: base64\r\n",
    `Content-Disposition: ${attachment.isInline ? "inline" : "attachment"}${name === undefined ? "" : encodeParameter("filename", name)}\r\n`,
    contentId === undefined ? "" : `Content-ID: <${oneLine(contentId).replace(/[<>]/g, "")}>\r\n`,
    contentLocation === undefined ? "" : `Content-Location: ${encodeText(contentLocation)}\r\n`,
    "\r\n",
  ].join("");
  return { bytes: () => [Buffer.from(head + base64Lines(content))] };
}
