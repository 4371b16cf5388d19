// src/lab/ews/items/: Items, attachments and contacts as the XML of EWS.

import type { LabAddress } from "../../store/address.ts";
import type { Store } from "../../store/store.ts";
import { el, textEl, type XmlElement } from "../../xml.ts";

/** Returns t:Mailbox as Exchange writes a known one: with the kind from its directory. */
export function mailboxXml(address: LabAddress, store: Store): string {
  const known = address.address ?? "";
  const type = store.mailbox(known) !== undefined ? "Mailbox" : store.group(known) !== undefined ? "PublicDL" : "OneOff";
  return el(
    "t:Mailbox",
    {},
    textEl("t:Name", address.name ?? address.address),
    // The schema wants an address that is not empty, or none.
    known === "" ? "" : textEl("t:EmailAddress", known),
    known === "" ? "" : textEl("t:RoutingType", address.routingType ?? "SMTP"),
    textEl("t:MailboxType", type),
  );
}

/** A list of recipients; nothing when it is empty. */
export function recipientsXml(name: string, addresses: readonly LabAddress[], store: Store): string {
  return addresses.length === 0 ? "" : el(name, {}, ...addresses.map((one) => mailboxXml(one, store)));
}

export function oneMailboxXml(name: string, address: LabAddress | undefined, store: Store): string {
  return address === undefined ? "" : el(name, {}, mailboxXml(address, store));
}

/** Reads t:Mailbox of a request. A name of the organisation takes the place of a missing address, as Exchange resolves it on sending. */
export function readMailbox(element: XmlElement, store: Store): LabAddress {
  const name = element.textAt("Name");
  const address = element.textAt("EmailAddress");
  const found = address === undefined && name !== undefined ? store.resolveName(name) : [];
  const only = found.length === 1 ? found[0] : undefined;
  const known = address === undefined ? only : (store.mailbox(address)?.user ?? store.group(address));
  return {
    name: name ?? known?.displayName,
    address: address ?? only?.address,
    routingType: element.textAt("RoutingType"),
  };
}
