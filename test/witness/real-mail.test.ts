import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { getAttachments } from "../../src/actions/get-attachments.ts";
import { searchEmailsExtended } from "../../src/actions/search-emails-extended.ts";
import type { Answer } from "../../src/catalogue/answer-envelope.ts";
import { backends, type LabHost, openLabHost } from "../actions/lab-host.ts";
import { tnef } from "../wire/mime/tnef.ts";

// Messages as real ones are broken: what they hold must be the same whether they came by themselves or attached to another, over both back ends.

const who = "user01@example.com";
const crlf = "\r\n";
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const head = (id: string, ...more: string[]) => [
  ...(more.some((line) => line.startsWith("From:")) ? [] : ["From: Mallory <mallory@example.net>"]),
  `To: ${who}`,
  "Date: Tue, 24 Nov 2026 09:00:00 +0000",
  `Message-ID: <${id}@example.net>`,
  "MIME-Version: 1.0",
  ...more,
];
const mixed = (id: string, subject: string, ...parts: string[][]) =>
  [
    ...head(id, `Subject: ${subject}`, "Content-Type: multipart/mixed; boundary=PART"),
    "",
    ...parts.flatMap((part) => ["--PART", ...part]),
    "--PART--",
    "",
  ].join(crlf);
const text = ["Content-Type: text/plain", "", "Please see the file."];
const encoded = (type: string, name: string, bytes: Uint8Array) => [
  `Content-Type: ${type}`,
  `Content-Disposition: attachment; filename="${name}"`,
  "Content-Transfer-Encoding: base64",
  "",
  Buffer.from(bytes).toString("base64"),
];
const signed = (inner: readonly string[]) =>
  [
    ...head(
      "signed",
      "Subject: Signed",
      'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary=SIGN',
    ),
    "",
    "--SIGN",
    ...inner,
    "--SIGN",
    ...encoded("application/pkcs7-signature", "smime.p7s", Buffer.from("no real signature")),
    "--SIGN--",
    "",
  ].join(crlf);

interface Found {
  readonly name: unknown;
  readonly type?: unknown;
  readonly bytes: Uint8Array | string;
}

/** What is in each, besides the message itself. */
const messages: Readonly<Record<string, { readonly mime: string; readonly found: readonly Found[] }>> = {
  "whose boundary's quote never closes": {
    mime: mixed("open-quote", "Open quote", text, [
      "Content-Type: text/html",
      'Content-Disposition: attachment; filename="Form.htm"',
      "",
      "<form>",
    ]).replace("boundary=PART", `${crlf}\tboundary="PART`),
    found: [{ name: "Form.htm", bytes: "<form>" }],
  },
  "with a uuencoded file": {
    mime: mixed("uu", "Uuencoded", text, [
      "Content-Type: application/octet-stream; name=run.exe",
      "Content-Disposition: attachment; filename=run.exe",
      "Content-Transfer-Encoding: x-uuencode",
      "",
      "begin 644 run.exe",
      '"35H ',
      "`",
      "end",
    ]),
    found: [{ name: "run.exe", bytes: "MZ" }],
  },
  "with a list's footer behind base64": {
    mime: mixed("footer", "Footer", text, [
      ...encoded("application/octet-stream", "a.bin", Buffer.from("MZ")),
      "-- ",
      "A footer of the list",
    ]),
    found: [{ name: "a.bin", bytes: "MZ" }],
  },
  "with names in Windows-1252": {
    mime: mixed(
      "cp1252",
      "=?windows-1252?Q?=93Prize=94_=96_=80900?=",
      text,
      encoded("application/pdf", "=?windows-1252?Q?Bill_=96_=80900.pdf?=", Buffer.from("%PDF")),
    ),
    found: [{ name: "Bill – €900.pdf", bytes: "%PDF" }],
  },
  "that invites, with a file in its calendar": {
    mime: [
      ...head("invite", "Subject: Invite", "Content-Type: multipart/alternative; boundary=PART"),
      "",
      "--PART",
      ...text,
      "--PART",
      "Content-Type: text/calendar; method=REQUEST",
      "",
      "BEGIN:VCALENDAR",
      "BEGIN:VEVENT",
      "DTSTART:20261201T100000Z",
      "ATTACH;ENCODING=BASE64;FMTTYPE=application/x-msdownload;X-FILENAME=agenda.exe:TVo=",
      "END:VEVENT",
      "END:VCALENDAR",
      "--PART--",
      "",
    ].join(crlf),
    found: [
      { name: undefined, type: "text/calendar", bytes: "" },
      { name: "agenda.exe", type: "application/x-msdownload", bytes: "MZ" },
    ],
  },
  "that is signed": {
    mime: signed([
      "Content-Type: multipart/mixed; boundary=PART",
      "",
      "--PART",
      ...text,
      "--PART",
      ...encoded("application/zip", "signed.zip", Buffer.from("PK")),
      "--PART--",
    ]),
    found: [
      { name: "signed.zip", bytes: "PK" },
      { name: "smime.p7s", bytes: "no real signature" },
    ],
  },
  "that is TNEF": {
    mime: mixed(
      "tnef",
      "TNEF",
      text,
      encoded(
        "application/ms-tnef",
        "winmail.dat",
        tnef([
          { title: "LONGNA~1.DOC", name: "Long name – one.docm", type: "application/msword", content: Buffer.from("doc") },
          { title: "Forwarded", message: tnef([{ title: "deep.js", content: Buffer.from("js") }]) },
        ]),
      ),
    ),
    found: [
      { name: "Long name – one.docm", type: "application/msword", bytes: "doc" },
      { name: "deep.js", bytes: "js" },
    ],
  },
};

describe.each(backends)("over %s", (backend) => {
  let at: LabHost;
  beforeAll(async () => {
    at = await openLabHost({}, backend);
  });
  afterAll(() => at.close());

  /** The attachments of a message that was delivered, by itself or attached to another. */
  async function found(mime: string, isAttached: boolean): Promise<Answer> {
    const outer = mixed("outer", "Outer", text, ["Content-Type: message/rfc822", "", "MESSAGE"])
      .replaceAll("PART", "OUTER")
      .replace("MESSAGE", mime);
    const [delivered] = at.lab.store.deliver(Buffer.from(isAttached ? outer : mime, "latin1"), { from: "mallory@example.net", to: [who] });
    return at.run(getAttachments, { mailbox: who, item_id: at.idOf(delivered?.item) });
  }

  describe.each(Object.entries(messages))("a message %s", (_, { mime, found: expected }) => {
    test.each([
      ["by itself", false],
      ["attached to another", true],
    ])("gives each file in it with its bytes, %s", async (_title, isAttached) => {
      const answer = await found(mime, isAttached);
      expect(answer).toMatchObject({ success: true });
      for (const { name, type, bytes } of expected) {
        const row = answer.results?.find((one) => one.name === name && (type === undefined || one.content_type === type));
        expect(row, `${name} in ${JSON.stringify(answer.results?.map((one) => one.name))}`).toBeDefined();
        if (bytes !== "") expect(row).toMatchObject({ fetched: true, sha256: sha256(Buffer.from(bytes)) });
      }
      // No text of it is obeyed by a terminal.
      expect(JSON.stringify(answer)).not.toMatch(/[\u0080-\u009f]/);
    });
  });

  test("a signed message is one attachment on Exchange, smime.p7m, and what hangs in it has that one as its parent", async () => {
    const { results = [] } = await found(messages["that is signed"]?.mime ?? "", false);
    const [p7m] = results;
    expect(p7m).toMatchObject({ name: "smime.p7m", kind: "file", content_type: "multipart/signed", depth: 1 });
    expect(results.slice(1)).toMatchObject([
      { name: "signed.zip", depth: 2, parent_attachment_id: p7m?.attachment_id },
      { name: "smime.p7s", depth: 2, parent_attachment_id: p7m?.attachment_id },
    ]);
    const again = await at.run(getAttachments, {
      mailbox: who,
      item_id: String(p7m?.item_id),
      attachment_ids: [String(results[1]?.attachment_id)],
    });
    expect(again.results).toMatchObject([{ name: "signed.zip", sha256: sha256(Buffer.from("PK")) }]);
    const shallow = await at.run(getAttachments, { mailbox: who, item_id: String(p7m?.item_id), max_depth: 1 });
    expect(shallow).toMatchObject({ results: [{ name: "smime.p7m", not_expanded: expect.stringContaining("max_depth") }] });
  });

  test("a boundary that never occurs, and a file that is not TNEF despite its name winmail.dat, are reported", async () => {
    const hidden = mixed("hidden", "Hidden", text).replaceAll("--PART", "--OTHER");
    if (backend === "graph") {
      const answer = await found(hidden, true);
      expect(answer.results).toMatchObject([{ not_expanded: expect.stringContaining('"PART" never occurs') }]);
      expect(answer).toMatchObject({ incomplete: true });
    }
    const none = mixed("none", "None", text, encoded("application/ms-tnef", "winmail.dat", Buffer.from("\u0001\u0002 not that")));
    const answer = await found(none, false);
    expect(answer.results).toMatchObject([
      { name: "winmail.dat", fetched: true, not_expanded: expect.stringContaining("does not have the format") },
    ]);
    expect(answer).toMatchObject({ incomplete: true });
  });

  test("a message signed or encrypted as a whole is one file, and its content is reported as not visible", async () => {
    const mime = [
      ...head("sealed", "Subject: Sealed", "Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m"),
      "Content-Transfer-Encoding: base64",
      "",
      Buffer.from("no real envelope").toString("base64"),
    ].join(crlf);
    for (const isAttached of [false, true]) {
      const answer = await found(mime, isAttached);
      const row = answer.results?.find(({ name }) => name === "smime.p7m");
      expect(row).toMatchObject({ fetched: true, not_expanded: expect.stringContaining("PKCS #7") });
      expect(answer).toMatchObject({ incomplete: true });
    }
  });

  test("the sender is the one in angle brackets, whatever stands before them, and the subject has no control character", async () => {
    const mime = [
      ...head("comma", "From: Support team ,_<help@mailer.example.org>", "Subject: =?windows-1252?Q?You=92ve_won?="),
      "",
      "x",
      "",
    ].join(crlf);
    at.lab.store.deliver(Buffer.from(mime), { from: "help@mailer.example.org", to: [who] });
    const answer = await at.run(searchEmailsExtended, { mailbox: who, sender: "help@mailer.example.org" });
    expect(answer.items).toMatchObject([{ from: { address: "help@mailer.example.org" }, subject: "You’ve won" }]);
    const attached = await found(mime, true);
    expect(attached.results).toMatchObject([{ message: { from: { address: "help@mailer.example.org" }, subject: "You’ve won" } }]);
  });

  const cases = fileURLToPath(new URL("../../../shared/cases/", import.meta.url));
  const there = existsSync(cases);
  describe.skipIf(!there)(`the cases${there ? "" : " (skipped: ../shared/cases is not here)"}`, () => {
    function readCase(file: string): string {
      return there ? readFileSync(join(cases, file), "latin1") : "";
    }
    test.each<[string, string, number]>([
      ["unterminated-boundary.eml", "Email.htm", 35],
      ["windows-1252.eml", "Invoice – €500.pdf", 4],
      ["x-uuencode.eml", "evil.exe", 202],
      ["b64-footer.eml", "a.bin", 2],
      ["invite.eml", "evil.exe", 2],
    ])("%s has %s of %i bytes, by itself and attached", async (file, name, size) => {
      for (const isAttached of [false, true]) {
        const answer = await found(readCase(file), isAttached);
        const row = answer.results?.find((one) => one.name === name);
        expect(row).toMatchObject({ size, fetched: true });
        // All of these are executable, as Windows has it, or a document.
        expect(readFileSync(String(row?.file_ref), "latin1")).toMatch(/^(MZ|%PDF|<form action)/);
      }
    });

    test("invite.eml has its calendar, and from-comma.eml and windows-1252.eml their sender and subject", async () => {
      for (const isAttached of [false, true]) {
        const invite = await found(readCase("invite.eml"), isAttached);
        expect(invite.results?.some((row) => row.content_type === "text/calendar")).toBe(true);
      }
      const comma = await found(readCase("from-comma.eml"), true);
      expect(comma.results).toMatchObject([{ message: { from: { address: "no-reply@mailer.example.org" } } }]);
      const subject = await found(readCase("windows-1252.eml"), true);
      expect(subject.results?.[0]).toMatchObject({ message: { subject: "You’ve won €500 – claim" } });
    });
  });
});
