import { expect, test } from "vitest";
import { bounded, isTooLong } from "../../../src/faces/mcp/untrusted-text.ts";

test("a long text is cut and states by how much", () => {
  expect(bounded("a b".repeat(2000))).toMatch(/… \[2000 more characters\]$/);
});

test("an id is not cut: a folder id of Exchange has some hundred characters without white space", () => {
  const id = "A".repeat(2000);
  expect(bounded({ rows: [{ item_id: id }] })).toEqual({ rows: [{ item_id: id }] });
});

test("a word without an end is cut", () => {
  expect(String(bounded("A".repeat(100_000))).length).toBeLessThan(2100);
});

test("invisible characters are made visible in values and names: escapes, directions, tag characters", () => {
  const hidden = "\u{e0069}\u{e0067}";
  expect(bounded({ "na\u202eme": `ok\u001b[2J${hidden}` })).toEqual({ "na<U+202E>me": "ok␛[2J<U+E0069><U+E0067>" });
});

test("line breaks are kept", () => {
  expect(bounded("one\r\ntwo\nthree")).toBe("one\ntwo\nthree");
});

test("a value that is not a text is unchanged", () => {
  expect(bounded({ n: 1, yes: true, none: null, list: [1, "a"] })).toEqual({ n: 1, yes: true, none: null, list: [1, "a"] });
});

test("an answer too large for a model is refused as too long", () => {
  expect([isTooLong("a".repeat(400_000)), isTooLong("a".repeat(400_001))]).toEqual([false, true]);
});
