import { afterEach, describe, expect, test } from "vitest";
import { type Lab, startLab } from "../../src/lab/lab.ts";
import { ServerVariants, serverVariants } from "../../src/lab/server-variants.ts";
import type { LabMailbox } from "../../src/lab/store/mailbox.ts";
import { distinguished, folderOf, idAlone, mailboxOf, shape } from "./ews/item-calls.ts";
import { anna, ben, call, outcomes, startSmallLab } from "./ews/soap-client.ts";

let lab: Lab | undefined;
afterEach(async () => {
  await lab?.close();
  lab = undefined;
});
const start = async (...habits: string[]): Promise<Lab> => {
  lab = await startSmallLab({ habits });
  return lab;
};
const add = (mailbox: LabMailbox, folder = "inbox") => mailbox.add(mailbox.known(folder), { subject: "Invoice" });
const getItem = (id: string) => `<m:GetItem>${shape("AllProperties")}<m:ItemIds>${idAlone(id)}</m:ItemIds></m:GetItem>`;
const move = (id: string, to: string, name = "MoveItem") =>
  `<m:${name}><m:ToFolderId>${distinguished(to)}</m:ToFolderId><m:ItemIds>${idAlone(id)}</m:ItemIds></m:${name}>`;
const remove = (id: string, type: string) => `<m:DeleteItem DeleteType="${type}"><m:ItemIds>${idAlone(id)}</m:ItemIds></m:DeleteItem>`;
const find = (more: string) =>
  `<m:FindItem Traversal="Shallow">${shape()}${more.includes("QueryString") ? "" : more}<m:ParentFolderIds>${distinguished("inbox")}</m:ParentFolderIds>${more.includes("QueryString") ? more : ""}</m:FindItem>`;
const equal = (uri: string, value: string) =>
  `<m:Restriction><t:IsEqualTo><t:FieldURI FieldURI="${uri}"/><t:FieldURIOrConstant><t:Constant Value="${value}"/></t:FieldURIOrConstant></t:IsEqualTo></m:Restriction>`;
const draftOf = (mailbox: LabMailbox) =>
  mailbox.add(mailbox.known("drafts"), { subject: "Note", isDraft: true, to: [{ address: ben }], body: { type: "Text", value: "hello" } });
const sendItem = (item: { id: string; changeKey: string }) =>
  `<m:SendItem SaveItemToFolder="true"><m:ItemIds><t:ItemId Id="${item.id}" ChangeKey="${item.changeKey}"/></m:ItemIds></m:SendItem>`;

describe("the habits of a lab", () => {
  test.each([
    ["a name that there is not", ["polite"], /"polite" is not a habit.*other-wrapper/],
    ["a value where none is taken", ["no-new-ids:CopyItem"], /takes no value/],
    ["a missing operation without a name", ["missing"], /"" is not an operation/],
    ["a missing operation that there is not", ["missing:ExportItem"], /"ExportItem" is not an operation.*ExportItems/],
    ["another way to open what was deleted", ["opens-deleted:often"], /only value is in-place/],
    ["the name of a property of every object", ["constructor"], /"constructor" is not a habit/],
  ])("refuse %s", async (_, habits, why) => {
    await expect(startLab({ habits })).rejects.toThrow(why);
  });

  test("are off by default", () => {
    const none = new ServerVariants();
    expect(Object.keys(serverVariants).filter((name) => none.has(name as keyof typeof serverVariants))).toEqual([]);
    expect([none.wrapperOf("SendItem"), none.isMissing("GetItem"), none.refusesRestriction("item:Size")]).toEqual([
      "m:ResponseMessages",
      false,
      false,
    ]);
  });
});

describe("a server with the habit", () => {
  test("other-wrapper replies to SendItem in m:Responses, and to nothing else", async () => {
    const at = await start("other-wrapper");
    const received = await call(at, sendItem(draftOf(mailboxOf(at))));
    expect(received.status).toBe(200);
    expect(received.xml().child("ResponseMessages")).toBeUndefined();
    expect(received.xml().child("Responses")?.children[0]?.textAt("ResponseCode")).toBe("NoError");
    expect(folderOf(at, "inbox", ben).items.size).toBe(1);
    expect(outcomes(await call(at, getItem(add(mailboxOf(at)).id)))).toEqual(["Success NoError"]);
  });

  test("other-wrapper:MoveItem does so for that operation alone", async () => {
    const at = await start("other-wrapper:MoveItem");
    const received = await call(at, move(add(mailboxOf(at)).id, "junkemail"));
    expect(received.xml().child("Responses")?.children).toHaveLength(1);
    expect(outcomes(await call(at, sendItem(draftOf(mailboxOf(at)))))).toEqual(["Success NoError"]);
  });

  test("keeps-sent-drafts sends, and the draft can be sent again", async () => {
    const at = await start("keeps-sent-drafts");
    const draft = draftOf(mailboxOf(at));
    for (let time = 0; time < 2; time++) expect(outcomes(await call(at, sendItem(draft)))).toEqual(["Success NoError"]);
    expect(folderOf(at, "drafts").items.size).toBe(1);
    expect(folderOf(at, "inbox", ben).items.size).toBe(2);
  });

  test.each([
    ["opens-deleted", "recoverableitemsdeletions"],
    ["opens-deleted:in-place", "inbox"],
  ])("%s opens a soft-deleted item by its old id and reports the folder %s", async (habit, where) => {
    const at = await start(habit);
    const deleted = [add(mailboxOf(at)), add(mailboxOf(at))];
    await call(at, remove(deleted[0]?.id ?? "", "SoftDelete"));
    await call(at, move(deleted[1]?.id ?? "", "recoverableitemsdeletions"));
    for (const { id } of deleted) {
      const item = (await call(at, getItem(id))).xml().child("ResponseMessages")?.children[0]?.child("Items")?.children[0];
      expect(item?.child("ItemId")?.attributes.get("Id")).toBe(id);
      expect(item?.child("ParentFolderId")?.attributes.get("Id")).toBe(folderOf(at, where).id);
    }
    expect((await call(at, find(""))).body).toContain('TotalItemsInView="0"');
  });

  test("opens-deleted does not open an item that was moved elsewhere, belongs to another user or is permanently deleted", async () => {
    const at = await start("opens-deleted");
    const moved = add(mailboxOf(at));
    await call(at, move(moved.id, "junkemail"));
    expect(outcomes(await call(at, getItem(moved.id)))).toEqual(["Error ErrorItemNotFound"]);
    const deleted = add(mailboxOf(at));
    await call(at, remove(deleted.id, "SoftDelete"));
    expect(outcomes(await call(at, getItem(deleted.id), { user: ben }))).toEqual(["Error ErrorItemNotFound"]);
    const [left] = folderOf(at, "recoverableitemsdeletions").items.values();
    if (left !== undefined) mailboxOf(at).remove(left);
    expect(outcomes(await call(at, getItem(deleted.id)))).toEqual(["Error ErrorItemNotFound"]);
  });

  test.each(["MoveItem", "CopyItem"])("no-new-ids does a %s and returns no id", async (name) => {
    const at = await start("no-new-ids");
    const received = await call(at, move(add(mailboxOf(at)).id, "junkemail", name));
    expect(outcomes(received)).toEqual(["Success NoError"]);
    expect(received.body).not.toContain("ItemId");
    expect(folderOf(at, "junkemail").items.size).toBe(1);
  });

  test("ids-without-mailbox returns and accepts ids without a mailbox", async () => {
    const at = await start("ids-without-mailbox");
    const mailbox = mailboxOf(at);
    const item = mailbox.add(mailbox.known("inbox"), {
      subject: "A",
      attachments: [{ kind: "file", name: "a", content: Buffer.from("x") }],
    });
    const attachment = item.attachments[0]?.id ?? "";
    for (const id of [item.id, item.folder.id, attachment]) {
      expect(id).not.toMatch(/^AAMk/);
      expect(Buffer.from(id, "base64").toString("latin1")).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}/);
    }
    expect(outcomes(await call(at, getItem(item.id)))).toEqual(["Success NoError"]);
    const opened = await call(
      at,
      `<m:GetAttachment><m:AttachmentIds><t:AttachmentId Id="${attachment}"/></m:AttachmentIds></m:GetAttachment>`,
    );
    expect(outcomes(opened)).toEqual(["Success NoError"]);
    expect(outcomes(await call(at, getItem(item.id), { user: ben }))).toEqual(["Error ErrorItemNotFound"]);
  });

  test("ids-without-mailbox obeys an id of each mailbox that the account may open", async () => {
    lab = await startLab({ seed: false, habits: ["ids-without-mailbox"] });
    lab.store.addUser({ address: ben, password: "ben-secret" });
    const mailbox = lab.store.addUser({ address: anna, fullAccess: [ben] });
    const id = add(mailbox).id;
    expect(outcomes(await call(lab, remove(id, "SoftDelete"), { user: ben }))).toEqual(["Success NoError"]);
    expect(mailbox.known("inbox").items.size).toBe(0);
  });

  test("read-only-delegates lets delegates read and nothing else", async () => {
    lab = await startLab({ seed: false, habits: ["read-only-delegates"] });
    lab.store.addUser({ address: ben, password: "ben-secret" });
    const mailbox = lab.store.addUser({ address: anna, password: "anna-secret", fullAccess: [ben] });
    const { id } = add(mailbox);
    expect(outcomes(await call(lab, getItem(id), { user: ben }))).toEqual(["Success NoError"]);
    for (const change of [remove(id, "SoftDelete"), move(id, "inbox")]) {
      expect(outcomes(await call(lab, change, { user: ben }))).toEqual(["Error ErrorAccessDenied"]);
    }
    expect(mailbox.known("inbox").items.size).toBe(1);
    expect(outcomes(await call(lab, remove(id, "SoftDelete"), { user: anna }))).toEqual(["Success NoError"]);
  });

  test("refuses-restrictions refuses each one", async () => {
    const at = await start("refuses-restrictions");
    expect(outcomes(await call(at, find(equal("item:Subject", "x"))))).toEqual(["Error ErrorUnsupportedPathForQuery"]);
    expect(outcomes(await call(at, find("")))).toEqual(["Success NoError"]);
  });

  test("refuses-restrictions:PROPERTY refuses those with that property", async () => {
    const at = await start("refuses-restrictions:item:Size", "refuses-restrictions:0x0c1f");
    expect(outcomes(await call(at, find(equal("item:Size", "1"))))).toEqual(["Error ErrorUnsupportedPathForQuery"]);
    const tag = equal("item:Size", "x").replace(
      'FieldURI FieldURI="item:Size"',
      'ExtendedFieldURI PropertyTag="0x0C1F" PropertyType="String"',
    );
    expect(outcomes(await call(at, find(tag)))).toEqual(["Error ErrorUnsupportedPathForQuery"]);
    expect(outcomes(await call(at, find(equal("item:Subject", "x"))))).toEqual(["Success NoError"]);
  });

  test("ignores-queries returns every item", async () => {
    const at = await start("ignores-queries");
    add(mailboxOf(at));
    expect((await call(at, find("<m:QueryString>subject:nothing</m:QueryString>"))).body).toContain('TotalItemsInView="1"');
  });

  test("missing answers an operation with a fault without a response code", async () => {
    const at = await start("missing:ExportItems", "missing:ConvertId");
    const received = await call(at, `<m:ExportItems><m:ItemIds>${idAlone(add(mailboxOf(at)).id)}</m:ItemIds></m:ExportItems>`);
    expect(received.status).toBe(500);
    expect(received.body).toContain("Unknown request 'ExportItems'.");
    expect(received.xml().textAt("detail", "ResponseCode")).toBeUndefined();
    expect(outcomes(await call(at, getItem(add(mailboxOf(at)).id)))).toEqual(["Success NoError"]);
  });

  test("get-405 challenges POST alone", async () => {
    const at = await start("get-405");
    const got = await call(at, "", { method: "GET", password: "wrong" });
    expect([got.status, got.headers["www-authenticate"], got.headers.allow]).toEqual([405, undefined, "POST"]);
    const posted = await call(at, getItem("x"), { password: "wrong" });
    expect([posted.status, posted.headers["www-authenticate"]]).toEqual([401, expect.stringContaining("Basic")]);
  });

  test("attached-mime-only returns an attached message as its MIME alone", async () => {
    const at = await start("attached-mime-only");
    const mailbox = mailboxOf(at);
    const inner = { subject: "Inner", body: { type: "Text", value: "inside" } } as const;
    const item = mailbox.add(mailbox.known("inbox"), { attachments: [{ kind: "item", name: "Inner", item: inner }] });
    const id = item.attachments[0]?.id;
    const received = await call(at, `<m:GetAttachment><m:AttachmentIds><t:AttachmentId Id="${id}"/></m:AttachmentIds></m:GetAttachment>`);
    const message = received.xml().child("ResponseMessages")?.children[0]?.child("Attachments")?.children[0]?.child("Message");
    expect(message?.children.map(({ name }) => name)).toEqual(["MimeContent"]);
    expect(Buffer.from(message?.textAt("MimeContent") ?? "", "base64").toString()).toContain("Subject: Inner");
  });
});
