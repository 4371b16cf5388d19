import fc from "fast-check";
import { expect, test } from "vitest";
import { ItemError } from "../../../../src/lab/ews/operation.ts";
import { readQuery } from "../../../../src/lab/ews/search/query-string.ts";
import type { NewItem } from "../../../../src/lab/store/item.ts";
import { Store } from "../../../../src/lab/store/store.ts";

const now = new Date("2026-11-23T12:00:00Z");

function itemOf(fields: NewItem) {
  const mailbox = new Store().addUser({ address: "anna@example.com" });
  return mailbox.add(mailbox.known("inbox"), fields);
}

const mail = itemOf({
  subject: "Überfällige Rechnung No. 4711",
  from: { name: "Billing Department", address: "billing@example.net" },
  to: [{ name: "Anna Example", address: "anna@example.com" }],
  cc: [{ address: "carol@example.org" }],
  body: { type: "HTML", value: "<p>Please settle <b>today</b> at https://pay.example.net/x?y=1</p>" },
  receivedAt: new Date("2026-11-20T09:30:00Z"),
  sentAt: new Date("2026-11-20T09:29:00Z"),
  isRead: true,
  categories: ["Finance"],
  importance: "High",
  attachments: [{ kind: "file", name: "invoice-4711.pdf", content: Buffer.alloc(2000) }],
});

test.each([
  ["rechnung", true],
  ["RECHN", true],
  ["chnung", false],
  ["rechnung settle", true],
  ["rechnung missing", false],
  ["rechnung OR missing", true],
  ["missing OR rechnung settle", true],
  ["NOT missing", true],
  ["-rechnung", false],
  ["NOT (missing OR rechnung)", false],
  ["not missing", false],
  [`"settle today"`, true],
  [`"today settle"`, false],
  [`"settle tod"`, false],
  [`subject:"rechnung no"`, true],
  ["subject:settle", false],
  ["body:settle", true],
  ["from:billing@example.net", true],
  ["from:example.net", true],
  ["from:(alice OR billing)", true],
  ["from:(alice OR carol)", false],
  ["-from:(alice OR billing)", false],
  ["to:anna", true],
  ["to:carol", false],
  ["cc:carol", true],
  ["participants:carol", true],
  ["attachment:invoice", true],
  ["attachment:invoice-4711.pdf", true],
  ["hasattachments:true", true],
  ["hasattachment:yes", true],
  ["hasattachments:false", false],
  ["isread:false", false],
  ["category:finance", true],
  ["importance:high", true],
  ["kind:email", true],
  ["kind:contacts", false],
  ["size:>1KB", true],
  ["size:<1000", false],
  ["size:1kb..1mb", true],
  ["received:2026-11-20", true],
  ["received:11/20/2026", true],
  ["received:2026-11", true],
  ["received:2025", false],
  ["received:>=2026-11-20", true],
  ["received:>2026-11-20", false],
  ["received:<2026-11-21", true],
  ["received:2026-11-01..2026-11-20", true],
  ["received:2026-11-21..2026-11-30", false],
  ["received:2026-11-20T09:30:00Z", true],
  ["received:today", false],
  [`received:"last week"`, true],
  [`received:"this month"`, true],
  ["sent:2026-11-20", true],
  ["received:nonsense", false],
  ["https://pay.example.net/x", true],
  ["nosuchproperty:rechnung", false],
  ["rechn* AND (settle OR nothing)", true],
  ["(rechnung", true],
  ["rechnung)", true],
  ["", true],
])("the query %s matches the message: %s", (query, expected) => {
  expect(readQuery(query, now)(mail)).toBe(expected);
});

test("whatever is typed, a query answers yes or no, or is refused as too long or too complex", () => {
  const token = fc.constantFrom(
    "a",
    "AND",
    "OR",
    "NOT",
    "(",
    ")",
    `"`,
    "subject:",
    "received:",
    "size:>",
    "..",
    "-",
    ":",
    "*",
    " ",
    "\u0000",
    "é",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(token, { maxLength: 60 }).map((all) => all.join(" ")),
        fc.array(token).map((all) => all.join("")),
      ),
      (query) => {
        expect(typeof readQuery(query, now)(mail)).toBe("boolean");
      },
    ),
  );
  for (const query of ["(".repeat(5000), "x".repeat(10_001)]) expect(() => readQuery(query, now)).toThrow(ItemError);
});
