import * as z from "zod";
import type { Attachment } from "../exchange/attachment.ts";
import type { Address, Message } from "../exchange/message.ts";
import { itemIdsIn, messageIdOf, messageIdsIn, noMessageId } from "../exchange/search/pasted-ids.ts";
import { type ArchiveState, archiveStates } from "../exchange/search/search-query.ts";
import { Failure } from "../failure.ts";
import { mostCharacters, mostItems, mostNames } from "./limits.ts";
import { narrowing, spellings } from "./read-input.ts";

/** Items between commas, trimmed. Paths of folders and categories hold no commas in practice. */
function splitCommas(text: string): string[] {
  return text
    .split(/[,\n]/)
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

/** Splits at commas, semicolons and line ends that stand neither in `<…>` nor, when `quotes`, in a quoted text (RFC 5322 section 3.4). */
export function splitOutside(text: string, quotes: boolean): string[] {
  const parts: string[] = [];
  const lastAngle = text.lastIndexOf(">");
  const lastQuote = text.lastIndexOf('"');
  let part = "";
  let close: string | undefined;
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (close !== undefined) {
      if (char === close) close = undefined;
    } else if (char === "<" && at < lastAngle) close = ">";
    else if (char === '"' && quotes && at < lastQuote) close = '"';
    else if (char === "," || char === ";" || char === "\n") {
      parts.push(part.trim());
      part = "";
      continue;
    }
    part += char;
  }
  parts.push(part.trim());
  return parts.filter((each) => each !== "");
}

function texts(most: number) {
  return z.array(z.string().min(1).max(most)).max(mostItems).register(spellings, { split: splitCommas });
}

/** A list of texts that may also come as one text with commas. */
export function textList(description: string) {
  return texts(mostCharacters.id).optional().describe(description);
}

/** The same for a list that narrows: an empty one is refused. */
export function narrowingList(description: string, most: number = mostCharacters.id) {
  return texts(most).register(narrowing).optional().describe(description);
}

/** An e-mail address as a person writes it: `a@example.com` or `Name <a@example.com>`. An object `{name, address}` is understood, too. */
const addressText = z.string().min(1).max(mostCharacters.address);

export function addressList(description: string) {
  return z
    .array(addressText)
    .max(mostItems)
    .register(spellings, { split: (text) => splitOutside(text, true), item: addressToText, object: (value) => [value] })
    .optional()
    .describe(description);
}

function addressToText(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("address" in value) || typeof value.address !== "string") return value;
  return "name" in value && typeof value.name === "string" && value.name !== "" ? `${value.name} <${value.address}>` : value.address;
}

/** An address as the port has it. Throws Failure `invalid-input` naming the field. */
export function addressOf(text: string, field: string): Address {
  const whole = text.trim();
  // Not by one expression for all of it: with two runs of blanks before the "<" it would take time by the cube of the length.
  const open = whole.endsWith(">") ? whole.lastIndexOf("<") : -1;
  const isNamed = open >= 0 && whole.indexOf(">", open) === whole.length - 1;
  const address = isNamed ? whole.slice(open + 1, -1).trim() : whole;
  const name = isNamed
    ? whole
        .slice(0, open)
        .trim()
        .replace(/^"(.*)"$/s, "$1")
        .replace(/\\(.)/gs, "$1")
    : undefined;
  // Control characters would end a header line: an address with one is an injection, never a mistake of typing.
  if (/[\u0000-\u001f\u007f]/.test(text)) throw new Failure("invalid-input", `${field}: an address holds a control character.`);
  if (!/^[^\s@<>,;]+@[^\s@<>,;]+$/.test(address)) throw new Failure("invalid-input", `${field}: "${text}" is not an e-mail address.`);
  return name === undefined || name === "" ? { address } : { name, address };
}

export function addressesOf(texts: readonly string[] | undefined, field: string): Address[] {
  return (texts ?? []).map((text) => addressOf(text, field));
}

export const mailbox = z
  .string()
  .min(1)
  .max(mostCharacters.mailbox)
  .optional()
  .describe(
    "The mailbox to work in: its SMTP address; or, to impersonate, its user principal name or SID (S-1-…). Default: the mailbox that the connection names.",
  );
export const access = z
  .enum(["impersonation", "delegate"])
  .optional()
  .describe("How to reach a mailbox of somebody else. Default: as the connection says.");
export const timeout_seconds = z
  .number()
  .positive()
  .max(3600)
  .optional()
  .describe("Seconds until the answer to one request must begin. Default: as the connection says.");
export const folder = z
  .string()
  .min(1)
  .max(mostCharacters.folder)
  .register(narrowing)
  .optional()
  .describe(
    "A folder: a well-known name (inbox, deleteditems, sentitems, …), a path (Inbox/Reports), or a folder id. After `archive:` a folder of the archive mailbox, after `public:` a public folder.",
  );
export const archiveLimits =
  "Not with folder: name a folder of the archive as archive:Inbox/2025. Over Microsoft Graph it is `unsupported`.";
export const archive = z.boolean().default(false).describe(`Also the archive mailbox, where there is one. ${archiveLimits}`);

/** What an answer says of the archive mailbox. */
export const ArchiveNoun = z
  .enum(archiveStates)
  .optional()
  .describe(
    "The archive mailbox: searched; not_searched, though there is one; none; unknown where it is not told, as over Microsoft Graph. Absent where nothing was searched by Message-ID or filters, or where folder says where to look.",
  );

/** Of several mailboxes, what a reader has to know first. */
export function archiveOf(states: readonly (ArchiveState | undefined)[]): ArchiveState | undefined {
  return (["not_searched", "unknown", "searched", "none"] as const).find((state) => states.includes(state));
}

/** A folder says itself whether it is one of the archive. Throws Failure. */
export function checkArchive({ archive, folder }: { readonly archive?: boolean | undefined; readonly folder?: string | undefined }): void {
  if (archive !== true || folder === undefined) return;
  throw new Failure("invalid-input", "archive and folder exclude each other: archive means every folder of the archive mailbox.", {
    hint: "Name a folder of the archive as archive:Inbox/2025, without archive.",
  });
}

export const dry_run = z.boolean().register(narrowing).default(false).describe("Only say what would be done. Nothing is touched.");
export const confirm = z.boolean().default(false).describe("The yes to what would otherwise be asked first.");
export const expected_count = z
  .number()
  .int()
  .min(0)
  .register(narrowing)
  .optional()
  .describe("How many items must be found. When it is another number, nothing is touched.");
export const max_items = z
  .number()
  .int()
  .min(1)
  .register(narrowing)
  .optional()
  .describe("How many items may be found at most. When it is more, nothing is touched.");
export const keep_evidence = z
  .boolean()
  .register(narrowing)
  .default(false)
  .describe(
    "Keep each message as .eml with its hashes before it is touched. It is read twice and checked to be whole. One that Exchange cannot convert is kept as Exchange exports it (.fts); the result says so.",
  );
export const as = z
  .enum(["file", "base64"])
  .default("file")
  .describe("file: kept in the evidence folder; base64: in the answer itself, for small things.");
export const max_bytes = z
  .number()
  .int()
  .min(1)
  .register(narrowing)
  .optional()
  .describe("What has more bytes fails alone. Default: no limit for files, 25 MiB for base64.");
export const importance = z.enum(["Low", "Normal", "High"]).default("Normal").describe("Importance of the message.");

export const item_id = z
  .array(z.string().min(1).max(mostCharacters.id))
  .max(mostNames)
  .register(spellings, { split: splitCommas, paste: itemIdsIn, item: trimmed })
  .optional()
  .describe("Item ids of the messages: a list, or one text with commas or blanks between.");
export const internet_message_id = z
  .array(z.string().min(1).max(mostCharacters.messageId))
  .max(mostNames)
  .register(spellings, { split: splitMessageIds, paste: messageIdsIn, item: asMessageId })
  .optional()
  .describe(
    "Message-IDs of the messages, with or without angle brackets: a list, or one text with commas or blanks between. " +
      "Given together with item_id, both name the same messages pair by pair: the id is tried first.",
  );

const oneMessageId = z
  .string()
  .min(1)
  .max(mostCharacters.messageId)
  .check((context) => {
    const failureText = noMessageId(context.value);
    if (failureText !== undefined) context.issues.push({ code: "custom", message: failureText, input: context.value });
  });

/** The same, where it narrows down what is found. */
export const narrowingMessageIds = z
  .array(oneMessageId)
  .max(mostItems)
  .register(spellings, { split: splitMessageIds, paste: messageIdsIn, item: asMessageId })
  .register(narrowing)
  .optional()
  .describe("Message-IDs, with or without angle brackets: any of them.");

function trimmed(value: unknown): unknown {
  return typeof value === "string" ? value.trim() : value;
}

function splitMessageIds(text: string): string[] {
  return splitOutside(text, false);
}

function asMessageId(value: unknown): unknown {
  return typeof value === "string" ? messageIdOf(value) : value;
}

/** What every action takes. A choice of back end has no place here before there are two. */
export const anywhere = { mailbox, access, timeout_seconds };

/** One header of a message to send; a list of `X-Name: value` texts or an object `{"X-Name": "value"}` is understood, too. */
export const headers = z
  .array(z.strictObject({ name: z.string().min(1).max(200), value: z.string().max(10_000) }))
  .max(mostItems)
  .register(spellings, {
    split: (text) => text.split("\n"),
    item: (value) => {
      const line = typeof value === "string" ? /^([^:]+):\s*(.*)$/s.exec(value) : null;
      return line === null ? value : { name: line[1]?.trim(), value: line[2] };
    },
    object: (value) => Object.entries(value).map(([name, text]) => ({ name, value: text })),
  })
  .optional()
  .describe("Further headers, each with a name that begins with X-: a list of {name, value}.");

/** One attachment to send: by path, which the face opens, or by its bytes. */
const NewAttachmentInput = z.strictObject({
  path: z.string().min(1).max(mostCharacters.path).optional().describe("A file to attach."),
  // An empty text is an empty file, and not unset.
  base64: z
    .base64()
    .max(mostCharacters.base64)
    .register(narrowing)
    .optional()
    .describe("The bytes themselves, when no path is given. Empty: an empty file."),
  name: z.string().min(1).max(mostCharacters.fileName).optional().describe("File name to show. Default: that of the path."),
  content_type: z.string().min(1).max(200).optional().describe("Media type. Default: application/octet-stream."),
  content_id: z.string().min(1).max(200).optional().describe("The id that the HTML body names as cid:, for inline images."),
  inline: z.boolean().optional().describe("Shown in the body, not in the list of attachments."),
});

export const attachments = z
  .array(NewAttachmentInput)
  .max(mostItems)
  .register(spellings, {
    split: splitCommas,
    item: (value) => (typeof value === "string" ? { path: value } : value),
    object: (value) => [value],
  })
  .optional()
  .describe("Files to attach: paths, or objects {path | base64, name, content_type, content_id, inline}.");

/** The hashes of bytes that were read to their end, hexadecimal. */
export const digests = { md5: z.string(), sha1: z.string(), sha256: z.string() };

export const AddressNoun = z.strictObject({ name: z.string().optional(), address: z.string().optional() });

const AttachmentNoun = z.strictObject({
  id: z.string(),
  kind: z.enum(["file", "item", "reference"]),
  name: z.string().optional(),
  content_type: z.string().optional(),
  content_id: z.string().optional(),
  size: z.number().optional(),
  is_inline: z.boolean().optional(),
  url: z
    .string()
    .optional()
    .describe("Of a reference: the address of the cloud file, written by the sender. Never opened. Not given over Microsoft Graph."),
});

/**
 * A message as every action gives it out, in the order in which a person wants to know it: a table shows the first columns that fit. What was not
 * asked of the server is absent. Times are UTC, ISO 8601; size is in bytes.
 */
export const MessageRow = z.strictObject({
  received_at: z.string().optional(),
  from: AddressNoun.optional(),
  subject: z.string().optional(),
  folder_path: z.string().optional(),
  has_attachments: z.boolean().optional(),
  is_read: z.boolean().optional(),
  size: z.number().optional(),
  internet_message_id: z.string().optional(),
  item_id: z.string(),
  sender: AddressNoun.optional(),
  to: z.array(AddressNoun).optional(),
  cc: z.array(AddressNoun).optional(),
  bcc: z.array(AddressNoun).optional(),
  reply_to: z.array(AddressNoun).optional(),
  sent_at: z.string().optional(),
  created_at: z.string().optional(),
  modified_at: z.string().optional(),
  importance: z.enum(["Low", "Normal", "High"]).optional(),
  sensitivity: z.string().optional(),
  is_draft: z.boolean().optional(),
  categories: z.array(z.string()).optional(),
  item_class: z.string().optional(),
  change_key: z.string().optional(),
  conversation_id: z.string().optional(),
  parent_folder_id: z.string().optional(),
  attachments: z.array(AttachmentNoun).optional(),
  unlisted: z.string().optional().describe("Why something that hangs in it may not be listed."),
  body_preview: z.string().optional(),
  body_text: z.string().optional(),
  body_html: z.string().optional(),
  body_truncated: z.literal(true).optional().describe("Present when the text of an attached message is only its first megabyte."),
  headers: z.array(z.strictObject({ name: z.string(), value: z.string() })).optional(),
  web_link: z.string().optional(),
  replaced_characters: z.number().optional(),
});
export type MessageRow = z.output<typeof MessageRow>;

/** An object without its undefined members. */
export function present<T extends object>(whole: T): Present<T> {
  // The border is checked by the line itself: every member that is undefined is gone.
  return Object.fromEntries(Object.entries(whole).filter(([, value]) => value !== undefined)) as Present<T>;
}
type Present<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

export function addressRow(address: Address): z.output<typeof AddressNoun> {
  return present({ name: address.name, address: address.address });
}

function attachmentRow(attachment: Attachment): z.output<typeof AttachmentNoun> {
  return present({
    id: attachment.id,
    kind: attachment.kind,
    name: attachment.name,
    content_type: attachment.contentType,
    content_id: attachment.contentId,
    size: attachment.size,
    is_inline: attachment.isInline,
    url: attachment.url,
  });
}

export function messageRow(message: Message): MessageRow {
  return present({
    received_at: message.receivedAt,
    from: message.from && addressRow(message.from),
    subject: message.subject,
    folder_path: message.folderPath,
    has_attachments: message.hasAttachments,
    is_read: message.isRead,
    size: message.size,
    internet_message_id: message.internetMessageId,
    item_id: message.itemId,
    sender: message.sender && addressRow(message.sender),
    to: message.to?.map(addressRow),
    cc: message.cc?.map(addressRow),
    bcc: message.bcc?.map(addressRow),
    reply_to: message.replyTo?.map(addressRow),
    sent_at: message.sentAt,
    created_at: message.createdAt,
    modified_at: message.modifiedAt,
    importance: message.importance,
    sensitivity: message.sensitivity,
    is_draft: message.isDraft,
    categories: message.categories && [...message.categories],
    item_class: message.itemClass,
    change_key: message.changeKey,
    conversation_id: message.conversationId,
    parent_folder_id: message.parentFolderId,
    attachments: message.attachments?.map(attachmentRow),
    unlisted: message.unlisted,
    body_preview: message.bodyPreview,
    body_text: message.bodyText,
    body_html: message.bodyHtml,
    body_truncated: message.bodyCut === true ? (true as const) : undefined,
    headers: message.headers && [...message.headers],
    web_link: message.webLink,
    replaced_characters: message.replacedCharacters,
  });
}
