import { randomBytes } from "node:crypto";
import type { Lab } from "../src/lab/lab.ts";

export const mailbox = "reception@example.com";
/** Mailbox of the large attachment, so the searched mailbox stays an ordinary one. */
export const attachmentMailbox = "legal@example.com";
export const bigSubject = "bench: a message of 30 MB";
export const bigId = "<bench-1000@example.org>";
export const attachmentId = "<bench-attachment@example.org>";

/** 1000 ordinary messages and one of 30 MB in one mailbox. */
export function fill(lab: Lab): void {
  for (let n = 0; n < 1000; n++) {
    const head = headOf(`Quarterly report number ${n} & friends`, mailbox, `<bench-${n}@example.org>`);
    deliver(lab, mailbox, `${head}\r\nThe report is attached to nothing.\r\n`);
  }
  deliver(lab, mailbox, headOf(bigSubject, mailbox, bigId) + file(22));
}

/** A message with an attachment of 100 MiB. */
export function attach(lab: Lab): void {
  const head = headOf("bench: an attachment of 100 MiB", attachmentMailbox, attachmentId);
  const multipart = "Content-Type: multipart/mixed; boundary=edge\r\n\r\n--edge\r\nContent-Type: text/plain\r\n\r\nThe film.\r\n--edge\r\n";
  deliver(lab, attachmentMailbox, `${head}${multipart}${file(100)}--edge--\r\n`);
}

function headOf(subject: string, to: string, id: string): string {
  return `From: Sender <sender@example.org>\r\nTo: ${to}\r\nSubject: ${subject}\r\nMessage-ID: ${id}\r\nDate: Mon, 02 Nov 2026 08:00:00 +0000\r\nMIME-Version: 1.0\r\n`;
}

function file(mib: number): string {
  const content = randomBytes(mib * 1024 * 1024)
    .toString("base64")
    .replace(/.{76}/g, "$&\r\n");
  return `Content-Type: application/octet-stream; name=big.bin\r\nContent-Disposition: attachment; filename=big.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n${content}\r\n`;
}

function deliver(lab: Lab, to: string, mime: string): void {
  lab.store.deliver(Buffer.from(mime), { from: "sender@example.org", to: [to] });
}
