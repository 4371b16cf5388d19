/** The fields of an IPM.Contact. Keys of the entries are Exchange's: `EmailAddress1`, `MobilePhone`, `Business`. */
export interface ContactFields {
  readonly displayName?: string | undefined;
  readonly fileAs?: string | undefined;
  readonly givenName?: string | undefined;
  readonly middleName?: string | undefined;
  readonly surname?: string | undefined;
  readonly nickname?: string | undefined;
  readonly initials?: string | undefined;
  readonly companyName?: string | undefined;
  readonly jobTitle?: string | undefined;
  readonly department?: string | undefined;
  readonly officeLocation?: string | undefined;
  readonly manager?: string | undefined;
  readonly birthday?: Date | undefined;
  readonly emailAddresses: readonly { readonly key: string; readonly address: string; readonly name?: string | undefined }[];
  readonly phoneNumbers: readonly { readonly key: string; readonly number: string }[];
  readonly physicalAddresses: readonly PhysicalAddressFields[];
}

export interface PhysicalAddressFields {
  readonly key: "Business" | "Home" | "Other";
  readonly street?: string | undefined;
  readonly city?: string | undefined;
  readonly state?: string | undefined;
  readonly countryOrRegion?: string | undefined;
  readonly postalCode?: string | undefined;
}

/** A user's personal group, IPM.DistList. */
export interface PersonalGroup {
  readonly displayName: string;
  readonly members: readonly { readonly name: string; readonly address: string }[];
}

/** The fields of an appointment or a meeting message. */
export interface MeetingFields {
  readonly start: Date;
  readonly end: Date;
  readonly isAllDay: boolean;
  readonly location?: string | undefined;
  readonly uid?: string | undefined;
  readonly organizer?: { readonly name?: string | undefined; readonly address?: string | undefined } | undefined;
  /** Whether there are other participants; without them it is an appointment. */
  readonly isMeeting?: boolean | undefined;
  readonly isSeries?: boolean | undefined;
  /** The answer of the calendar's owner, as EWS names it. Default: it is the owner's own entry. */
  readonly response?: "Organizer" | "Tentative" | "Accept" | "Decline" | "NoResponseReceived" | undefined;
}
