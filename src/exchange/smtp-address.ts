import type { Address } from "./message.ts";

/**
 * An address of an Exchange organisation in the form of X.500 (a legacyExchangeDN): of a colleague who left or moved the directory knows nothing
 * more, so that Exchange gives what the message holds.
 */
const x500 = /^\/o=/i;

export function isX500({ address, routingType }: Address): boolean {
  return routingType === "EX" || (address !== undefined && x500.test(address));
}

/**
 * An address with the SMTP address that the message keeps beside it, where its own is none: PidTagSenderSmtpAddress of Sender,
 * PidTagSentRepresentingSmtpAddress of From. Any other address stays as it is.
 */
export function withSmtpAddress(own: Address | undefined, smtp: string | undefined): Address | undefined {
  if (own === undefined || smtp === undefined || !smtp.includes("@")) return own;
  if (own.address !== undefined && !isX500(own)) return own;
  return { name: own.name, address: smtp, routingType: "SMTP", x500: own.address };
}
