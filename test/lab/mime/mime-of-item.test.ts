import fc from "fast-check";
import PostalMime from "postal-mime";
import { expect, test } from "vitest";
import { itemFromMime } from "../../../src/lab/mime/item-from-mime.ts";
import { mimeOfNew } from "../../../src/lab/mime/mime-of-item.ts";
import type { NewItem } from "../../../src/lab/store/item.ts";

const word = fc.string({ unit: "grapheme", maxLength: 60 }).map((text) => text.replace(/[\u0000-\u001f\u007f]/g, "").trim());
const address = fc.record({ name: word, address: fc.constantFrom("a@example.org", "b.c@example.com") });
const content = fc.uint8Array({ maxLength: 200 });
const file = fc.record({
  kind: fc.constant("file" as const),
  name: fc.option(
    word.filter((name) => name !== ""),
    { nil: undefined },
  ),
  contentType: fc.constantFrom("image/png", "application/pdf", "bad type"),
  content,
});
const { item } = fc.letrec<{ item: NewItem }>((tie) => ({
  item: fc.record({
    subject: word,
    from: address,
    to: fc.array(address, { maxLength: 3 }),
    internetMessageId: fc.constantFrom("<1@example.org>", "<2@example.org>"),
    sentAt: fc
      .date({ min: new Date("1990-01-01"), max: new Date("2090-01-01"), noInvalidDate: true })
      .map((date) => new Date(Math.floor(date.getTime() / 1000) * 1000)),
    body: fc.record({ type: fc.constantFrom("HTML" as const, "Text" as const), value: fc.string({ unit: "grapheme" }) }),
    attachments: fc.array(
      fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        file,
        fc.record({ kind: fc.constant("item" as const), name: fc.constant("Attached"), item: tie("item") }),
      ),
      { maxLength: 3 },
    ),
  }),
}));

function sameAs(read: NewItem, made: NewItem): void {
  expect(read.subject).toBe(made.subject);
  expect(read.from?.address).toBe(made.from?.address);
  expect(read.to?.map((one) => one.address)).toEqual(made.to?.map((one) => one.address));
  expect(read.internetMessageId).toBe(made.internetMessageId);
  expect(read.sentAt?.getTime()).toBe(made.sentAt?.getTime());
  expect(read.body).toEqual(made.body);
  expect(read.attachments?.map(({ kind, name }) => [kind, name])).toEqual(made.attachments?.map(({ kind, name }) => [kind, name]));
  for (const [at, attachment] of (read.attachments ?? []).entries()) {
    const original = made.attachments?.[at];
    if (attachment.item && original?.item) {
      expect(Buffer.from(attachment.item.mime ?? []).equals(Buffer.from(mimeOfNew(original.item)))).toBe(true);
      sameAs(attachment.item, original.item);
    } else expect(Buffer.from(attachment.content ?? []).equals(Buffer.from(original?.content ?? []))).toBe(true);
  }
}

test("any item is read back from its MIME unchanged, nested attached items included", () => {
  fc.assert(
    fc.property(item, (made) => sameAs(itemFromMime(mimeOfNew(made)), made)),
    { numRuns: 150 },
  );
});

test("another reader of MIME reads the same from the built message", async () => {
  const made: NewItem = {
    subject: "Žluťoučký kůň 🐎 mit einem Betreff, der viel länger ist als eine einzige Zeile einer Nachricht es erlaubt",
    from: { name: "Größe, Sample", address: "a@example.org" },
    to: [{ name: 'Said "so"', address: "b@example.com" }],
    text: "plain ü",
    body: { type: "HTML", value: '<p>rich ü <img src="cid:i@example.org"></p>' },
    attachments: [
      {
        kind: "file",
        name: "i.png",
        contentType: "image/png",
        contentId: "i@example.org",
        isInline: true,
        content: Buffer.from("picture"),
      },
      { kind: "file", name: "Příloha č. 1.txt", contentType: "text/plain", content: Buffer.from("text") },
      { kind: "file", content: new Uint8Array(0) },
    ],
  };
  const read = await PostalMime.parse(mimeOfNew(made));
  expect(read.subject).toBe(made.subject);
  expect(read.from).toEqual(made.from);
  expect(read.to).toEqual(made.to);
  expect(read.text?.trim()).toBe("plain ü");
  expect(read.html?.trim()).toBe(made.body?.value);
  expect(read.attachments.map(({ filename, related, disposition }) => [filename, related ?? false, disposition])).toEqual([
    ["i.png", true, "inline"],
    ["Příloha č. 1.txt", false, "attachment"],
    [null, false, "attachment"],
  ]);
});

test("hostile fields make no headers", () => {
  const evil = "x\r\nBcc: victim@example.org\r\n\r\nbody";
  const mime = mimeOfNew({
    subject: evil,
    from: { name: evil, address: evil },
    internetMessageId: evil,
    inReplyTo: evil,
    references: evil,
    headers: [
      { name: "X-Evil\r\nBcc", value: "x" },
      { name: "X-Note", value: evil },
    ],
    attachments: [{ kind: "file", name: evil, contentType: evil, contentId: evil, content: Buffer.from("x") }],
  });
  const { headers, attachments } = itemFromMime(mime);
  expect(headers?.map(({ name }) => name)).toEqual([
    "X-Note",
    "From",
    "Subject",
    "Message-ID",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
  ]);
  expect(attachments).toHaveLength(1);
  expect(Buffer.from(mime).toString()).not.toMatch(/^bcc/im);
});

test("lines end in CRLF and none is longer than 998 characters", () => {
  const mime = Buffer.from(
    mimeOfNew({
      subject: "s".repeat(3000),
      body: { type: "Text", value: "line\n".repeat(500) },
      to: Array.from({ length: 200 }, () => ({ address: "a@example.org" })),
    }),
  ).toString();
  const lines = mime.split("\r\n");
  expect(lines.every((line) => line.length <= 998 && !/[\r\n]/.test(line))).toBe(true);
});

test("the same fields give the same bytes, and kept bytes are given as they are", () => {
  const made: NewItem = { subject: "x", attachments: [{ kind: "file", name: "a", content: Buffer.from("a") }] };
  expect(mimeOfNew(made)).toEqual(mimeOfNew(made));
  const mime = Buffer.from("anything");
  expect(mimeOfNew({ ...made, mime })).toBe(mime);
});
