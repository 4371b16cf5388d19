import fc from "fast-check";
import { expect, test } from "vitest";
import { fieldOf, flagOf, headingOf } from "../../src/faces/field-spellings.ts";

test("a field has one flag and one heading", () => {
  expect(flagOf("item_id")).toBe("--item-id");
  expect(headingOf("item_id")).toBe("Item id");
  expect(headingOf("is_read")).toBe("Read");
});

test("every field is found from its flag", () => {
  const word = fc.stringMatching(/^[a-z][a-z0-9]{0,6}$/);
  const field = fc.array(word, { minLength: 1, maxLength: 4 }).map((words) => words.join("_"));
  fc.assert(
    fc.property(field, (name) => {
      expect(fieldOf(flagOf(name))).toBe(name);
    }),
  );
});

test("a flag written with underscores means the same field", () => {
  expect(fieldOf("--item_id")).toBe("item_id");
});
