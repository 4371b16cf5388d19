import type { Contact, PhoneNumber, PhysicalAddress } from "../../exchange/contact.ts";
import { found } from "../session/expected-reply.ts";
import { type Page, pageOf } from "../session/paging.ts";
import { type JsonObject, objectIn, objectsIn, textIn, textsIn, timeIn } from "../session/read-json.ts";
import { type Request, segment } from "../session/request-description.ts";

// A contact has some forty fields.
export const contactsPerPage = 100;
const pageSize = String(contactsPerPage);
const select =
  "id,displayName,givenName,surname,companyName,jobTitle,department,emailAddresses,homePhones,mobilePhone,businessPhones," +
  "homeAddress,businessAddress,otherAddress,lastModifiedDateTime";

export interface ContactListing {
  readonly folder: string | undefined;
  readonly top?: number | undefined;
  /** Number of contacts to skip before the first. */
  readonly skip?: number | undefined;
}

/** Lists the contacts of a folder; undefined is the Contacts folder. @see https://learn.microsoft.com/en-us/graph/api/user-list-contacts */
export const listContacts: Request<ContactListing, Page<Contact>> = {
  name: "user-list-contacts",
  safety: "read",
  reply: found("value"),
  write: ({ folder, top, skip }) => ({
    method: "GET",
    path: folder === undefined ? "/contacts" : `/contactFolders/${segment(folder)}/contacts`,
    query: { $top: top === undefined ? pageSize : String(top), $skip: skip === undefined ? undefined : String(skip), $select: select },
  }),
  read: (reply) => pageOf(reply, contactOf),
};

/** Checks whether contacts can be listed at all: reads the id of one. @see https://learn.microsoft.com/en-us/graph/api/user-list-contacts */
export const anyContact: Request<undefined, Page<unknown>> = {
  name: "user-list-contacts",
  safety: "read",
  reply: found("value"),
  write: () => ({ method: "GET", path: "/contacts", query: { $top: "1", $select: "id" } }),
  read: (reply) => pageOf(reply, (contact) => contact),
};

/** A folder for contacts. */
export interface ContactFolder {
  readonly folderId: string;
  readonly displayName: string;
}

/** Lists the folders below one; without a folder, those below the root. @see https://learn.microsoft.com/en-us/graph/api/user-list-contactfolders */
export const listContactFolders: Request<ContactListing, Page<ContactFolder>> = {
  name: "user-list-contactfolders",
  safety: "read",
  reply: found("value"),
  write: ({ folder, top, skip }) => ({
    method: "GET",
    path: folder === undefined ? "/contactFolders" : `/contactFolders/${segment(folder)}/childFolders`,
    query: {
      $top: top === undefined ? pageSize : String(top),
      $skip: skip === undefined ? undefined : String(skip),
      $select: "id,displayName",
    },
  }),
  read: (reply) => pageOf(reply, (one) => ({ folderId: textIn(one, "id") ?? "", displayName: textIn(one, "displayName") ?? "" })),
};

/** @see https://learn.microsoft.com/en-us/graph/api/resources/contact */
function contactOf(json: JsonObject): Contact {
  return {
    itemId: textIn(json, "id") ?? "",
    kind: "contact",
    displayName: textIn(json, "displayName"),
    givenName: textIn(json, "givenName"),
    surname: textIn(json, "surname"),
    company: textIn(json, "companyName"),
    jobTitle: textIn(json, "jobTitle"),
    department: textIn(json, "department"),
    emailAddresses: (objectsIn(json, "emailAddresses") ?? []).flatMap((one) => textIn(one, "address") || []),
    phoneNumbers: phonesOf(json),
    physicalAddresses: addressesOf(json),
    modifiedAt: timeIn(json, "lastModifiedDateTime"),
  };
}

/** Uses the keys of Exchange Web Services, so both back ends report the same. */
function phonesOf(json: JsonObject): PhoneNumber[] {
  const labelled = [
    ...labels(textsIn(json, "businessPhones"), "BusinessPhone"),
    ...labels(textsIn(json, "homePhones"), "HomePhone"),
    ...labels([textIn(json, "mobilePhone") ?? ""], "MobilePhone"),
  ];
  return labelled.filter(({ number }) => number !== "");
}

function labels(numbers: readonly string[] = [], label: string): PhoneNumber[] {
  return numbers.map((number, index) => ({ label: index === 0 ? label : `${label}${index + 1}`, number }));
}

function addressesOf(json: JsonObject): PhysicalAddress[] {
  const keys = [
    ["businessAddress", "Business"],
    ["homeAddress", "Home"],
    ["otherAddress", "Other"],
  ] as const;
  return keys.flatMap(([name, label]) => {
    const address = objectIn(json, name);
    const parts = {
      street: textIn(address, "street"),
      city: textIn(address, "city"),
      state: textIn(address, "state"),
      country: textIn(address, "countryOrRegion"),
      postalCode: textIn(address, "postalCode"),
    };
    return Object.values(parts).some((part) => part) ? [{ label, ...parts }] : [];
  });
}
