import { createHash } from "node:crypto";
import { oneLine } from "../mime/encode.ts";
import { itemFromMime } from "../mime/item-from-mime.ts";
import { mimeOfNew } from "../mime/mime-of-item.ts";
import { domainOf, type LabAddress } from "./address.ts";
import type { NewItem } from "./item.ts";
import type { MailStore } from "./mail-store.ts";

/** Returns the sender's delivery report (RFC 3464) for unknown addresses, with the message in it. */
export function nonDeliveryReport(store: MailStore, about: NewItem, to: LabAddress, unknown: readonly string[]): NewItem {
  const domain = domainOf(unknown[0] ?? "") || "example.com";
  const original = mimeOfNew(about);
  // The boundary must not occur in the enclosed message, which stays unchanged.
  const boundary = `=_report_${createHash("sha256").update(original).digest("hex").slice(0, 32)}`;
  const listed = unknown.map((address) => oneLine(address));
  const fields = listed.map((address) => `Final-Recipient: rfc822;${address}\r\nAction: failed\r\nStatus: 5.1.10\r\n`);
  const frame: NewItem = {
    subject: `Undeliverable: ${about.subject ?? ""}`,
    from: { name: "Mail Delivery", address: `postmaster@${domain}` },
    to: [to],
    sentAt: store.now(),
    internetMessageId: store.newMessageId(),
    inReplyTo: about.internetMessageId,
    references: about.internetMessageId,
    conversationIndex: about.conversationIndex,
  };
  const head = headOf(mimeOfNew(frame));
  const text = `Delivery has failed to these recipients:\r\n\r\n${listed.join("\r\n")}\r\n\r\nThe address is not known in ${domain}.\r\n`;
  const mime = Buffer.concat([
    Buffer.from(`${head}Content-Type: multipart/report; report-type=delivery-status; boundary="${boundary}"\r\n\r\n`),
    Buffer.from(`--${boundary}\r\nContent-Type: text/plain; charset="utf-8"\r\n\r\n${text}\r\n`),
    Buffer.from(
      `--${boundary}\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns;lab.${domain}\r\n\r\n${fields.join("\r\n")}\r\n`,
    ),
    Buffer.from(`--${boundary}\r\nContent-Type: message/rfc822\r\nContent-Disposition: attachment\r\n\r\n`),
    original,
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);
  return { ...itemFromMime(mime), receivedAt: store.now() };
}

/** Returns the headers before those about the body. */
function headOf(mime: Uint8Array): string {
  const text = Buffer.from(mime).toString("utf8");
  return text.slice(0, text.indexOf("Content-Type:"));
}
