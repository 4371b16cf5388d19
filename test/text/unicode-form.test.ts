import fc from "fast-check";
import { expect, test } from "vitest";
import { comparableText, composeUnicode } from "../../src/text/unicode-form.ts";

const acute = "\u0301";
const below = "\u0316";

// In their order by the square of their number: it takes minutes.
test("half a million marks on one letter are left unchanged", () => {
  const text = `e${`${acute}${below}`.repeat(250_000)}`;
  expect(composeUnicode(text) === text).toBe(true);
});

test("text beside a pile of marks is composed, and the pile is not", () => {
  const pile = `${acute}${below}`.repeat(16);
  expect(composeUnicode(`cafe${acute} a${pile}b cafe${acute}`)).toBe(`caf\u00e9 a${pile}b caf\u00e9`);
});

test("a text with up to thirty marks per letter is composed as Unicode requires", () => {
  const texts = fc.array(fc.constantFrom("a", "e", acute, below, "\u0344", "\u0958", "\u1100", "\u1161", "\u0327", "\ud834\udd5e"));
  fc.assert(fc.property(texts, (parts) => composeUnicode(parts.slice(0, 12).join("")) === parts.slice(0, 12).join("").normalize("NFC")));
});

test("the form is stable: a second application changes nothing", () => {
  const parts = fc.constantFrom(
    "a",
    "\u00e9",
    acute,
    below,
    acute.repeat(20),
    below.repeat(31),
    "\u0344".repeat(16),
    "\u0958",
    "\u1100",
    "\u1161",
  );
  fc.assert(fc.property(fc.array(parts), (some) => composeUnicode(composeUnicode(some.join(""))) === composeUnicode(some.join(""))));
});

test("the form for comparison is stable and equal for lower and upper case", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(comparableText(comparableText(text))).toBe(comparableText(text));
      expect(comparableText(text.toLowerCase())).toBe(comparableText(text));
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ["inv\u0000oice", "invoice"],
  ["inv\u0008oice", "invoice"],
  ["inv\u007foice", "invoice"],
  ["inv\u009foice", "invoice"],
  ["two\u2800words", "two words"],
  ["two\u2028words", "two words"],
  ["two\vwords", "two words"],
  ["a\tb\r\nc", "a\tb\r\nc"],
])("no control character and no space hides a word: %j is compared as %j", (text, seen) => {
  expect(comparableText(text)).toBe(seen);
});
