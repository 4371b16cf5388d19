import { completeMime, withoutHeader } from "../mime/complete-mime.ts";
import { itemFromMime } from "../mime/item-from-mime.ts";
import { headersOf, mimeOfNew } from "../mime/mime-of-item.ts";
import { addressKey, domainOf, type LabAddress } from "./address.ts";
import { nonDeliveryReport } from "./delivery-report.ts";
import { expandGroup } from "./directory.ts";
import { itemEvent } from "./events.ts";
import type { NewItem } from "./item.ts";
import type { MailStore } from "./mail-store.ts";
import type { LabItem, LabMailbox } from "./mailbox.ts";
import { enterInvitation } from "./meetings.ts";
import { tracing } from "./message-trace.ts";

/** The sender and the recipients, whatever the headers say (RFC 5321 2.3.1). */
export interface Envelope {
  readonly from: string;
  readonly to: readonly string[];
  /** Time of arrival; default now. For messages that should look older. */
  readonly at?: Date | undefined;
}

/** The outcome of delivery to one address of an envelope. */
export interface Delivery {
  readonly address: string;
  readonly outcome: "delivered" | "outside" | "unknown";
  readonly mailbox?: LabMailbox | undefined;
  readonly item?: LabItem | undefined;
}

export interface Submission {
  /** The item as sent, with its Message-ID and bytes, for Sent Items. */
  readonly sent: NewItem;
  /** The delivered bytes. */
  readonly mime: Uint8Array;
  readonly deliveries: readonly Delivery[];
}

export function deliver(store: MailStore, mime: Uint8Array, envelope: Envelope): Delivery[] {
  const item = itemFromMime(mime);
  const messageId = item.internetMessageId ?? store.newMessageId();
  const at = envelope.at ?? store.now();
  const size = mime.length;
  const trace = tracing(store.traces.length, { ...item, internetMessageId: messageId }, { from: envelope.from, at, size });
  const addresses = new Map<string, string>();
  for (const address of envelope.to) {
    const group = store.group(address);
    if (group !== undefined) store.traces.push(trace(group.address, "expanded"));
    for (const one of group ? expandGroup(store, group) : [address]) addresses.set(addressKey(one), one);
  }
  const got = new Set<LabMailbox>();
  const deliveries: Delivery[] = [];
  const outside: string[] = [];
  const unknown: string[] = [];
  for (const address of addresses.values()) {
    const mailbox = store.mailbox(address);
    if (mailbox) {
      if (got.has(mailbox)) continue;
      got.add(mailbox);
      store.traces.push(trace(mailbox.address, "delivered"));
      const blocked = isBlocked(mailbox, item.from?.address ?? envelope.from);
      const folder = mailbox.known(blocked ? "junkemail" : "inbox");
      const delivered = mailbox.add(folder, { ...item, internetMessageId: messageId, receivedAt: at, sentAt: item.sentAt ?? at, bcc: [] });
      mailbox.events.add(itemEvent("newMail", delivered, store.now()));
      if (!blocked) enterInvitation(mailbox, item);
      deliveries.push({ address, outcome: "delivered", mailbox, item: delivered });
    } else if (store.organisation.domains.has(domainOf(address))) {
      unknown.push(address);
      store.traces.push(trace(address, "failed"));
      deliveries.push({ address, outcome: "unknown" });
    } else {
      outside.push(address);
      store.traces.push(trace(address, "delivered", "203.0.113.25"));
      deliveries.push({ address, outcome: "outside" });
    }
  }
  if (outside.length > 0) store.outside.push({ at: store.clock.tick(), from: envelope.from, to: outside, mime });
  if (unknown.length > 0) bounce(store, { ...item, internetMessageId: messageId }, envelope.from, unknown);
  return deliveries;
}

/** An external sender gets no report. */
function bounce(store: MailStore, item: NewItem, sender: string, unknown: readonly string[]): void {
  const mailbox = store.mailbox(sender);
  mailbox?.add(
    mailbox.known("inbox"),
    nonDeliveryReport(store, item, { name: mailbox.user.displayName, address: mailbox.address }, unknown),
  );
}

/** Adds the server's headers to an outgoing item. Keeps the client's bytes, apart from missing headers. */
export function submit(store: MailStore, item: NewItem, from: LabMailbox): Submission {
  const now = store.clock.tick();
  const owner: LabAddress = { name: from.user.displayName, address: from.user.address };
  const complete: NewItem = {
    ...item,
    sender: item.sender ?? owner,
    from: item.from ?? owner,
    sentAt: now,
    receivedAt: now,
    isDraft: false,
    isRead: true,
    internetMessageId: item.internetMessageId ?? store.newMessageId(),
  };
  const sent: NewItem = { ...complete, mime: item.mime && completeMime(item.mime, headersOf({ ...complete, headers: [] }, false)) };
  const mime = sent.mime ? withoutHeader(sent.mime, "bcc") : mimeOfNew(sent, { bcc: false });
  const to = [...(item.to ?? []), ...(item.cc ?? []), ...(item.bcc ?? [])].flatMap((one) => (one.address ? [one.address] : []));
  return { sent, mime, deliveries: deliver(store, mime, { from: from.user.address, to }) };
}

/** Returns whether messages from this address go to Junk Email. */
export function isBlocked(mailbox: LabMailbox, address: string | undefined): boolean {
  return address !== undefined && mailbox.blockedSenders.has(addressKey(address));
}
