import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { getContacts } from "../../../src/actions/get-contacts.ts";
import { searchEmailsExtended } from "../../../src/actions/search-emails-extended.ts";
import { backends, type LabHost, openLabHost } from "../lab-host.ts";

const address = "paths@example.com";

describe.each(backends)("over %s, a folder without those below keeps its path:", (backend) => {
  let at: LabHost;
  beforeAll(async () => {
    at = await openLabHost({}, backend);
    const service = at.lab.store.addUser({ address });
    at.put(address, { subject: "Above" });
    at.put(address, { subject: "Below" }, "inbox/Reports/Old");
    const contacts = service.known("contacts");
    const friends = service.createFolder(contacts, "Friends");
    for (const folder of [contacts, friends]) {
      service.add(folder, {
        itemClass: "IPM.Contact",
        subject: "Ann",
        contact: { displayName: "Ann", emailAddresses: [], phoneNumbers: [], physicalAddresses: [] },
      });
    }
  });
  afterAll(() => at.close());

  test.each([
    ["inbox", "Above", "Inbox"],
    ["Inbox/Reports/Old", "Below", "Inbox/Reports/Old"],
  ])("a search in %s", async (folder, subject, path) => {
    for (const recursive of [true, false]) {
      const answer = await at.run(searchEmailsExtended, { mailbox: address, folder, recursive, subject });
      expect(answer).toMatchObject({ success: true, items: [{ subject, folder_path: path }] });
    }
  });

  test("a search in a folder by its id", async () => {
    const [folder] = at.mailbox(address).folderAt(["Inbox", "Reports"])?.children ?? [];
    const answer = await at.run(searchEmailsExtended, { mailbox: address, folder: folder?.id, recursive: false, subject: "Below" });
    expect(answer).toMatchObject({ items: [{ folder_path: "Inbox/Reports/Old" }] });
  });

  test("a search of the Recoverable Items, by the name that names their folder", async () => {
    at.put(address, { subject: "Deleted softly" }, "recoverableitemsdeletions");
    const answer = await at.run(searchEmailsExtended, { mailbox: address, include_recoverable: true, subject: "Deleted softly" });
    expect(answer).toMatchObject({ items: [{ folder_path: "recoverableitemsdeletions" }] });
    const again = await at.run(searchEmailsExtended, { mailbox: address, folder: "recoverableitemsdeletions", recursive: false });
    expect(again).toMatchObject({ items: [{ subject: "Deleted softly" }] });
  });

  test("contacts", async () => {
    const of = async (input: object) =>
      (await at.run(getContacts, { mailbox: address, recursive: false, ...input })) as { items?: unknown };
    expect(await of({})).toMatchObject({ contacts: [{ display_name: "Ann", folder_path: "Contacts" }] });
    expect(await of({ folder: "Contacts/Friends" })).toMatchObject({
      contacts: [{ display_name: "Ann", folder_path: "Contacts/Friends" }],
    });
  });
});

test("over EWS, a folder that can be opened is searched even if the folders around it cannot be listed", async () => {
  const at = await openLabHost();
  try {
    at.lab.store.addUser({ address });
    at.put(address, { subject: "Alone" });
    at.lab.addFault({ kind: "item-error", operation: "FindFolder", code: "ErrorAccessDenied", times: 9 });
    const answer = await at.run(searchEmailsExtended, { mailbox: address, folder: "inbox", recursive: false, subject: "Alone" });
    expect(answer).toMatchObject({ success: true, items: [{ subject: "Alone" }] });
  } finally {
    await at.close();
  }
});
