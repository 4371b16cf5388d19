import { expect, test } from "vitest";
import { openConfirmations } from "../../../src/faces/mcp/confirmations.ts";

const question = "Delete Email: 1 message would be deleted.\n";
const rows = [{ item_id: "1" }];
const minutes = (number: number) => number * 60 * 1000;

test("a confirmation is valid for the same arguments in another order", () => {
  const confirmations = openConfirmations();
  const { token } = confirmations.offer("delete_email", { a: 1, b: { c: 2, d: 3 } }, rows, question);
  expect(() => confirmations.take(token, "delete_email", { b: { d: 3, c: 2 }, a: 1 })(rows)).not.toThrow();
});

test("a confirmation of one tool is refused by another", () => {
  const confirmations = openConfirmations();
  const { token } = confirmations.offer("junk_mail", {}, rows, question);
  expect(() => confirmations.take(token, "delete_email", {})).toThrow("was given for another call");
});

test("a refused confirmation cannot be used again", () => {
  const confirmations = openConfirmations();
  const { token } = confirmations.offer("delete_email", { a: 1 }, rows, question);
  expect(() => confirmations.take(token, "delete_email", { a: 2 })).toThrow();
  expect(() => confirmations.take(token, "delete_email", { a: 1 })).toThrow("is unknown, or was used before");
});

test.each([
  [9, false],
  [10, true],
])("a confirmation of %i minutes ago is too old: %s", (age, old) => {
  let now = 0;
  const confirmations = openConfirmations(() => now);
  const { token } = confirmations.offer("delete_email", {}, rows, question);
  now = minutes(age);
  const take = () => confirmations.take(token, "delete_email", {});
  if (old) expect(take).toThrow("too old");
  else expect(take).not.toThrow();
});

test("the oldest open confirmations are forgotten above a limit", () => {
  const confirmations = openConfirmations();
  const tokens = Array.from({ length: 101 }, () => confirmations.offer("delete_email", {}, rows, question).token);
  expect(() => confirmations.take(tokens[0] ?? "", "delete_email", {})).toThrow("unknown");
  expect(() => confirmations.take(tokens[1] ?? "", "delete_email", {})).not.toThrow();
});
