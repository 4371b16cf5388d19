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

const send = (state?: string) =>
  call(
    lab,
    `<m:SyncFolderHierarchy><m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape>${state === undefined ? "" : `<m:SyncState>${state}</m:SyncState>`}</m:SyncFolderHierarchy>`,
  );

async function sync(state?: string) {
  const message = (await send(state)).xml().at("ResponseMessages", "SyncFolderHierarchyResponseMessage");
  const changes = (message?.child("Changes")?.children ?? []).map((change) => {
    const folder = change.child("FolderId") ?? change.children[0]?.child("FolderId");
    return { kind: change.name, id: folder?.attributes.get("Id"), name: change.children[0]?.textAt("DisplayName") };
  });
  return { changes, state: message?.textAt("SyncState") };
}

test("a client without a state gets every visible folder, and then only changes", async () => {
  const mailbox = lab.store.mailbox(anna);
  if (!mailbox) throw new Error("no mailbox");
  const first = await sync();
  const names = first.changes.map(({ name }) => name);
  expect(names).toContain("Inbox");
  expect(names).not.toContain("Deletions");
  expect(new Set(first.changes.map(({ kind }) => kind))).toEqual(new Set(["Create"]));
  const [made, gone] = ["Made", "Gone"].map((name) => mailbox.createFolder(mailbox.known("inbox"), name));
  if (!made || !gone) throw new Error("no folders");
  const second = await sync(first.state);
  expect(second.changes.map(({ kind, name }) => `${kind} ${name}`)).toEqual(["Create Made", "Create Gone"]);
  mailbox.updateFolder(made, { name: "Renamed" });
  mailbox.moveFolder(gone, mailbox.known("recoverableitemsdeletions"));
  const third = await sync(second.state);
  expect(third.changes).toEqual([
    { kind: "Update", id: made.id, name: "Renamed" },
    { kind: "Delete", id: gone.id, name: undefined },
  ]);
  expect((await sync(third.state)).changes).toEqual([]);
});

test("a state that the server did not give is refused", async () => {
  expect(outcomes(await send("AAAA"))).toEqual(["Error ErrorInvalidSyncStateData"]);
});
