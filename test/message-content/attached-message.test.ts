import { expect, test } from "vitest";
import { readAttached } from "../../src/message-content/attached-message.ts";
import { partAt, partOf } from "../../src/wire/mime/mime-parts.ts";
import { bytesOf } from "../exchange/contract-stage.ts";

/** A message as it comes, in pieces that end anywhere. */
async function* coming(lines: readonly string[], size = 7): AsyncIterable<Uint8Array> {
  const bytes = Buffer.from(lines.join("\r\n"), "latin1");
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const partIn = (message: AsyncIterable<Uint8Array>, ...path: number[]) => partAt(partOf(message[Symbol.asyncIterator]()), path);

const rich = [
  "From: =?utf-8?q?M=C3=A4x?= <max@example.org>",
  "To: Group: ann@example.com, Bob <bob@example.com>;",
  "Cc: cc@example.com",
  "Subject: =?utf-8?b?UsOpc3Vtw6k=?=",
  "Date: Tue, 2 Jun 2026 10:00:00 +0200",
  "Message-ID: <rich@example.org>",
  "Importance: high",
  "Content-Type: multipart/mixed; boundary=m",
  "",
  "--m",
  "Content-Type: multipart/related; boundary=r",
  "",
  "--r",
  "Content-Type: multipart/alternative; boundary=a",
  "",
  "--a",
  "Content-Type: text/plain; charset=iso-8859-1",
  "",
  "caf\u00e9",
  "--a",
  "Content-Type: text/html",
  "",
  "<p>cafe</p>",
  "--a--",
  "--r",
  "Content-Type: image/png; name=logo.png",
  "Content-ID: <logo@example.org>",
  "Content-Transfer-Encoding: base64",
  "",
  "iVBO",
  "--r--",
  "--m",
  "Content-Type: text/plain",
  "Content-Disposition: attachment; filename*0*=utf-8''%e2%82%ac; filename*1=uro.txt",
  "",
  "a file",
  "--m",
  "Content-Type: text/plain; name=second.txt",
  "",
  "no body either",
  "--m",
  "Content-Type: message/rfc822",
  "Content-Transfer-Encoding: base64",
  "",
  Buffer.from("Subject: =?utf-8?q?in=C2=A0side?=\r\n\r\nx").toString("base64"),
  "--m--",
];

test("an attached message has its sender, subject and date, and every part but the body is listed", async () => {
  const message = await readAttached(coming(rich), "m.a");
  expect(message).toMatchObject({
    itemId: "m.a",
    subject: "Résumé",
    from: { name: "Mäx", address: "max@example.org" },
    to: [{ address: "ann@example.com" }, { name: "Bob", address: "bob@example.com" }],
    cc: [{ address: "cc@example.com" }],
    sentAt: "2026-06-02T08:00:00.000Z",
    internetMessageId: "<rich@example.org>",
    importance: "High",
    bodyText: expect.stringMatching(/^café\s*$/),
  });
  expect(message.headers).toContainEqual({ name: "Message-ID", value: "<rich@example.org>" });
  expect(message.attachments).toEqual([
    { id: "m.a.3", kind: "file", name: "logo.png", contentType: "image/png", contentId: "logo@example.org", size: 3, isInline: true },
    { id: "m.a.4", kind: "file", name: "€uro.txt", contentType: "text/plain", contentId: undefined, size: 6, isInline: false },
    { id: "m.a.5", kind: "file", name: "second.txt", contentType: "text/plain", contentId: undefined, size: 14, isInline: false },
    {
      id: "m.a.6",
      kind: "item",
      name: "in\u00a0side",
      contentType: "message/rfc822",
      contentId: undefined,
      size: expect.any(Number),
      isInline: false,
    },
  ]);
});

test("attachments hidden among alternatives are listed as well", async () => {
  const message = await readAttached(
    coming([
      "Content-Type: multipart/alternative; boundary=a",
      "",
      "--a",
      "",
      "text",
      "--a",
      "Content-Type: application/x-msdownload; name=evil.exe",
      "",
      "MZ",
      "--a",
      "Content-Type: text/calendar; method=REQUEST",
      "",
      "BEGIN:VCALENDAR",
      "--a--",
    ]),
    "m.a",
  );
  expect(message.attachments?.map(({ name, contentType }) => name ?? contentType)).toEqual(["evil.exe", "text/calendar"]);
});

test("an HTML body becomes text with its link targets, and content that is not a message an empty text", async () => {
  expect(
    await readAttached(coming(["Content-Type: text/html", "", '<b>x</b> <a href="https://evil.example/">y</a>']), "m.a"),
  ).toMatchObject({
    bodyText: "x y<https://evil.example/>",
  });
  expect(await readAttached(coming([]), "m.a")).toMatchObject({ itemId: "m.a", subject: undefined, bodyText: "", attachments: undefined });
});

test("a message that is only a file has that file", async () => {
  const mime = ["Subject: signed", "Content-Type: application/pkcs7-mime; name=smime.p7m", "Content-Transfer-Encoding: base64", "", "AAEC"];
  const message = await readAttached(coming(mime), "m.a");
  expect(message.attachments).toMatchObject([{ id: "m.a.1", name: "smime.p7m", size: 3 }]);
  expect(await bytesOf((await partIn(coming(mime), 1))?.whole() ?? coming([]))).toEqual(Buffer.from([0, 1, 2]));
});

test("a part is returned by its number, decoded, and nothing after it is read", async () => {
  async function* source() {
    yield* coming(rich, 64);
    throw new Error("It was read to its end.");
  }
  const part = await partIn(source(), 4);
  expect(part?.isMessage).toBe(false);
  expect((await bytesOf(part?.whole() ?? coming([]))).toString()).toBe("a file");
});

test("a nested message is opened like the outer one, and a missing number is undefined", async () => {
  const inner = await partIn(coming(rich), 6);
  expect(inner?.isMessage).toBe(true);
  expect(await readAttached(inner?.whole() ?? coming([]), "m.a.6")).toMatchObject({
    itemId: "m.a.6",
    subject: "in\u00a0side",
    bodyText: expect.stringMatching(/^x\s*$/),
  });
  expect(await partIn(coming(rich), 7)).toBeUndefined();
});

test("a long header in single bytes is read like a whole one, in linear time", async () => {
  const long = [`Subject: x`, ...Array.from({ length: 20_000 }, () => "X-Y:"), "", "body"];
  expect(await readAttached(coming(long, 1), "m.a")).toMatchObject({ subject: "x", bodyText: "body" });
});

test("a message without end is too-large", async () => {
  const piece = Buffer.alloc(16 * 1024 * 1024, 0x61);
  async function* endless(): AsyncIterable<Uint8Array> {
    yield Buffer.from("Subject: x\r\n\r\n");
    for (;;) yield piece;
  }
  await expect(readAttached(endless(), "m.a")).rejects.toMatchObject({ code: "too-large" });
});

test("a text longer than a megabyte is cut to its beginning, and marked as cut", async () => {
  const line = "x".repeat(1022);
  const message = await readAttached(coming(["Subject: long", "", ...Array(1100).fill(line)]), "m.a");
  expect(message.bodyCut).toBe(true);
  expect(message.bodyText?.length).toBe(1024 * 1024);
  expect(await readAttached(coming(rich), "m.a")).not.toHaveProperty("bodyCut");
});
