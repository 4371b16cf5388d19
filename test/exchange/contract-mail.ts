/** Messages for the contract of the port, as an attacker could send them. */
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

/** A message with a message in it that has a file and one more message, which has a file. */
export function nested(): { readonly whole: Uint8Array; readonly middle: Uint8Array; readonly inner: Uint8Array } {
  const holding = (subject: string, parts: readonly string[]) =>
    Buffer.from(
      [
        "From: Mallory <mallory@example.org>",
        "To: Ann <ann@example.com>",
        `Subject: ${subject}`,
        `Message-ID: <${subject}@example.org>`,
        "Date: Thu, 01 Jan 2026 10:00:00 +0000",
        "MIME-Version: 1.0",
        `Content-Type: multipart/mixed; boundary="=_${subject}"`,
        "",
        `--=_${subject}`,
        "Content-Type: text/plain",
        "",
        `The ${subject} one.`,
        ...parts.map((part) => `--=_${subject}${crlf}${part}`),
        `--=_${subject}--`,
        "",
      ].join(crlf),
    );
  const attached = (message: Uint8Array) => `Content-Type: message/rfc822${crlf}${crlf}${Buffer.from(message).toString("utf8")}`;
  const attachedFile = (name: string) =>
    [
      `Content-Type: application/pdf; name=${name}`,
      `Content-Disposition: attachment; filename=${name}`,
      "Content-Transfer-Encoding: base64",
      "",
      file.toString("base64"),
    ].join(crlf);
  const inner = holding("inner", [attachedFile("deep.pdf")]);
  const middle = holding("middle", [attachedFile("flat.pdf"), attached(inner)]);
  return { whole: holding("outer", [attached(middle)]), middle, inner };
}

/** A message with one in it that has one in it, which has a body of HTML and no other. */
export function nestedHtml(): Uint8Array {
  const body = '<html><head><title>x</title></head><body><p>Pay &amp; be <b>quick</b></p><script>evil("now")</script></body></html>';
  const head = (subject: string) => `From: Mallory <mallory@example.org>${crlf}Subject: ${subject}${crlf}MIME-Version: 1.0${crlf}`;
  const holding = (subject: string, inner: string) =>
    [
      `${head(subject)}Content-Type: multipart/mixed; boundary="=_${subject}"`,
      "",
      `--=_${subject}`,
      "Content-Type: text/html",
      "",
      body,
      `--=_${subject}`,
      "Content-Type: message/rfc822",
      "",
      inner,
      `--=_${subject}--`,
      "",
    ].join(crlf);
  const inner = `${head("innermost")}Content-Type: text/html${crlf}${crlf}${body}${crlf}`;
  return Buffer.from(holding("outer", holding("middle", inner)));
}
