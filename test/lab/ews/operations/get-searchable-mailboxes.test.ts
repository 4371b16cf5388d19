import { afterAll, beforeAll, expect, test } from "vitest";
import type { Lab } from "../../../../src/lab/lab.ts";
import { anna, ben, call, expectValidReplies, soc } from "../soap-client.ts";
import { startLabWithNames } from "./names.setup.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLabWithNames();
});
afterAll(async () => {
  await expectValidReplies(lab);
  await lab.close();
});

const search = (filter?: string, expand?: boolean): string =>
  `<m:GetSearchableMailboxes>${filter === undefined ? "" : `<m:SearchFilter>${filter}</m:SearchFilter>`}${
    expand === undefined ? "" : `<m:ExpandGroupMembership>${expand}</m:ExpandGroupMembership>`
  }</m:GetSearchableMailboxes>`;
const ask = async (operation: string, user = soc) => (await call(lab, operation, { user })).xml();
const found = async (operation: string) =>
  (await ask(operation)).child("SearchableMailboxes")?.children.map((one) => one.textAt("PrimarySmtpAddress"));

test("without the Discovery Management role it is refused, the container stays", async () => {
  const reply = await ask(search(), anna);
  expect([reply.attributes.get("ResponseClass"), reply.textAt("ResponseCode")]).toEqual(["Error", "ErrorAccessDenied"]);
  expect(reply.child("SearchableMailboxes")?.children).toEqual([]);
});

test("without a filter all mailboxes and groups are found", async () => {
  expect(await found(search())).toEqual([anna, ben, soc, "inner@example.com", "team@example.com"]);
});

test("a filter is the beginning of a name or address", async () => {
  expect(await found(search("ann"))).toEqual([anna]);
  expect(await found(search("Team*", false))).toEqual(["team@example.com"]);
  expect(await found(search("nobody"))).toEqual([]);
});

test("a group is marked, or opened down to its mailboxes", async () => {
  const [group] = (await ask(search("team", false))).child("SearchableMailboxes")?.children ?? [];
  expect(group?.textAt("IsMembershipGroup")).toBe("true");
  expect(await found(search("team", true))).toEqual([anna, ben]);
});

test.each([undefined, "", "te*"])("opening groups wants a filter without wildcard, not %s", async (filter) => {
  expect((await ask(search(filter, true))).textAt("ResponseCode")).toBe("ErrorInvalidArgument");
});

test("a mailbox comes with its GUID and a reference of its own", async () => {
  const mailboxes = (await ask(search())).child("SearchableMailboxes")?.children ?? [];
  expect(mailboxes[0]?.textAt("Guid")).toBe(lab.store.mailbox(anna)?.guid);
  expect(new Set(mailboxes.map((one) => one.textAt("ReferenceId"))).size).toBe(mailboxes.length);
});
