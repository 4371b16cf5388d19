import { afterAll, beforeAll, expect, test } from "vitest";
import type { Lab } from "../../../../src/lab/lab.ts";
import { anna, ben, call, expectValidReplies, outcomes } from "../soap-client.ts";
import { startLabWithNames } from "./names.setup.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLabWithNames();
});
afterAll(async () => {
  await expectValidReplies(lab);
  await lab.close();
});

const resolve = (text: string, scope?: string, more = "", full = false): string =>
  `<m:ResolveNames ReturnFullContactData="${full}"${scope === undefined ? "" : ` SearchScope="${scope}"`}>${more}<m:UnresolvedEntry>${text}</m:UnresolvedEntry></m:ResolveNames>`;
const setOf = async (operation: string) =>
  (await call(lab, operation)).xml().at("ResponseMessages", "ResolveNamesResponseMessage", "ResolutionSet");
const addresses = async (operation: string) => (await setOf(operation))?.children.map((one) => one.textAt("Mailbox", "EmailAddress"));

test.each(["anna@example.com", "Anna", "Exam", "smtp:anna@example.com", "SMTP:ANNA@EXAMPLE.COM", "a.example@example.com"])(
  "%s is Anna, a success",
  async (text) => {
    expect(outcomes(await call(lab, resolve(text, "ActiveDirectory")))).toEqual(["Success NoError"]);
    expect(await addresses(resolve(text, "ActiveDirectory"))).toEqual([anna]);
  },
);

test("several results are a warning that holds them", async () => {
  const received = await call(lab, resolve("b"));
  expect(outcomes(received)).toEqual(["Warning ErrorNameResolutionMultipleResults"]);
  expect((await setOf(resolve("b")))?.attributes.get("TotalItemsInView")).toBe("4");
  expect(await addresses(resolve("b", "ActiveDirectory"))).toEqual([ben, "team@example.com"]);
});

test("no result is an error", async () => {
  expect(outcomes(await call(lab, resolve("zzz")))).toEqual(["Error ErrorNameResolutionNoResults"]);
});

test("the scope sets the places and order of the search", async () => {
  expect(await addresses(resolve("be", "Contacts"))).toEqual(["bella@example.net"]);
  expect(await addresses(resolve("be", "ActiveDirectoryContacts"))).toEqual([ben, "bella@example.net"]);
  expect(await addresses(resolve("be", "ContactsActiveDirectory"))).toEqual(["bella@example.net", ben]);
});

test("groups and contacts are distinguished from mailboxes", async () => {
  const type = async (text: string) => (await setOf(resolve(text)))?.children[0]?.textAt("Mailbox", "MailboxType");
  expect([await type("anna@example.com"), await type("Team"), await type("Bella"), await type("Book Club")]).toEqual([
    "Mailbox",
    "PublicDL",
    "Contact",
    "PrivateDL",
  ]);
});

test("full data of a directory entry and of a contact come with their source", async () => {
  const contact = async (text: string) => (await setOf(resolve(text, undefined, "", true)))?.children[0]?.child("Contact");
  const own = await contact("anna@");
  expect([own?.textAt("Department"), own?.textAt("ContactSource"), own?.textAt("PhoneNumbers", "Entry")]).toEqual([
    "Books",
    "ActiveDirectory",
    "+1 555 0100",
  ]);
  const bella = await contact("bella");
  expect([bella?.textAt("CompanyName"), bella?.textAt("ContactSource"), bella?.textAt("EmailAddresses", "Entry")]).toEqual([
    "Books <& Sons>",
    "Store",
    "bella@example.net",
  ]);
});

test("only one contacts folder may be named, and it must be one", async () => {
  const folders = (...names: readonly string[]): string =>
    `<m:ParentFolderIds>${names.map((name) => `<t:DistinguishedFolderId Id="${name}"/>`).join("")}</m:ParentFolderIds>`;
  expect(outcomes(await call(lab, resolve("be", "Contacts", folders("contacts"))))).toEqual(["Success NoError"]);
  expect(outcomes(await call(lab, resolve("be", "Contacts", folders("inbox"))))).toEqual(["Error ErrorResolveNamesInvalidFolderType"]);
  expect(outcomes(await call(lab, resolve("be", "Contacts", folders("contacts", "contacts"))))).toEqual([
    "Error ErrorResolveNamesOnlyOneContactsFolderAllowed",
  ]);
});

test("at most a hundred are returned, with a note that there are more", async () => {
  for (let number = 0; number < 101; number += 1) lab.store.addUser({ address: `zoe${number}@example.com` });
  const set = await setOf(resolve("zoe"));
  expect(set?.children).toHaveLength(100);
  expect(set?.attributes.get("IncludesLastItemInRange")).toBe("false");
});
