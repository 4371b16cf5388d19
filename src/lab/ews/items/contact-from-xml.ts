import type { ContactFields, PersonalGroup, PhysicalAddressFields } from "../../store/contact.ts";
import type { XmlElement } from "../../xml.ts";

const isPlace = (key: string): key is PhysicalAddressFields["key"] => key === "Business" || key === "Home" || key === "Other";

function entries(element: XmlElement, name: string): readonly XmlElement[] {
  return element.child(name)?.all("Entry") ?? [];
}

const keyOf = (entry: XmlElement): string => entry.attributes.get("Key") ?? "";

/**
 * The fields of t:Contact.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/contact
 */
export function readContact(element: XmlElement): ContactFields {
  const birthday = element.textAt("Birthday");
  return {
    displayName: element.textAt("DisplayName"),
    fileAs: element.textAt("FileAs"),
    givenName: element.textAt("GivenName"),
    middleName: element.textAt("MiddleName"),
    surname: element.textAt("Surname"),
    nickname: element.textAt("Nickname"),
    initials: element.textAt("Initials"),
    companyName: element.textAt("CompanyName"),
    jobTitle: element.textAt("JobTitle"),
    department: element.textAt("Department"),
    officeLocation: element.textAt("OfficeLocation"),
    manager: element.textAt("Manager"),
    birthday: birthday === undefined ? undefined : new Date(birthday),
    emailAddresses: entries(element, "EmailAddresses").map((entry) => ({
      key: keyOf(entry),
      address: entry.text.trim(),
      name: entry.attributes.get("Name"),
    })),
    phoneNumbers: entries(element, "PhoneNumbers").map((entry) => ({ key: keyOf(entry), number: entry.text.trim() })),
    physicalAddresses: entries(element, "PhysicalAddresses").flatMap((entry) => {
      const key = keyOf(entry);
      if (!isPlace(key)) return [];
      return [
        {
          key,
          street: entry.textAt("Street"),
          city: entry.textAt("City"),
          state: entry.textAt("State"),
          countryOrRegion: entry.textAt("CountryOrRegion"),
          postalCode: entry.textAt("PostalCode"),
        },
      ];
    }),
  };
}

/** Gives a new contact without a display name its given name and surname. */
export function readNewContact(element: XmlElement): ContactFields {
  const contact = readContact(element);
  const name = [contact.givenName, contact.surname].filter((part) => part !== undefined).join(" ");
  return { ...contact, displayName: contact.displayName ?? (name === "" ? undefined : name) };
}

/** Adds the parts of a postal address that an update does not name: each part is a property of its own. */
function withParts(now: ContactFields["physicalAddresses"], given: ContactFields["physicalAddresses"][number]) {
  const old = now.find(({ key }) => key === given.key);
  return {
    key: given.key,
    street: given.street ?? old?.street,
    city: given.city ?? old?.city,
    state: given.state ?? old?.state,
    countryOrRegion: given.countryOrRegion ?? old?.countryOrRegion,
    postalCode: given.postalCode ?? old?.postalCode,
  };
}

/** Merges an update into a contact; dictionary entries are replaced one by one, by their keys, and the parts of a postal address one by one. */
export function mergedContact(now: ContactFields, given: ContactFields): ContactFields {
  const merged = <T extends { readonly key: string }>(old: readonly T[], fresh: readonly T[]): readonly T[] => [
    ...old.filter(({ key }) => !fresh.some((one) => one.key === key)),
    ...fresh,
  ];
  return {
    displayName: given.displayName ?? now.displayName,
    fileAs: given.fileAs ?? now.fileAs,
    givenName: given.givenName ?? now.givenName,
    middleName: given.middleName ?? now.middleName,
    surname: given.surname ?? now.surname,
    nickname: given.nickname ?? now.nickname,
    initials: given.initials ?? now.initials,
    companyName: given.companyName ?? now.companyName,
    jobTitle: given.jobTitle ?? now.jobTitle,
    department: given.department ?? now.department,
    officeLocation: given.officeLocation ?? now.officeLocation,
    manager: given.manager ?? now.manager,
    birthday: given.birthday ?? now.birthday,
    emailAddresses: merged(now.emailAddresses, given.emailAddresses),
    phoneNumbers: merged(now.phoneNumbers, given.phoneNumbers),
    physicalAddresses: merged(
      now.physicalAddresses,
      given.physicalAddresses.map((one) => withParts(now.physicalAddresses, one)),
    ),
  };
}

/**
 * The fields of t:DistributionList.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/distributionlist
 */
export function readGroup(element: XmlElement): PersonalGroup {
  return {
    displayName: element.textAt("DisplayName") ?? "",
    members: (element.child("Members")?.all("Member") ?? []).map((member) => {
      const address = member.textAt("Mailbox", "EmailAddress") ?? "";
      return { name: member.textAt("Mailbox", "Name") ?? address, address };
    }),
  };
}
