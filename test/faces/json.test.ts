import fc from "fast-check";
import { expect, test } from "vitest";
import { jsonPieces, jsonText } from "../../src/faces/json.ts";

test("whatever is written is read back the same, and nothing in it is obeyed by a terminal", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: "binary" }), fc.string({ unit: "binary" })), (value) => {
      const text = jsonText(value);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\u061c]/);
    }),
  );
});

test("DEL, C1 and bidirectional characters are written as escapes, in lower-case hexadecimal of four digits", () => {
  expect(jsonText({ subject: "\u007f\u009b\u202e" })).toBe('{"subject":"\\u007f\\u009b\\u202e"}');
});

test("in pieces it is the same text, whatever the document", () => {
  const member = fc.option(fc.oneof(fc.jsonValue(), fc.array(fc.jsonValue(), { maxLength: 120 })), { nil: undefined });
  fc.assert(
    fc.property(fc.dictionary(fc.string(), member), (document) => {
      expect([...jsonPieces(document)].join("")).toBe(jsonText(document));
    }),
  );
});

test("a short document is one piece, and of a long list no piece is longer than a few rows", () => {
  const row = { subject: "s".repeat(1000) };
  expect([...jsonPieces({ items: [row] })]).toHaveLength(1);
  const pieces = [...jsonPieces({ items: Array.from({ length: 3000 }, () => row) })];
  expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(200_000);
});
