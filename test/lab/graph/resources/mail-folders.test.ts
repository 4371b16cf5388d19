import { expect, test } from "vitest";
import { anna, call, deliver, idOf, mailboxOf, refusal, startGraphLab, text } from "../graph-client.ts";

const folders = `/users/${anna}/mailFolders`;

test("the list has the mail folders directly below the root with their counts, without folders of contacts or appointments", async () => {
  const lab = await startGraphLab();
  const mailbox = mailboxOf(lab);
  deliver(lab, { subject: "one" });
  mailbox.createFolder(mailbox.known("inbox"), "Below");
  const value = (await call(lab, "GET", `${folders}?$top=100`)).at("value");
  const list = Array.isArray(value) ? value.map(({ displayName }: { readonly displayName: unknown }) => displayName) : [];
  expect(list).toEqual(expect.arrayContaining(["Inbox", "Drafts", "Sent Items", "Deleted Items", "Junk Email", "Archive", "Outbox"]));
  expect(list).not.toEqual(expect.arrayContaining(["Contacts"]));
  expect(list).not.toEqual(expect.arrayContaining(["Below"]));
  const inbox = await call(lab, "GET", `${folders}/Inbox`);
  expect(inbox.at()).toMatchObject({ displayName: "Inbox", childFolderCount: 1, unreadItemCount: 1, totalItemCount: 1 });
  const children = await call(lab, "GET", `${folders}/${encodeURIComponent(text(inbox.at("id")))}/childFolders`);
  expect([children.at("value", 0, "displayName"), children.at("value", 0, "parentFolderId")]).toEqual(["Below", inbox.at("id")]);
});

test("a folder is created at the requested place, once", async () => {
  const lab = await startGraphLab();
  const made = await call(lab, "POST", `${folders}/inbox/childFolders`, { displayName: "Cases" });
  expect([made.status, mailboxOf(lab).folderAt(["Inbox", "Cases"]) !== undefined]).toEqual([201, true]);
  expect(refusal(await call(lab, "POST", `${folders}/inbox/childFolders`, { displayName: "cases" }))).toEqual([409, "ErrorFolderExists"]);
  expect((await call(lab, "POST", folders, { displayName: "Cases" })).status).toBe(201);
  expect(refusal(await call(lab, "POST", folders, { displayName: " " }))).toEqual([400, "ErrorFolderSavePropertyError"]);
});

test("the Recoverable Items have a name; folders below have none and cannot be reached by id", async () => {
  const lab = await startGraphLab();
  expect((await call(lab, "GET", `${folders}/recoverableitemsdeletions`)).status).toBe(200);
  expect(refusal(await call(lab, "GET", `${folders}/recoverableitemspurges`))).toEqual([400, "ErrorInvalidIdMalformed"]);
  const purges = idOf(mailboxOf(lab).known("recoverableitemspurges"));
  expect(refusal(await call(lab, "GET", `${folders}/${purges}/messages`))).toEqual([404, "ErrorItemNotFound"]);
});

test("a message's id is no folder's", async () => {
  const lab = await startGraphLab();
  expect(refusal(await call(lab, "GET", `${folders}/${idOf(deliver(lab))}`))).toEqual([400, "ErrorInvalidIdMalformed"]);
});

test("a hidden folder is counted, listed only on request, and reached by id", async () => {
  const lab = await startGraphLab();
  const made = await call(lab, "POST", `${folders}/conversationhistory/childFolders`, { displayName: "Team Chat", isHidden: true });
  expect(made.at()).toMatchObject({ displayName: "Team Chat", isHidden: true });
  expect((await call(lab, "GET", `${folders}/conversationhistory`)).at("childFolderCount")).toBe(1);
  const children = `${folders}/conversationhistory/childFolders`;
  expect((await call(lab, "GET", children)).at("value")).toEqual([]);
  expect((await call(lab, "GET", `${children}?includeHiddenFolders=true`)).at("value", 0)).toMatchObject({ isHidden: true });
  expect((await call(lab, "GET", `${folders}/${encodeURIComponent(text(made.at("id")))}`)).at("isHidden")).toBe(true);
});
