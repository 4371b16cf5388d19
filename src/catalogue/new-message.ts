import { createHash } from "node:crypto";
import * as z from "zod";
import type { NewAttachment } from "../exchange/attachment.ts";
import { textOfHtml } from "../exchange/search/html-text.ts";
import type { Draft, Sent } from "../exchange/sending/draft.ts";
import { Failure } from "../failure.ts";
import { byteSlices, decodeStrictBase64 } from "../text/slices.ts";
import type { Context, Row } from "./action-definition.ts";
import { omitUndefined } from "./common-fields.ts";
import { mostCharacters } from "./limits.ts";
import { AddressNoun, addressRow } from "./message-row.ts";
import { addressesOf, addressList, addressOf, attachments, headers } from "./new-message-fields.ts";

const body = z.string().max(mostCharacters.body);

/** The fields of every action that writes a message. */
export const newMessageFields = {
  from: z
    .string()
    .min(1)
    .max(mostCharacters.address)
    .optional()
    .describe("Sender. The account needs Send As or Send on Behalf for another address. Default: the mailbox."),
  to: addressList("Recipients: a list, or one comma-separated text; each is `a@example.com` or `Name <a@example.com>`."),
  cc: addressList("Cc recipients, in the form of to."),
  bcc: addressList("Bcc recipients, in the form of to."),
  subject: z.string().max(mostCharacters.subject).optional().describe("Subject."),
  body_text: body.optional().describe("Body as plain text. Not used if body_html is given."),
  body_html: body
    .optional()
    .describe("Body as HTML. Images in data: URIs become inline attachments, because mail programs do not show data: URIs."),
  headers,
  attachments,
  save_to_sent: z.boolean().default(true).describe("Keep a copy in Sent Items. Without a copy the answer has no ids of the new message."),
};

export interface NewMessageInput {
  readonly from?: string | undefined;
  readonly to?: readonly string[] | undefined;
  readonly cc?: readonly string[] | undefined;
  readonly bcc?: readonly string[] | undefined;
  readonly subject?: string | undefined;
  readonly body_text?: string | undefined;
  readonly body_html?: string | undefined;
  readonly headers?: readonly { readonly name: string; readonly value: string }[] | undefined;
  readonly attachments?: readonly AttachmentInput[] | undefined;
}

interface AttachmentInput {
  readonly path?: string | undefined;
  readonly base64?: string | undefined;
  readonly name?: string | undefined;
  readonly content_type?: string | undefined;
  readonly content_id?: string | undefined;
  readonly inline?: boolean | undefined;
}

/** Columns of a sent message. */
export const sentColumns = {
  action: z.literal("sent"),
  conversation_id: z.string().optional(),
  sent_at: z.string().optional(),
  subject: z.string().optional(),
  to: z.array(AddressNoun),
  cc: z.array(AddressNoun),
  bcc: z.array(AddressNoun),
  copy_left: z
    .literal(true)
    .optional()
    .describe(
      "Present when save_to_sent was false, and a copy may be in Sent Items all the same: it could not be deleted, or was not shown to be gone afterwards.",
    ),
};

export function sentRow(sent: Sent) {
  return omitUndefined({
    action: "sent" as const,
    conversation_id: sent.conversationId,
    sent_at: sent.sentAt,
    subject: sent.subject,
    to: sent.to.map(addressRow),
    cc: sent.cc.map(addressRow),
    bcc: sent.bcc.map(addressRow),
    copy_left: sent.copyLeft,
  });
}

/** Refuses fields that exclude each other, before any file is opened. The port checks the content of each field. Throws Failure `invalid-input`. */
export function checkNewMessage(mail: NewMessageInput): void {
  for (const attachment of mail.attachments ?? []) {
    // A caller that names a file may leave the base64 field empty.
    const hasBytes = attachment.base64 !== undefined && !(attachment.base64 === "" && attachment.path !== undefined);
    if ((attachment.path === undefined) === !hasBytes) {
      throw new Failure("invalid-input", "attachments: each attachment needs either path or base64.");
    }
    if (attachment.path === undefined && attachment.name === undefined) {
      throw new Failure("invalid-input", "attachments: an attachment in base64 needs a name.");
    }
  }
  addressFields(mail);
}

/** The addresses of a message as the port has them. */
export function addressFields(mail: NewMessageInput): Pick<Draft, "from" | "to" | "cc" | "bcc"> {
  return {
    from: mail.from === undefined ? undefined : addressOf(mail.from, "from"),
    to: addressesOf(mail.to, "to"),
    cc: addressesOf(mail.cc, "cc"),
    bcc: addressesOf(mail.bcc, "bcc"),
  };
}

/** Number of lines of a body, and of characters in them, that the confirmation shows. */
const mostBodyLines = 10;
const mostBodyCharacters = 20_000;

/** Returns what a person who confirms must know about a message to send: its recipients and how it begins. Throws Failure. */
export async function messageDetails(draft: Omit<Draft, "to"> & { readonly to?: Draft["to"] | undefined }): Promise<Row> {
  if (draft.mime !== undefined) return await mimeDetails(draft.mime);
  const { from, replyTo, to, cc, bcc, subject, headers = [], attachments = [], text, html = "" } = draft;
  const rows = (addresses: Draft["to"] | undefined) => addresses?.map(addressRow);
  return omitUndefined({
    from: from && addressRow(from),
    reply_to: rows(replyTo),
    to: rows(to),
    cc: rows(cc),
    bcc: rows(bcc),
    subject: subject ?? "",
    headers: headers.map(({ name, value }) => `${name}: ${value}`),
    attachments: attachments.map(({ name, size }) => ({ name, size })),
    ...(text === undefined ? beginningOf(textOfHtml(html.slice(0, mostBodyCharacters)), html.length) : beginningOf(text)),
  });
}

async function mimeDetails(mime: Uint8Array): Promise<Row> {
  const { summariseMime } = await import("../message-content/mime-summary.ts");
  const { addresses, subject, date, text = "", attachments, unlisted } = await summariseMime(mime);
  const named = Object.entries(addresses).map(([name, list]) => [name.replaceAll("-", "_"), list.map(addressRow)] as const);
  return omitUndefined({ ...Object.fromEntries(named), subject, date, attachments, not_understood: unlisted, ...beginningOf(text) });
}

/** The first lines that are not blank, and the length of all where that is more. */
function beginningOf(text: string, length = text.length): Row {
  const begin = text.slice(0, mostBodyCharacters);
  const lines = begin.split(/\r\n|[\r\n\u0085\u2028\u2029]/).filter((line) => line.trim() !== "");
  const isCut = lines.length > mostBodyLines || length > begin.length;
  return { body: lines.slice(0, mostBodyLines), ...(isCut ? { body_characters: length } : {}) };
}

/** Body and attachments as the port has them. HTML goes before text. Throws what opening a file throws. */
export async function contentFields(
  mail: NewMessageInput,
  context: Pick<Context, "readFile">,
): Promise<Pick<Draft, "text" | "html" | "attachments">> {
  const opened = await Promise.all((mail.attachments ?? []).map((attachment, at) => openAttachment(attachment, at, context)));
  if (mail.body_html === undefined) return { text: mail.body_text ?? "", attachments: opened };
  const { html, images } = extractDataImages(mail.body_html);
  return { html, attachments: [...images, ...opened] };
}

const base64Hint = "Write the bytes in padded base64, without line ends; an empty text is an empty file.";

async function openAttachment(input: AttachmentInput, at: number, { readFile }: Pick<Context, "readFile">): Promise<NewAttachment> {
  const shared = { contentType: input.content_type, contentId: input.content_id, isInline: input.inline ?? input.content_id !== undefined };
  if (input.path === undefined) {
    const bytes = await decodeStrictBase64(input.base64 ?? "");
    if (bytes === undefined)
      throw new Failure("invalid-input", `attachments.${at}.base64: The text is not valid base64.`, { hint: base64Hint });
    return { ...shared, ...inMemory(input.name ?? "", bytes) };
  }
  if (readFile === undefined) throw new Failure("invalid-input", "attachments: a path cannot be opened here; put the content into base64.");
  const file = await readFile(input.path);
  return { ...shared, name: input.name ?? file.name, size: file.size, open: () => file.open() };
}

function inMemory(name: string, bytes: Uint8Array): Pick<NewAttachment, "name" | "size" | "open"> {
  return {
    name,
    size: bytes.byteLength,
    open: () => byteSlices(bytes),
  };
}

const dataImage = /(\bsrc\s*=\s*)(["'])data:image\/([a-z0-9.+-]+);base64,([a-z0-9+/=\s]+)\2/gi;

function extractDataImages(html: string): { readonly html: string; readonly images: readonly NewAttachment[] } {
  const images = new Map<string, NewAttachment>();
  const without = html.replace(dataImage, (_whole, attribute: string, quote: string, kind: string, base64: string) => {
    const bytes = Buffer.from(base64, "base64");
    const digest = createHash("sha256").update(bytes).digest("hex").slice(0, 24);
    const contentId = `${digest}@mailcordon`;
    const contentType = `image/${kind.toLowerCase()}`;
    const name = `image-${digest.slice(0, 8)}.${/^[a-z0-9]+/i.exec(kind)?.[0] ?? "bin"}`;
    images.set(contentId, { ...inMemory(name, bytes), contentType, contentId, isInline: true });
    return `${attribute}${quote}cid:${contentId}${quote}`;
  });
  return { html: without, images: [...images.values()] };
}
