import fc from "fast-check";
import { expect, test } from "vitest";
import { jsonPieces } from "../../src/faces/json-pieces.ts";
import { harmlessJson } from "../../src/text/harmless-json.ts";

test("a document written in pieces is the same text as written whole", () => {
  const member = fc.option(fc.oneof(fc.jsonValue(), fc.array(fc.jsonValue(), { maxLength: 120 })), { nil: undefined });
  fc.assert(
    fc.property(fc.dictionary(fc.string(), member), (document) => {
      expect([...jsonPieces(document)].join("")).toBe(harmlessJson(document));
    }),
  );
});

test("a short document is one piece, and no piece of a long list has more than a few rows", () => {
  const row = { subject: "s".repeat(1000) };
  expect([...jsonPieces({ items: [row] })]).toHaveLength(1);
  const pieces = [...jsonPieces({ items: Array.from({ length: 3000 }, () => row) })];
  expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(200_000);
});
