import type { Failure } from "../failure.ts";

export interface PhoneNumber {
  /** Exchange's key, such as `MobilePhone`. */
  readonly label: string;
  readonly number: string;
}

export interface PhysicalAddress {
  readonly label: string;
  readonly street?: string | undefined;
  readonly city?: string | undefined;
  readonly state?: string | undefined;
  readonly postalCode?: string | undefined;
  readonly country?: string | undefined;
}

export interface Contact {
  readonly itemId: string;
  /** `group` is a distribution list of the person's own. */
  readonly kind: "contact" | "group";
  readonly displayName?: string | undefined;
  readonly givenName?: string | undefined;
  readonly surname?: string | undefined;
  readonly company?: string | undefined;
  readonly jobTitle?: string | undefined;
  readonly department?: string | undefined;
  readonly emailAddresses: readonly string[];
  readonly phoneNumbers: readonly PhoneNumber[];
  readonly physicalAddresses: readonly PhysicalAddress[];
  readonly modifiedAt?: string | undefined;
  readonly folderPath?: string | undefined;
}

/** The contacts that were found. */
export interface ContactList {
  readonly contacts: readonly Contact[];
  /** What is there and could not be listed or read, so that it may be missing among them. */
  readonly unread: readonly UnreadContact[];
  /** Groups were asked for, and this back end does not give them out: whether there are any is not known. */
  readonly withoutGroups?: boolean | undefined;
}

/** One contact, or (without an id) something of a folder that could not be listed. */
export interface UnreadContact {
  readonly itemId?: string | undefined;
  readonly failure: Failure;
}

export interface ContactQuery {
  /** A well-known name, path or id; default the Contacts folder. */
  readonly folder?: string | undefined;
  readonly recursive?: boolean | undefined;
  /** Text that the name, the company or an address contains, ignoring case. */
  readonly query?: string | undefined;
  readonly includeGroups?: boolean | undefined;
  readonly limit: number;
}
