import { afterAll, beforeAll, expect, test } from "vitest";
import type { Lab } from "../../../../src/lab/lab.ts";
import type { LabMailbox } from "../../../../src/lab/store/mailbox.ts";
import { anna, call, expectValidReplies, outcomes, startSmallLab } from "../soap-client.ts";

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

interface Options {
  readonly state?: string | undefined;
  readonly max?: number;
  readonly ignore?: readonly string[];
  readonly folder?: string;
  readonly shape?: string;
}

const send = ({ state, max = 512, ignore = [], folder = "inbox", shape = "<t:BaseShape>Default</t:BaseShape>" }: Options = {}) =>
  call(
    lab,
    `<m:SyncFolderItems><m:ItemShape>${shape}</m:ItemShape><m:SyncFolderId><t:DistinguishedFolderId Id="${folder}"/></m:SyncFolderId>` +
      (state === undefined ? "" : `<m:SyncState>${state}</m:SyncState>`) +
      (ignore.length === 0 ? "" : `<m:Ignore>${ignore.map((id) => `<t:ItemId Id="${id}"/>`).join("")}</m:Ignore>`) +
      `<m:MaxChangesReturned>${max}</m:MaxChangesReturned></m:SyncFolderItems>`,
  );

async function sync(options: Options = {}) {
  const received = await send(options);
  const message = received.xml().at("ResponseMessages", "SyncFolderItemsResponseMessage");
  const changes = (message?.child("Changes")?.children ?? []).map((change) => {
    const id = change.child("ItemId") ?? change.children[0]?.child("ItemId");
    return `${change.name} ${id?.attributes.get("Id")}`;
  });
  return { changes, state: message?.textAt("SyncState"), isLast: message?.textAt("IncludesLastItemInRange") };
}

test("a client without a state gets every item, in pages, and then only changes", async () => {
  const [one, two, three] = [1, 2, 3].map((number) => mailbox.add(mailbox.known("inbox"), { subject: `Mail ${number}` }));
  if (!one || !two || !three) throw new Error("no items");
  const first = await sync({ max: 2 });
  expect(first).toMatchObject({ changes: [`Create ${one.id}`, `Create ${two.id}`], isLast: "false" });
  const second = await sync({ state: first.state, max: 2 });
  expect(second).toMatchObject({ changes: [`Create ${three.id}`], isLast: "true" });
  mailbox.update(one, { isRead: true });
  mailbox.update(two, { subject: "Other" });
  mailbox.move(three, mailbox.known("deleteditems"));
  const third = await sync({ state: second.state });
  expect(third.changes).toEqual([`ReadFlagChange ${one.id}`, `Update ${two.id}`, `Delete ${three.id}`]);
  expect((await sync({ state: second.state, ignore: [one.id, three.id] })).changes).toEqual([`Update ${two.id}`]);
  expect(await sync({ state: third.state })).toMatchObject({ changes: [], isLast: "true" });
});

test("a state that the server did not give for this folder is refused", async () => {
  const { state } = await sync({ folder: "drafts" });
  for (const bad of ["H4sIAAAA", "not base64 at all", state])
    expect(outcomes(await send({ state: bad }))).toEqual(["Error ErrorInvalidSyncStateData"]);
});

test("MIME content is refused, and more than 512 changes in one request break the schema", async () => {
  const shape = "<t:BaseShape>IdOnly</t:BaseShape><t:IncludeMimeContent>true</t:IncludeMimeContent>";
  const refused = await send({ shape });
  expect(outcomes(refused)).toEqual(["Error ErrorInvalidPropertyForOperation"]);
  expect(refused.xml().at("ResponseMessages", "SyncFolderItemsResponseMessage")?.textAt("SyncState")).toBe("");
  expect((await send({ max: 1000 })).body).toContain("ErrorSchemaValidation");
});

test("bodies, recipients and attachments may be requested, as clients do that fill a cache", async () => {
  const state = (await sync()).state;
  mailbox.add(mailbox.known("inbox"), {
    subject: "Whole",
    to: [{ address: "ben@example.com" }],
    body: { type: "Text", value: "All of it." },
    attachments: [{ kind: "file", name: "a.txt", content: Buffer.from("a") }],
  });
  const fields = ["item:MimeContent", "item:Body", "item:Attachments", "item:InternetMessageHeaders", "message:ToRecipients"];
  const shape = `<t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>${fields.map((uri) => `<t:FieldURI FieldURI="${uri}"/>`).join("")}</t:AdditionalProperties>`;
  const received = await send({ state, shape });
  const message = received.xml().at("ResponseMessages", "SyncFolderItemsResponseMessage", "Changes", "Create", "Message");
  expect(outcomes(received)).toEqual(["Success NoError"]);
  expect(message?.textAt("Body")).toContain("All of it.");
  expect(message?.at("ToRecipients", "Mailbox")?.textAt("EmailAddress")).toBe("ben@example.com");
  expect(message?.at("Attachments", "FileAttachment")?.textAt("Name")).toBe("a.txt");
});
