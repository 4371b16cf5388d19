import { expect, test } from "vitest";
import type { LabFolder } from "../../../src/lab/store/mailbox.ts";
import { onStage, type Stage } from "../stage.ts";

function add({ ann }: Stage, folder: LabFolder, displayName: string): void {
  ann.add(folder, {
    itemClass: "IPM.Contact",
    subject: displayName,
    contact: {
      displayName,
      givenName: "Carl",
      companyName: "Example Ltd",
      emailAddresses: [{ key: "EmailAddress1", address: "carl@example.com" }],
      phoneNumbers: [{ key: "MobilePhone", number: "+49 1" }],
      physicalAddresses: [{ key: "Business", street: "Street 1", city: "Town" }],
    },
  });
}

test("contacts are returned as over EWS", async () => {
  const stage = await onStage();
  add(stage, stage.ann.known("contacts"), "Carl Example");
  const [one] = (await stage.graph().mailbox(stage.ann.address).contacts({ limit: 5 })).contacts;
  const [other] = (await stage.ews.mailbox(stage.ann.address).contacts({ limit: 5 })).contacts;
  expect({ ...one, itemId: "", modifiedAt: "" }).toEqual({ ...other, itemId: "", modifiedAt: "" });
  expect(one?.emailAddresses).toEqual(["carl@example.com"]);
});

test("subfolders are read if requested, each contact once, up to the limit", async () => {
  const stage = await onStage();
  const contacts = stage.ann.known("contacts");
  const friends = stage.ann.createFolder(contacts, "Friends", "IPF.Contact");
  add(stage, contacts, "One");
  add(stage, friends, "Two");
  add(stage, stage.ann.createFolder(friends, "Old", "IPF.Contact"), "Three");
  const mailbox = stage.graph().mailbox(stage.ann.address);
  const found = async (query: Parameters<typeof mailbox.contacts>[0]) =>
    (await mailbox.contacts(query)).contacts.map(({ displayName }) => displayName).sort();
  expect(await found({ limit: 10 })).toEqual(["One"]);
  expect(await found({ limit: 10, recursive: true })).toEqual(["One", "Three", "Two"]);
  expect(await found({ limit: 2, recursive: true })).toHaveLength(2);
  expect(await found({ limit: 10, query: "THR", recursive: true })).toEqual(["Three"]);
  expect(await found({ limit: 10, folder: "Contacts/Friends" })).toEqual(["Two"]);
  await expect(found({ limit: 10, folder: "Contacts/Nobody" })).rejects.toMatchObject({ code: "folder-not-found" });
});
