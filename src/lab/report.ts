import type { NewItem } from "./item.ts";
import type { Store } from "./store.ts";

/** What the sender gets back for addresses that nobody has. */
export function nonDeliveryReport(store: Store, about: NewItem, to: string, unknown: readonly string[]): NewItem {
  return {
    itemClass: "REPORT.IPM.Note.NDR",
    subject: `Undeliverable: ${about.subject ?? ""}`,
    from: { name: "Microsoft Outlook", address: `postmaster@${[...store.organisation.domains][0] ?? "example.com"}` },
    to: [{ address: to }],
    internetMessageId: store.newMessageId(),
    body: { type: "Text", value: `Delivery has failed to these recipients:\r\n\r\n${unknown.join("\r\n")}\r\n` },
  };
}
