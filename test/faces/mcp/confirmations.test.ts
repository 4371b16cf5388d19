import { expect, test } from "vitest";
import { openConfirmations } from "../../../src/faces/mcp/confirmations.ts";
import { turnsDuring } from "../../turns.ts";

const question = "Delete Email: 1 message would be deleted.\n";
const rows = [{ item_id: "1" }];
const minutes = (number: number) => number * 60 * 1000;

test("a confirmation is valid for the same arguments in another order", async () => {
  const confirmations = openConfirmations();
  const { token } = await confirmations.offer("delete_email", { a: 1, b: { c: 2, d: 3 } }, rows, question);
  const check = await confirmations.take(token, "delete_email", { b: { d: 3, c: 2 }, a: 1 });
  expect(() => check(rows)).not.toThrow();
});

test("a confirmation of one tool is refused by another", async () => {
  const confirmations = openConfirmations();
  const { token } = await confirmations.offer("junk_mail", {}, rows, question);
  await expect(confirmations.take(token, "delete_email", {})).rejects.toThrow("was given for another call");
});

test("a refused confirmation cannot be used again", async () => {
  const confirmations = openConfirmations();
  const { token } = await confirmations.offer("delete_email", { a: 1 }, rows, question);
  await expect(confirmations.take(token, "delete_email", { a: 2 })).rejects.toThrow();
  await expect(confirmations.take(token, "delete_email", { a: 1 })).rejects.toThrow("is unknown, or was used before");
});

test.each([
  [9, false],
  [10, true],
])("a confirmation of %i minutes ago is too old: %s", async (age, old) => {
  let now = 0;
  const confirmations = openConfirmations(() => now);
  const { token } = await confirmations.offer("delete_email", {}, rows, question);
  now = minutes(age);
  const take = () => confirmations.take(token, "delete_email", {});
  if (old) await expect(take()).rejects.toThrow("too old");
  else await take();
});

test("the oldest open confirmations are forgotten above a limit", async () => {
  const confirmations = openConfirmations();
  const offers = await Promise.all(Array.from({ length: 101 }, () => confirmations.offer("delete_email", {}, rows, question)));
  const tokens = offers.map(({ token }) => token);
  await expect(confirmations.take(tokens[0] ?? "", "delete_email", {})).rejects.toThrow("unknown");
  await confirmations.take(tokens[1] ?? "", "delete_email", {});
});

test("a confirmation for a long text is none for another of its length, or for an object that looks like its place", async () => {
  const confirmations = openConfirmations();
  const long = "a".repeat(1024 * 1024);
  const offer = async () => (await confirmations.offer("send_email", { raw_mime: long }, rows, question)).token;
  const { result: token, turns } = await turnsDuring(offer);
  expect(turns).toBeGreaterThanOrEqual(4);
  (await confirmations.take(token, "send_email", { raw_mime: long }))(rows);
  for (const other of [`${long.slice(0, -1)}b`, { long: 1 }, `${long.slice(0, -1)}\ud800`]) {
    await expect(confirmations.take(await offer(), "send_email", { raw_mime: other })).rejects.toThrow("was given for another call");
  }
});
