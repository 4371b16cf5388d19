// src/lab/ews/search/: The selection by requests: properties, shapes, restrictions, sort orders and pages.

import type { ContactFields } from "../../store/contact.ts";
import type { LabFolder, LabItem } from "../../store/mailbox.ts";
import type { Group, User } from "../../store/organisation.ts";
import type { Store } from "../../store/store.ts";
import { el, textEl } from "../../xml.ts";
import { contactProperties } from "../items/contact-xml.ts";
import { itemIdXml } from "../items/item-properties.ts";

/** A match for a name: an account, a group, or the user's own contact. */
export interface DirectoryEntry {
  readonly name: string;
  readonly address: string | undefined;
  readonly mailboxType: "Mailbox" | "PublicDL" | "PrivateDL" | "Contact";
  /** Further texts that it is found by. */
  readonly aliases: readonly string[];
  readonly contact: ContactFields;
  readonly source: "ActiveDirectory" | "Store";
  /** The item of a contact. */
  readonly item?: LabItem | undefined;
}

function ofUser(user: User): DirectoryEntry {
  return {
    name: user.displayName,
    address: user.address,
    mailboxType: "Mailbox",
    aliases: user.aliases,
    source: "ActiveDirectory",
    contact: {
      displayName: user.displayName,
      givenName: user.givenName,
      surname: user.surname,
      companyName: user.company,
      jobTitle: user.jobTitle,
      department: user.department,
      officeLocation: user.office,
      emailAddresses: [{ key: "EmailAddress1", address: `SMTP:${user.address}` }],
      phoneNumbers: user.phone === undefined ? [] : [{ key: "BusinessPhone", number: user.phone }],
      physicalAddresses: [],
    },
  };
}

function ofGroup(group: Group): DirectoryEntry {
  return {
    name: group.displayName,
    address: group.address,
    mailboxType: "PublicDL",
    aliases: group.aliases,
    source: "ActiveDirectory",
    contact: {
      displayName: group.displayName,
      emailAddresses: [{ key: "EmailAddress1", address: `SMTP:${group.address}` }],
      phoneNumbers: [],
      physicalAddresses: [],
    },
  };
}

function ofItem(item: LabItem): DirectoryEntry | undefined {
  const contact = item.contact;
  if (contact !== undefined) {
    const addresses = contact.emailAddresses.map(({ address }) => address);
    const name = contact.displayName ?? contact.fileAs ?? addresses[0] ?? "";
    return { name, address: addresses[0], mailboxType: "Contact", aliases: addresses, source: "Store", contact, item };
  }
  if (item.group === undefined) return undefined;
  const name = item.group.displayName;
  const fields = { displayName: name, emailAddresses: [], phoneNumbers: [], physicalAddresses: [] };
  return { name, address: undefined, mailboxType: "PrivateDL", aliases: [], source: "Store", contact: fields, item };
}

/** Accounts and groups that a text is the beginning of; all with an empty text. */
export function inDirectory(store: Store, text: string): DirectoryEntry[] {
  const { users, groups } = store.organisation;
  const found = text.trim() === "" ? [...users, ...groups] : store.resolveName(text);
  return found.map((one) => ("members" in one ? ofGroup(one) : ofUser(one)));
}

/** The contacts and personal groups of a folder that a text is the beginning of; all with an empty text. */
export function inContacts(folder: LabFolder, text: string): DirectoryEntry[] {
  const wanted = text
    .trim()
    .replace(/^smtp:/i, "")
    .toLowerCase();
  const entries = [...folder.items.values()].map(ofItem).filter((entry) => entry !== undefined);
  return entries.filter((entry) =>
    [entry.name, ...entry.name.split(/\s+/), entry.contact.surname ?? "", ...entry.aliases].some((one) =>
      one.toLowerCase().startsWith(wanted),
    ),
  );
}

/** t:Mailbox, or another element of its type. */
export function entryMailboxXml(entry: DirectoryEntry, element = "t:Mailbox"): string {
  return el(
    element,
    {},
    textEl("t:Name", entry.name),
    textEl("t:EmailAddress", entry.address),
    textEl("t:RoutingType", entry.mailboxType === "PrivateDL" ? "MAPIPDL" : "SMTP"),
    textEl("t:MailboxType", entry.mailboxType),
    entry.item && itemIdXml(entry.item),
  );
}

/** Returns t:Contact with all known facts about the entry. */
export function entryContactXml(entry: DirectoryEntry): string {
  const parts = contactProperties.map(({ uri, write }) => {
    // t:ContactSource comes before t:Department in the schema.
    const source = uri === "contacts:Department" ? textEl("t:ContactSource", entry.source) : "";
    return source + (entry.source === "ActiveDirectory" && uri === "contacts:FileAs" ? "" : write(entry.contact));
  });
  return el("t:Contact", {}, ...parts);
}
