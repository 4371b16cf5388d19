import { expect, test } from "vitest";
import { ItemError } from "../../../../src/lab/ews/operation.ts";
import { readRestriction } from "../../../../src/lab/ews/search/restriction.ts";
import { Store } from "../../../../src/lab/store/store.ts";
import { parseXml } from "../../../../src/lab/xml.ts";

const mailbox = new Store().addUser({ address: "anna@example.com" });
const mail = mailbox.add(mailbox.known("inbox"), {
  subject: "Überfällige Rechnung 4711",
  from: { name: "Billing", address: "billing@example.net" },
  to: [{ address: "anna@example.com" }, { name: "Ben", address: "ben@example.com" }],
  body: { type: "Text", value: "Please settle today" },
  receivedAt: new Date("2026-11-20T09:30:00Z"),
  importance: "High",
  isRead: false,
  categories: ["Finance", "Urgent"],
  headers: [{ name: "X-Spam", value: "YES" }],
  extended: new Map([["PublicStrings/Score", "42"]]),
  internetMessageId: "<1@example.net>",
});
const reads = (expression: string) => readRestriction(parseXml(`<m:Restriction xmlns:m="m" xmlns:t="t">${expression}</m:Restriction>`));
const holds = (expression: string): boolean => reads(expression)(mail);
const field = (uri: string): string => `<t:FieldURI FieldURI="${uri}"/>`;
const contains = (uri: string, value: string, mode = "Substring", comparison = "IgnoreCase"): string =>
  `<t:Contains ContainmentMode="${mode}" ContainmentComparison="${comparison}">${field(uri)}<t:Constant Value="${value}"/></t:Contains>`;
const compare = (operator: string, path: string, value: string): string =>
  `<t:${operator}>${path.startsWith("<") ? path : field(path)}<t:FieldURIOrConstant><t:Constant Value="${value}"/></t:FieldURIOrConstant></t:${operator}>`;

test.each([
  ["Substring", "IgnoreCase", "RECHNUNG", true],
  ["Substring", "Exact", "RECHNUNG", false],
  ["Substring", "Exact", "chnung", true],
  ["Substring", "IgnoreCase", "uber", false],
  ["Substring", "IgnoreCaseAndNonSpacingCharacters", "uberfallige", true],
  ["Substring", "IgnoreNonSpacingCharacters", "uberfallige", false],
  ["Substring", "LooseAndIgnoreCase", "Rechnung", true],
  ["Prefixed", "IgnoreCase", "über", true],
  ["Prefixed", "IgnoreCase", "rechnung", false],
  ["PrefixOnWords", "IgnoreCase", "rech", true],
  ["PrefixOnWords", "IgnoreCase", "chnung", false],
  ["ExactPhrase", "IgnoreCase", "rechnung 4711", true],
  ["ExactPhrase", "IgnoreCase", "rechnung 47", false],
  ["FullString", "IgnoreCase", "überfällige rechnung 4711", true],
  ["FullString", "IgnoreCase", "rechnung", false],
])("Contains %s, %s, '%s' is %s", (mode, comparison, value, expected) => {
  expect(holds(contains("item:Subject", value, mode, comparison))).toBe(expected);
});

test("without mode and comparison the whole text must be the same, to the letter", () => {
  const plain = (value: string): string => `<t:Contains>${field("item:Subject")}<t:Constant Value="${value}"/></t:Contains>`;
  expect([holds(plain("Überfällige Rechnung 4711")), holds(plain("überfällige rechnung 4711")), holds(plain("Rechnung"))]).toEqual([
    true,
    false,
    false,
  ]);
});

test.each([
  ["item:Body", "settle", true],
  ["message:From", "billing@example", true],
  ["message:ToRecipients", "ben@", true],
  ["message:ToRecipients", "carol", false],
  ["item:Categories", "urgent", true],
  ["message:InternetMessageId", "1@example.net", true],
])("%s contains %s: %s", (uri, value, expected) => {
  expect(holds(contains(uri, value))).toBe(expected);
});

test.each([
  [compare("IsEqualTo", "item:Subject", "ÜBERFÄLLIGE RECHNUNG 4711"), true],
  [compare("IsEqualTo", "message:IsRead", "false"), true],
  [compare("IsEqualTo", "message:IsRead", "1"), false],
  [compare("IsEqualTo", "item:Importance", "High"), true],
  [compare("IsEqualTo", "item:Sensitivity", "Normal"), true],
  [compare("IsLessThan", "item:Sensitivity", "Personal"), true],
  [compare("IsGreaterThan", "item:Importance", "Normal"), true],
  [compare("IsLessThan", "item:Importance", "Normal"), false],
  [compare("IsGreaterThanOrEqualTo", "item:DateTimeReceived", "2026-11-20T09:30:00Z"), true],
  [compare("IsLessThan", "item:DateTimeReceived", "2026-11-20T10:30:00+01:00"), false],
  [compare("IsLessThanOrEqualTo", "item:DateTimeReceived", "2026-11-20T10:30:00+01:00"), true],
  [compare("IsGreaterThan", "item:Size", "0"), true],
  [compare("IsNotEqualTo", "item:Categories", "Finance"), false],
  [compare("IsNotEqualTo", "item:Categories", "Other"), true],
  [compare("IsEqualTo", "item:InReplyTo", ""), false],
  [compare("IsNotEqualTo", "item:InReplyTo", "x"), true],
  [
    compare(
      "IsGreaterThan",
      `<t:ExtendedFieldURI DistinguishedPropertySetId="PublicStrings" PropertyName="Score" PropertyType="Integer"/>`,
      "9",
    ),
    true,
  ],
  [compare("IsEqualTo", `<t:ExtendedFieldURI PropertyTag="0x1035" PropertyType="String"/>`, "&lt;1@example.net&gt;"), true],
  [compare("IsEqualTo", `<t:IndexedFieldURI FieldURI="item:InternetMessageHeader" FieldIndex="x-spam"/>`, "yes"), true],
  [`<t:Exists>${field("item:Categories")}</t:Exists>`, true],
  [`<t:Exists>${field("item:InReplyTo")}</t:Exists>`, false],
  [`<t:Excludes>${`<t:ExtendedFieldURI PropertyTag="0x0E07" PropertyType="Integer"/>`}<t:Bitmask Value="1"/></t:Excludes>`, true],
  [`<t:Excludes>${`<t:ExtendedFieldURI PropertyTag="0x0017" PropertyType="Integer"/>`}<t:Bitmask Value="0x2"/></t:Excludes>`, false],
])("%s is %s", (expression, expected) => {
  expect(holds(expression)).toBe(expected);
});

test("two properties of the item are compared with one another", () => {
  const other = (uri: string): string =>
    `<t:IsEqualTo>${field("item:Subject")}<t:FieldURIOrConstant>${field(uri)}</t:FieldURIOrConstant></t:IsEqualTo>`;
  expect([holds(other("item:Subject")), holds(other("item:ItemClass"))]).toEqual([true, false]);
});

test("And, Or and Not nest", () => {
  const yes = contains("item:Subject", "rechnung");
  const no = contains("item:Subject", "lunch");
  expect(holds(`<t:And>${yes}<t:Or>${no}${yes}</t:Or><t:Not>${no}</t:Not></t:And>`)).toBe(true);
  expect(holds(`<t:And>${yes}<t:Not><t:Or>${no}${yes}</t:Or></t:Not></t:And>`)).toBe(false);
});

test.each([
  [contains("item:MimeContent", "x"), "ErrorUnsupportedPathForQuery"],
  [`<t:Exists>${field("item:MimeContent")}</t:Exists>`, "ErrorUnsupportedPathForQuery"],
  [`<t:Exists>${field("contacts:Photo")}</t:Exists>`, "ErrorUnsupportedPathForQuery"],
  [`<t:Exists>${field("calendar:RequiredAttendees")}</t:Exists>`, "ErrorUnsupportedPathForQuery"],
  ["", "ErrorInvalidRestriction"],
  [`<t:Excludes>${field("item:Size")}<t:Bitmask Value="many"/></t:Excludes>`, "ErrorInvalidExcludesRestriction"],
  [`${"<t:Not>".repeat(200)}${contains("item:Subject", "x")}${"</t:Not>".repeat(200)}`, "ErrorRestrictionTooComplex"],
])("a property that cannot be searched is refused with its code", (expression, code) => {
  expect(() => reads(expression)).toThrow(ItemError);
  expect(() => reads(expression)).toThrow(expect.objectContaining({ code }));
});

test.each([
  ["item:DateTimeReceived", "no date"],
  ["item:Size", "large"],
  ["message:IsRead", "maybe"],
  ["item:Importance", "Personal"],
  ["item:Sensitivity", "High"],
  [`<t:ExtendedFieldURI PropertyTag="0x0e08" PropertyType="Integer"/>`, "large"],
])("a constant of another type than %s is refused by code: '%s'", (path, value) => {
  expect(() => reads(compare("IsEqualTo", path, value))).toThrow(expect.objectContaining({ code: "ErrorInvalidValueForProperty" }));
});
