/** Management roles that change what an account may do in Exchange. */
export type Role = "ApplicationImpersonation" | "Discovery Management";

/** The purpose of a mailbox, in Graph's words. */
export type Purpose = "user" | "linked" | "shared" | "room" | "equipment" | "others";

/** One account with a mailbox. */
export interface User {
  /** Primary SMTP address. */
  readonly address: string;
  readonly displayName: string;
  readonly password: string;
  /** Further SMTP addresses of the same mailbox. */
  readonly aliases: readonly string[];
  /** User principal name; default the primary address. */
  readonly upn: string;
  readonly sid: string;
  readonly roles: readonly Role[];
  /** Whether the mailbox belongs to a person, a group of people, a room or equipment. */
  readonly purpose: Purpose;
  /** Addresses of the users whom this account may impersonate; undefined: everybody. */
  readonly impersonationScope?: readonly string[] | undefined;
  /** Addresses of accounts that may open this mailbox as delegates. */
  readonly fullAccess: readonly string[];
  /** Addresses of accounts that may send with this address in From. */
  readonly sendAs: readonly string[];
  readonly givenName?: string | undefined;
  readonly surname?: string | undefined;
  readonly jobTitle?: string | undefined;
  readonly department?: string | undefined;
  readonly company?: string | undefined;
  readonly office?: string | undefined;
  readonly phone?: string | undefined;
}

/** The required fields of a new account; the others have defaults. */
export type NewUser = Pick<User, "address"> & { readonly [K in keyof Omit<User, "address">]?: User[K] | undefined };

/** A distribution group of the organisation. A member is a user, another group or an outside address. */
export interface Group {
  readonly address: string;
  readonly displayName: string;
  readonly aliases: readonly string[];
  readonly members: readonly string[];
}

export interface Organisation {
  /** Domains in which an unknown address bounces; every other domain is external. */
  readonly domains: Set<string>;
  readonly users: User[];
  readonly groups: Group[];
}

/** Automatic replies of one mailbox. `start` and `end` take effect if `state` is Scheduled. */
export interface Oof {
  readonly state: "Disabled" | "Enabled" | "Scheduled";
  readonly externalAudience: "None" | "Known" | "All";
  readonly start: Date;
  readonly end: Date;
  readonly internalReply: string;
  readonly externalReply: string;
}
