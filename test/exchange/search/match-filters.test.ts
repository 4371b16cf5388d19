import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Attachment } from "../../../src/exchange/attachment.ts";
import type { Message } from "../../../src/exchange/message.ts";
import { containsTest } from "../../../src/exchange/search/contains-text.ts";
import { checkFilters, detailFor, givenFilters, openMatcher, sameMessageId } from "../../../src/exchange/search/match-filters.ts";
import type { Filters } from "../../../src/exchange/search/search-query.ts";
import { Failure } from "../../../src/failure.ts";
import { comparableText } from "../../../src/text/unicode-form.ts";

const file: Attachment = { id: "a1", kind: "file", name: "Invoice-7.PDF" };
const message: Message = {
  itemId: "one",
  internetMessageId: "<Offer.17@mailer.example>",
  conversationId: "AAQk1",
  itemClass: "IPM.Note",
  subject: "Your PARCEL could not be delivered",
  from: { name: "Parcel Service", address: "service@parcels.example" },
  sender: { name: "Mailer", address: "bounce@mailer.example" },
  to: [{ name: "Ana Example", address: "ana@example.com" }],
  cc: [{ address: "ben@example.org" }],
  bcc: [{ address: "hidden@example.net" }],
  receivedAt: "2026-03-01T10:00:00.000Z",
  size: 2000,
  importance: "High",
  isRead: false,
  categories: ["Red Category"],
  hasAttachments: true,
  attachments: [file],
  bodyText: "Dear customer,\r\nplease pay at HTTPS://pay.example/a?b=1 today.",
};
const never = { sha256: () => Promise.reject(new Error("not asked")), inside: async () => [] };

async function passes(filters: Filters, of: Message = message): Promise<boolean> {
  return (await openMatcher(filters, givenFilters(filters), never))(of);
}

describe("a filter decided by the client", () => {
  const cases: [Filters, boolean][] = [
    [{ subject: "parcel" }, true],
    [{ subject: "package" }, false],
    [{ subject: "your parcel could not be delivered", subjectMatch: "equals" }, true],
    [{ subject: "your parcel", subjectMatch: "equals" }, false],
    [{ subject: "your parcel", subjectMatch: "prefix" }, true],
    [{ subject: "parcel", subjectMatch: "prefix" }, false],
    [{ sender: "SERVICE@parcels" }, true],
    [{ sender: "parcel service" }, true],
    [{ sender: "mailer.example" }, true],
    [{ sender: "ana@example.com" }, false],
    [{ recipient: "ana ex" }, true],
    [{ recipient: "BEN@" }, true],
    [{ recipient: "hidden@" }, true],
    [{ recipient: "service@parcels" }, false],
    [{ body: "please PAY" }, true],
    [{ body: "please go" }, false],
    [{ bodyRegex: "https?://[a-z.]+/a\\?b=\\d" }, true],
    [{ bodyRegex: "(?-i)https?://" }, false],
    [{ bodyRegex: "^please" }, false],
    [{ bodyRegex: "(?m)^please" }, true],
    [{ attachmentName: "invoice" }, true],
    [{ attachmentName: ".exe" }, false],
    [{ internetMessageId: ["other@mailer.example", "offer.17@mailer.example"] }, true],
    [{ internetMessageId: ["<Offer.17@mailer.example>"] }, true],
    [{ internetMessageId: ["<Offer.17@mailer.example"] }, false],
    [{ conversationId: "AAQk1" }, true],
    [{ conversationId: "aaqk1" }, false],
    [{ receivedAfter: "2026-03-01T10:00:00Z" }, true],
    [{ receivedAfter: "2026-03-01T10:00:00.001Z" }, false],
    [{ receivedBefore: "2026-03-01T10:00:00Z" }, false],
    [{ receivedBefore: "2026-03-01T11:00:01+01:00" }, true],
    [{ hasAttachments: true }, true],
    [{ hasAttachments: false }, false],
    [{ isUnread: true }, true],
    [{ isUnread: false }, false],
    [{ minSize: 2000 }, true],
    [{ minSize: 2001 }, false],
    [{ maxSize: 2000 }, true],
    [{ maxSize: 1999 }, false],
    [{ importance: "High" }, true],
    [{ importance: "Normal" }, false],
    [{ category: "red category" }, true],
    [{ category: "red" }, false],
    [{ itemClass: "ipm.note" }, true],
    [{ itemClass: "IPM" }, true],
    [{ itemClass: "IPM.Not" }, false],
  ];
  test.each(cases)("%j gives %s", async (filters, expected) => {
    expect(await passes(filters)).toBe(expected);
  });

  test("does not match a missing value, whatever the filter", async () => {
    const bare: Message = { itemId: "bare" };
    for (const [filters] of cases) {
      if (filters.hasAttachments === false || filters.importance === "Normal") continue;
      expect([filters, await passes(filters, bare)]).toEqual([filters, false]);
    }
    expect(await passes({ importance: "Normal" }, bare)).toBe(true);
    expect(await passes({ hasAttachments: false }, bare)).toBe(true);
  });

  test("matches only if all filters match", async () => {
    expect(await passes({ subject: "parcel", sender: "parcels.example", isUnread: true })).toBe(true);
    expect(await passes({ subject: "parcel", sender: "parcels.example", isUnread: false })).toBe(false);
  });

  test("applies only the named filters", async () => {
    const matches = await openMatcher({ subject: "nowhere", sender: "parcels.example" }, ["sender"], never);
    expect(await matches(message)).toBe(true);
  });

  test("treats decomposed letters as equal to composed ones", async () => {
    expect(await passes({ subject: "re\u0301sume\u0301" }, { itemId: "x", subject: "My R\u00e9sum\u00e9" })).toBe(true);
  });

  test.each(["\u00a0", "\u202f", "\u2007", "\u3000"])("treats another kind of space (%j) as a space", async (blank) => {
    const bodyText = `please${blank}pay now`;
    expect(await passes({ body: "please pay" }, { itemId: "x", bodyText })).toBe(true);
    expect(await passes({ body: `pay${blank}now` }, { itemId: "x", bodyText })).toBe(true);
    expect(await passes({ bodyRegex: "please pay" }, { itemId: "x", bodyText })).toBe(true);
  });

  test.each([
    "\u200b",
    "\u200c",
    "\u200d",
    "\u2060",
    "\ufeff",
    "\u00ad",
    "\u034f",
    "\u180e",
    "\u202e",
    "\u2066",
    "\ufe0f",
    "\u{e0061}",
    "\ufff9",
  ])("finds a word despite an invisible character (%j), in any field", async (nothing) => {
    const hidden = `in${nothing}vo${nothing}ice`;
    const all: Message = {
      itemId: "x",
      subject: hidden,
      from: { name: hidden, address: "a@example.com" },
      to: [{ name: hidden }],
      bodyText: hidden,
      attachments: [{ id: "a", kind: "file", name: `${hidden}.pdf` }],
      categories: [hidden],
    };
    for (const name of ["subject", "sender", "recipient", "body", "bodyRegex", "attachmentName", "category"] as const) {
      expect([name, await passes({ [name]: "Invoice" }, all)]).toEqual([name, true]);
      if (name !== "bodyRegex") expect([name, await passes({ [name]: hidden }, { ...all })]).toEqual([name, true]);
    }
    expect(await passes({ subject: "invoice", subjectMatch: "equals" }, all)).toBe(true);
    expect(await passes({ subject: "invo", subjectMatch: "prefix" }, all)).toBe(true);
  });

  test("lets a regular expression match an invisible character", async () => {
    expect(await passes({ bodyRegex: "in\\x{200b}voice" }, { itemId: "x", bodyText: "in\u200bvoice" })).toBe(true);
  });

  test("agrees with a plain comparison, for any texts", async () => {
    const parts = fc.array(
      fc.constantFrom("a", "A", "b", " ", "\u00a0", "\u200b", "\u00ad", "\u00df", "e\u0301", "\u0130", "\ud834\udd5e"),
    );
    const words = fc.oneof(
      fc.string(),
      fc.string({ unit: "grapheme" }),
      parts.map((some) => some.join("")),
    );
    const folded = (text: string) => comparableText(text);
    await fc.assert(
      fc.asyncProperty(words, words, async (subject, part) => {
        fc.pre(folded(part) !== "");
        expect(await passes({ subject: part }, { itemId: "x", subject })).toBe(folded(subject).includes(folded(part)));
      }),
      { numRuns: 200 },
    );
  });
});

describe("a word in a text", () => {
  const few = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 300 });

  test("is found where the engine finds it, however long or repetitive", () => {
    fc.assert(
      fc.property(few, fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 150 }), (text, word) => {
        expect(containsTest(word)(text)).toBe(text.includes(word));
        // A word that is there, longer than what the engine's own search is used for.
        expect(containsTest(text.slice(20))(`b${text}a`)).toBe(true);
        expect(containsTest(`${text}c`)(text + text)).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  test("is searched in linear time: 32 KB in 1 MB of the same character", async () => {
    const word = `${"a".repeat(16_000)}b${"a".repeat(16_000)}`;
    const text = "a".repeat(1_000_000);
    const start = process.cpuUsage();
    expect(await passes({ body: word }, { itemId: "x", bodyText: text })).toBe(false);
    expect(await passes({ body: word }, { itemId: "x", bodyText: text + word })).toBe(true);
    // By the product of the lengths it takes six seconds and more; in one pass some hundredths of one.
    expect(process.cpuUsage(start).user).toBeLessThan(2_000_000);
  });
});

describe("the hash of an attachment", () => {
  const bytes = Buffer.from("payload");
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const other: Attachment = { id: "a2", kind: "item", name: "mail" };

  test("is requested for file attachments only, and only when the other filters match", async () => {
    const asked: string[] = [];
    const means = {
      sha256: async ({ id }: Attachment) => {
        asked.push(id);
        return sha256;
      },
      inside: async () => [],
    };
    const filters = { attachmentSha256: sha256.toUpperCase(), sender: "parcels" };
    const matches = await openMatcher(filters, ["attachmentSha256", "sender"], means);
    expect(await matches({ ...message, from: undefined, sender: undefined })).toBe(false);
    expect(asked).toEqual([]);
    expect(await matches({ ...message, attachments: [other, file] })).toBe(true);
    expect(asked).toEqual(["a1"]);
    expect(await matches({ ...message, attachments: [other] })).toBe(false);
  });

  test("that cannot be read makes the message undecided, not absent", async () => {
    const means = { sha256: () => Promise.reject(new Failure("unreadable", "no")), inside: async () => [] };
    const matches = await openMatcher({ attachmentSha256: sha256 }, ["attachmentSha256"], means);
    await expect(matches(message)).rejects.toMatchObject({ code: "unreadable" });
  });
});

describe("an attachment of an attached message", () => {
  const item = (id: string): Attachment => ({ id, kind: "item", name: id });
  const named = (inside: (attachment: Attachment) => Promise<readonly Attachment[]>) =>
    openMatcher({ attachmentName: "wanted" }, ["attachmentName"], { ...never, inside });

  test("is read level by level until a match is found", async () => {
    const asked: string[] = [];
    const matches = await named(async ({ id }) => {
      asked.push(id);
      return id === "a" ? [item("b"), file] : [{ id: "c", kind: "file", name: "the wanted one" }];
    });
    expect(await matches({ itemId: "x", attachments: [item("a"), file] })).toBe(true);
    expect(asked).toEqual(["a", "b"]);
    expect(await matches({ itemId: "x", attachments: [item("a"), { id: "d", kind: "file", name: "wanted" }] })).toBe(true);
    expect(asked).toEqual(["a", "b"]);
  });

  test("that cannot be opened, or is too deep, makes the message undecided, not absent", async () => {
    const broken = await named(() => Promise.reject(new Failure("unreadable", "no")));
    await expect(broken({ itemId: "x", attachments: [item("a")] })).rejects.toMatchObject({ code: "unreadable" });
    const endless = await named(async ({ id }) => [item(`${id}a`)]);
    await expect(endless({ itemId: "x", attachments: [item("a")] })).rejects.toMatchObject({ code: "too-large" });
  });
});

describe("a regular expression over hostile text", () => {
  test("that would take a backtracking engine for ever ends", async () => {
    const matches = await openMatcher({ bodyRegex: "(x+x+)+y" }, ["bodyRegex"], never);
    expect(await matches({ itemId: "x", bodyText: "x".repeat(200_000) })).toBe(false);
  });

  test.each(["(", "a{2000}", "(?=look)", "((a{900}){900}){900}", "x".repeat(1001)])(
    "is refused if it is not a pattern: %#",
    async (bodyRegex) => {
      await expect(openMatcher({ bodyRegex }, ["bodyRegex"], never)).rejects.toMatchObject({ code: "invalid-input" });
    },
  );

  test.each([
    ["(", "The filter body_regex cannot be used: error parsing regexp: missing closing ): `(`."],
    ["(?i)(", "The filter body_regex cannot be used: error parsing regexp: missing closing ): `(?i)(`."],
  ])("%s is refused with the name and text of its field", async (bodyRegex, message) => {
    await expect(openMatcher({ bodyRegex }, ["bodyRegex"], never)).rejects.toMatchObject({ message });
  });
});

describe("an empty filter is refused by name", () => {
  test.each<[Filters, string]>([
    [{ receivedAfter: "yesterday" }, "received_after"],
    [{ receivedBefore: "" }, "received_before"],
    [{ minSize: -1 }, "min_size"],
    [{ maxSize: 1.5 }, "max_size"],
    [{ attachmentSha256: "abc" }, "attachment_sha256"],
    [{ internetMessageId: [] }, "internet_message_id"],
    [{ internetMessageId: ["ok@example.com", " <> "] }, "internet_message_id"],
    [{ sender: "" }, "sender"],
    [{ subject: "" }, "subject"],
    [{ subject: "\u200b" }, "subject"],
    [{ body: "\u00ad\ufeff" }, "body"],
    [{ query: "" }, "query"],
  ])("%j", (filters, name) => {
    expect(() => checkFilters(filters)).toThrow(
      expect.objectContaining({ code: "invalid-input", message: expect.stringContaining(`The filter ${name} `) }),
    );
  });

  test("except an exactly empty subject", async () => {
    expect(await passes({ subject: "", subjectMatch: "equals" }, { itemId: "x" })).toBe(true);
    expect(await passes({ subject: "", subjectMatch: "equals" })).toBe(false);
  });
});

test("only the details that the filters need are requested", () => {
  expect(detailFor(["recipient"])).toEqual({ recipients: true });
  expect(detailFor(["attachmentSha256", "bodyRegex"])).toEqual({ attachments: true, body: "text" });
  expect(detailFor(["sender", "conversationId"])).toEqual({});
});

test("two spellings of a Message-ID are equal, and two ids are not", () => {
  expect(sameMessageId(" <A@example.com> ", "a@example.com")).toBe(true);
  expect(sameMessageId("<a@example.com>", "<b@example.com>")).toBe(false);
});
