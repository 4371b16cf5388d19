/** Mail for the promises of the port: what a stranger could send. */
export const crlf = "\r\n";

export function mail(subject: string, { id = `<${subject.replace(/\W/g, "-")}@example.org>`, extra = "" } = {}): Uint8Array {
  const headers = [
    "From: Mallory <mallory@example.org>",
    "To: Ann <ann@example.com>",
    `Subject: ${subject}`,
    `Message-ID: ${id}`,
    "Date: Thu, 01 Jan 2026 10:00:00 +0000",
  ];
  return Buffer.from(`${headers.join(crlf)}${crlf}${extra}${crlf}Look at this & that <now>.${crlf}`);
}

export const file = Buffer.from("%PDF-1.4 harmless\0\u0001\u0002");
export const withParts = Buffer.from(
  [
    "From: Mallory <mallory@example.org>",
    "To: Ann <ann@example.com>",
    "Subject: With parts",
    "Message-ID: <parts@example.org>",
    "Date: Thu, 01 Jan 2026 10:00:00 +0000",
    "MIME-Version: 1.0",
    'Content-Type: multipart/mixed; boundary="b"',
    "",
    "--b",
    "Content-Type: text/plain",
    "",
    "See below.",
    "--b",
    'Content-Type: application/pdf; name="invoice.pdf"',
    'Content-Disposition: attachment; filename="invoice.pdf"',
    "Content-Transfer-Encoding: base64",
    "",
    file.toString("base64"),
    "--b",
    'Content-Type: application/octet-stream; name="empty.bin"',
    'Content-Disposition: attachment; filename="empty.bin"',
    "",
    "",
    "--b",
    "Content-Type: message/rfc822",
    "Content-Disposition: attachment",
    "",
    Buffer.from(mail("The inner one")).toString("utf8"),
    "--b--",
    "",
  ].join(crlf),
);
