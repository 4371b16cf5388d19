import { expect, test } from "vitest";
import { distinguished, folderOf, labForEach, mailboxOf, messages } from "../item-calls.ts";
import { call, outcomes } from "../soap-client.ts";

const lab = labForEach();
const idOf = (folder: { readonly id: string }): string => `<t:FolderId Id="${folder.id}"/>`;
const made = (name: string, parent = "inbox") => mailboxOf(lab()).createFolder(folderOf(lab(), parent), name);
const answered = async (operation: string) => outcomes(await call(lab(), operation));
const update = (id: string, updates: string): string =>
  `<m:UpdateFolder><m:FolderChanges><t:FolderChange>${id}<t:Updates>${updates}</t:Updates></t:FolderChange></m:FolderChanges></m:UpdateFolder>`;
const field = (uri: string): string => `<t:FieldURI FieldURI="${uri}"/>`;
const set = (path: string, property: string, kind = "SetFolderField"): string =>
  `<t:${kind}>${path}<t:Folder>${property}</t:Folder></t:${kind}>`;
const rename = (name: string): string => set(field("folder:DisplayName"), `<t:DisplayName>${name}</t:DisplayName>`);
const hidden = `<t:ExtendedFieldURI PropertyTag="0x10f4" PropertyType="Boolean"/>`;
const comment = `<t:ExtendedFieldURI PropertyTag="0x3004" PropertyType="String"/>`;
const extended = (path: string, value: string): string => `<t:ExtendedProperty>${path}<t:Value>${value}</t:Value></t:ExtendedProperty>`;

test("UpdateFolder renames a folder, which keeps its id and gets a new change key", async () => {
  const folder = made("Old");
  const key = folder.changeKey;
  const received = await call(lab(), update(idOf(folder), rename("New")));
  expect(outcomes(received)).toEqual(["Success NoError"]);
  expect([folder.name, folder.changeKey === key]).toEqual(["New", false]);
  expect(messages(received)[0]?.at("Folders", "Folder", "FolderId")?.attributes.get("ChangeKey")).toBe(folder.changeKey);
});

test("UpdateFolder keeps extended properties, GetFolder and FindFolder know them, and a deletion removes them", async () => {
  const folder = made("Marked");
  expect(await answered(update(idOf(folder), set(hidden, extended(hidden, "true")) + set(comment, extended(comment, "note"))))).toEqual([
    "Success NoError",
  ]);
  expect(folder.isHidden).toBe(true);
  const find = `<m:FindFolder Traversal="Shallow"><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>${comment}</t:AdditionalProperties></m:FolderShape><m:Restriction><t:IsEqualTo>${comment}<t:FieldURIOrConstant><t:Constant Value="note"/></t:FieldURIOrConstant></t:IsEqualTo></m:Restriction><m:ParentFolderIds>${distinguished("inbox")}</m:ParentFolderIds></m:FindFolder>`;
  const found = messages(await call(lab(), find))[0]?.at("RootFolder", "Folders");
  expect(found?.children.map((one) => one.textAt("ExtendedProperty", "Value"))).toEqual(["note"]);
  const deletion = `<t:DeleteFolderField>${comment}</t:DeleteFolderField>`;
  expect(await answered(update(idOf(folder), deletion))).toEqual(["Success NoError"]);
  expect(folder.extended.size).toBe(0);
  expect(await answered(update(idOf(folder), deletion))).toEqual(["Error ErrorInvalidPropertyDelete"]);
});

test("CreateFolder keeps extended properties as well", async () => {
  const create = `<m:CreateFolder><m:ParentFolderId>${distinguished("inbox")}</m:ParentFolderId><m:Folders><t:Folder><t:DisplayName>Made</t:DisplayName>${extended(hidden, "true")}${extended(comment, "note")}</t:Folder></m:Folders></m:CreateFolder>`;
  expect(await answered(create)).toEqual(["Success NoError"]);
  const folder = folderOf(lab(), "inbox").child("Made");
  expect([folder?.isHidden, folder?.extended.get("0x3004")]).toEqual([true, "note"]);
});

test.each([
  ["the name of a default folder", () => distinguished("inbox"), rename("Mine"), "ErrorFolderSaveFailed"],
  ["a name that is taken", () => idOf(made("One")), rename("Two"), "ErrorFolderExists"],
  ["an empty name", () => idOf(made("One")), rename(" "), "ErrorFolderSavePropertyError"],
  [
    "a class of another kind",
    () => idOf(made("One")),
    set(field("folder:FolderClass"), "<t:FolderClass>IPF.Contact</t:FolderClass>"),
    "ErrorNoFolderClassOverride",
  ],
  ["a count", () => idOf(made("One")), set(field("folder:TotalCount"), "<t:TotalCount>7</t:TotalCount>"), "ErrorInvalidPropertySet"],
  [
    "another property than the named one",
    () => idOf(made("One")),
    set(field("folder:FolderClass"), "<t:DisplayName>x</t:DisplayName>"),
    "ErrorUpdatePropertyMismatch",
  ],
  [
    "two properties",
    () => idOf(made("One")),
    set(field("folder:DisplayName"), "<t:FolderClass>IPF.Note</t:FolderClass><t:DisplayName>x</t:DisplayName>"),
    "ErrorIncorrectUpdatePropertyCount",
  ],
  [
    "anything by appending",
    () => idOf(made("One")),
    set(field("folder:DisplayName"), "<t:DisplayName>x</t:DisplayName>", "AppendToFolderField"),
    "ErrorInvalidPropertyAppend",
  ],
])("UpdateFolder does not set %s", async (_, id, updates, code) => {
  made("Two");
  expect(await answered(update(id(), updates))).toEqual([`Error ${code}`]);
});
