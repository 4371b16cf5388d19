import fc from "fast-check";
import { expect, test } from "vitest";
import { harmlessJson } from "../../src/text/harmless-json.ts";

test("any value is read back unchanged, and its text has no control character for a terminal", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: "binary" }), fc.string({ unit: "binary" })), (value) => {
      const text = harmlessJson(value);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\u061c\u{e0000}-\u{e007f}]/u);
    }),
  );
});

test("DEL, C1 and bidirectional characters are written as escapes, in lower-case hexadecimal of four digits", () => {
  expect(harmlessJson({ subject: "\u007f\u009b\u202e\u{e0041}" })).toBe('{"subject":"\\u007f\\u009b\\u202e\\udb40\\udc41"}');
});
