import { afterAll, beforeAll, expect, test } from "vitest";
import type { Lab } from "../../../../src/lab/lab.ts";
import { anna, call, expectValidReplies, outcomes, startSmallLab } from "../soap-client.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startSmallLab();
});
afterAll(async () => {
  await expectValidReplies(lab);
  await lab.close();
});

const get = (ids: string, base = "Default", properties = ""): string =>
  `<m:GetFolder><m:FolderShape><t:BaseShape>${base}</t:BaseShape>${
    properties === "" ? "" : `<t:AdditionalProperties>${properties}</t:AdditionalProperties>`
  }</m:FolderShape><m:FolderIds>${ids}</m:FolderIds></m:GetFolder>`;
const named = (name: string): string => `<t:DistinguishedFolderId Id="${name}"/>`;
const byId = (id: string, changeKey?: string): string =>
  `<t:FolderId Id="${id}"${changeKey === undefined ? "" : ` ChangeKey="${changeKey}"`}/>`;
const known = (name: string) => {
  const folder = lab.store.mailbox(anna)?.known(name);
  if (folder === undefined) throw new Error(name);
  return folder;
};
const folderOf = async (operation: string) =>
  (await call(lab, operation)).xml().at("ResponseMessages", "GetFolderResponseMessage", "Folders")?.children[0];

test("a folder comes as the element of its class, with the properties of the shape", async () => {
  const inbox = await folderOf(get(named("inbox")));
  expect(inbox?.name).toBe("Folder");
  expect(inbox?.children.map(({ name }) => name)).toEqual(["FolderId", "DisplayName", "TotalCount", "ChildFolderCount", "UnreadCount"]);
  expect((await folderOf(get(named("contacts"))))?.name).toBe("ContactsFolder");
  expect((await folderOf(get(named("calendar"))))?.name).toBe("CalendarFolder");
  expect((await folderOf(get(named("tasks"))))?.name).toBe("TasksFolder");
  expect((await folderOf(get(named("inbox"), "IdOnly")))?.children.map(({ name }) => name)).toEqual(["FolderId"]);
});

test("all properties of every default folder are valid, root included", async () => {
  const names =
    lab.store
      .mailbox(anna)
      ?.folders()
      .map(({ distinguishedName }) => distinguishedName ?? "") ?? [];
  expect(names).toContain("root");
  expect(outcomes(await call(lab, get(names.map(named).join(""), "AllProperties")))).toEqual(names.map(() => "Success NoError"));
});

test("counts follow the store", async () => {
  lab.store.mailbox(anna)?.add(known("notes"), { subject: "one", isRead: true });
  lab.store.mailbox(anna)?.add(known("notes"), { subject: "two", isRead: false });
  const notes = await folderOf(get(named("notes")));
  expect([notes?.textAt("TotalCount"), notes?.textAt("UnreadCount")]).toEqual(["2", "1"]);
});

test("properties are returned by name, those of MAPI included", async () => {
  const tag = (number: string, type: string): string => `<t:ExtendedFieldURI PropertyTag="${number}" PropertyType="${type}"/>`;
  const asked = `<t:FieldURI FieldURI="folder:ParentFolderId"/><t:FieldURI FieldURI="folder:FolderClass"/>${tag("0x10f4", "Boolean")}${tag("0x3613", "String")}${tag("0x7fff", "String")}`;
  const inbox = await folderOf(get(named("inbox"), "IdOnly", asked));
  expect(inbox?.child("ParentFolderId")?.attributes.get("Id")).toBe(known("msgfolderroot").id);
  expect(inbox?.textAt("FolderClass")).toBe("IPF.Note");
  // One that the folder does not have is left out.
  expect(inbox?.all("ExtendedProperty").map((property) => property.textAt("Value"))).toEqual(["false", "IPF.Note"]);
});

test("a property of items is refused", async () => {
  const received = await call(lab, get(named("inbox"), "IdOnly", `<t:FieldURI FieldURI="item:Subject"/>`));
  expect(outcomes(received)).toEqual(["Error ErrorInvalidPropertyRequest"]);
});

test("of several ids each has its answer, in order, the bad ones among the good", async () => {
  const other = lab.store.mailbox(anna)?.createFolder(known("inbox"), "Gone");
  if (other === undefined) throw new Error("no folder");
  lab.store.mailbox(anna)?.removeFolder(other);
  const item = lab.store.mailbox(anna)?.add(known("drafts"), { subject: "an item" });
  const ids = [
    named("inbox"),
    byId("nonsense"),
    byId(other.id),
    byId(item?.id ?? ""),
    byId(""),
    named("voicemail"),
    byId(known("inbox").id, "AAAA"),
    byId(known("inbox").id),
  ];
  const received = await call(lab, get(ids.join("")));
  expect(outcomes(received)).toEqual([
    "Success NoError",
    "Error ErrorInvalidIdMalformed",
    "Error ErrorItemNotFound",
    "Error ErrorCannotUseItemIdForFolderId",
    "Error ErrorInvalidIdEmpty",
    "Error ErrorItemNotFound",
    "Error ErrorInvalidChangeKey",
    "Success NoError",
  ]);
  const failed = received.xml().child("ResponseMessages")?.children[1];
  expect(failed?.children.map(({ name }) => name)).toEqual(["MessageText", "ResponseCode", "DescriptiveLinkKey", "Folders"]);
});

test("an id in other letters is another id", async () => {
  const id = known("inbox").id;
  expect(outcomes(await call(lab, get(byId(id.toLowerCase()))))).toEqual(["Error ErrorInvalidIdMalformed"]);
});

test("an id of an unknown mailbox is distinguished", async () => {
  const bytes = Buffer.from(known("inbox").id, "base64");
  bytes.write("ffffffff-ffff-4fff-8fff-ffffffffffff", 4, "latin1");
  expect(outcomes(await call(lab, get(byId(bytes.toString("base64")))))).toEqual(["Error ErrorNonExistentMailbox"]);
});

test("there are no public folders here", async () => {
  expect(outcomes(await call(lab, get(named("publicfoldersroot"))))).toEqual(["Error ErrorNoPublicFolderReplicaAvailable"]);
});

test("a name with markup is escaped", async () => {
  const folder = lab.store.mailbox(anna)?.createFolder(known("inbox"), `<b>&"'\u0007`);
  expect((await folderOf(get(byId(folder?.id ?? ""))))?.textAt("DisplayName")).toBe(`<b>&"'\uFFFD`);
});
