import fc from "fast-check";
import { expect, test } from "vitest";
import { nameMatcher } from "../../src/catalogue/which-attachments.ts";

/** The same by other means: a pattern of the language's own, which is slow for hostile names. */
function reference(pattern: string): RegExp {
  const parts = [...pattern].map((char) => (char === "*" ? "[^]*" : char === "?" ? "[^]" : char.replace(/[.[\](){}+^$|\\]/, "\\$&")));
  return new RegExp(`^${parts.join("")}$`, "iu");
}

test("a pattern matches the same names as the equivalent regular expression", () => {
  const pattern = fc.string({ unit: fc.constantFrom("a", "B", ".", "*", "?", "(", "\\"), maxLength: 8 });
  const name = fc.string({ unit: fc.constantFrom("A", "b", ".", "(", "\\", "\n", "\ud83d\ude00"), maxLength: 10 });
  fc.assert(
    fc.property(pattern, name, (wanted, given) => {
      expect(nameMatcher(wanted)(given)).toBe(reference(wanted).test(given));
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ["invoice*.zip", "Invoice-4711.ZIP", true],
  ["invoice*.zip", "invoice.zip.exe", false],
  ["*", "", true],
  ["?", "", false],
  ["a.c", "abc", false],
  ["[ab]", "a", false],
  // As a Mac writes it: a letter and its accent, each by itself.
  ["R\u00e9sum\u00e9*", "Re\u0301sume\u0301.pdf", true],
  ["r\u00e9sum?.pdf", "Re\u0301sume\u0301.pdf", true],
])("%s against %s: %s", (pattern, name, expected) => {
  expect(nameMatcher(pattern)(name)).toBe(expected);
});

test("a pattern of many stars finishes on a hostile name", () => {
  expect(nameMatcher(`${"*a".repeat(127)}b`)("a".repeat(5000))).toBe(false);
});

test("a pattern matches a name despite invisible characters and other kinds of space", () => {
  expect(nameMatcher("invoice final.zip")("in\u200bvoice\u00a0final\u00ad.zip")).toBe(true);
});
