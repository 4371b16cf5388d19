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
  /** `group` is a personal distribution list. */
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

/** The contacts found. */
export interface ContactList {
  readonly contacts: readonly Contact[];
  /** Contacts and folders that could not be listed or read, so matches may be missing from `contacts`. */
  readonly unread: readonly UnreadContact[];
  /** True when groups were requested but this back end does not return them: it is not known whether there are any. */
  readonly withoutGroups?: boolean | undefined;
}

/** A contact that could not be read or, without an id, part of a folder that could not be listed. */
export interface UnreadContact {
  readonly itemId?: string | undefined;
  readonly failure: Failure;
}

export interface ContactQuery {
  /** A well-known name, path or id. Default: the Contacts folder. */
  readonly folder?: string | undefined;
  readonly recursive?: boolean | undefined;
  /** Text contained in the name, the company or an address, ignoring case. */
  readonly query?: string | undefined;
  readonly includeGroups?: boolean | undefined;
  readonly limit: number;
}
