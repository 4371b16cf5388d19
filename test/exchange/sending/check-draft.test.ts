import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkDraft, checkReply } from "../../../src/exchange/sending/check-draft.ts";
import type { Draft } from "../../../src/exchange/sending/draft.ts";

const good: Draft = { to: [{ address: "ben@example.org" }], subject: "Notice", text: "Look out." };
const attachment = { name: "a.txt", size: 1, open: async function* () {} };
const refused = (field: string) => expect.objectContaining({ code: "invalid-input", message: expect.stringContaining(field) });

describe("a draft is refused", () => {
  test.each<[string, Partial<Draft>]>([
    ["to", { to: [] }],
    ["to", { to: [{ name: "nobody" }] }],
    ["to", { to: [{ address: "ben" }] }],
    ["to", { to: [{ address: "ben@example.org\r\nBcc: mallory@example.net" }] }],
    ["to", { to: [{ address: "<ben@example.org>" }] }],
    ["to", { to: [{ address: "ben@example.org, mallory@example.net" }] }],
    ["to", { to: [{ address: "ben@example.org;mallory@example.net" }] }],
    ["to", { to: [{ address: "ben@mallory@example.net" }] }],
    ["to", { to: [{ address: `${"a".repeat(320)}@example.org` }] }],
    ["cc", { cc: [{ address: "b en@example.org" }] }],
    ["bcc", { bcc: [{ address: "ben@example.org", name: "Ben\r\nX-Evil: 1" }] }],
    ["replyTo", { replyTo: [{ address: "" }] }],
    ["from", { from: { address: "ben\u0000@example.org" } }],
    ["subject", { subject: "a\nBcc: mallory@example.net" }],
    ["subject", { subject: "a\u2028b" }],
    ["html", { html: "<p>", text: "both" }],
    ["headers", { headers: [{ name: "Bcc", value: "x" }] }],
    ["headers", { headers: [{ name: "X-", value: "x" }] }],
    ["headers", { headers: [{ name: "X-A:B", value: "x" }] }],
    ["headers", { headers: [{ name: "X-A\r\nBcc", value: "x" }] }],
    ["headers", { headers: [{ name: "X-A", value: "1\r\nBcc: mallory@example.net" }] }],
    ["headers", { headers: [{ name: "X-A", value: "1\n more" }] }],
    ["headers", { headers: [{ name: "X-A", value: "x".repeat(1000) }] }],
    [
      "headers",
      {
        headers: [
          { name: "X-A", value: "1" },
          { name: "x-a", value: "2" },
        ],
      },
    ],
    ["attachments", { attachments: [{ ...attachment, name: "" }] }],
    ["attachments", { attachments: [{ ...attachment, name: "a\r\nb" }] }],
    ["attachments", { attachments: [{ ...attachment, contentType: "text" }] }],
    ["attachments", { attachments: [{ ...attachment, contentType: "text/plain\r\nX: y" }] }],
    ["attachments", { attachments: [{ ...attachment, contentId: "a>b" }] }],
    ["attachments", { attachments: [{ ...attachment, contentId: "a\u0000b" }] }],
    ["attachments", { attachments: [{ ...attachment, contentId: "a\u0085X-Evil:1" }] }],
    ["attachments", { attachments: [{ ...attachment, size: Number.NaN }] }],
  ])("by its %s: %j", (field, change) => {
    expect(() => checkDraft({ ...good, ...change })).toThrow(refused(field));
  });

  test("if it is raw and has other fields, which would be lost", () => {
    const mime = Buffer.from("Subject: x\r\n\r\n");
    expect(() => checkDraft({ to: good.to, mime })).toThrow(refused("to"));
    expect(() => checkDraft({ to: [], mime, subject: "x" })).toThrow(refused("subject"));
    expect(() => checkDraft({ to: [], mime, attachments: [attachment] })).toThrow(refused("attachments"));
    expect(() => checkDraft({ to: [], mime: new Uint8Array() })).toThrow(refused("mime"));
    expect(() => checkDraft({ to: [], mime, attachments: [], cc: [], saveToSent: false })).not.toThrow();
  });
});

test("an ordinary draft passes, with names and files of any language", () => {
  const draft: Draft = {
    ...good,
    from: { address: "soc+case7@mail.example.com", name: 'Søren "SOC", Ops' },
    cc: [{ address: "o'brien@example.org" }, { address: "jürgen@bücher.example" }],
    headers: [{ name: "X-Case_Id", value: "INC-7; state=\topen ✓" }],
    attachments: [
      { ...attachment, name: "Größe\u202e/..\\x.pdf", contentType: "image/png; name=x", contentId: "<logo@x>", isInline: true },
    ],
  };
  expect(() => checkDraft(draft)).not.toThrow();
  expect(() => checkDraft({ to: [], bcc: good.to })).not.toThrow();
});

test("a reply may leave recipients and subject to Exchange, and every other field is checked", () => {
  expect(() => checkReply({ itemId: "x", all: false })).not.toThrow();
  expect(() => checkReply({ itemId: "x", all: false, to: [{ address: "a\r\nb" }] })).toThrow(refused("to"));
  expect(() => checkReply({ itemId: "x", all: false, subject: "a\rb" })).toThrow(refused("subject"));
  expect(() => checkReply({ itemId: "x", all: false, text: "a", html: "b" })).toThrow(refused("html"));
  expect(() => checkReply({ itemId: "x", all: false, headers: [{ name: "To", value: "x" }] })).toThrow(refused("headers"));
});

test("no text with a line break is accepted as an address, a name, a subject or a header", () => {
  const broken = fc
    .tuple(fc.string(), fc.constantFrom("\r", "\n", "\r\n", "\u0085", "\u2028", "\u0000"), fc.string())
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(broken, (text) => {
      expect(() => checkDraft({ ...good, subject: text })).toThrow(refused("subject"));
      expect(() => checkDraft({ ...good, to: [{ address: `a${text}@example.org` }] })).toThrow(refused("to"));
      expect(() => checkDraft({ ...good, to: [{ address: "a@example.org", name: text }] })).toThrow(refused("to"));
      expect(() => checkDraft({ ...good, headers: [{ name: "X-A", value: text }] })).toThrow(refused("headers"));
      expect(() => checkDraft({ ...good, headers: [{ name: `X-${text}`, value: "" }] })).toThrow(refused("headers"));
    }),
    { numRuns: 200 },
  );
});
