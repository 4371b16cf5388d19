import { afterAll, beforeAll, expect, test } from "vitest";
import type { Lab } from "../../../../src/lab/lab.ts";
import { itemFromMime } from "../../../../src/lab/mime/item-from-mime.ts";
import type { LabItem, LabMailbox } from "../../../../src/lab/store/mailbox.ts";
import { anna, call, expectValidReplies, faultCode, outcomes, startSmallLab } from "../soap-client.ts";

let lab: Lab;
let mailbox: LabMailbox;
beforeAll(async () => {
  lab = await startSmallLab();
  const found = lab.store.mailbox(anna);
  if (!found) throw new Error("no mailbox");
  mailbox = found;
});
afterAll(async () => {
  await expectValidReplies(lab);
  await lab.close();
});

const bytes = Buffer.from("Subject: Kept\nMessage-ID: <kept@example.org>\n\nbare line feeds, kept\n");

async function exported(item: LabItem): Promise<string> {
  const received = await call(lab, `<m:ExportItems><m:ItemIds><t:ItemId Id="${item.id}"/></m:ItemIds></m:ExportItems>`);
  return received.xml().at("ResponseMessages", "ExportItemsResponseMessage")?.textAt("Data") ?? "";
}

const send = (action: string, data: string, itemId?: string, folder = mailbox.known("inbox")) =>
  call(
    lab,
    `<m:UploadItems><m:Items><t:Item CreateAction="${action}"><t:ParentFolderId Id="${folder.id}"/>` +
      `${itemId === undefined ? "" : `<t:ItemId Id="${itemId}"/>`}<t:Data>${data}</t:Data></t:Item></m:Items></m:UploadItems>`,
  );

async function upload(...args: Parameters<typeof send>): Promise<LabItem | undefined> {
  const message = (await send(...args)).xml().at("ResponseMessages", "UploadItemsResponseMessage");
  return mailbox.item(message?.child("ItemId")?.attributes.get("Id") ?? "");
}

test("a deleted item is restored from its export with bytes, flags and categories", async () => {
  const item = mailbox.add(mailbox.known("inbox"), {
    ...itemFromMime(bytes),
    isRead: true,
    categories: ["Red"],
    receivedAt: new Date("2026-01-02T03:04:05.678Z"),
  });
  const data = await exported(item);
  mailbox.remove(item);
  const back = await upload("CreateNew", data);
  expect(back?.id).not.toBe(item.id);
  expect(Buffer.from(back?.mime ?? []).equals(bytes)).toBe(true);
  const { isRead, categories, receivedAt, internetMessageId, itemClass } = item;
  expect(back).toMatchObject({ isRead, categories, receivedAt, internetMessageId, itemClass });
});

test("a contact comes back as a contact", async () => {
  const contact = {
    displayName: "Sample",
    emailAddresses: [{ key: "EmailAddress1", address: "a@example.org" }],
    phoneNumbers: [],
    physicalAddresses: [],
    birthday: new Date("2000-02-03T00:00:00Z"),
  };
  const item = mailbox.add(mailbox.known("contacts"), { itemClass: "IPM.Contact", subject: "Sample", contact });
  const back = await upload("CreateNew", await exported(item), undefined, mailbox.known("contacts"));
  expect(back?.contact).toEqual(contact);
});

test("an update writes over the item that is named, and needs it in that folder", async () => {
  const data = await exported(mailbox.add(mailbox.known("inbox"), itemFromMime(bytes)));
  const target = mailbox.add(mailbox.known("inbox"), { subject: "Other", attachments: [{ kind: "file", name: "a" }] });
  const before = target.changeKey;
  expect(await upload("Update", data, target.id)).toBe(target);
  expect([target.subject, target.attachments.length, target.changeKey === before]).toEqual(["Kept", 0, false]);
  expect(outcomes(await send("Update", data, target.id, mailbox.known("drafts")))).toEqual(["Error ErrorItemNotFound"]);
  const made = await upload("UpdateOrCreate", data, target.id, mailbox.known("drafts"));
  expect(made?.folder).toBe(mailbox.known("drafts"));
});

test("an update without an id is a fault, and data that was not exported is an error", async () => {
  const data = await exported(mailbox.add(mailbox.known("inbox"), itemFromMime(bytes)));
  expect(faultCode(await send("Update", data))).toBe("ErrorInvalidRequest");
  const broken = [
    data.slice(0, data.length / 2 - ((data.length / 2) % 4)).slice(0, 40),
    "AAAA",
    Buffer.from("LABITEM1\0\0\0\u0002{}").toString("base64"),
  ];
  for (const bad of broken) expect(outcomes(await send("CreateNew", bad))).toEqual(["Error ErrorCorruptData"]);
});
