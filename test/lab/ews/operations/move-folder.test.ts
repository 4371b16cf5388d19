import { expect, test } from "vitest";
import { distinguished, folderOf, labForEach, mailboxOf, messages } from "../item-calls.ts";
import { ben, call, outcomes } from "../soap-client.ts";

const lab = labForEach();
const idOf = (folder: { readonly id: string }): string => `<t:FolderId Id="${folder.id}"/>`;
const made = (name: string, parent = "inbox") => mailboxOf(lab()).createFolder(folderOf(lab(), parent), name);
const answered = async (operation: string) => outcomes(await call(lab(), operation));
const move = (name: "MoveFolder" | "CopyFolder", to: string, ids: string): string =>
  `<m:${name}><m:ToFolderId>${to}</m:ToFolderId><m:FolderIds>${ids}</m:FolderIds></m:${name}>`;

test("MoveFolder takes the contents along, and the folder keeps its id", async () => {
  const [folder, parent] = [made("Case"), made("Closed")];
  const child = mailboxOf(lab()).createFolder(folder, "Part");
  const received = await call(lab(), move("MoveFolder", idOf(parent), idOf(folder)));
  expect(outcomes(received)).toEqual(["Success NoError"]);
  expect(messages(received)[0]?.at("Folders", "Folder", "FolderId")?.attributes.get("Id")).toBe(folder.id);
  expect(child.path).toBe("Inbox/Closed/Case/Part");
});

test("CopyFolder copies the contents, subfolders included, and gives the id of the copy", async () => {
  const folder = made("Case");
  mailboxOf(lab()).add(mailboxOf(lab()).createFolder(folder, "Part"), { subject: "evidence" });
  const received = await call(lab(), move("CopyFolder", distinguished("drafts"), idOf(folder)));
  const copy = folderOf(lab(), "drafts").child("Case");
  expect(messages(received)[0]?.at("Folders", "Folder", "FolderId")?.attributes.get("Id")).toBe(copy?.id);
  const items = (one: typeof copy) => [...(one?.child("Part")?.items.values() ?? [])].map(({ subject }) => subject);
  expect([items(copy), items(folder)]).toEqual([["evidence"], ["evidence"]]);
});

test.each([
  ["MoveFolder", "a default folder", () => distinguished("drafts"), () => distinguished("inbox"), "ErrorMoveDistinguishedFolder"],
  [
    "MoveFolder",
    "a folder into its own subfolder",
    () => idOf(made("A")),
    () => idOf(mailboxOf(lab()).createFolder(folderOf(lab(), "inbox").child("A") ?? made("A"), "B")),
    "ErrorMoveCopyFailed",
  ],
  [
    "CopyFolder",
    "a folder into itself",
    () => idOf(made("A")),
    () => idOf(folderOf(lab(), "inbox").child("A") ?? made("A")),
    "ErrorMoveCopyFailed",
  ],
  [
    "MoveFolder",
    "a folder to a parent that has one of its name",
    () => idOf(made("A")),
    () => distinguished(made("A", "drafts") && "drafts"),
    "ErrorFolderExists",
  ],
  ["MoveFolder", "a folder under Finder", () => idOf(made("A")), () => distinguished("searchfolders"), "ErrorMoveCopyFailed"],
] as const)("%s refuses %s", async (name, _, id, to, code) => {
  const what = id();
  expect(await answered(move(name, to(), what))).toEqual([`Error ${code}`]);
});

test("folders do not move to another mailbox", async () => {
  const soc = { user: "soc@example.com" };
  const impersonated = `<t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>anna@example.com</t:PrimarySmtpAddress></t:ConnectingSID></t:ExchangeImpersonation>`;
  const other = `<t:DistinguishedFolderId Id="inbox"><t:Mailbox><t:EmailAddress>${ben}</t:EmailAddress></t:Mailbox></t:DistinguishedFolderId>`;
  const received = await call(lab(), move("MoveFolder", other, idOf(made("A"))), { ...soc, header: impersonated });
  expect(outcomes(received)).toEqual(["Error ErrorItemNotFound"]);
});
