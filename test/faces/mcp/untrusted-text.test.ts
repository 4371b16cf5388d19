import { expect, test } from "vitest";
import { bounded, isTooLong } from "../../../src/faces/mcp/untrusted-text.ts";

test("a long text is cut, and says by how much", () => {
  expect(bounded("a b".repeat(2000))).toMatch(/… \[2000 more characters\]$/);
});

test("an id is not cut: a folder id of Exchange has some hundred characters without white space", () => {
  const id = "A".repeat(2000);
  expect(bounded({ rows: [{ item_id: id }] })).toEqual({ rows: [{ item_id: id }] });
});

test("a word that never ends is cut", () => {
  expect(String(bounded("A".repeat(100_000))).length).toBeLessThan(2100);
});

test("what cannot be seen is made visible in values and in names: escapes, directions, tag characters", () => {
  const hidden = "\u{e0069}\u{e0067}";
  expect(bounded({ "na\u202eme": `ok\u001b[2J${hidden}` })).toEqual({ "na<U+202E>me": "ok␛[2J<U+E0069><U+E0067>" });
});

test("lines stay lines", () => {
  expect(bounded("one\r\ntwo\nthree")).toBe("one\ntwo\nthree");
});

test("what is no text stays as it is", () => {
  expect(bounded({ n: 1, yes: true, none: null, list: [1, "a"] })).toEqual({ n: 1, yes: true, none: null, list: [1, "a"] });
});

test("more than a model can be given is too long", () => {
  expect([isTooLong("a".repeat(400_000)), isTooLong("a".repeat(400_001))]).toEqual([false, true]);
});
