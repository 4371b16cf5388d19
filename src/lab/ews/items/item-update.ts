import type { ItemChange } from "../../store/item.ts";
import { topicOf } from "../../store/item-content.ts";
import type { LabItem } from "../../store/mailbox.ts";
import type { Store } from "../../store/store.ts";
import { XmlElement } from "../../xml.ts";
import { ItemError } from "../operation.ts";
import { type PropertyPath, pathIn, pathXml } from "../search/property-path.ts";
import { mergedContact, readContact } from "./contact-from-xml.ts";
import { readChange } from "./item-from-xml.ts";
import { elementOf } from "./item-kind.ts";

/** Properties that cannot change once a message was sent. */
const fixedBySending: ReadonlySet<string> = new Set([
  ...["message:ToRecipients", "message:CcRecipients", "message:BccRecipients", "message:ReplyTo", "message:From", "message:Sender"],
  ...["message:IsReadReceiptRequested", "message:IsDeliveryReceiptRequested"],
]);

function pathOf(element: XmlElement): PropertyPath {
  const path = pathIn(element);
  if (path === undefined) throw new ItemError("ErrorInvalidPropertySet", "The update names no property.");
  return path;
}

/** The one property element of the item in t:SetItemField or t:AppendToItemField. Throws ItemError `ErrorIncorrectUpdatePropertyCount`. */
function propertyOf(element: XmlElement, path: PropertyPath): XmlElement {
  const item = element.children.find(({ name }) => !name.endsWith("FieldURI"));
  const [property, ...more] = item?.children ?? [];
  if (property === undefined || more.length > 0) {
    throw new ItemError("ErrorIncorrectUpdatePropertyCount", "An update sets exactly one property.", pathXml(path));
  }
  const isExtended = property.name === "ExtendedProperty";
  const isNamed = path.kind === "field" && path.uri.slice(path.uri.indexOf(":") + 1) === property.name;
  const fits = path.kind === "extended" ? isExtended : path.kind === "indexed" ? !isExtended : isNamed;
  if (!fits) throw new ItemError("ErrorUpdatePropertyMismatch", "The property that is set is not the one that is named.", pathXml(path));
  return property;
}

function contactChange(item: LabItem, property: XmlElement): ItemChange {
  if (item.contact === undefined) return {};
  const holder = new XmlElement(property.ns, "Contact", new Map(), property.line, property.column);
  holder.children.push(property);
  return { contact: mergedContact(item.contact, readContact(holder)) };
}

/** Sets one element, merged with the item's other extended properties and headers. */
function setField(item: LabItem, property: XmlElement, store: Store): ItemChange {
  const change = readChange(property, elementOf(item.itemClass), store);
  if (change.itemClass !== undefined && elementOf(change.itemClass) !== elementOf(item.itemClass)) {
    throw new ItemError(
      "ErrorObjectTypeChanged",
      "The item class does not fit the item.",
      pathXml({ kind: "field", uri: "item:ItemClass" }),
    );
  }
  const kept = item.headers.filter(({ name }) => !change.headers?.some((one) => one.name.toLowerCase() === name.toLowerCase()));
  // A draft that answers nothing begins its own conversation, which is named after its subject.
  const isTopic = change.subject !== undefined && item.isDraft && item.inReplyTo === undefined;
  return {
    ...change,
    // The property of MAPI has no dates: the same status leaves those that there are.
    ...(property.name === "ExtendedProperty" && change.flag?.status === item.flag.status ? { flag: item.flag } : {}),
    ...contactChange(item, property),
    ...(isTopic ? { conversationTopic: topicOf(change.subject ?? "") } : {}),
    ...(change.extended === undefined ? {} : { extended: new Map([...item.extended, ...change.extended]) }),
    ...(change.headers === undefined ? {} : { headers: [...kept, ...change.headers] }),
  };
}

/** Appends; only lists of addresses and the body can grow. */
function appendField(item: LabItem, path: PropertyPath, property: XmlElement, store: Store): ItemChange {
  const given = readChange(property, elementOf(item.itemClass), store);
  switch (path.kind === "field" ? path.uri : "") {
    case "message:ToRecipients":
      return { to: [...item.to, ...(given.to ?? [])] };
    case "message:CcRecipients":
      return { cc: [...item.cc, ...(given.cc ?? [])] };
    case "message:BccRecipients":
      return { bcc: [...item.bcc, ...(given.bcc ?? [])] };
    case "message:ReplyTo":
      return { replyTo: [...item.replyTo, ...(given.replyTo ?? [])] };
    case "item:Body":
      return { body: { type: item.body.type, value: item.body.value + (given.body?.value ?? "") } };
    default:
      throw new ItemError("ErrorInvalidPropertyAppend", "The property can not be appended to.", pathXml(path));
  }
}

/** The value of a property after its deletion. */
const emptied: Readonly<Record<string, ItemChange>> = {
  "item:Subject": { subject: "" },
  "item:Body": { body: { type: "Text", value: "" } },
  "item:Categories": { categories: [] },
  "item:Importance": { importance: "Normal" },
  "item:Sensitivity": { sensitivity: "Normal" },
  "item:InReplyTo": { inReplyTo: undefined },
  "item:Flag": { flag: { status: "NotFlagged" } },
  "message:References": { references: undefined },
  "message:ToRecipients": { to: [] },
  "message:CcRecipients": { cc: [] },
  "message:BccRecipients": { bcc: [] },
  "message:ReplyTo": { replyTo: [] },
  "message:From": { from: undefined },
};

/** A postal address without the part that a path such as `contacts:PhysicalAddress:City` names. */
function withoutPart<T extends { readonly key: string }>(address: T, { uri, index }: { readonly uri: string; readonly index: string }): T {
  if (address.key !== index) return address;
  const part = uri.slice(uri.lastIndexOf(":") + 1);
  return { ...address, [part.charAt(0).toLowerCase() + part.slice(1)]: undefined };
}

function deleteField(item: LabItem, path: PropertyPath): ItemChange {
  if (path.kind === "extended") return { extended: new Map([...item.extended].filter(([key]) => key !== path.key)) };
  const { contact } = item;
  if (path.kind === "indexed" && contact !== undefined) {
    const others = <T extends { readonly key: string }>(entries: readonly T[]): readonly T[] =>
      entries.filter(({ key }) => key !== path.index);
    const isEmail = path.uri === "contacts:EmailAddress";
    const isPhone = path.uri === "contacts:PhoneNumber";
    return {
      contact: {
        ...contact,
        emailAddresses: isEmail ? others(contact.emailAddresses) : contact.emailAddresses,
        phoneNumbers: isPhone ? others(contact.phoneNumbers) : contact.phoneNumbers,
        physicalAddresses: isEmail || isPhone ? contact.physicalAddresses : contact.physicalAddresses.map((one) => withoutPart(one, path)),
      },
    };
  }
  const change = path.kind === "field" ? emptied[path.uri] : undefined;
  if (change === undefined) throw new ItemError("ErrorInvalidPropertyDelete", "The property can not be deleted.", pathXml(path));
  return change;
}

/**
 * Returns the change by t:SetItemField, t:AppendToItemField or t:DeleteItemField. Throws ItemError. @see
 * https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/setitemfield
 */
export function readUpdate(element: XmlElement, item: LabItem, store: Store): ItemChange {
  const path = pathOf(element);
  if (path.kind === "field" && !item.isDraft && fixedBySending.has(path.uri)) {
    throw new ItemError(
      "ErrorInvalidPropertyUpdateSentMessage",
      "Update operation is not allowed on a message that was sent.",
      pathXml(path),
    );
  }
  if (element.name === "DeleteItemField") return deleteField(item, path);
  const property = propertyOf(element, path);
  return element.name === "AppendToItemField" ? appendField(item, path, property, store) : setField(item, property, store);
}
