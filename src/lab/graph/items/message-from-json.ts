import type { LabAddress } from "../../store/address.ts";
import type { Importance, ItemChange, NewAttachment } from "../../store/item.ts";
import { bytesOf } from "../base64.ts";
import { badRequest, GraphError } from "../errors.ts";
import { isObject, type Json, type JsonObject, memberOf } from "../json.ts";
import { readExtendedId } from "./extended-properties.ts";

type Writable<T> = { -readonly [K in keyof T]: T[K] };
/** The fields of an item from the JSON of a message: only those present. */
export type GatheredMessage = Writable<ItemChange> & { attachments?: readonly NewAttachment[] };

/** Throws Graph's refusal of a value of a wrong type. */
export function wrongType(name: string): never {
  throw badRequest(`Property ${name} in payload has a value that does not match schema.`, "UnableToDeserializePostBody");
}

export function textIn(value: Json, name: string): string {
  return typeof value === "string" ? value : wrongType(name);
}

function booleanIn(value: Json, name: string): boolean {
  return typeof value === "boolean" ? value : wrongType(name);
}

export function objectIn(value: Json | undefined, name: string): JsonObject {
  return isObject(value) ? value : wrongType(name);
}

export function listIn(value: Json | undefined, name: string): readonly Json[] {
  return Array.isArray(value) ? value : wrongType(name);
}

function timeIn(value: Json, name: string): Date {
  const date = new Date(textIn(value, name));
  return Number.isNaN(date.getTime()) ? wrongType(name) : date;
}

function addressIn(value: Json, name: string): LabAddress {
  const email = objectIn(memberOf(objectIn(value, name), "emailAddress"), name);
  const given = (key: string): string | undefined => {
    const text = memberOf(email, key);
    return text === undefined || text === null ? undefined : textIn(text, name);
  };
  return { name: given("name"), address: given("address") };
}

export function addressesIn(value: Json | undefined, name: string): LabAddress[] {
  return listIn(value, name).map((one) => addressIn(one, name));
}

const importances: ReadonlyMap<string, Importance> = new Map([
  ["low", "Low"],
  ["normal", "Normal"],
  ["high", "High"],
]);

type Reader = (value: Json, name: string, into: GatheredMessage) => void;

const readers: Readonly<Record<string, Reader>> = {
  subject: (value, name, into) => {
    into.subject = value === null ? "" : textIn(value, name);
  },
  body: (value, name, into) => {
    const body = objectIn(value, name);
    const type = memberOf(body, "contentType") ?? "text";
    const isHtml = textIn(type, name).toLowerCase() === "html";
    if (!isHtml && textIn(type, name).toLowerCase() !== "text") wrongType(name);
    into.body = { type: isHtml ? "HTML" : "Text", value: textIn(memberOf(body, "content") ?? "", name) };
  },
  from: (value, name, into) => {
    into.from = value === null ? undefined : addressIn(value, name);
  },
  sender: (value, name, into) => {
    into.sender = value === null ? undefined : addressIn(value, name);
  },
  toRecipients: (value, name, into) => {
    into.to = addressesIn(value, name);
  },
  ccRecipients: (value, name, into) => {
    into.cc = addressesIn(value, name);
  },
  bccRecipients: (value, name, into) => {
    into.bcc = addressesIn(value, name);
  },
  replyTo: (value, name, into) => {
    into.replyTo = addressesIn(value, name);
  },
  importance: (value, name, into) => {
    into.importance = importances.get(textIn(value, name).toLowerCase()) ?? wrongType(name);
  },
  isRead: (value, name, into) => {
    into.isRead = booleanIn(value, name);
  },
  isReadReceiptRequested: (value, name, into) => {
    into.isReadReceiptRequested = booleanIn(value, name);
  },
  isDeliveryReceiptRequested: (value, name, into) => {
    into.isDeliveryReceiptRequested = booleanIn(value, name);
  },
  categories: (value, name, into) => {
    into.categories = listIn(value, name).map((one) => textIn(one, name));
  },
  internetMessageId: (value, name, into) => {
    into.internetMessageId = textIn(value, name);
  },
  flag: (value, name, into) => {
    const flag = objectIn(value, name);
    const status = textIn(memberOf(flag, "flagStatus") ?? "notFlagged", name).toLowerCase();
    const [startAt, dueAt, completeAt] = ["startDateTime", "dueDateTime", "completedDateTime"].map((one) => zonedTimeIn(flag, one));
    // @see https://learn.microsoft.com/en-us/graph/api/resources/followupflag
    if (dueAt !== undefined && startAt === undefined) throw badRequest("A due date needs a start date.", "ErrorInvalidArgument");
    into.flag = {
      ...{ status: status === "flagged" ? "Flagged" : status === "complete" ? "Complete" : "NotFlagged" },
      ...{ startAt, dueAt, completeAt },
    };
  },
  internetMessageHeaders: readHeaders,
  singleValueExtendedProperties: readExtended,
  attachments: (value, name, into) => {
    into.attachments = listIn(value, name).map((one) => readAttachment(objectIn(one, name)));
  },
};

/** A dateTimeTimeZone; the lab knows UTC only. */
function zonedTimeIn(flag: JsonObject, name: string): Date | undefined {
  const zoned = memberOf(flag, name);
  if (zoned === undefined || zoned === null) return undefined;
  const at = new Date(`${textIn(memberOf(objectIn(zoned, name), "dateTime") ?? "", name)}Z`);
  if (textIn(memberOf(objectIn(zoned, name), "timeZone") ?? "", name) !== "UTC" || Number.isNaN(at.getTime()))
    throw badRequest(`The property '${name}' is not a time in UTC.`, "ErrorInvalidArgument");
  return at;
}

/** @see https://learn.microsoft.com/en-us/graph/api/resources/internetmessageheader */
const mostHeaders = 5;

/** Reads custom headers, whose names must begin with x-. */
function readHeaders(value: Json, name: string, into: GatheredMessage): void {
  const given = listIn(value, name);
  if (given.length > mostHeaders) {
    const text = `Maximum number of headers in one message should be less than or equal to ${mostHeaders}.`;
    throw badRequest(text, "InvalidInternetMessageHeaderCollection");
  }
  into.headers = given.map((one) => {
    const header = objectIn(one, name);
    const key = textIn(memberOf(header, "name") ?? null, name);
    if (!/^x-/i.test(key) || !/^[!-9;-~]+$/.test(key)) {
      const text = `The internet message header name '${key}' should start with 'x-' or 'X-'.`;
      throw badRequest(text, "InvalidInternetMessageHeader");
    }
    // A line break would begin another header: it is a blank here.
    return { name: key, value: textIn(memberOf(header, "value") ?? "", name).replace(/[\r\n]+\s*/g, " ") };
  });
}

function readExtended(value: Json, name: string, into: GatheredMessage): void {
  for (const one of listIn(value, name)) {
    const property = objectIn(one, name);
    const path = readExtendedId(textIn(memberOf(property, "id") ?? null, name));
    const text = textIn(memberOf(property, "value") ?? null, name);
    // PidTagFlagStatus is the flag itself: 1 complete, 2 flagged.
    if (path.tag === 0x1090) {
      into.flag = { status: text === "2" ? "Flagged" : text === "1" ? "Complete" : "NotFlagged" };
      continue;
    }
    into.extended = new Map([...(into.extended ?? []), [path.key, text]]);
    applyTag(path.tag, text, name, into);
    if (path.set === "InternetHeaders" && path.name !== undefined)
      into.headers = [...(into.headers ?? []), { name: path.name, value: text.replace(/[\r\n]+\s*/g, " ") }];
  }
}

/** Meaning of some MAPI properties for the fields of an item: with them a client creates a message that is not a draft. */
function applyTag(tag: number | undefined, text: string, name: string, into: GatheredMessage): void {
  if (tag === 0x0e06) into.receivedAt = timeIn(text, name);
  if (tag === 0x0039) into.sentAt = timeIn(text, name);
  if (tag !== 0x0e07) return;
  // PidTagMessageFlags: 0x1 read, 0x8 unsent.
  into.isDraft = (Number(text) & 8) !== 0;
  into.isRead = (Number(text) & 1) !== 0;
}

/** Properties that the server alone decides: Graph passes over them. */
const readOnly: ReadonlySet<string> = new Set([
  "id",
  "changeKey",
  "createdDateTime",
  "lastModifiedDateTime",
  "receivedDateTime",
  "sentDateTime",
  "hasAttachments",
  "bodyPreview",
  "parentFolderId",
  "conversationId",
  "conversationIndex",
  "isDraft",
  "webLink",
  "uniqueBody",
  "inferenceClassification",
]);

/** Reads a message in JSON. Throws GraphError. @see https://learn.microsoft.com/en-us/graph/api/resources/message */
export function readMessage(message: JsonObject): GatheredMessage {
  const into: GatheredMessage = {};
  for (const [name, value] of Object.entries(message)) {
    if (name.includes("@") || readOnly.has(name)) continue;
    const reader = Object.hasOwn(readers, name) ? readers[name] : undefined;
    if (reader === undefined) {
      const text = `The property '${name}' does not exist on type 'microsoft.graph.message'. Make sure to only use property names that are defined by the type.`;
      throw badRequest(text, "RequestBodyRead");
    }
    reader(value, name, into);
  }
  return into;
}

/** Larger files need an upload session: https://learn.microsoft.com/en-us/graph/outlook-large-attachments */
const maxAttachmentBytes = 3 * 1024 * 1024;

function textOf(value: Json | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** Members of all kinds of attachments. @see https://learn.microsoft.com/en-us/graph/api/resources/attachment */
const attachmentMembers: ReadonlySet<string> = new Set([
  ...["id", "name", "contentType", "contentId", "contentLocation", "contentBytes", "isInline", "size", "lastModifiedDateTime", "item"],
  ...["sourceUrl", "providerType", "thumbnailUrl", "previewUrl", "permission", "isFolder"],
]);

/**
 * A file, an item or a reference. Throws GraphError.
 * @see https://learn.microsoft.com/en-us/graph/api/message-post-attachments
 */
export function readAttachment(attachment: JsonObject): NewAttachment {
  const type = textOf(memberOf(attachment, "@odata.type"))?.replace(/^#?microsoft\.graph\./i, "");
  const strange = Object.keys(attachment).find((name) => !name.includes("@") && !attachmentMembers.has(name));
  if (strange !== undefined) {
    const text = `The property '${strange}' does not exist on type 'microsoft.graph.${type ?? "attachment"}'. Make sure to only use property names that are defined by the type.`;
    throw badRequest(text, "RequestBodyRead");
  }
  const fields = {
    name: textOf(memberOf(attachment, "name")),
    contentType: textOf(memberOf(attachment, "contentType")),
    contentId: textOf(memberOf(attachment, "contentId")),
    isInline: memberOf(attachment, "isInline") === true,
  };
  if (fields.name === undefined) throw badRequest("Required property is missing.", "ErrorRequiredPropertyMissing");
  if (type?.toLowerCase() === "fileattachment") {
    const base64 = textOf(memberOf(attachment, "contentBytes"));
    if (base64 === undefined) throw badRequest("Required property is missing.", "ErrorRequiredPropertyMissing");
    const content = bytesOf(base64, "UnableToDeserializePostBody");
    if (content.length > maxAttachmentBytes) {
      const text = "The attachment is larger than what one request may hold. Use an upload session.";
      throw new GraphError(413, "ErrorMessageSizeExceeded", text);
    }
    return { kind: "file", ...fields, content };
  }
  const item = memberOf(attachment, "item");
  if (type?.toLowerCase() === "itemattachment" && isObject(item)) {
    return { kind: "item", ...fields, item: { isRead: true, ...readMessage(item) } };
  }
  if (type?.toLowerCase() === "referenceattachment") return { kind: "reference", ...fields };
  throw badRequest("The type of the attachment is missing or not known.", "UnableToDeserializePostBody");
}
