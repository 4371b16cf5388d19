import { expect, test } from "vitest";
import { scripted, stepsOf } from "../scripted.ts";
import { onStage } from "../stage.ts";

test("folders have the same paths as over EWS, at any depth", async () => {
  const { ann, ews, graph } = await onStage();
  let parent = ann.known("inbox");
  for (let depth = 0; depth < 6; depth++) parent = ann.createFolder(parent, `Level/${depth}`);
  const deep = ["Inbox", ...Array.from({ length: 6 }, (_, depth) => `Level\\/${depth}`)].join("/");
  for (let number = 0; number < 30; number++) ann.createFolder(ann.known("inbox"), `Case ${number}`);
  for (const name of [deep, "Inbox/Case 29", "deleteditems", "Junk Email", "msgfolderroot"]) {
    const [one, other] = await Promise.all([graph().mailbox(ann.address).folder(name), ews.mailbox(ann.address).folder(name)]);
    expect([one.displayName, one.path, one.totalCount]).toEqual([other.displayName, other.path, other.totalCount]);
  }
});

test("a path may begin with the English name in a mailbox of another language", async () => {
  const inbox = { id: "INBOX", displayName: "Posteingang", parentFolderId: "ROOT", childFolderCount: 1 };
  const below = { id: "CASES", displayName: "Fälle", parentFolderId: "INBOX", childFolderCount: 0, totalItemCount: 3 };
  const { mailbox } = await scripted((one) => {
    if (one.path.endsWith("$batch"))
      return { json: { responses: stepsOf(one).map(({ id }) => ({ id, status: 200, body: { value: [below] } })) } };
    if (one.path.includes("/mailFolders/inbox?")) return { json: inbox };
    return { json: { value: one.path.includes("childFolders") ? [below] : [inbox] } };
  });
  expect(await mailbox.folders.get("Inbox/Fälle")).toMatchObject({ folderId: "CASES", path: "Posteingang/Fälle", totalCount: 3 });
});

test.each(["archive:Inbox", "public:Security", "recoverableitemspurges", "calendar"])("%s is reported as out of reach", async (name) => {
  const { mailbox, seen } = await scripted(() => ({}));
  await expect(mailbox.folders.get(name)).rejects.toMatchObject({ code: "unsupported" });
  expect(seen).toEqual([]);
});

test("folders that a server returns repeatedly end a listing", async () => {
  const loop = { id: "A", displayName: "A", parentFolderId: "ROOT", childFolderCount: 1 };
  const { mailbox, seen } = await scripted(() => ({ json: { value: [loop] } }));
  expect(await mailbox.folders.tree()).toHaveLength(1);
  expect(seen.length).toBeLessThan(4);
});

test("a folder that Graph says exists, and never lists, ends as its failure after one retry", async () => {
  let orders = 0;
  const inbox = { id: "INBOX", displayName: "Inbox", parentFolderId: "ROOT", childFolderCount: 0 };
  const { mailbox } = await scripted((one) => {
    if (one.method !== "POST") return { json: one.path.includes("/mailFolders?") ? { value: [inbox] } : inbox };
    orders += 1;
    return { status: 409, json: { error: { code: "ErrorFolderExists", message: "It exists." } } };
  });
  await expect(mailbox.folders.create("Inbox/Cases")).rejects.toMatchObject({ wireCode: "ErrorFolderExists" });
  expect(orders).toBe(2);
});
