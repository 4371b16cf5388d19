import { expect, test } from "vitest";
import { isShown } from "./guide.ts";

test.each([
  ['{ "a": 1, … "c": 3 }', '{"a":1,"b":2,"c":3}\n', true],
  ["… of …", "1 of 2", true],
  ['{ "a": 1 }', '{"a":2}', false],
  ['{ "a": 1, …', '{"b":0,"a":1,"c":3}', false],
  ['… "c": 3 }', '{"c":3,"d":4}', false],
  ["… second … first …", "first second", false],
])("the comparison of a guide's output is right for %s and %s", (shown, said, expected) => {
  expect(isShown(shown, said)).toBe(expected);
});
