import fc from "fast-check";
import { expect, test } from "vitest";
import { GraphError } from "../../../../src/lab/graph/errors.ts";
import { readSearch } from "../../../../src/lab/graph/odata/kql.ts";
import { refusedAs, row } from "./rows.ts";

const now = new Date("2026-01-05T12:00:00Z");
const mails = [
  row({
    id: "a",
    subject: "Overdue invoice 4711",
    body: "Please pay.",
    attachment: "invoice.zip",
    hasAttachments: true,
    importance: "high",
  }),
  row({ id: "b", subject: "Lunch", body: "Soup, and the invoice.", from: "ben@example.com", received: "2026-01-03T10:00:00Z" }),
  row({ id: "c", subject: "Über uns", to: "carol@example.com", received: "2025-12-01T10:00:00Z" }),
];

const found = (value: string): string => {
  const accepts = readSearch(value, now);
  return mails
    .filter((mail) => mail.searched !== undefined && accepts(mail.searched()))
    .map(({ properties: { id } }) => id)
    .join("");
};

test.each([
  ["invoice", "ab"],
  ['"invoice"', "ab"],
  ['"subject:invoice"', "a"],
  ['"subject:inv"', "a"],
  ['"subject:\\"overdue invoice\\""', "a"],
  ['"subject:\\"invoice overdue\\""', ""],
  ['"subject:über"', "c"],
  ['"body:soup"', "b"],
  ['"from:ben@example.com"', "b"],
  ['"to:carol"', "c"],
  ['"recipients:carol@example.com"', "c"],
  ['"participants:ben"', "b"],
  ['"attachment:invoice.zip"', "a"],
  ['"hasAttachments:true"', "a"],
  ['"importance:high"', "a"],
  ['"received>=2026-01-03 AND received<=2026-01-04"', "b"],
  ['"received:2026-01-03..2026-01-05"', "ab"],
  ['"received:today"', "a"],
  ['"received<2026-01-01"', "c"],
  ['"size:1..500"', ""],
  ['"size>500"', "abc"],
  ['"kind:email"', "abc"],
  ['"subject:lunch OR subject:overdue"', "ab"],
  ['"subject:(lunch OR overdue)"', "ab"],
  ['"invoice NOT from:ben"', "a"],
  ['"invoice -from:ben"', "a"],
  ['"from:mallory subject:overdue"', "a"],
  ['"subject:\\"overdue"', "a"],
])("$search=%s finds %j", (value, expected) => {
  expect(found(value)).toBe(expected);
});

test.each(["subject:invoice", "a@example.com", '"open', '"a" b', '""c""', ""])("$search=%s is refused: it needs its quotes", (value) => {
  expect(refusedAs(() => found(value))).toBe("BadRequest");
});

test("any text is either a valid search or refused", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.constantFrom("subject:", "(", ")", " OR ", "NOT ", "-", '\\"', "received>=", "a"), fc.string()), {
        maxLength: 10,
      }),
      (parts) => {
        try {
          expect(typeof found(`"${parts.join("")}"`)).toBe("string");
        } catch (error) {
          expect(error).toBeInstanceOf(GraphError);
        }
      },
    ),
  );
});
