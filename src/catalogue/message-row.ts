import * as z from "zod";
import type { Attachment } from "../exchange/attachment.ts";
import type { Address, Message } from "../exchange/message.ts";
import { omitUndefined } from "./common-fields.ts";

export const AddressNoun = z.strictObject({ name: z.string().optional(), address: z.string().optional() });

/** Field of an attachment that is a link. */
export const referenceUrl = z
  .string()
  .optional()
  .describe("For a reference: address of the cloud file, as the sender wrote it. mailcordon never opens it. Absent over Microsoft Graph.");

const AttachmentNoun = z.strictObject({
  id: z.string(),
  kind: z.enum(["file", "item", "reference"]),
  name: z.string().optional(),
  content_type: z.string().optional(),
  content_id: z.string().optional(),
  size: z.number().optional(),
  is_inline: z.boolean().optional(),
  url: referenceUrl,
});

/**
 * A message in the answers of all actions. The columns are in order of importance: a table shows the first ones that fit. Values that were not
 * requested from the server are absent. Times are UTC, ISO 8601; size is in bytes.
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
  unlisted: z.string().optional().describe("Why some of its attachments may be missing from the list."),
  body_preview: z.string().optional(),
  body_text: z.string().optional(),
  body_html: z.string().optional(),
  body_truncated: z.literal(true).optional().describe("Present if the text of an attached message is cut after its first megabyte."),
  headers: z.array(z.strictObject({ name: z.string(), value: z.string() })).optional(),
  web_link: z.string().optional(),
  replaced_characters: z.number().optional(),
});
export type MessageRow = z.output<typeof MessageRow>;

export function addressRow(address: Address): z.output<typeof AddressNoun> {
  return omitUndefined({ name: address.name, address: address.address });
}

function attachmentRow(attachment: Attachment): z.output<typeof AttachmentNoun> {
  return omitUndefined({
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
  return omitUndefined({
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
