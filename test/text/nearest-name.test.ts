import { expect, test } from "vitest";
import { didYouMean, nearestName } from "../../src/text/nearest-name.ts";

const names = ["get-contacts", "get-attachments", "delete-email", "send-email"];

test.each([
  ["get-contact", "get-contacts"],
  ["delete-mail", "delete-email"],
  ["snd-email", "send-email"],
  ["GET-CONTACTS", "get-contacts"],
  ["dleete-email", "delete-email"],
])("%s most likely means %s", (word, meant) => {
  expect(nearestName(word, names)).toBe(meant);
});

test("a word that resembles no name has no nearest name", () => {
  expect(nearestName("frobnicate", names)).toBeUndefined();
  expect(didYouMean("frobnicate", names)).toBe("");
});

test("a word of a megabyte takes linear time and has no nearest name", () => {
  expect(nearestName("x".repeat(1_000_000), names)).toBeUndefined();
});

test.each([
  ["contacts", " Did you mean get-contacts?"],
  ["emial", " Did you mean delete-email or send-email?"],
])("one word of a name is enough: %s", (word, said) => {
  expect(didYouMean(word, names)).toBe(said);
});
