// src/lab/graph/items/: Messages, folders, contacts and users as the JSON of Graph.

import type { ContactFields, PhysicalAddressFields } from "../../store/contact.ts";
import type { LabItem } from "../../store/mailbox.ts";
import { restId } from "../ids.ts";
import { type Json, type JsonObject, timeJson } from "../json.ts";
import type { Row } from "../row.ts";
import { extendedValueOf } from "./extended-properties.ts";
import { outlookItemJson } from "./outlook-item-json.ts";
import type { ReplyFormat } from "./reply-format.ts";

function addressJson(fields: PhysicalAddressFields | undefined): JsonObject {
  const { street, city, state, countryOrRegion, postalCode } = fields ?? {};
  const said = Object.entries({ street, city, state, countryOrRegion, postalCode });
  return Object.fromEntries(said.flatMap(([name, value]): [string, Json][] => (value === undefined ? [] : [[name, value]])));
}

function fieldsJson(contact: ContactFields): JsonObject {
  const phones = (keys: RegExp): string[] => contact.phoneNumbers.filter(({ key }) => keys.test(key)).map(({ number }) => number);
  const emails: JsonObject[] = contact.emailAddresses.map(({ address, name }) => ({ name: name ?? address, address }));
  const physical = (key: PhysicalAddressFields["key"]) => addressJson(contact.physicalAddresses.find((one) => one.key === key));
  return {
    birthday: timeJson(contact.birthday),
    fileAs: contact.fileAs ?? "",
    displayName: contact.displayName ?? "",
    givenName: contact.givenName ?? null,
    initials: contact.initials ?? null,
    middleName: contact.middleName ?? null,
    nickName: contact.nickname ?? null,
    surname: contact.surname ?? null,
    title: null,
    imAddresses: [],
    jobTitle: contact.jobTitle ?? null,
    companyName: contact.companyName ?? null,
    department: contact.department ?? null,
    officeLocation: contact.officeLocation ?? null,
    profession: null,
    businessHomePage: null,
    assistantName: null,
    manager: contact.manager ?? null,
    homePhones: phones(/^HomePhone/),
    mobilePhone: phones(/^MobilePhone$/)[0] ?? null,
    businessPhones: phones(/^Business(Phone|Phone2)$/),
    spouseName: null,
    personalNotes: "",
    children: [],
    emailAddresses: emails,
    primaryEmailAddress: emails[0] ?? null,
    secondaryEmailAddress: emails[1] ?? null,
    tertiaryEmailAddress: emails[2] ?? null,
    homeAddress: physical("Home"),
    businessAddress: physical("Business"),
    otherAddress: physical("Other"),
  };
}

const nobody: ContactFields = { emailAddresses: [], phoneNumbers: [], physicalAddresses: [] };

/** @see https://learn.microsoft.com/en-us/graph/api/resources/contact */
export function contactRow(item: LabItem, format: ReplyFormat): Row {
  return {
    properties: {
      ...outlookItemJson(item, format),
      parentFolderId: restId(item.folder.id),
      ...fieldsJson(item.contact ?? { ...nobody, displayName: item.subject }),
    },
    extended: (id) => extendedValueOf(item, id),
  };
}
