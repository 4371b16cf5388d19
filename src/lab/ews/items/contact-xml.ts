import type { ContactFields, PersonalGroup } from "../../store/contact.ts";
import { el, esc, textEl } from "../../xml.ts";
import { wireTime } from "./extended-properties.ts";

/** One property of a contact: its URI, and how it is written. The order is that of t:ContactItemType. */
export interface ContactProperty {
  readonly uri: string;
  readonly isDefault?: true;
  write(contact: ContactFields): string;
}

/** Returns every entry of a dictionary, or those of the requested keys. */
export function dictionaryXml(name: string, contact: ContactFields, keys?: ReadonlySet<string>): string {
  const wanted = <T extends { readonly key: string }>(entries: readonly T[]): readonly T[] =>
    entries.filter(({ key }) => keys === undefined || keys.has(key));
  const entries =
    name === "t:EmailAddresses"
      ? wanted(contact.emailAddresses).map((one) => el("t:Entry", { Key: one.key, Name: one.name, RoutingType: "SMTP" }, esc(one.address)))
      : name === "t:PhoneNumbers"
        ? wanted(contact.phoneNumbers).map((one) => el("t:Entry", { Key: one.key }, esc(one.number)))
        : wanted(contact.physicalAddresses).map((one) =>
            el(
              "t:Entry",
              { Key: one.key },
              textEl("t:Street", one.street),
              textEl("t:City", one.city),
              textEl("t:State", one.state),
              textEl("t:CountryOrRegion", one.countryOrRegion),
              textEl("t:PostalCode", one.postalCode),
            ),
          );
  return entries.length === 0 ? "" : el(name, {}, ...entries);
}

function completeName(contact: ContactFields): string {
  return el(
    "t:CompleteName",
    {},
    textEl("t:FirstName", contact.givenName),
    textEl("t:MiddleName", contact.middleName),
    textEl("t:LastName", contact.surname),
    textEl("t:Initials", contact.initials),
    textEl("t:FullName", contact.displayName),
    textEl("t:Nickname", contact.nickname),
  );
}

export const contactProperties: readonly ContactProperty[] = [
  { uri: "contacts:FileAs", isDefault: true, write: (contact) => textEl("t:FileAs", contact.fileAs ?? contact.displayName) },
  { uri: "contacts:DisplayName", isDefault: true, write: (contact) => textEl("t:DisplayName", contact.displayName) },
  { uri: "contacts:GivenName", isDefault: true, write: (contact) => textEl("t:GivenName", contact.givenName) },
  { uri: "contacts:Initials", write: (contact) => textEl("t:Initials", contact.initials) },
  { uri: "contacts:MiddleName", write: (contact) => textEl("t:MiddleName", contact.middleName) },
  { uri: "contacts:Nickname", write: (contact) => textEl("t:Nickname", contact.nickname) },
  { uri: "contacts:CompleteName", isDefault: true, write: completeName },
  { uri: "contacts:CompanyName", isDefault: true, write: (contact) => textEl("t:CompanyName", contact.companyName) },
  { uri: "contacts:EmailAddresses", isDefault: true, write: (contact) => dictionaryXml("t:EmailAddresses", contact) },
  { uri: "contacts:PhysicalAddresses", isDefault: true, write: (contact) => dictionaryXml("t:PhysicalAddresses", contact) },
  { uri: "contacts:PhoneNumbers", isDefault: true, write: (contact) => dictionaryXml("t:PhoneNumbers", contact) },
  { uri: "contacts:Birthday", write: (contact) => textEl("t:Birthday", contact.birthday && wireTime(contact.birthday)) },
  { uri: "contacts:Department", write: (contact) => textEl("t:Department", contact.department) },
  { uri: "contacts:JobTitle", isDefault: true, write: (contact) => textEl("t:JobTitle", contact.jobTitle) },
  { uri: "contacts:Manager", write: (contact) => textEl("t:Manager", contact.manager) },
  { uri: "contacts:OfficeLocation", write: (contact) => textEl("t:OfficeLocation", contact.officeLocation) },
  { uri: "contacts:Surname", isDefault: true, write: (contact) => textEl("t:Surname", contact.surname) },
  { uri: "contacts:HasPicture", write: () => "<t:HasPicture>false</t:HasPicture>" },
];

/** The dictionaries by the URI of their entries. */
export const dictionaryElements: ReadonlyMap<string, string> = new Map([
  ["contacts:EmailAddress", "t:EmailAddresses"],
  ["contacts:PhoneNumber", "t:PhoneNumbers"],
  ["contacts:PhysicalAddress:Street", "t:PhysicalAddresses"],
  ["contacts:PhysicalAddress:City", "t:PhysicalAddresses"],
  ["contacts:PhysicalAddress:State", "t:PhysicalAddresses"],
  ["contacts:PhysicalAddress:CountryOrRegion", "t:PhysicalAddresses"],
  ["contacts:PhysicalAddress:PostalCode", "t:PhysicalAddresses"],
]);

/** t:Members of a personal group. */
export function membersXml(group: PersonalGroup): string {
  if (group.members.length === 0) return "";
  return el(
    "t:Members",
    {},
    ...group.members.map(({ name, address }, at) =>
      el(
        "t:Member",
        { Key: Buffer.from(`${at}:${address}`).toString("base64") },
        el(
          "t:Mailbox",
          {},
          textEl("t:Name", name),
          textEl("t:EmailAddress", address),
          "<t:RoutingType>SMTP</t:RoutingType>",
          "<t:MailboxType>OneOff</t:MailboxType>",
        ),
        "<t:Status>Normal</t:Status>",
      ),
    ),
  );
}
