import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GraphError } from "../../../../src/lab/graph/errors.ts";
import { readyFilter } from "../../../../src/lab/graph/odata/filter.ts";
import { parseFilter } from "../../../../src/lab/graph/odata/filter-syntax.ts";
import { vocabularies } from "../../../../src/lab/graph/odata/vocabulary.ts";
import { refusedAs, row } from "./rows.ts";

const mails = [
  row({ id: "a", subject: "Invoice 1", from: "Mallory@example.org", received: "2026-01-01T00:00:00Z", categories: ["Red", "Blue"] }),
  row({ id: "b", subject: "RE: Invoice 1", from: "ben@example.com", received: "2026-01-02T12:00:00Z", isRead: true, importance: "high" }),
  row({
    id: "c",
    subject: "It's done",
    received: "2026-01-03T00:00:00Z",
    hasAttachments: true,
    conversationId: "talk",
    extended: { "String 0x001A": "IPM.Note", "Integer 0x0E08": "20000" },
  }),
];

const found = (text: string): string => {
  const filter = readyFilter(parseFilter(text), vocabularies.message, false);
  return mails
    .filter((mail) => filter.accepts(mail))
    .map(({ properties: { id } }) => id)
    .join("");
};

test.each([
  ["receivedDateTime ge 2026-01-02T00:00:00Z", "bc"],
  ["receivedDateTime ge 2026-01-01T00:00:00Z and receivedDateTime lt 2026-01-03T00:00:00Z", "ab"],
  ["receivedDateTime gt 2026-01-02T13:00:00+01:00", "c"],
  ["receivedDateTime le 2026-01-02", "a"],
  ["from/emailAddress/address eq 'mallory@EXAMPLE.org'", "ac"],
  ["from/emailAddress/address ne 'mallory@example.org'", "b"],
  ["subject eq 'invoice 1'", "a"],
  ["startswith(subject,'re:')", "b"],
  ["startswith(subject, 'RE:') eq false", "ac"],
  ["contains(subject,'INVOICE')", "ab"],
  ["subject eq 'It''s done'", "c"],
  ["internetMessageId eq '<b@example.org>'", "b"],
  ["hasAttachments eq true", "c"],
  ["hasAttachments", "c"],
  ["not hasAttachments", "ab"],
  ["isRead eq false", "ac"],
  ["importance eq 'high'", "b"],
  ["importance in ('high','low')", "b"],
  ["categories/any(c:c eq 'blue')", "a"],
  ["categories/any()", "a"],
  ["not(categories/any(c:startswith(c,'R')))", "bc"],
  ["conversationId eq 'talk'", "c"],
  ["conversationId eq null", "ab"],
  ["singleValueExtendedProperties/any(p:p/id eq 'String 0x001A' and p/value eq 'ipm.note')", "c"],
  ["singleValueExtendedProperties/any(p:p/id eq 'String 0x001A' and startswith(p/value,'IPM.Schedule'))", ""],
  ["singleValueExtendedProperties/any(p:p/id eq 'Integer 0x0E08' and cast(p/value, Edm.Int32) gt 9000)", "c"],
  ["isRead eq true or subject eq 'Invoice 1' and hasAttachments eq true", "b"],
  ["(isRead eq true or subject eq 'Invoice 1') and hasAttachments eq true", ""],
])("%s finds %j", (text, expected) => {
  expect(found(text)).toBe(expected);
});

test.each([
  ["toRecipients/any(r:r/emailAddress/address eq 'a@example.com')", "ErrorInvalidUrlQueryFilter"],
  ["ccRecipients/any()", "ErrorInvalidUrlQueryFilter"],
  ["body/content eq 'x'", "ErrorInvalidUrlQueryFilter"],
  ["contains(body/content,'x')", "ErrorInvalidUrlQueryFilter"],
  ["contains(bodyPreview,'x')", "ErrorInvalidUrlQueryFilter"],
  ["endswith(from/emailAddress/address,'@example.com')", "ErrorInvalidUrlQueryFilter"],
  ["contains(importance,'hi')", "ErrorInvalidUrlQueryFilter"],
  ["isRead gt true", "ErrorInvalidUrlQueryFilter"],
  ["categories/all(c:c eq 'x')", "ErrorInvalidUrlQueryFilter"],
  ["singleValueExtendedProperties/any(p:p/value eq 'x')", "ErrorInvalidUrlQueryFilter"],
  ["size gt 3", "RequestBroker--ParseUri"],
  ["attachments2/any()", "RequestBroker--ParseUri"],
  ["receivedDateTime ge '2026-01-01T00:00:00Z'", "BadRequest"],
  ["isRead eq 'true'", "BadRequest"],
  ["subject eq invoice", "BadRequest"],
  ["subject eq 'it's'", "BadRequest"],
  ["matches(subject,'x')", "BadRequest"],
  ["subject eq 'x' and", "BadRequest"],
  ["subject eq 'x')", "BadRequest"],
  ["receivedDateTime ge 2026-13-45T00:00:00Z", "BadRequest"],
  ["", "BadRequest"],
  ["(".repeat(5000), "BadRequest"],
])("%s is refused with %s", (text, code) => {
  expect(refusedAs(() => found(text))).toBe(code);
});

test("the properties in a filter are reported in the order of their first mention", () => {
  const text = "receivedDateTime ge 2026-01-01 and (from/emailAddress/address eq 'x' or receivedDateTime le 2026-02-01) and isRead eq true";
  expect(readyFilter(parseFilter(text), vocabularies.message, false).paths).toEqual([
    "receivedDateTime",
    "from/emailAddress/address",
    "isRead",
  ]);
});

describe("the directory", () => {
  const ready = (text: string, onIndex: boolean) => readyFilter(parseFilter(text), vocabularies.user, onIndex);
  test.each(["endswith(mail,'@example.com')", "mail ne 'a@example.com'", "not startswith(mail,'a')"])(
    "does %s only on its index",
    (text) => {
      expect(refusedAs(() => ready(text, false))).toBe("Request_UnsupportedQuery");
      expect(ready(text, true).paths).toEqual(["mail"]);
    },
  );
  test("does not do contains", () => {
    expect(refusedAs(() => ready("contains(mail,'a')", true))).toBe("Request_UnsupportedQuery");
  });
});

test("a subject with any characters is found by itself, and quotes in it end nothing", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (subject, other) => {
      const filter = readyFilter(parseFilter(`subject eq '${subject.replaceAll("'", "''")}'`), vocabularies.message, false);
      expect(filter.accepts(row({ id: "x", subject }))).toBe(true);
      expect(filter.accepts(row({ id: "x", subject: other }))).toBe(subject.toLowerCase() === other.toLowerCase());
    }),
  );
});

test("any text is either a valid filter or refused", () => {
  const pieces = fc.constantFrom(
    "subject",
    " eq ",
    "'a'",
    "(",
    ")",
    " and ",
    " or ",
    "not ",
    "categories/any",
    "c:c",
    "2026-01-01",
    "true",
    "/",
    ",",
    "in",
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(pieces, fc.string({ maxLength: 3 })), { maxLength: 12 }), (parts) => {
      try {
        expect(typeof found(parts.join(""))).toBe("string");
      } catch (error) {
        expect(error).toBeInstanceOf(GraphError);
      }
    }),
  );
});
