import type { NewItem } from "../store/item.ts";
import type { LabMailbox } from "../store/mailbox.ts";
import { tracing } from "../store/message-trace.ts";
import type { Store } from "../store/store.ts";

/** The number of further mailboxes in the lab. */
export interface ManyMailboxes {
  /** At most 100,000. */
  readonly mailboxes: number;
  /** Messages in each of them, at most 10,000. Default 50. */
  readonly messages?: number | undefined;
}

/** The campaign in every hundredth of these mailboxes. */
export const manyCampaign = {
  messageId: "<20f7d1.4712@mailer.example.net>",
  subject: "Your parcel could not be delivered",
  sender: "parcels@example.net",
} as const;

const hour = 3_600_000;

/** Returns the address of one of these mailboxes; the first has the number 1. */
export function manyAddress(number: number): string {
  return `box${String(number).padStart(5, "0")}@example.com`;
}

/** Adds mailboxes whose folders and messages are created when the mailbox is first opened, so unopened mailboxes cost nothing. */
export function seedMany(store: Store, { mailboxes, messages = 50 }: ManyMailboxes): void {
  const now = store.now().getTime();
  // All messages share their common values, so that half a million of them fit into memory.
  const body = { type: "Text", value: "Please find the minutes of our last meeting below.\r\n\r\nKind regards\r\n" } as const;
  const lure = { type: "Text", value: "Your parcel waits: https://parcels.example.net/4712\r\n" } as const;
  const senders = Array.from({ length: 20 }, (_, at) => ({ name: `Sender ${at + 1}`, address: `sender${at + 1}@example.org` }));
  const fill = (number: number) => (mailbox: LabMailbox) => {
    const inbox = mailbox.known("inbox");
    const to = [{ name: mailbox.user.displayName, address: mailbox.address }];
    const add = (item: NewItem) => mailbox.add(inbox, { to, isRead: true, ...item });
    const bait = number % 100 === 0 ? Math.floor(messages / 2) : -1;
    for (let at = 0; at < messages; at += 1) {
      const receivedAt = new Date(now - (messages - at) * hour);
      if (at === bait) {
        const { messageId: internetMessageId, subject, sender: address } = manyCampaign;
        add({ internetMessageId, subject, from: { name: "Parcels", address }, body: lure, sentAt: receivedAt, receivedAt, isRead: false });
        continue;
      }
      add({ subject: `Minutes ${at + 1}`, from: senders[at % senders.length], body, sentAt: receivedAt, receivedAt });
    }
  };
  for (let number = 1; number <= mailboxes; number += 1)
    store.addUser({ address: manyAddress(number), displayName: `Box ${number}` }, fill(number));
  // Mail transport has seen the campaign, so a trace names its recipients without opening their mailboxes.
  const { messageId: internetMessageId, subject, sender } = manyCampaign;
  const at = new Date(now - (messages - Math.floor(messages / 2)) * hour);
  const trace = tracing(store.traces.length, { internetMessageId, subject, body: lure }, { from: sender, at });
  for (let number = 100; number <= mailboxes && messages > 0; number += 100) store.traces.push(trace(manyAddress(number), "delivered"));
}
