import { itemFromMime } from "../../mime/item-from-mime.ts";
import type { LabHeader } from "../../store/address.ts";
import type { Flag, Importance, ItemChange, NewAttachment, NewItem, Sensitivity } from "../../store/item.ts";
import type { Store } from "../../store/store.ts";
import { el, type XmlElement } from "../../xml.ts";
import { ItemError } from "../operation.ts";
import { type ExtendedPath, namedKey, pathXml, tagKey } from "../search/property-path.ts";
import { readMailbox } from "./address-xml.ts";
import { readAppointment } from "./appointment-from-xml.ts";
import { readGroup, readNewContact } from "./contact-from-xml.ts";
import { wireTime } from "./extended-properties.ts";
import { readExtendedValue } from "./extended-property-from-xml.ts";
import { defaultClasses, elementOf, type ItemElement } from "./item-kind.ts";

type Writable<T> = { -readonly [K in keyof T]: T[K] };
/** The fields from the children of an item element: only those present. */
export type GatheredFields = Writable<ItemChange> & { attachments?: readonly NewAttachment[] };
type Reader = (element: XmlElement, into: GatheredFields, store: Store) => void;

const isTrue = (element: XmlElement): boolean => /^(true|1)$/.test(element.text.trim());

/** Returns the bytes of a base64 element. Throws ItemError with this code if it is not base64. */
export function readBase64(element: XmlElement, code: string): Uint8Array {
  const text = element.text.replace(/\s+/g, "");
  const bytes = Buffer.from(text, "base64");
  if (bytes.toString("base64").replace(/(?<!=)=+$/, "") !== text.replace(/(?<!=)=+$/, ""))
    throw new ItemError(code, "The content is not valid base64.");
  return bytes;
}

const sensitivities: ReadonlySet<string> = new Set(["Normal", "Personal", "Private", "Confidential"]);
const isSensitivity = (text: string): text is Sensitivity => sensitivities.has(text);
const isImportance = (text: string): text is Importance => text === "Low" || text === "Normal" || text === "High";
const isFlagStatus = (text: string): text is Flag["status"] => text === "NotFlagged" || text === "Flagged" || text === "Complete";

function readBody(element: XmlElement): NonNullable<NewItem["body"]> {
  return { type: element.attributes.get("BodyType") === "HTML" ? "HTML" : "Text", value: element.text };
}

function readFlag(element: XmlElement): Flag {
  const status = element.textAt("FlagStatus") ?? "";
  const date = (name: string): Date | undefined => {
    const text = element.textAt(name);
    return text === undefined ? undefined : new Date(text);
  };
  const [startAt, dueAt, completeAt] = [date("StartDate"), date("DueDate"), date("CompleteDate")];
  const isPair = (startAt === undefined) === (dueAt === undefined);
  const isDated = startAt !== undefined || dueAt !== undefined;
  // @see https://learn.microsoft.com/en-us/openspecs/exchange_web_services_protocols/ms-oxwscore/b06add1d-e3eb-44fd-8436-b17bced1b086
  if (status === "Flagged" ? completeAt !== undefined || !isPair : isDated || (status !== "Complete" && completeAt !== undefined))
    throw new ItemError("ErrorInvalidArgument", "The dates of the flag do not fit its status.");
  return { status: isFlagStatus(status) ? status : "NotFlagged", startAt, dueAt, completeAt };
}

/** Sets the fields that some MAPI properties stand for: clients use these to import messages and to set a Message-ID. */
function applyTag(tag: number, value: string, into: GatheredFields): void {
  switch (tag) {
    case 0x0e06:
      into.receivedAt = new Date(value);
      break;
    case 0x0039:
      into.sentAt = new Date(value);
      break;
    case 0x0e07:
      into.isDraft = (Number(value) & 8) !== 0;
      into.isRead = (Number(value) & 1) !== 0;
      break;
    case 0x1035:
      into.internetMessageId = value;
      break;
    case 0x1039:
      into.references = value;
      break;
    case 0x1042:
      into.inReplyTo = value;
      break;
  }
}

function readExtendedProperty(element: XmlElement, into: GatheredFields): void {
  const { path, value } = readExtendedValue(element);
  // PidTagFlagStatus is the flag itself: 1 complete, 2 flagged. Kept beside it, it would contradict later changes of item:Flag.
  if (path.tag === 0x1090) {
    into.flag = { status: value === "2" ? "Flagged" : value === "1" ? "Complete" : "NotFlagged" };
    return;
  }
  into.extended = new Map([...(into.extended ?? []), [path.key, value]]);
  if (path.tag !== undefined && typeof value === "string") applyTag(path.tag, value, into);
  if (path.set === "InternetHeaders" && typeof value === "string") addHeader(path, value, into);
}

/** Adds a header to the message. A line break in it would begin another header, so it becomes a blank. */
function addHeader(path: ExtendedPath, value: string, into: GatheredFields): void {
  const name = path.asked.get("PropertyName") ?? path.name ?? "";
  // RFC 5322 2.2: printable ASCII without the colon.
  if (!/^[!-9;-~]+$/.test(name)) throw new ItemError("ErrorInvalidExtendedProperty", "The name is not that of a header.", pathXml(path));
  const header: LabHeader = { name, value: value.replace(/[\r\n]+\s*/g, " ") };
  const others = (into.headers ?? []).filter((one) => one.name.toLowerCase() !== name.toLowerCase());
  into.headers = [...others, header];
}

const mailboxes = (element: XmlElement, store: Store) => element.all("Mailbox").map((one) => readMailbox(one, store));
const mailbox = (element: XmlElement, store: Store) => {
  const one = element.child("Mailbox");
  return one === undefined ? undefined : readMailbox(one, store);
};

/** The writable elements, by name. Any other is read-only: ErrorInvalidPropertySet. */
const readers: Readonly<Record<string, Reader>> = {
  ItemClass: (element, into) => {
    into.itemClass = element.text.trim();
  },
  Subject: (element, into) => {
    // A subject is one line, of at most 255 characters.
    into.subject = element.text.replace(/[\r\n]+/g, " ").slice(0, 255);
  },
  Sensitivity: (element, into) => {
    const text = element.text.trim();
    if (isSensitivity(text)) into.sensitivity = text;
  },
  Body: (element, into) => {
    into.body = readBody(element);
  },
  NewBodyContent: (element, into) => {
    into.body = readBody(element);
  },
  Attachments: (element, into, store) => {
    into.attachments = readAttachments(element, store);
  },
  Categories: (element, into) => {
    into.categories = element.children.map(({ text }) => text);
  },
  Importance: (element, into) => {
    const text = element.text.trim();
    if (isImportance(text)) into.importance = text;
  },
  InReplyTo: (element, into) => {
    into.inReplyTo = element.text.trim();
  },
  ExtendedProperty: readExtendedProperty,
  Flag: (element, into) => {
    into.flag = readFlag(element);
  },
  Sender: (element, into, store) => {
    into.sender = mailbox(element, store);
  },
  From: (element, into, store) => {
    into.from = mailbox(element, store);
  },
  ToRecipients: (element, into, store) => {
    into.to = mailboxes(element, store);
  },
  CcRecipients: (element, into, store) => {
    into.cc = mailboxes(element, store);
  },
  BccRecipients: (element, into, store) => {
    into.bcc = mailboxes(element, store);
  },
  ReplyTo: (element, into, store) => {
    into.replyTo = mailboxes(element, store);
  },
  IsReadReceiptRequested: (element, into) => {
    into.isReadReceiptRequested = isTrue(element);
  },
  IsDeliveryReceiptRequested: (element, into) => {
    into.isDeliveryReceiptRequested = isTrue(element);
  },
  IsRead: (element, into) => {
    into.isRead = isTrue(element);
  },
  References: (element, into) => {
    into.references = element.text.trim();
  },
};

/** Elements whose text is kept as a property of the item, by the key of the property. */
export const keptElements: Readonly<Record<string, string>> = {
  Culture: "culture",
  IsResponseRequested: tagKey(0x0c17),
  ReminderMinutesBeforeStart: namedKey("Common", 0x8501),
  ReminderDueBy: namedKey("Common", 0x8502),
  ReminderIsSet: namedKey("Common", 0x8503),
};

/** Read elsewhere. */
const readElsewhere: ReadonlySet<string> = new Set(["MimeContent", "ReferenceItemId"]);

/** A time is kept in UTC, and yes and no in one spelling. */
function keptText(element: XmlElement): string {
  const text = element.text.trim();
  if (element.name === "ReminderDueBy") return wireTime(new Date(text));
  return element.name.includes("Is") ? String(isTrue(element)) : text;
}

/** Reads one property element into the fields. Throws ItemError `ErrorInvalidPropertySet` for one that is read-only. */
export function readProperty(child: XmlElement, kind: ItemElement, into: GatheredFields, store: Store): void {
  const read = readers[child.name];
  const kept = Object.hasOwn(keptElements, child.name) ? keptElements[child.name] : undefined;
  if (read !== undefined) read(child, into, store);
  else if (kept !== undefined) into.extended = new Map([...(into.extended ?? []), [kept, keptText(child)]]);
  else if (child.name === "IsAssociated" && isTrue(child)) {
    throw new ItemError("ErrorInvalidRequest", "This lab does not offer items that are associated with a folder.");
  } else if (
    child.name !== "IsAssociated" &&
    !readElsewhere.has(child.name) &&
    (kind === "Message" || kind === "PostItem" || kind === "Item")
  ) {
    throw new ItemError(
      "ErrorInvalidPropertySet",
      `The property ${child.name} can not be set.`,
      pathXml({ kind: "field", uri: uriOf(child.name) }),
    );
  }
}

const messageElements =
  /^(Sender|.*Recipients|Is(Read|ReadReceipt|DeliveryReceipt|Response).*|Conversation(Index|Topic)|From|InternetMessageId|References|ReplyTo|Received.*)$/;

function uriOf(name: string): string {
  return `${messageElements.test(name) ? "message" : "item"}:${name}`;
}

function fromMime(element: XmlElement): NewItem {
  const bytes = readBase64(element, "ErrorMimeContentInvalidBase64String");
  if (bytes.length === 0) throw new ItemError("ErrorMimeContentInvalid", "The MIME content is empty.");
  return itemFromMime(bytes);
}

/** Fields that leave the bytes of MimeContent unchanged; any other field is written over them. */
const fieldsBesideMime: ReadonlySet<string> = new Set(["MimeContent", "ItemClass", "IsRead", "Categories", "Flag"]);

/**
 * Reads a new item from t:Message, t:PostItem, t:Contact and so on: from its fields, from its MimeContent, or from both. @see
 * https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/createitem
 */
export function readItem(element: XmlElement, kind: ItemElement, store: Store): NewItem {
  const mime = element.child("MimeContent");
  const base: NewItem = mime === undefined ? {} : fromMime(mime);
  const given: GatheredFields = {};
  for (const child of element.children) {
    // Only a new message takes one: an update of it is refused.
    if (child.name === "InternetMessageId") given.internetMessageId = child.text.trim();
    else readProperty(child, kind, given, store);
  }
  // Fields of the message itself. Properties with a tag or a name are stored with the bytes, except headers.
  const rewrites = (child: XmlElement): boolean =>
    child.name === "ExtendedProperty"
      ? child.at("ExtendedFieldURI")?.attributes.get("DistinguishedPropertySetId") === "InternetHeaders"
      : !fieldsBesideMime.has(child.name);
  if (given.itemClass !== undefined && kind !== "Item" && elementOf(given.itemClass) !== kind) {
    throw new ItemError(
      "ErrorObjectTypeChanged",
      "The item class does not fit the element.",
      pathXml({ kind: "field", uri: "item:ItemClass" }),
    );
  }
  const isNew = (header: LabHeader): boolean => !given.headers?.some(({ name }) => name.toLowerCase() === header.name.toLowerCase());
  return {
    itemClass: defaultClasses[kind],
    ...base,
    ...given,
    ...(given.headers === undefined ? {} : { headers: [...(base.headers ?? []).filter(isNew), ...given.headers] }),
    ...(given.body === undefined ? {} : { text: undefined }),
    ...(element.children.some(rewrites) ? { mime: undefined } : {}),
    ...(kind === "Contact" ? { contact: readNewContact(element) } : {}),
    ...(kind === "DistributionList" ? { group: readGroup(element) } : {}),
    ...(kind === "CalendarItem" && mime === undefined ? readAppointment(element, store) : {}),
  };
}

/** The fields that one element sets, as a change of an existing item. */
export function readChange(child: XmlElement, kind: ItemElement, store: Store): ItemChange {
  const into: GatheredFields = {};
  readProperty(child, kind, into, store);
  if (into.attachments !== undefined) {
    throw new ItemError(
      "ErrorInvalidPropertySet",
      "Attachments are written by CreateAttachment.",
      pathXml({ kind: "field", uri: "item:Attachments" }),
    );
  }
  return into;
}

const isItemElement = (name: string): name is ItemElement => Object.hasOwn(defaultClasses, name);

function missing(field: string): never {
  throw new ItemError(
    "ErrorRequiredPropertyMissing",
    "Required property is missing.",
    el("t:ExceptionFieldURI", { FieldURI: `attachment:${field}` }),
  );
}

/**
 * One of t:FileAttachment, t:ItemAttachment and t:ReferenceAttachment of a request. Throws ItemError.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/createattachment-operation
 */
export function readAttachment(element: XmlElement, store: Store): NewAttachment {
  const name = element.child("Name")?.text;
  if (name === undefined) missing("Name");
  const fields = {
    name,
    contentType: element.textAt("ContentType"),
    contentId: element.textAt("ContentId"),
    contentLocation: element.textAt("ContentLocation"),
    isInline: /^(true|1)$/.test(element.textAt("IsInline") ?? ""),
  };
  if (element.name === "ReferenceAttachment") return { kind: "reference", ...fields, url: element.textAt("AttachLongPathName") };
  if (element.name === "FileAttachment") {
    const content = element.child("Content");
    if (content === undefined) missing("Content");
    return { kind: "file", ...fields, content: readBase64(content, "ErrorInvalidValueForProperty") };
  }
  const inner = element.children.find((child) => isItemElement(child.name));
  if (inner === undefined || !isItemElement(inner.name)) {
    throw new ItemError("ErrorMissingItemForCreateItemAttachment", "The item attachment holds no item.");
  }
  if (inner.name.startsWith("Meeting")) {
    throw new ItemError("ErrorInvalidItemForOperationCreateItemAttachment", "Items of this type cannot be attached.");
  }
  return { kind: "item", ...fields, item: { isRead: true, ...readItem(inner, inner.name, store) } };
}

/** t:Attachments of a request. */
export function readAttachments(element: XmlElement, store: Store): readonly NewAttachment[] {
  return element.children.map((child) => readAttachment(child, store));
}
