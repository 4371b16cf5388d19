import type { LabAddress } from "../../store/address.ts";
import { extendedValue } from "../items/extended-properties.ts";
import { type AnyItem, displayNames, isFromMe, isUnmodified, previewOf, rankOf, storedItemOf } from "../items/item-facts.ts";
import { shownHeaders } from "../items/item-properties.ts";
import { ItemError } from "../operation.ts";
import { type PropertyPath, pathXml } from "./property-path.ts";

/** A value as a restriction and a sort order see it. Several texts: the item fits when one of them does. */
export type PropertyValue = string | number | boolean | Date | readonly string[] | undefined;

/** Returns the texts by which one recipient may be found. */
function addressTexts(...addresses: readonly (LabAddress | undefined)[]): readonly string[] {
  return addresses.flatMap((one) => [one?.name ?? "", one?.address ?? ""].filter((text) => text !== ""));
}

/** The properties that can be searched and sorted by, under their URIs. */
const searchable: Readonly<Record<string, (item: AnyItem) => PropertyValue>> = {
  "item:ItemId": (item) => storedItemOf(item)?.id,
  "item:ParentFolderId": (item) => storedItemOf(item)?.folder.id,
  "item:ItemClass": (item) => item.itemClass,
  "item:Subject": (item) => item.subject,
  "item:Sensitivity": (item) => item.sensitivity,
  "item:Body": (item) => item.text,
  "item:TextBody": (item) => item.text,
  "item:Preview": previewOf,
  "item:Attachments": (item) => item.attachments.map(({ name }) => name ?? ""),
  "item:DateTimeReceived": (item) => item.receivedAt,
  "item:DateTimeSent": (item) => item.sentAt,
  "item:DateTimeCreated": (item) => storedItemOf(item)?.createdAt,
  "item:LastModifiedTime": (item) => storedItemOf(item)?.modifiedAt,
  "item:LastModifiedName": (item) => storedItemOf(item)?.modifiedBy,
  "item:Size": (item) => item.size,
  "item:Categories": (item) => item.categories,
  "item:Importance": (item) => item.importance,
  "item:InReplyTo": (item) => item.inReplyTo,
  "item:HasAttachments": (item) => item.hasAttachments,
  "item:IsDraft": (item) => item.isDraft,
  "item:IsSubmitted": () => false,
  "item:IsFromMe": isFromMe,
  "item:IsResend": () => false,
  "item:IsUnmodified": isUnmodified,
  "item:IsAssociated": () => false,
  "item:DisplayTo": (item) => displayNames(item.to),
  "item:DisplayCc": (item) => displayNames(item.cc),
  "item:DisplayBcc": (item) => displayNames(item.bcc),
  "item:ConversationId": (item) => item.conversationId,
  "item:Flag": (item) => item.flag.status,
  "message:ConversationTopic": (item) => item.conversationTopic,
  "message:InternetMessageId": (item) => item.internetMessageId,
  "message:IsRead": (item) => item.isRead,
  "message:IsReadReceiptRequested": (item) => item.isReadReceiptRequested,
  "message:IsDeliveryReceiptRequested": (item) => item.isDeliveryReceiptRequested,
  "message:References": (item) => item.references,
  "message:From": (item) => addressTexts(item.from),
  "message:Sender": (item) => addressTexts(item.sender),
  "message:ToRecipients": (item) => addressTexts(...item.to),
  "message:CcRecipients": (item) => addressTexts(...item.cc),
  "message:BccRecipients": (item) => addressTexts(...item.bcc),
  "message:ReceivedBy": () => undefined,
  "postitem:PostedTime": (item) => item.sentAt,
  "contacts:DisplayName": (item) => item.contact?.displayName ?? item.group?.displayName,
  "contacts:FileAs": (item) => item.contact?.fileAs ?? item.group?.displayName,
  "contacts:GivenName": (item) => item.contact?.givenName,
  "contacts:MiddleName": (item) => item.contact?.middleName,
  "contacts:Surname": (item) => item.contact?.surname,
  "contacts:Nickname": (item) => item.contact?.nickname,
  "contacts:Initials": (item) => item.contact?.initials,
  "contacts:CompanyName": (item) => item.contact?.companyName,
  "contacts:JobTitle": (item) => item.contact?.jobTitle,
  "contacts:Department": (item) => item.contact?.department,
  "contacts:OfficeLocation": (item) => item.contact?.officeLocation,
  "contacts:Manager": (item) => item.contact?.manager,
  "contacts:Birthday": (item) => item.contact?.birthday,
  "contacts:EmailAddresses": (item) => item.contact?.emailAddresses.map(({ address }) => address),
  "calendar:Start": (item) => item.meeting?.start,
  "calendar:End": (item) => item.meeting?.end,
  "calendar:Location": (item) => item.meeting?.location,
  "calendar:IsAllDayEvent": (item) => item.meeting?.isAllDay,
  "calendar:UID": (item) => item.meeting?.uid,
  "calendar:IsMeeting": (item) => item.meeting?.isMeeting,
};

function indexedValue(item: AnyItem, uri: string, index: string): PropertyValue {
  const contact = item.contact;
  const place = contact?.physicalAddresses.find(({ key }) => key === index);
  switch (uri) {
    case "item:InternetMessageHeader":
      return shownHeaders(item)
        .filter(({ name }) => name.toLowerCase() === index.toLowerCase())
        .map(({ value }) => value);
    case "contacts:EmailAddress":
      return contact?.emailAddresses.find(({ key }) => key === index)?.address;
    case "contacts:PhoneNumber":
      return contact?.phoneNumbers.find(({ key }) => key === index)?.number;
    case "contacts:PhysicalAddress:Street":
      return place?.street;
    case "contacts:PhysicalAddress:City":
      return place?.city;
    case "contacts:PhysicalAddress:State":
      return place?.state;
    case "contacts:PhysicalAddress:CountryOrRegion":
      return place?.countryOrRegion;
    case "contacts:PhysicalAddress:PostalCode":
      return place?.postalCode;
    default:
      return undefined;
  }
}

/** Properties of entries and contacts that Exchange refuses in a query, as clients that were run against Exchange know. */
const notQueried: ReadonlySet<string> = new Set([
  ...["AllowNewTimeProposal", "EndTimeZone", "IsResponseRequested", "MeetingTimeZone", "OptionalAttendees"].map(
    (name) => `calendar:${name}`,
  ),
  ...["Recurrence", "RequiredAttendees", "Resources", "StartTimeZone"].map((name) => `calendar:${name}`),
  ...["Companies", "MSExchangeCertificate", "Photo", "UserSMIMECertificate"].map((name) => `contacts:${name}`),
  ...["PercentComplete", "Recurrence", "Status"].map((name) => `task:${name}`),
]);

/**
 * Returns how to read the property at this path from an item, for restrictions and sort orders. Throws ItemError `ErrorUnsupportedPathForQuery` for
 * a property that cannot be searched, such as item:MimeContent.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/responsecode
 */
export function valueAt(path: PropertyPath): (item: AnyItem) => PropertyValue {
  if (path.kind === "extended") return (item) => extendedValue(path, item);
  if (path.kind === "indexed") return (item) => indexedValue(item, path.uri, path.index);
  const read = searchable[path.uri];
  if (read !== undefined) return read;
  if (/^(item|message):/.test(path.uri) || notQueried.has(path.uri)) {
    throw new ItemError("ErrorUnsupportedPathForQuery", "The property can not be used in a query.", pathXml(path));
  }
  // Properties of tasks, meetings and so on that this store does not keep: no item has them.
  return () => undefined;
}

const booleans =
  /^(?:item:(?:HasAttachments|IsDraft|IsSubmitted|IsFromMe|IsResend|IsUnmodified|IsAssociated)|message:Is(?:Read|ReadReceiptRequested|DeliveryReceiptRequested)|calendar:Is.+)$/;
const times =
  /^(?:item:(?:DateTime(?:Received|Sent|Created)|LastModifiedTime)|postitem:PostedTime|contacts:Birthday|calendar:(?:Start|End))$/;

const numbers = /^(?:item:Size|folder:(?:TotalCount|UnreadCount|ChildFolderCount))$/;

const importances: Readonly<Record<string, number>> = { Low: 0, Normal: 1, High: 2 };
const sensitivities: Readonly<Record<string, number>> = { Normal: 0, Personal: 1, Private: 2, Confidential: 3 };

function isOwn(names: Readonly<Record<string, number>>, text: string): boolean {
  return Object.hasOwn(names, text);
}

/** The type of the values of a property: a name of MapiPropertyTypeType without Array. */
function typeOf(path: PropertyPath): string {
  if (path.kind === "extended") return path.type.replace(/Array$/, "");
  if (path.kind === "indexed") return "String";
  if (booleans.test(path.uri)) return "Boolean";
  if (times.test(path.uri)) return "SystemTime";
  return numbers.test(path.uri) ? "Integer" : "String";
}

/**
 * Returns a constant of a restriction in the type of the property that it is compared with. Throws ItemError `ErrorInvalidValueForProperty` for one of
 * another type.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/responsecode
 */
export function constantFor(path: PropertyPath, constant: string): PropertyValue {
  const text = constant.trim();
  const refuse = (): never => {
    throw new ItemError("ErrorInvalidValueForProperty", "The value is not valid for this property.", pathXml(path));
  };
  const uri = path.kind === "field" ? path.uri : "";
  const ranks = uri === "item:Importance" ? importances : uri === "item:Sensitivity" ? sensitivities : undefined;
  if (ranks !== undefined) return isOwn(ranks, text) ? ranks[text] : refuse();
  const type = typeOf(path);
  if (/^(?:Integer|Long|Short|Double|Float|Currency)$/.test(type))
    return text === "" || Number.isNaN(Number(text)) ? refuse() : Number(text);
  if (type === "Boolean") return /^(?:true|false|0|1)$/.test(text) ? text === "true" || text === "1" : refuse();
  if (type !== "SystemTime") return constant;
  const time = new Date(/(?:Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text}Z`);
  return /^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(time.getTime()) ? time : refuse();
}

/** Values are compared as numbers if the schema has an enumeration of ranks. */
export function rankAt(path: PropertyPath): ((item: AnyItem) => PropertyValue) | undefined {
  if (path.kind !== "field") return undefined;
  if (path.uri === "item:Importance") return (item) => rankOf(item).importance;
  if (path.uri === "item:Sensitivity") return (item) => rankOf(item).sensitivity;
  return undefined;
}
