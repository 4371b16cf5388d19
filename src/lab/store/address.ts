// src/lab/store/: The mailboxes of the lab, independent of protocols: folders, items, ids, delivery and changes.

/** A name and an address as a message contains them. Both may be hostile, malformed or missing. */
export interface LabAddress {
  readonly name?: string | undefined;
  /** SMTP address, or the X.500 address when `routingType` is EX. */
  readonly address?: string | undefined;
  /** Default SMTP. */
  readonly routingType?: string | undefined;
  /** For an X.500 address: the SMTP address that the message contains as well (PidTagSenderSmtpAddress, PidTagSentRepresentingSmtpAddress). */
  readonly smtpAddress?: string | undefined;
}

export interface LabHeader {
  readonly name: string;
  /** Unfolded, otherwise unchanged: encoded words are not decoded. */
  readonly value: string;
}

/** Addresses are compared ignoring case, as Exchange's directory does. */
export function sameAddress(a: string, b: string): boolean {
  return addressKey(a) === addressKey(b);
}

/** Returns the key by which an address is looked up. */
export function addressKey(address: string): string {
  return address.trim().toLowerCase();
}

/** Returns the part after the last `@`, in lower case; empty if there is none. */
export function domainOf(address: string): string {
  const at = address.lastIndexOf("@");
  return at < 0 ? "" : addressKey(address.slice(at + 1));
}
