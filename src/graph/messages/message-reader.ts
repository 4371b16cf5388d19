import type { Address, Detail, Header, Importance, Message } from "../../exchange/message.ts";
import { withSmtpAddress } from "../../exchange/smtp-address.ts";
import { flagIn, type JsonObject, objectIn, objectsIn, textIn, textsIn, timeIn } from "../session/read-json.ts";
import { flagOf } from "./flag-json.ts";

/**
 * PidTagMessageSize and PidTagMessageClass: a message in Graph has neither a size nor a class.
 * @see https://learn.microsoft.com/en-us/openspecs/exchange_server_protocols/ms-oxprops/
 */
const sizeProperty = "Integer 0x0E08";
const classProperty = "String 0x001A";
/** PidTagSentRepresentingSmtpAddress and PidTagSenderSmtpAddress: for a colleague who left or moved, From and Sender have an X.500 address. */
export const fromSmtpProperty = "String 0x5D02";
export const senderSmtpProperty = "String 0x5D01";
const expanded = [sizeProperty, classProperty, fromSmtpProperty, senderSmtpProperty].map((id) => `id eq '${id}'`).join(" or ");

const propertyKeys = {
  size: propertyKey(sizeProperty),
  class: propertyKey(classProperty),
  fromSmtp: propertyKey(fromSmtpProperty),
  senderSmtp: propertyKey(senderSmtpProperty),
};

const summary = [
  "id",
  "changeKey",
  "internetMessageId",
  "conversationId",
  "parentFolderId",
  "subject",
  "sender",
  "from",
  "receivedDateTime",
  "sentDateTime",
  "createdDateTime",
  "lastModifiedDateTime",
  "importance",
  "isRead",
  "isDraft",
  "categories",
  "hasAttachments",
  "webLink",
];

/**
 * Returns `$select` and `$expand` for this detail; attachments are requested separately. `sizes` includes the MAPI properties: size, class, and the
 * sender's SMTP addresses.
 */
export function shapeOf(detail: Detail, sizes: boolean): { readonly $select: string; readonly $expand?: string } {
  const fields = [
    ...summary,
    ...(detail.recipients ? ["toRecipients", "ccRecipients", "bccRecipients", "replyTo"] : []),
    ...(detail.headers ? ["internetMessageHeaders"] : []),
    ...(detail.flag ? ["flag"] : []),
    ...(detail.body === "preview" ? ["bodyPreview"] : []),
    ...(detail.body === "text" || detail.body === "html" ? ["body"] : []),
  ];
  return {
    $select: fields.join(","),
    ...(sizes ? { $expand: `singleValueExtendedProperties($filter=${expanded})` } : {}),
  };
}

/**
 * Returns the preferences that this detail needs. Without the second preference, Graph removes harmful parts of HTML, which are what an analyst looks
 * for.
 * @see https://learn.microsoft.com/en-us/graph/api/message-get
 */
export function preferencesOf(detail: Detail): readonly string[] {
  if (detail.body === "html") return ['outlook.body-content-type="html"', "outlook.allow-unsafe-html"];
  return detail.body === "text" ? ['outlook.body-content-type="text"'] : [];
}

/**
 * Converts a message from Graph's JSON. Members that were not requested, or have a wrong type, are absent.
 * @see https://learn.microsoft.com/en-us/graph/api/resources/message
 */
export function messageOf(json: JsonObject): Message {
  const body = objectIn(json, "body");
  const content = textIn(body, "content");
  const isText = textIn(body, "contentType")?.toLowerCase() === "text";
  const extended = extendedIn(json);
  return {
    itemId: textIn(json, "id") ?? "",
    changeKey: textIn(json, "changeKey"),
    internetMessageId: textIn(json, "internetMessageId"),
    conversationId: textIn(json, "conversationId"),
    parentFolderId: textIn(json, "parentFolderId"),
    itemClass: extended.get(propertyKeys.class) ?? classOf(textIn(json, "@odata.type")),
    subject: textIn(json, "subject"),
    sender: withSmtpAddress(recipientOf(objectIn(json, "sender")), extended.get(propertyKeys.senderSmtp)),
    from: withSmtpAddress(recipientOf(objectIn(json, "from")), extended.get(propertyKeys.fromSmtp)),
    replyTo: recipientsIn(json, "replyTo"),
    to: recipientsIn(json, "toRecipients"),
    cc: recipientsIn(json, "ccRecipients"),
    bcc: recipientsIn(json, "bccRecipients"),
    receivedAt: timeIn(json, "receivedDateTime"),
    sentAt: timeIn(json, "sentDateTime"),
    createdAt: timeIn(json, "createdDateTime"),
    modifiedAt: timeIn(json, "lastModifiedDateTime"),
    size: sizeOf(extended.get(propertyKeys.size)),
    importance: importances.get(textIn(json, "importance")?.toLowerCase() ?? ""),
    isRead: flagIn(json, "isRead"),
    isDraft: flagIn(json, "isDraft"),
    categories: textsIn(json, "categories"),
    flag: flagOf(objectIn(json, "flag")),
    hasAttachments: flagIn(json, "hasAttachments"),
    bodyText: isText ? content : undefined,
    bodyHtml: isText ? undefined : content,
    bodyPreview: textIn(json, "bodyPreview"),
    headers: objectsIn(json, "internetMessageHeaders")?.map(
      (header): Header => ({ name: textIn(header, "name") ?? "", value: textIn(header, "value") ?? "" }),
    ),
    webLink: textIn(json, "webLink"),
  };
}

const importances: ReadonlyMap<string, Importance> = new Map([
  ["low", "Low"],
  ["normal", "Normal"],
  ["high", "High"],
]);

/** Item classes by Graph's type, for messages without the property itself. */
const classes: ReadonlyMap<string, string> = new Map([
  ["#microsoft.graph.eventMessageRequest", "IPM.Schedule.Meeting.Request"],
  ["#microsoft.graph.eventMessage", "IPM.Schedule.Meeting"],
  ["#microsoft.graph.message", "IPM.Note"],
]);

function classOf(type: string | undefined): string | undefined {
  return classes.get(type ?? "");
}

/** @see https://learn.microsoft.com/en-us/graph/api/resources/recipient */
function recipientOf(recipient: JsonObject | undefined): Address | undefined {
  const address = objectIn(recipient, "emailAddress");
  return address === undefined ? undefined : { name: textIn(address, "name"), address: textIn(address, "address") };
}

function recipientsIn(json: JsonObject, name: string): readonly Address[] | undefined {
  return objectsIn(json, name)?.flatMap((one) => recipientOf(one) ?? []);
}

/** The texts of the message's extended properties by `propertyKey`; of several with one key, the first. Read once: a list has thousands of messages. */
function extendedIn(json: JsonObject): ReadonlyMap<string, string | undefined> {
  const found = new Map<string, string | undefined>();
  for (const one of objectsIn(json, "singleValueExtendedProperties") ?? []) {
    const key = propertyKey(textIn(one, "id") ?? "");
    if (!found.has(key)) found.set(key, textIn(one, "value"));
  }
  return found;
}

/** The service writes the number of a property with or without leading zeros. */
function propertyKey(id: string): string {
  return id.toLowerCase().replace(/0x0*/, "0x");
}

function sizeOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
