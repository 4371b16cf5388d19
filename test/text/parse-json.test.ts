import fc from "fast-check";
import { expect, test } from "vitest";
import { parseJson } from "../../src/text/parse-json.ts";

test("JSON is read as written", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(parseJson(JSON.stringify(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test.each(["", "{", "undefined", "{'a':1}", "\ufeff{}", "[1,]", '{"a":1}{'])("the text %j is not JSON and returns undefined", (text) => {
  expect(parseJson(text)).toBe(undefined);
});
