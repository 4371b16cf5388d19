import { expect, test } from "vitest";
import { delivered, folderOf, idAlone, itemId, itemsIn, labForEach, mailboxOf, messages, onlyItem } from "../item-calls.ts";
import { ben, call, outcomes } from "../soap-client.ts";

const lab = labForEach();

const field = (uri: string): string => `<t:FieldURI FieldURI="${uri}"/>`;
const set = (uri: string, property: string, element = "Message"): string =>
  `<t:SetItemField>${uri.startsWith("<") ? uri : field(uri)}<t:${element}>${property}</t:${element}></t:SetItemField>`;
const append = (uri: string, property: string): string =>
  `<t:AppendToItemField>${field(uri)}<t:Message>${property}</t:Message></t:AppendToItemField>`;
const remove = (uri: string): string => `<t:DeleteItemField>${uri.startsWith("<") ? uri : field(uri)}</t:DeleteItemField>`;
const update = (
  id: string,
  updates: string,
  { conflicts = "AlwaysOverwrite", disposition = `MessageDisposition="SaveOnly"` } = {},
): string =>
  `<m:UpdateItem ConflictResolution="${conflicts}" ${disposition}><m:ItemChanges><t:ItemChange>${id}<t:Updates>${updates}</t:Updates></t:ItemChange></m:ItemChanges></m:UpdateItem>`;
const draft = () => mailboxOf(lab()).add(folderOf(lab(), "drafts"), { subject: "draft", isDraft: true, to: [{ address: ben }] });
const subject = (text: string): string => set("item:Subject", `<t:Subject>${text}</t:Subject>`);

test("fields are set, the id stays, the change key is new, and no conflict is reported", async () => {
  const item = draft();
  const before = itemId(item);
  const changes =
    subject("new") +
    set("message:IsRead", "<t:IsRead>true</t:IsRead>") +
    set("item:Categories", "<t:Categories><t:String>a</t:String></t:Categories>");
  const received = await call(lab(), update(before, changes));
  expect(outcomes(received)).toEqual(["Success NoError"]);
  expect(item).toMatchObject({ subject: "new", isRead: true, categories: ["a"] });
  expect(itemId(item)).not.toBe(before);
  expect(onlyItem(received).child("ItemId")?.attributes.get("ChangeKey")).toBe(item.changeKey);
  expect(messages(received)[0]?.textAt("ConflictResults", "Count")).toBe("0");
});

test("one update that is refused leaves the whole item as it was", async () => {
  const item = draft();
  const key = item.changeKey;
  const received = await call(lab(), update(itemId(item), subject("new") + set("item:Size", "<t:Size>1</t:Size>")));
  expect(outcomes(received)).toEqual(["Error ErrorInvalidPropertySet"]);
  expect([item.subject, item.changeKey]).toEqual(["draft", key]);
});

test("an update sets exactly the one property that it names", async () => {
  const item = draft();
  const refused = async (changes: string) => outcomes(await call(lab(), update(itemId(item), changes)))[0];
  expect(await refused(set("item:Subject", "<t:Subject>a</t:Subject><t:Sensitivity>Private</t:Sensitivity>"))).toBe(
    "Error ErrorIncorrectUpdatePropertyCount",
  );
  expect(await refused(set("item:Subject", ""))).toBe("Error ErrorIncorrectUpdatePropertyCount");
  expect(await refused(set("item:Subject", "<t:Importance>High</t:Importance>"))).toBe("Error ErrorUpdatePropertyMismatch");
});

test("recipients and body grow by appending, nothing else does", async () => {
  const item = draft();
  const to = `<t:ToRecipients><t:Mailbox><t:EmailAddress>x@example.org</t:EmailAddress></t:Mailbox></t:ToRecipients>`;
  await call(
    lab(),
    update(itemId(item), append("message:ToRecipients", to) + append("item:Body", `<t:Body BodyType="Text">more</t:Body>`)),
  );
  expect([item.to.map(({ address }) => address), item.text]).toEqual([[ben, "x@example.org"], "more"]);
  expect(outcomes(await call(lab(), update(itemId(item), append("item:Subject", "<t:Subject>x</t:Subject>"))))).toEqual([
    "Error ErrorInvalidPropertyAppend",
  ]);
});

test("properties are deleted, unless an item always has them", async () => {
  const item = draft();
  await call(lab(), update(itemId(item), remove("message:ToRecipients") + remove("item:Subject")));
  expect([item.to, item.subject]).toEqual([[], ""]);
  expect(outcomes(await call(lab(), update(itemId(item), remove("message:IsRead"))))).toEqual(["Error ErrorInvalidPropertyDelete"]);
});

test("an extended property is set beside the others, and deleted", async () => {
  const item = draft();
  const path = (name: string): string =>
    `<t:ExtendedFieldURI DistinguishedPropertySetId="PublicStrings" PropertyName="${name}" PropertyType="String"/>`;
  const property = (name: string): string =>
    set(path(name), `<t:ExtendedProperty>${path(name)}<t:Value>${name}!</t:Value></t:ExtendedProperty>`);
  await call(lab(), update(itemId(item), property("a") + property("b")));
  expect(Object.fromEntries(item.extended)).toEqual({ "PublicStrings/a": "a!", "PublicStrings/b": "b!" });
  await call(lab(), update(itemId(item), remove(path("a"))));
  expect([...item.extended.keys()]).toEqual(["PublicStrings/b"]);
});

test("a message needs a disposition", async () => {
  expect(outcomes(await call(lab(), update(itemId(draft()), subject("x"), { disposition: "" })))).toEqual([
    "Error ErrorMessageDispositionRequired",
  ]);
});

test.each([
  ["AutoResolve", "Error ErrorChangeKeyRequiredForWriteOperations"],
  ["NeverOverwrite", "Success NoError"],
  ["AlwaysOverwrite", "Success NoError"],
])("without a change key %s answers %s", async (conflicts, outcome) => {
  expect(outcomes(await call(lab(), update(idAlone(draft().id), subject("x"), { conflicts })))).toEqual([outcome]);
});

test.each([
  ["NeverOverwrite", "Error ErrorIrresolvableConflict", "theirs"],
  ["AutoResolve", "Success NoError", "mine"],
  ["AlwaysOverwrite", "Success NoError", "mine"],
])("with a stale change key %s answers %s", async (conflicts, outcome, left) => {
  const item = draft();
  const stale = itemId(item);
  mailboxOf(lab()).update(item, { subject: "theirs" });
  expect(outcomes(await call(lab(), update(stale, subject("mine"), { conflicts })))).toEqual([outcome]);
  expect(item.subject).toBe(left);
});

test("the recipients of a received message cannot be changed, but its flags can", async () => {
  const item = delivered(lab(), "Subject: s\nTo: anna@example.com\n\nt");
  const bytes = item.mime;
  const to = set("message:ToRecipients", "<t:ToRecipients/>");
  expect(outcomes(await call(lab(), update(itemId(item), to)))).toEqual(["Error ErrorInvalidPropertyUpdateSentMessage"]);
  expect(outcomes(await call(lab(), update(itemId(item), set("message:IsRead", "<t:IsRead>true</t:IsRead>"))))).toEqual([
    "Success NoError",
  ]);
  expect([item.isRead, item.mime]).toEqual([true, bytes]);
});

test.each(["SendOnly", "SendAndSaveCopy"])("with %s the draft is sent as it is now, and no id is given", async (disposition) => {
  const received = await call(lab(), update(itemId(draft()), subject("final"), { disposition: `MessageDisposition="${disposition}"` }));
  expect([outcomes(received), messages(received)[0]?.child("Items")?.children]).toEqual([["Success NoError"], []]);
  expect(itemsIn(lab(), "inbox", ben).map((mail) => mail.subject)).toEqual(["final"]);
  expect([itemsIn(lab(), "drafts").length, itemsIn(lab(), "sentitems").length]).toEqual([0, disposition === "SendOnly" ? 0 : 1]);
});

test("one entry of a contact's dictionary changes and the others stay", async () => {
  const item = mailboxOf(lab()).add(folderOf(lab(), "contacts"), {
    itemClass: "IPM.Contact",
    contact: {
      displayName: "Zoe",
      emailAddresses: [
        { key: "EmailAddress1", address: "a@example.org" },
        { key: "EmailAddress2", address: "b@example.org" },
      ],
      phoneNumbers: [],
      physicalAddresses: [],
    },
  });
  const path = (index: string): string => `<t:IndexedFieldURI FieldURI="contacts:EmailAddress" FieldIndex="${index}"/>`;
  const entry = `<t:EmailAddresses><t:Entry Key="EmailAddress2">c@example.org</t:Entry></t:EmailAddresses>`;
  const changes = set(path("EmailAddress2"), entry, "Contact") + set("contacts:JobTitle", "<t:JobTitle>Chief</t:JobTitle>", "Contact");
  expect(outcomes(await call(lab(), update(itemId(item), changes, { disposition: "" })))).toEqual(["Success NoError"]);
  expect(item.contact).toMatchObject({
    displayName: "Zoe",
    jobTitle: "Chief",
    emailAddresses: [{ address: "a@example.org" }, { address: "c@example.org" }],
  });
  await call(lab(), update(itemId(item), remove(path("EmailAddress1")), { disposition: "" }));
  expect(item.contact?.emailAddresses.map(({ key }) => key)).toEqual(["EmailAddress2"]);
});

test("several changes of one indexed property in one update all take effect", async () => {
  const home = { key: "Home" as const, street: "Old Street 1", city: "Old Town", postalCode: "0001" };
  const item = mailboxOf(lab()).add(folderOf(lab(), "contacts"), {
    itemClass: "IPM.Contact",
    contact: { displayName: "Zoe", emailAddresses: [], phoneNumbers: [{ key: "HomePhone", number: "1" }], physicalAddresses: [home] },
  });
  const path = (uri: string, index: string): string => `<t:IndexedFieldURI FieldURI="contacts:${uri}" FieldIndex="${index}"/>`;
  const part = (name: string, value: string): string =>
    set(
      path(`PhysicalAddress:${name}`, "Home"),
      `<t:PhysicalAddresses><t:Entry Key="Home"><t:${name}>${value}</t:${name}></t:Entry></t:PhysicalAddresses>`,
      "Contact",
    );
  const phone = (key: string, value: string): string =>
    set(path("PhoneNumber", key), `<t:PhoneNumbers><t:Entry Key="${key}">${value}</t:Entry></t:PhoneNumbers>`, "Contact");
  const changes =
    part("Street", "New Street 2") +
    part("City", "New Town") +
    remove(path("PhysicalAddress:PostalCode", "Home")) +
    phone("HomePhone", "2") +
    phone("MobilePhone", "3");
  expect(outcomes(await call(lab(), update(itemId(item), changes, { disposition: "" })))).toEqual(["Success NoError"]);
  expect(item.contact?.physicalAddresses).toEqual([
    expect.objectContaining({ key: "Home", street: "New Street 2", city: "New Town", postalCode: undefined }),
  ]);
  expect(item.contact?.phoneNumbers).toEqual([
    { key: "HomePhone", number: "2" },
    { key: "MobilePhone", number: "3" },
  ]);
});

test.each([
  ["1", "true"],
  ["0", "false"],
  ["true", "true"],
])("a flag that is written as %s is kept as %s, as Exchange stores values by their type", async (written, kept) => {
  const item = draft();
  const path = `<t:ExtendedFieldURI DistinguishedPropertySetId="PublicStrings" PropertyName="Flag" PropertyType="Boolean"/>`;
  const changes = set(path, `<t:ExtendedProperty>${path}<t:Value>${written}</t:Value></t:ExtendedProperty>`);
  expect(outcomes(await call(lab(), update(itemId(item), changes)))).toEqual(["Success NoError"]);
  expect(item.extended.get("PublicStrings/Flag")).toBe(kept);
});
