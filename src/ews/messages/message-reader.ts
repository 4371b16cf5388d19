import type { Attachment, AttachmentKind } from "../../exchange/attachment.ts";
import type { Address, Header, Importance, Message } from "../../exchange/message.ts";
import { withSmtpAddress } from "../../exchange/smtp-address.ts";
import {
  attribute,
  bool,
  dateTime,
  elementName,
  fromAttribute,
  integer,
  listOf,
  many,
  mapped,
  optional,
  ownText,
  type Reader,
  record,
  replacedCharacters,
  text,
  within,
} from "../../wire/xml/read-xml.ts";
import { t } from "../namespaces.ts";
import { fromSmtpAddress, senderSmtpAddress, transportHeaders } from "./extended-property.ts";
import { type ExtendedValue, flagOf } from "./flag.ts";
import { readTransportHeaders } from "./transport-headers.ts";

/**
 * Every element that Exchange uses for an item, so none is dropped because of its class.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/items
 */
export const itemElements = [
  "Message",
  "MeetingRequest",
  "MeetingResponse",
  "MeetingCancellation",
  "MeetingMessage",
  "PostItem",
  "Item",
  "SharingMessage",
  "CalendarItem",
  "Contact",
  "DistributionList",
  "Task",
  "RoleMember",
  "Network",
  "Person",
].map(t);

const mailbox: Reader<Address> = record({
  name: optional(t("Name"), text),
  address: optional(t("EmailAddress"), text),
  routingType: optional(t("RoutingType"), text),
});
const oneMailbox = within(t("Mailbox"), mailbox);
const mailboxes = listOf(t("Mailbox"), mailbox);
const idOf = attribute("Id");

const headers = listOf(
  t("InternetMessageHeader"),
  mapped(record({ name: fromAttribute("HeaderName"), value: ownText }), ({ name = "", value }): Header => ({ name, value })),
);
/** One extended property with a single value. */
const extended = mapped(
  record({
    path: optional(t("ExtendedFieldURI"), record({ tag: fromAttribute("PropertyTag"), id: fromAttribute("PropertyId") })),
    value: optional(t("Value"), text),
  }),
  ({ path, value }): ExtendedValue => ({ tag: path?.tag, id: path?.id, value }),
);
const body = record({ type: fromAttribute("BodyType"), value: ownText });

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/attachments-ex15websvcsotherref */
export const attachmentElements = ["FileAttachment", "ItemAttachment", "ReferenceAttachment"].map(t);

const attachmentKinds: ReadonlyMap<string, AttachmentKind> = new Map([
  ["FileAttachment", "file"],
  ["ItemAttachment", "item"],
  ["ReferenceAttachment", "reference"],
]);

/** The properties of every kind of attachment, without its content. */
export const attachmentFields = {
  element: elementName,
  id: optional(t("AttachmentId"), idOf),
  name: optional(t("Name"), text),
  contentType: optional(t("ContentType"), text),
  contentId: optional(t("ContentId"), text),
  size: optional(t("Size"), integer),
  isInline: optional(t("IsInline"), bool),
  url: optional(t("AttachLongPathName"), text),
};

/** Converts the values of `attachmentFields` to an Attachment. */
export function attachmentOf({
  element,
  id = "",
  ...members
}: { readonly element: string; readonly id?: string | undefined } & Omit<Attachment, "id" | "kind">): Attachment {
  return { id, kind: attachmentKinds.get(element) ?? "file", ...members };
}

const attachmentReader: Reader<Attachment> = mapped(record(attachmentFields), attachmentOf);

/**
 * Reads any item element as a Message. Properties that were not requested are absent.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/message-ex15websvcsotherref
 */
export const messageReader: Reader<Message> = mapped(
  record({
    element: elementName,
    itemId: optional(t("ItemId"), record({ id: fromAttribute("Id"), changeKey: fromAttribute("ChangeKey") })),
    parentFolderId: optional(t("ParentFolderId"), idOf),
    itemClass: optional(t("ItemClass"), text),
    subject: optional(t("Subject"), text),
    sensitivity: optional(t("Sensitivity"), text),
    body: optional(t("Body"), body),
    attachments: optional(t("Attachments"), listOf(attachmentElements, attachmentReader)),
    receivedAt: optional(t("DateTimeReceived"), dateTime),
    size: optional(t("Size"), integer),
    categories: optional(t("Categories"), listOf(t("String"), text)),
    importance: optional(t("Importance"), text),
    isDraft: optional(t("IsDraft"), bool),
    headers: optional(t("InternetMessageHeaders"), headers),
    extended: many(t("ExtendedProperty"), extended),
    sentAt: optional(t("DateTimeSent"), dateTime),
    createdAt: optional(t("DateTimeCreated"), dateTime),
    hasAttachments: optional(t("HasAttachments"), bool),
    modifiedAt: optional(t("LastModifiedTime"), dateTime),
    webLink: optional(t("WebClientReadFormQueryString"), text),
    conversationId: optional(t("ConversationId"), idOf),
    preview: optional(t("Preview"), text),
    sender: optional(t("Sender"), oneMailbox),
    to: optional(t("ToRecipients"), mailboxes),
    cc: optional(t("CcRecipients"), mailboxes),
    bcc: optional(t("BccRecipients"), mailboxes),
    from: optional(t("From"), oneMailbox),
    internetMessageId: optional(t("InternetMessageId"), text),
    isRead: optional(t("IsRead"), bool),
    replyTo: optional(t("ReplyTo"), mailboxes),
    // A calendar item has an organizer where a message has a sender.
    organizer: optional(t("Organizer"), oneMailbox),
    replaced: replacedCharacters,
  }),
  (item): Message => ({
    itemId: item.itemId?.id ?? "",
    changeKey: item.itemId?.changeKey,
    internetMessageId: item.internetMessageId,
    conversationId: item.conversationId,
    parentFolderId: item.parentFolderId,
    itemClass: item.itemClass,
    subject: item.subject,
    sender: withSmtpAddress(item.sender ?? item.organizer, extendedValue(item.extended, senderSmtpAddress.tag)),
    from: withSmtpAddress(item.from ?? item.organizer, extendedValue(item.extended, fromSmtpAddress.tag)),
    replyTo: item.replyTo,
    to: item.to,
    cc: item.cc,
    bcc: item.bcc,
    receivedAt: item.receivedAt,
    sentAt: item.sentAt,
    createdAt: item.createdAt,
    modifiedAt: item.modifiedAt,
    size: item.size,
    importance: importances.get(item.importance ?? ""),
    sensitivity: item.sensitivity,
    isRead: item.isRead,
    isDraft: item.isDraft,
    categories: item.categories,
    flag: flagOf(item.extended),
    hasAttachments: item.hasAttachments,
    attachments: item.attachments,
    bodyText: item.body?.type === "Text" ? item.body.value : undefined,
    bodyHtml: item.body !== undefined && item.body.type !== "Text" ? item.body.value : undefined,
    bodyPreview: item.preview,
    headers: headersOf(item),
    webLink: item.webLink,
    replacedCharacters: item.replaced > 0 ? item.replaced : undefined,
  }),
);

/** Returns the headers of a received message unchanged; for other messages, the headers that Exchange lists. */
function headersOf(item: {
  readonly headers?: readonly Header[] | undefined;
  readonly extended?: readonly ExtendedValue[] | undefined;
}): readonly Header[] | undefined {
  const text = extendedValue(item.extended, transportHeaders.tag);
  const received = text === undefined ? [] : readTransportHeaders(text);
  return received.length > 0 ? received : item.headers;
}

/** Compares tags as numbers: servers write them in either case, and some without leading zeros. */
function extendedValue(properties: readonly ExtendedValue[] | undefined, tag: string): string | undefined {
  return properties?.find((one) => one.tag !== undefined && Number(one.tag) === Number(tag))?.value;
}

const importances: ReadonlyMap<string, Importance> = new Map([
  ["Low", "Low"],
  ["Normal", "Normal"],
  ["High", "High"],
]);

/** Reads the items of a reply (`m:Items`, `t:Items`), whatever their elements. */
export const messagesReader: Reader<Message[]> = listOf(itemElements, messageReader);
