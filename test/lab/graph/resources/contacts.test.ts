import { expect, test } from "vitest";
import type { ContactFields } from "../../../../src/lab/store/contact.ts";
import { anna, call, deliver, idOf, mailboxOf, refusal, startGraphLab, text } from "../graph-client.ts";

const fields: ContactFields = {
  displayName: "Carla Sample",
  givenName: "Carla",
  surname: "Sample",
  companyName: "Sample Supplies",
  emailAddresses: [
    { key: "EmailAddress1", address: "carla@example.org", name: "Carla" },
    { key: "EmailAddress2", address: "orders@example.org" },
  ],
  phoneNumbers: [
    { key: "BusinessPhone", number: "+1 555 0101" },
    { key: "MobilePhone", number: "+1 555 0102" },
    { key: "HomePhone", number: "+1 555 0103" },
  ],
  physicalAddresses: [{ key: "Business", street: "1 Sample Street", city: "Sampletown", countryOrRegion: "Example" }],
};

async function stage() {
  const lab = await startGraphLab();
  const mailbox = mailboxOf(lab);
  const folder = mailbox.known("contacts");
  const item = mailbox.add(folder, { itemClass: "IPM.Contact", subject: "Carla Sample", contact: fields });
  mailbox.add(folder, { itemClass: "IPM.DistList", subject: "Suppliers", group: { displayName: "Suppliers", members: [] } });
  const leads = mailbox.createFolder(folder, "Leads", "IPF.Contact");
  mailbox.add(leads, { itemClass: "IPM.Contact", subject: "Lead", contact: { ...fields, displayName: "Lead" } });
  return { lab, mailbox, item };
}

test("a contact has its addresses, telephones and postal addresses, and a person's own group is not a contact", async () => {
  const { lab } = await stage();
  const received = await call(lab, "GET", `/users/${anna}/contacts`);
  expect(received.at("value")).toEqual([
    expect.objectContaining({
      displayName: "Carla Sample",
      companyName: "Sample Supplies",
      emailAddresses: [
        { name: "Carla", address: "carla@example.org" },
        { name: "orders@example.org", address: "orders@example.org" },
      ],
      primaryEmailAddress: { name: "Carla", address: "carla@example.org" },
      businessPhones: ["+1 555 0101"],
      mobilePhone: "+1 555 0102",
      homePhones: ["+1 555 0103"],
      businessAddress: { street: "1 Sample Street", city: "Sampletown", countryOrRegion: "Example" },
      homeAddress: {},
    }),
  ]);
});

test("folders of contacts are found below the default one and beside it, and hold their own", async () => {
  const { lab, mailbox } = await stage();
  mailbox.createFolder(mailbox.root, "Partners", "IPF.Contact");
  const list = await call(lab, "GET", `/users/${anna}/contactFolders`);
  expect([list.at("value", 0, "displayName"), list.at("value", 1, "displayName")]).toEqual(["Leads", "Partners"]);
  const leads = `/users/${anna}/contactFolders/${encodeURIComponent(text(list.at("value", 0, "id")))}`;
  expect((await call(lab, "GET", leads)).at("displayName")).toBe("Leads");
  expect((await call(lab, "GET", `${leads}/contacts`)).at("value", 0, "displayName")).toBe("Lead");
  expect((await call(lab, "GET", `${leads}/childFolders`)).at("value")).toEqual([]);
});

test("one contact is found by its id; a message's id is no contact's", async () => {
  const { lab, item } = await stage();
  expect((await call(lab, "GET", `/users/${anna}/contacts/${idOf(item)}`)).at("surname")).toBe("Sample");
  expect(refusal(await call(lab, "GET", `/users/${anna}/contacts/${idOf(deliver(lab))}`))).toEqual([404, "ErrorItemNotFound"]);
});
