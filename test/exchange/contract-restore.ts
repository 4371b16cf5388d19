import { expect } from "vitest";
import type { KeptMessage } from "../../src/exchange/exchange.ts";
import { takeOnly } from "../../src/outcome.ts";
import { mail } from "./contract-mail.ts";
import { all, type PromiseOf, type Stage } from "./contract-stage.ts";

const receivedAt = "2026-01-01T10:00:00.000Z";

const kept = (bytes: Uint8Array, folder: string): KeptMessage => ({
  size: bytes.length,
  async *open() {
    yield bytes;
  },
  ...{ folder, receivedAt, isRead: true, categories: ["Red category", "Blue category"] },
});

async function bytesOf({ mailbox }: Stage, id: string): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of (await takeOnly(mailbox.mime([id]))).bytes) pieces.push(piece);
  return Buffer.concat(pieces);
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
    expect(item).toMatchObject({ isRead: true, categories: ["Red category", "Blue category"] });
    const lost = restored.lost ?? [];
    expect(lost).toContain("flag");
    expect(lost).not.toContain("read_state");
    expect(lost).not.toContain("categories");
    expect(lost.includes("sent")).toBe(item?.isDraft);
    expect(lost.includes("received_time")).toBe(item?.receivedAt?.toISOString() !== receivedAt);
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
