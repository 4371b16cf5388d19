import { afterAll, beforeAll, expect, test } from "vitest";
import type { Lab } from "../../../../src/lab/lab.ts";
import { anna, call, expectValidReplies, outcomes } from "../soap-client.ts";
import { startLabWithNames } from "./names.setup.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLabWithNames();
});
afterAll(async () => {
  await expectValidReplies(lab);
  await lab.close();
});

const expand = (mailbox: string): string => `<m:ExpandDL><m:Mailbox>${mailbox}</m:Mailbox></m:ExpandDL>`;
const byAddress = (address: string): string => expand(`<t:EmailAddress>${address}</t:EmailAddress>`);
const members = async (operation: string) =>
  (await call(lab, operation))
    .xml()
    .at("ResponseMessages", "ExpandDLResponseMessage", "DLExpansion")
    ?.children.map((one) => `${one.textAt("MailboxType")} ${one.textAt("EmailAddress")}`);

test("a group gives its own members; a group among them stays closed", async () => {
  expect(await members(byAddress("team@example.com"))).toEqual([
    `Mailbox ${anna}`,
    "PublicDL inner@example.com",
    "OneOff outside@example.net",
  ]);
});

test("a personal group is named by the id of its item", async () => {
  const mailbox = lab.store.mailbox(anna);
  const [contact, group] = [...(mailbox?.known("contacts").items.keys() ?? [])];
  expect(await members(expand(`<t:ItemId Id="${group}"/>`))).toEqual(["OneOff bella@example.net"]);
  expect(outcomes(await call(lab, expand(`<t:ItemId Id="${contact}"/>`)))).toEqual(["Error ErrorInvalidItemForOperationExpandDL"]);
});

test("an address that is not a group has no members", async () => {
  for (const address of [anna, "nobody@example.com"])
    expect(outcomes(await call(lab, byAddress(address)))).toEqual(["Error ErrorNameResolutionNoResults"]);
});
