import type { Contact, PhysicalAddress } from "../../exchange/contact.ts";
import {
  attribute,
  dateTime,
  elementName,
  fromAttribute,
  listOf,
  mapped,
  optional,
  ownText,
  type Reader,
  record,
  text,
} from "../../wire/xml/read-xml.ts";
import { element, type Xml } from "../../wire/xml/write-xml.ts";
import { m, t } from "../namespaces.ts";
import { type Operation, outcomeOf, responses } from "../operation.ts";
import { findItemAs } from "../operations/find-item.ts";
import { itemIds } from "../session/item-ids.ts";
import { status } from "../session/response-status.ts";
import { shape } from "./item-shapes.ts";
import { itemElements } from "./message-reader.ts";

/** An item of a contacts folder. */
export interface ContactLine {
  /** Empty where the server returns none; the item still counts as a position of the list. */
  readonly id: string;
  readonly kind: "contact" | "group" | "other";
}

const kinds: ReadonlyMap<string, "contact" | "group"> = new Map([
  ["Contact", "contact"],
  ["DistributionList", "group"],
]);

/** Lists contacts by id. FindItem does not return their addresses reliably, so the contacts are read afterwards. */
export const findContacts = findItemAs<ContactLine>(
  mapped(listOf(itemElements, record({ element: elementName, id: optional(t("ItemId"), attribute("Id")) })), (items) =>
    items.map(({ element, id = "" }) => ({ id, kind: kinds.get(element) ?? ("other" as const) })),
  ),
);

export const contactIds = shape("m:ItemShape", ["item:ItemId"]);

// Keys as in Microsoft's schema. Keys of newer schemas only (BusinessMobile, IPPhone) are left out, since an older server refuses them.
const emailKeys = ["EmailAddress1", "EmailAddress2", "EmailAddress3"];
const phoneKeys = [
  "AssistantPhone",
  "BusinessFax",
  "BusinessPhone",
  "BusinessPhone2",
  "Callback",
  "CarPhone",
  "CompanyMainPhone",
  "HomeFax",
  "HomePhone",
  "HomePhone2",
  "Isdn",
  "MobilePhone",
  "OtherFax",
  "OtherTelephone",
  "Pager",
  "PrimaryPhone",
  "RadioPhone",
  "Telex",
  "TtyTddPhone",
];
const addressKeys = ["Business", "Home", "Other"];
const addressParts = ["Street", "City", "State", "CountryOrRegion", "PostalCode"];

const contactFields = [
  "item:ItemId",
  "item:LastModifiedTime",
  "contacts:DisplayName",
  "contacts:GivenName",
  "contacts:Surname",
  "contacts:CompanyName",
  "contacts:JobTitle",
  "contacts:Department",
];

/** Addresses and numbers are stored under keys, and each key is a separate property. */
const contactShape: Xml = element(
  "m:ItemShape",
  undefined,
  element("t:BaseShape", undefined, "IdOnly"),
  element(
    "t:AdditionalProperties",
    undefined,
    contactFields.map((uri) => element("t:FieldURI", { FieldURI: uri })),
    emailKeys.map((key) => indexedField("contacts:EmailAddress", key)),
    phoneKeys.map((key) => indexedField("contacts:PhoneNumber", key)),
    addressParts.flatMap((part) => addressKeys.map((key) => indexedField(`contacts:PhysicalAddress:${part}`, key))),
  ),
);

function indexedField(uri: string, index: string): Xml {
  return element("t:IndexedFieldURI", { FieldURI: uri, FieldIndex: index });
}

const entries = listOf(t("Entry"), record({ key: fromAttribute("Key"), value: ownText }));

const addresses: Reader<PhysicalAddress[]> = listOf(
  t("Entry"),
  mapped(
    record({
      label: fromAttribute("Key"),
      street: optional(t("Street"), text),
      city: optional(t("City"), text),
      state: optional(t("State"), text),
      country: optional(t("CountryOrRegion"), text),
      postalCode: optional(t("PostalCode"), text),
    }),
    ({ label = "", ...parts }) => ({ label, ...parts }),
  ),
);

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/contact */
const contactReader: Reader<Contact> = mapped(
  record({
    element: elementName,
    itemId: optional(t("ItemId"), attribute("Id")),
    modifiedAt: optional(t("LastModifiedTime"), dateTime),
    displayName: optional(t("DisplayName"), text),
    givenName: optional(t("GivenName"), text),
    surname: optional(t("Surname"), text),
    company: optional(t("CompanyName"), text),
    jobTitle: optional(t("JobTitle"), text),
    department: optional(t("Department"), text),
    emails: optional(t("EmailAddresses"), entries),
    phones: optional(t("PhoneNumbers"), entries),
    physicalAddresses: optional(t("PhysicalAddresses"), addresses),
  }),
  ({ element, itemId = "", emails = [], phones = [], physicalAddresses = [], ...members }) => ({
    itemId,
    kind: kinds.get(element) ?? "contact",
    ...members,
    emailAddresses: emails.map(({ value }) => value).filter((value) => value !== ""),
    phoneNumbers: phones.flatMap(({ key = "", value }) => (value === "" ? [] : [{ label: key, number: value }])),
    physicalAddresses: physicalAddresses.filter(({ label: _, ...parts }) => Object.values(parts).some((part) => part)),
  }),
);

/**
 * Reads contacts and distribution lists.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/getitem-operation-contact
 */
export const getContacts: Operation<readonly string[], Contact> = {
  name: "GetItem",
  safety: "read",
  names: (ids) => ids,
  write: (ids) => element("m:GetItem", undefined, contactShape, itemIds(ids.map((id) => ({ id })))),
  read: responses(
    "GetItem",
    mapped(
      record({ ...status, items: optional(m("Items"), listOf(itemElements, contactReader)) }),
      outcomeOf(({ items }): Contact | undefined => items?.[0]),
    ),
  ),
};
