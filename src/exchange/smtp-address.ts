import type { Address } from "./message.ts";

/**
 * An X.500 address (legacyExchangeDN) of an Exchange organisation. The directory no longer knows a colleague who left or moved, so Exchange returns
 * the address of the message.
 */
const x500 = /^\/o=/i;

export function isX500({ address, routingType }: Address): boolean {
  return routingType === "EX" || (address !== undefined && x500.test(address));
}

/**
 * Returns an address with the SMTP address that the message keeps beside it, if its own is an X.500 address: PidTagSenderSmtpAddress for Sender,
 * PidTagSentRepresentingSmtpAddress for From. Any other address stays as it is.
 */
export function withSmtpAddress(own: Address | undefined, smtp: string | undefined): Address | undefined {
  if (own === undefined || smtp === undefined || !smtp.includes("@")) return own;
  if (own.address !== undefined && !isX500(own)) return own;
  return { name: own.name, address: smtp, routingType: "SMTP", x500: own.address };
}
