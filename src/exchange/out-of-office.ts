/** Automatic replies of one mailbox. Times are UTC, ISO 8601. */
export interface OutOfOffice {
  readonly state: "Disabled" | "Enabled" | "Scheduled";
  readonly externalAudience?: "None" | "Known" | "All" | undefined;
  readonly start?: string | undefined;
  readonly end?: string | undefined;
  readonly internalReply?: string | undefined;
  readonly externalReply?: string | undefined;
}
