import { expect } from "vitest";
import { mail, withParts } from "./contract-mail.ts";
import { all, have, itemIn, itemOf, type PromiseOf } from "./contract-stage.ts";

/** Copying, moving, deleting. */
export function writing(promise: PromiseOf): void {
  promise("deleted attachments are gone, and the message has a new change key", async ({ mailbox, deliver }) => {
    const id = deliver(withParts);
    const before = have((await all(mailbox.get([id], {})))[0]).changeKey;
    const listed = have((await all(mailbox.attachments([id])))[0]);
    const outcomes = await all(mailbox.deleteAttachments(listed.slice(0, 2).map((attachment) => attachment.id)));
    expect(outcomes.every(({ ok }) => ok)).toBe(true);
    const after = have((await all(mailbox.get([id], { attachments: true })))[0]);
    expect(after.attachments?.map(({ kind }) => kind)).toEqual(["item"]);
    expect(after.changeKey).not.toBe(before);
  });

  promise("an attachment that is deleted twice is not found the second time", async ({ mailbox, deliver }) => {
    const [first] = have((await all(mailbox.attachments([deliver(withParts)])))[0]);
    await all(mailbox.deleteAttachments([first?.id ?? ""]));
    const [again] = await all(mailbox.deleteAttachments([first?.id ?? ""]));
    expect(again).toMatchObject({ ok: false, failure: { code: "not-found" } });
  });

  promise("the missing folders of a path are created, and a second request creates none", async ({ practice, ann, mailbox }) => {
    const made = await mailbox.createFolder("Inbox/Cases/4711");
    expect(made).toMatchObject({ displayName: "4711", path: "Inbox/Cases/4711" });
    expect(await mailbox.createFolder("Inbox/Cases/4711")).toEqual(made);
    const folder = ann.folderAt(["Inbox", "Cases", "4711"]);
    expect(folder && practice.idOf(folder)).toBe(made.folderId);
  });

  promise("a copy has a new id and the original stays", async ({ mailbox, five, subjects }) => {
    const ids = five();
    const outcomes = await all(mailbox.copy(ids, { folder: "Archive" }));
    const copies = outcomes.map((outcome) => have(outcome).newItemId ?? "");
    expect(new Set([...ids, ...copies]).size).toBe(10);
    expect(await subjects(copies)).toEqual(await subjects(ids));
  });

  promise("a moved message is found by its new id and no longer by the old one", async ({ ann, mailbox, deliver, subjects }) => {
    const id = deliver(mail("moves"));
    const { newItemId = "" } = have((await all(mailbox.move([id], { folder: "Archive" })))[0]);
    expect(await subjects([id, newItemId])).toEqual(["not-found", "moves"]);
    expect(itemOf(ann, newItemId).folder.name).toBe("Archive");
  });

  // exchangelib sends the whole chunk again when one of its items is busy: nine created where five were asked, and seven ids returned.
  promise("no message is copied twice when one of them is busy", async ({ practice, ann, mailbox, five }) => {
    const ids = five();
    practice.addFault({ kind: "server-busy-item", item: 3, backOffMs: 20 });
    expect((await all(mailbox.copy(ids, { folder: "Archive" }))).every(({ ok }) => ok)).toBe(true);
    expect(ann.known("archive").items.size).toBe(5);
  });

  promise("a lost reply to a copy is unknown-outcome, and the copy is not repeated", async ({ practice, ann, mailbox, five }) => {
    const ids = five();
    practice.addFault({ kind: "reset-after", operation: practice.copying });
    const outcomes = await all(mailbox.copy(ids, { folder: "archive" }));
    expect(outcomes.map((outcome) => (outcome.ok ? "done" : outcome.failure.code))).toEqual(Array(5).fill("unknown-outcome"));
    expect(ann.known("archive").items.size).toBe(5);
  });

  promise("a copy in another mailbox is found again", async ({ practice, bob, mailbox, deliver }) => {
    const id = deliver(mail("evidence"));
    const [outcome] = await all(mailbox.copy([id], { folder: "inbox", mailbox: bob.address }));
    const copy = [...bob.known("inbox").items.values()][0];
    expect(copy?.subject).toBe("evidence");
    expect(outcome).toMatchObject({ ok: true, value: { newItemId: copy && practice.idOf(copy) } });
  });

  promise("trash moves to Deleted Items and returns the id that an undo needs", async ({ ann, mailbox, deliver }) => {
    const { newItemId = "" } = have((await all(mailbox.delete([deliver(mail("gone"))], "trash")))[0]);
    expect(itemOf(ann, newItemId).folder).toBe(ann.known("deleteditems"));
  });

  promise("soft moves to the Recoverable Items and returns the id that an undo needs", async ({ ann, mailbox, deliver }) => {
    const { newItemId = "" } = have((await all(mailbox.delete([deliver(mail("gone"))], "soft")))[0]);
    expect(itemOf(ann, newItemId).folder).toBe(ann.known("recoverableitemsdeletions"));
  });

  promise("hard leaves nothing in the mailbox, and a second deletion finds nothing", async ({ ann, mailbox, deliver, subjects }) => {
    const id = deliver(mail("gone"));
    expect((await all(mailbox.delete([id], "hard")))[0]).toMatchObject({ ok: true });
    // Where it is purged, it is kept for a while where only a hold looks.
    expect([undefined, ann.known("recoverableitemspurges")]).toContain(itemIn(ann, id)?.folder);
    expect(await subjects([id])).toEqual(["not-found"]);
    expect((await all(mailbox.delete([id], "hard")))[0]).toMatchObject({ ok: false, failure: { code: "not-found" } });
  });

  promise("junk moves to Junk Email; not junk brings it back", async ({ ann, mailbox, deliver }) => {
    const junked = have((await all(mailbox.junk([deliver(mail("junk"))], { isJunk: true, move: true })))[0]);
    expect(itemOf(ann, junked.newItemId ?? "").folder).toBe(ann.known("junkemail"));
    const back = have((await all(mailbox.junk([junked.newItemId ?? ""], { isJunk: false, move: true })))[0]);
    expect(itemOf(ann, back.newItemId ?? "").folder).toBe(ann.known("inbox"));
  });

  promise("junk blocks the sender; not junk unblocks the sender", async ({ ann, mailbox, deliver }) => {
    const junked = have((await all(mailbox.junk([deliver(mail("junk"))], { isJunk: true, move: true })))[0]);
    expect(junked.senderBlocked).toBe(true);
    expect([...ann.blockedSenders]).toContain("mallory@example.org");
    have((await all(mailbox.junk([junked.newItemId ?? ""], { isJunk: false, move: true })))[0]);
    expect([...ann.blockedSenders]).not.toContain("mallory@example.org");
  });
}
