import { expect, test } from "vitest";
import { delivered, distinguished, folderOf, itemsIn, labForEach, mailboxOf } from "../item-calls.ts";
import { call, outcomes } from "../soap-client.ts";

const lab = labForEach();
const idOf = (folder: { readonly id: string }): string => `<t:FolderId Id="${folder.id}"/>`;
const made = (name: string, parent = "inbox") => mailboxOf(lab()).createFolder(folderOf(lab(), parent), name);
const answered = async (operation: string) => outcomes(await call(lab(), operation));
const remove = (ids: string, type = "HardDelete"): string =>
  `<m:DeleteFolder DeleteType="${type}"><m:FolderIds>${ids}</m:FolderIds></m:DeleteFolder>`;
const empty = (ids: string, subfolders: boolean, type = "SoftDelete"): string =>
  `<m:EmptyFolder DeleteType="${type}" DeleteSubFolders="${subfolders}"><m:FolderIds>${ids}</m:FolderIds></m:EmptyFolder>`;

test.each([
  ["SoftDelete", "recoverableitemsdeletions"],
  ["HardDelete", "recoverableitemspurges"],
])("DeleteFolder with %s keeps the items in %s and drops the folders", async (type, target) => {
  const folder = made("Case");
  mailboxOf(lab()).add(mailboxOf(lab()).createFolder(folder, "Part"), { subject: "evidence" });
  expect(await answered(remove(idOf(folder), type))).toEqual(["Success NoError"]);
  expect(folderOf(lab(), "inbox").children).toEqual([]);
  expect(itemsIn(lab(), target).map(({ subject }) => subject)).toEqual(["evidence"]);
  expect(await answered(remove(idOf(folder), type))).toEqual(["Error ErrorItemNotFound"]);
});

test("DeleteFolder with MoveToDeletedItems moves the folder whole, under another name if its own is taken", async () => {
  const folder = made("Case");
  made("Case", "deleteditems");
  mailboxOf(lab()).add(folder, { subject: "evidence" });
  expect(await answered(remove(idOf(folder), "MoveToDeletedItems"))).toEqual(["Success NoError"]);
  expect([folder.path, folder.totalCount]).toEqual(["Deleted Items/Case1", 1]);
});

test("a default folder cannot be deleted", async () => {
  expect(await answered(remove(distinguished("inbox")))).toEqual(["Error ErrorDeleteDistinguishedFolder"]);
});

test.each([
  [false, ["Part"]],
  [true, []],
])("EmptyFolder with DeleteSubFolders=%s leaves the subfolders %j", async (subfolders, left) => {
  const part = made("Part");
  mailboxOf(lab()).add(part, { subject: "in the part" });
  delivered(lab(), "Subject: in the Inbox\n\nt");
  expect(await answered(empty(distinguished("inbox"), subfolders))).toEqual(["Success NoError"]);
  expect(folderOf(lab(), "inbox").children.map(({ name }) => name)).toEqual(left);
  expect(itemsIn(lab(), "recoverableitemsdeletions").map(({ subject }) => subject)).toEqual(
    subfolders ? ["in the Inbox", "in the part"] : ["in the Inbox"],
  );
});

test("EmptyFolder moves what is in Deleted Items on to the Recoverable Items", async () => {
  mailboxOf(lab()).add(folderOf(lab(), "deleteditems"), { subject: "gone" });
  expect(await answered(empty(distinguished("deleteditems"), true, "MoveToDeletedItems"))).toEqual(["Success NoError"]);
  expect([itemsIn(lab(), "deleteditems").length, itemsIn(lab(), "recoverableitemsdeletions").length]).toEqual([0, 1]);
});

test("a calendar cannot be emptied", async () => {
  expect(await answered(empty(distinguished("calendar"), true))).toEqual(["Error ErrorCannotEmptyFolder"]);
});
