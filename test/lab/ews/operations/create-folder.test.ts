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

const create = (folders: string, parent = `<t:DistinguishedFolderId Id="inbox"/>`): string =>
  `<m:CreateFolder><m:ParentFolderId>${parent}</m:ParentFolderId><m:Folders>${folders}</m:Folders></m:CreateFolder>`;
const folder = (name: string, element = "Folder", folderClass = ""): string =>
  `<t:${element}>${folderClass === "" ? "" : `<t:FolderClass>${folderClass}</t:FolderClass>`}<t:DisplayName>${name}</t:DisplayName></t:${element}>`;
const made = (name: string) => lab.store.mailbox(anna)?.known("inbox").child(name);

test("a new folder is there, and only its id comes back", async () => {
  const received = await call(lab, create(folder("Evidence")));
  const [message] = received.xml().child("ResponseMessages")?.children ?? [];
  const [answered] = message?.child("Folders")?.children ?? [];
  expect(answered?.children.map(({ name }) => name)).toEqual(["FolderId"]);
  expect(answered?.child("FolderId")?.attributes.get("Id")).toBe(made("Evidence")?.id);
});

test("a name twice in one parent is refused, whatever its case, and the others are made", async () => {
  const received = await call(lab, create(folder("Twice") + folder("TWICE") + folder("Third")));
  expect(outcomes(received)).toEqual(["Success NoError", "Error ErrorFolderExists", "Success NoError"]);
  expect(made("Third")).toBeDefined();
});

test.each([
  ["Folder", "", "IPF.Note"],
  ["Folder", "IPF.Note.Custom", "IPF.Note.Custom"],
  ["ContactsFolder", "", "IPF.Contact"],
  ["CalendarFolder", "", "IPF.Appointment"],
  ["TasksFolder", "IPF.Task.Custom", "IPF.Task.Custom"],
])("a t:%s of class '%s' becomes %s", async (element, folderClass, expected) => {
  const name = `${element} ${folderClass}`;
  expect(outcomes(await call(lab, create(folder(name, element, folderClass))))).toEqual(["Success NoError"]);
  expect(made(name)?.folderClass).toBe(expected);
});

test("a class of another kind than the element is refused", async () => {
  expect(outcomes(await call(lab, create(folder("Wrong", "CalendarFolder", "IPF.Note"))))).toEqual(["Error ErrorNoFolderClassOverride"]);
});

test("a property that only the server decides cannot be set", async () => {
  const received = await call(lab, create("<t:Folder><t:DisplayName>Full</t:DisplayName><t:TotalCount>7</t:TotalCount></t:Folder>"));
  expect(outcomes(received)).toEqual(["Error ErrorInvalidPropertySet"]);
  expect(received.xml().at("ResponseMessages", "CreateFolderResponseMessage", "MessageXml", "FieldURI")?.attributes.get("FieldURI")).toBe(
    "folder:TotalCount",
  );
});

test("a folder without a name is refused", async () => {
  expect(outcomes(await call(lab, create("<t:Folder/>")))).toEqual(["Error ErrorFolderSavePropertyError"]);
  expect(outcomes(await call(lab, create(folder(" "))))).toEqual(["Error ErrorFolderSavePropertyError"]);
});

test("a parent that is gone is another error than a malformed one", async () => {
  const mailbox = lab.store.mailbox(anna);
  const gone = mailbox?.createFolder(mailbox.known("inbox"), "Gone");
  if (mailbox === undefined || gone === undefined) throw new Error("no folder");
  mailbox.removeFolder(gone);
  expect(outcomes(await call(lab, create(folder("Orphan"), `<t:FolderId Id="${gone.id}"/>`)))).toEqual(["Error ErrorParentFolderNotFound"]);
  expect(outcomes(await call(lab, create(folder("Orphan"), `<t:FolderId Id="x"/>`)))).toEqual(["Error ErrorInvalidIdMalformed"]);
});
