import { expect } from "vitest";
import type { KeptMessage } from "../../src/exchange/exchange.ts";
import type { Content } from "../../src/exchange/message.ts";
import { takeOnly } from "../../src/outcome.ts";
import { mail } from "./contract-mail.ts";
import { all, itemOf, type PromiseOf, type Stage } from "./contract-stage.ts";

const receivedAt = "2026-01-01T10:00:00.000Z";

const flag = { status: "flagged", startAt: "2026-02-01T00:00:00.000Z", dueAt: "2026-02-03T00:00:00.000Z" } as const;

const kept = (bytes: Uint8Array, folder: string, form: KeptMessage["form"] = "mime"): KeptMessage => ({
  form,
  size: bytes.length,
  async *open() {
    yield bytes;
  },
  ...{ folder, receivedAt, isRead: true, categories: ["Red category", "Blue category"], flag },
});

async function piecesOf({ bytes }: Content): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of bytes) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function bytesOf({ mailbox }: Stage, id: string): Promise<Buffer> {
  return piecesOf(await takeOnly(mailbox.mime([id])));
}

/** Messages that are created again from their kept bytes. */
export function restoring(promise: PromiseOf): void {
  promise("a restored message has its bytes and its state, and says what it lacks", async (stage) => {
    const id = stage.deliver(mail("keep me"));
    const bytes = await bytesOf(stage, id);
    const folder = await stage.mailbox.createFolder("Inbox/Cases");
    await all(stage.mailbox.delete([id], "hard"));
    const restored = await stage.mailbox.restore(kept(bytes, folder.folderId));
    expect(await bytesOf(stage, restored.newItemId ?? "")).toEqual(bytes);
    const [item, ...others] = [...(stage.ann.folderAt(["Inbox", "Cases"])?.items.values() ?? [])];
    expect(others).toEqual([]);
    const days = { startAt: new Date(flag.startAt), dueAt: new Date(flag.dueAt) };
    expect(item).toMatchObject({ isRead: true, categories: ["Red category", "Blue category"], flag: { status: "Flagged", ...days } });
    const lost = restored.lost ?? [];
    expect(lost).not.toContain("flag");
    expect(lost).not.toContain("read_state");
    expect(lost).not.toContain("categories");
    expect(lost.includes("sent")).toBe(item?.isDraft);
    expect(lost.includes("received_time")).toBe(item?.receivedAt?.toISOString() !== receivedAt);
  });

  promise("a message that is imported from its export is as it was, except for its id", async (stage) => {
    const id = stage.deliver(mail("keep me"));
    const item = itemOf(stage.ann, id);
    const state = { isRead: true, categories: ["Red category"], flag: { status: "Complete", completeAt: new Date(flag.dueAt) } } as const;
    stage.ann.update(item, state);
    const bytes = await piecesOf(await takeOnly(stage.mailbox.exported([id])));
    const { receivedAt: at, parentFolderId = "" } = await takeOnly(stage.mailbox.get([id], {}));
    await all(stage.mailbox.delete([id], "hard"));
    const message = { form: "export", size: bytes.length, folder: parentFolderId, receivedAt: at } as const;
    const restored = await stage.mailbox.restore({
      ...message,
      async *open() {
        yield bytes;
      },
    });
    expect(restored).toMatchObject({ method: "export-import", lost: [] });
    const [back, ...others] = [...stage.ann.known("inbox").items.values()];
    expect(others).toEqual([]);
    expect(back).toMatchObject({ ...state, isDraft: false, receivedAt: item.receivedAt });
    const read = await takeOnly(stage.mailbox.get([restored.newItemId ?? ""], { flag: true }));
    expect(read).toMatchObject({ subject: "keep me", flag: { status: "complete", completedAt: flag.dueAt } });
  });

  promise("a flag that a restored message does not get is named", async (stage) => {
    const { folderId } = await stage.mailbox.folder("inbox");
    // Exchange takes both dates of a flag or none.
    const undated = { status: "flagged", dueAt: flag.dueAt } as const;
    const restored = await stage.mailbox.restore({ ...kept(mail("keep me"), folderId), flag: undated });
    expect(restored.lost).toContain("flag");
  });

  promise("bytes that are no export are not imported", async (stage) => {
    const { folderId } = await stage.mailbox.folder("inbox");
    await expect(stage.mailbox.restore(kept(mail("keep me"), folderId, "export"))).rejects.toMatchObject({
      code: expect.not.stringMatching(/^(internal|unknown-outcome)$/),
    });
    expect([...stage.ann.items()]).toEqual([]);
  });

  promise("a message is restored nowhere where its folder is gone", async (stage) => {
    const { folderId } = await stage.mailbox.createFolder("Inbox/Gone");
    const gone = stage.ann.folderAt(["Inbox", "Gone"]);
    if (gone === undefined) throw new Error("There is no folder.");
    stage.ann.removeFolder(gone);
    await expect(stage.mailbox.restore(kept(mail("keep me"), folderId))).rejects.toMatchObject({ code: "folder-not-found" });
    // Over Graph a draft was made first, and deleted for good again.
    const left = [...stage.ann.items()].map(({ folder }) => folder.distinguishedName);
    expect(left.filter((name) => name !== "recoverableitemspurges")).toEqual([]);
  });

  promise("whether a message was restored is not known where the reply was lost", async (stage) => {
    const { folderId } = await stage.mailbox.folder("inbox");
    const isEws = stage.practice.exchange.backend === "ews";
    stage.practice.addFault({ kind: "reset-after", operation: isEws ? "CreateItem" : "user-post-messages" });
    await expect(stage.mailbox.restore(kept(mail("keep me"), folderId))).rejects.toMatchObject({ code: "unknown-outcome" });
    expect([...stage.ann.items()].filter(({ subject }) => subject === "keep me")).toHaveLength(1);
  });
}
