import { expect, test } from "vitest";
import { anna, call, idOf, mailboxOf, refusal, startGraphLab } from "../graph-client.ts";

const folders = `/users/${anna}/mailFolders`;

async function withFolder(name = "Case") {
  const lab = await startGraphLab();
  const mailbox = mailboxOf(lab);
  const folder = mailbox.createFolder(mailbox.known("inbox"), name);
  mailbox.add(mailbox.createFolder(folder, "Part"), { subject: "evidence" });
  return { lab, mailbox, folder, path: `${folders}/${idOf(folder)}` };
}

test("PATCH renames a folder", async () => {
  const { lab, folder, path } = await withFolder();
  const received = await call(lab, "PATCH", path, { displayName: "Closed" });
  expect([received.status, received.at("displayName"), folder.name]).toEqual([200, "Closed", "Closed"]);
});

test.each([
  ["a default folder", `${folders}/inbox`, { displayName: "Mine" }, [400, "ErrorFolderSaveFailed"]],
  ["a member that folders do not have", `${folders}/inbox`, { colour: "red" }, [400, "RequestBodyRead"]],
  ["an empty name", `${folders}/inbox`, { displayName: " " }, [400, "ErrorFolderSavePropertyError"]],
])("PATCH refuses %s", async (_, path, body, expected) => {
  const { lab } = await withFolder();
  expect(refusal(await call(lab, "PATCH", path, body))).toEqual(expected);
});

test("PATCH refuses a name that is taken beside the folder", async () => {
  const { lab, mailbox, path } = await withFolder();
  mailbox.createFolder(mailbox.known("inbox"), "Other");
  expect(refusal(await call(lab, "PATCH", path, { displayName: "other" }))).toEqual([409, "ErrorFolderExists"]);
});

test("DELETE moves a folder to Deleted Items, and from there its items to the Recoverable Items", async () => {
  const { lab, mailbox, folder, path } = await withFolder();
  expect((await call(lab, "DELETE", path)).status).toBe(204);
  expect(folder.path).toBe("Deleted Items/Case");
  expect((await call(lab, "DELETE", path)).status).toBe(204);
  expect(mailbox.folder(folder.id)).toBeUndefined();
  expect([...mailbox.known("recoverableitemsdeletions").items.values()].map(({ subject }) => subject)).toEqual(["evidence"]);
  expect(refusal(await call(lab, "DELETE", path))).toEqual([404, "ErrorItemNotFound"]);
});

test("permanentDelete purges the items of a folder", async () => {
  const { lab, mailbox, path } = await withFolder();
  expect((await call(lab, "POST", `${path}/permanentDelete`)).status).toBe(204);
  expect(mailbox.known("recoverableitemspurges").totalCount).toBe(1);
});

test("a default folder is neither deleted nor moved", async () => {
  const { lab } = await withFolder();
  expect(refusal(await call(lab, "DELETE", `${folders}/inbox`))).toEqual([400, "ErrorDeleteDistinguishedFolder"]);
  const moved = await call(lab, "POST", `${folders}/drafts/move`, { DestinationId: "inbox" });
  expect(refusal(moved)).toEqual([400, "ErrorMoveDistinguishedFolder"]);
});

test("move keeps the folder's id, copy gives another, and both take the contents", async () => {
  const { lab, mailbox, folder, path } = await withFolder();
  const copied = await call(lab, "POST", `${path}/copy`, { DestinationId: "drafts" });
  const copy = mailbox.folderAt(["Drafts", "Case", "Part"]);
  expect([copied.status, copy?.totalCount]).toEqual([201, 1]);
  const moved = await call(lab, "POST", `${path}/move`, { DestinationId: "archive" });
  expect([moved.status, moved.at("displayName"), folder.path]).toEqual([201, "Case", "Archive/Case"]);
  expect(moved.at("id")).not.toBe(copied.at("id"));
});

test("a folder is not moved into itself, and an unknown parameter is refused", async () => {
  const { lab, folder, path } = await withFolder();
  const own = folder.id.replaceAll("/", "-").replaceAll("+", "_");
  expect(refusal(await call(lab, "POST", `${path}/move`, { DestinationId: own }))).toEqual([400, "ErrorMoveCopyFailed"]);
  expect(refusal(await call(lab, "POST", `${path}/move`, { DestinationId: "drafts", Deep: true }))).toEqual([400, "RequestBodyRead"]);
});

test("a new folder with a member that folders do not have is refused", async () => {
  const { lab } = await withFolder();
  expect(refusal(await call(lab, "POST", folders, { displayName: "New", colour: "red" }))).toEqual([400, "RequestBodyRead"]);
});
