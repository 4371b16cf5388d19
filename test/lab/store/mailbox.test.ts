import { beforeEach, expect, test } from "vitest";
import { itemFromMime } from "../../../src/lab/mime/item-from-mime.ts";
import { mimeOf, mimeOfNew } from "../../../src/lab/mime/mime-of-item.ts";
import type { LabMailbox } from "../../../src/lab/store/mailbox.ts";
import { Store } from "../../../src/lab/store/store.ts";

let store: Store;
let mailbox: LabMailbox;

beforeEach(() => {
  store = new Store();
  store.setNow(new Date("2026-11-20T10:00:00Z"));
  mailbox = store.addUser({ address: "user01@example.com", displayName: "User 01" });
});

const inbox = () => mailbox.known("inbox");
const bytes = mimeOfNew({
  subject: "Kept",
  from: { address: "a@example.org" },
  body: { type: "Text", value: "Text\r\n" },
  internetMessageId: "<k@example.org>",
});
const nested = () => ({
  subject: "Outer",
  attachments: [
    { kind: "file" as const, name: "a.txt", content: Buffer.from("a") },
    {
      kind: "item" as const,
      name: "Inner",
      item: { subject: "Inner", attachments: [{ kind: "file" as const, name: "b.txt", content: Buffer.from("bb") }] },
    },
  ],
});

test("a new mailbox has the usual folders, with the Recoverable Items outside the visible ones", () => {
  expect(inbox().folderClass).toBe("IPF.Note");
  expect(mailbox.known("contacts").folderClass).toBe("IPF.Contact");
  expect(mailbox.known("CALENDAR").folderClass).toBe("IPF.Appointment");
  expect(mailbox.known("recoverableitemsdeletions").isBelow(mailbox.root)).toBe(false);
  expect(mailbox.known("recoverableitemsdeletions").isBelow(mailbox.top)).toBe(true);
  expect(inbox().parent).toBe(mailbox.root);
  expect(mailbox.distinguished("nosuchfolder")).toBeUndefined();
});

test("a move kills the old id and gives a new one, with attachments that answer to new ids", () => {
  const item = mailbox.add(inbox(), nested());
  const attachment = item.attachments[0]?.id ?? "";
  const moved = mailbox.move(item, mailbox.known("junkemail"));
  expect(mailbox.item(item.id)).toBeUndefined();
  expect(mailbox.attachment(attachment)).toBeUndefined();
  expect(moved.id).not.toBe(item.id);
  expect(mailbox.item(moved.id)).toBe(moved);
  expect(mailbox.attachment(moved.attachments[0]?.id ?? "")?.item).toBe(moved);
  expect(moved.internetMessageId).toBe(item.internetMessageId);
  expect(() => mailbox.move(item, inbox())).toThrowError(expect.objectContaining({ code: "item-not-found" }));
});

test("ids are case-sensitive", () => {
  const item = mailbox.add(inbox(), {});
  expect(mailbox.item(item.id.toLowerCase())).toBeUndefined();
  expect(store.item(item.id)).toBe(item);
});

test("the change key outlives the move to Deleted Items and to the Recoverable Items, no other move and no write", () => {
  const item = mailbox.add(inbox(), {});
  const trashed = mailbox.move(item, mailbox.known("deleteditems"));
  expect(trashed.changeKey).toBe(item.changeKey);
  const soft = mailbox.move(trashed, mailbox.known("recoverableitemsdeletions"));
  expect(soft.changeKey).toBe(item.changeKey);
  const back = mailbox.move(soft, inbox());
  expect(back.changeKey).not.toBe(item.changeKey);
  const before = back.changeKey;
  mailbox.update(back, { isRead: true });
  expect(back.changeKey).not.toBe(before);
});

test("a copy leaves the original unchanged and can be in another mailbox", () => {
  const other = store.addUser({ address: "user02@example.com" });
  const item = mailbox.add(inbox(), { ...itemFromMime(bytes), categories: ["Red"] });
  const copy = mailbox.copy(item, other.known("inbox"));
  expect(copy.id).not.toBe(item.id);
  expect(other.item(copy.id)).toBe(copy);
  expect(mailbox.item(item.id)).toBe(item);
  expect(Buffer.from(mimeOf(copy)).equals(Buffer.from(bytes))).toBe(true);
});

test("reading keeps the bytes, rewriting the subject gives them up", () => {
  const item = mailbox.add(inbox(), itemFromMime(bytes));
  mailbox.update(item, { isRead: true, categories: ["Red"] });
  expect(item.mime).toBe(bytes);
  mailbox.update(item, { subject: "Other" });
  expect(item.mime).toBeUndefined();
  expect(Buffer.from(mimeOf(item)).toString()).toContain("Subject: Other\r\n");
});

test("every write of an attachment changes the item's change key, at any depth, and the MIME no longer has it", () => {
  const item = mailbox.add(inbox(), nested());
  const keys = [item.changeKey];
  const added = mailbox.addAttachment(item, { kind: "file", name: "c.txt", content: Buffer.from("c") });
  keys.push(item.changeKey);
  const inner = item.attachments[1]?.item?.attachments[0];
  expect(mailbox.attachment(inner?.id ?? "")?.path.map(({ name }) => name)).toEqual(["Inner", "b.txt"]);
  mailbox.removeAttachment(inner?.id ?? "");
  keys.push(item.changeKey);
  mailbox.removeAttachment(added.id);
  keys.push(item.changeKey);
  expect(new Set(keys).size).toBe(4);
  expect(item.attachments.map(({ name }) => name)).toEqual(["a.txt", "Inner"]);
  expect(item.attachments[1]?.item?.attachments).toEqual([]);
  expect(Buffer.from(mimeOf(item)).toString()).not.toContain("b.txt");
  expect(() => mailbox.removeAttachment(added.id)).toThrowError(expect.objectContaining({ code: "attachment-not-found" }));
});

test("an item whose attachments are all inline says that it has none", () => {
  const item = mailbox.add(inbox(), { attachments: [{ kind: "file", isInline: true, contentId: "x", content: Buffer.from("x") }] });
  expect(item.hasAttachments).toBe(false);
  mailbox.addAttachment(item, { kind: "file", name: "y" });
  expect(item.hasAttachments).toBe(true);
});

test("folder counts follow additions, reads and removals", () => {
  const item = mailbox.add(inbox(), {});
  mailbox.add(inbox(), { isRead: true });
  expect([inbox().totalCount, inbox().unreadCount]).toEqual([2, 1]);
  mailbox.update(item, { isRead: true });
  expect(inbox().unreadCount).toBe(0);
  mailbox.remove(item);
  expect(inbox().totalCount).toBe(1);
  mailbox.createFolder(inbox(), "Below");
  expect(inbox().childCount).toBe(1);
});

test("a folder keeps its id when it moves, and default folders do not move, go or repeat", () => {
  const folder = mailbox.createFolder(inbox(), "Projects");
  mailbox.moveFolder(folder, mailbox.root);
  expect(mailbox.folder(folder.id)?.path).toBe("Projects");
  expect(mailbox.folderAt(["projects"])).toBe(folder);
  expect(() => mailbox.moveFolder(inbox(), folder)).toThrowError(expect.objectContaining({ code: "distinguished-folder" }));
  expect(() => mailbox.removeFolder(inbox())).toThrowError(expect.objectContaining({ code: "distinguished-folder" }));
  expect(() => mailbox.createFolder(mailbox.root, "PROJECTS")).toThrowError(expect.objectContaining({ code: "folder-exists" }));
  const below = mailbox.createFolder(folder, "Below");
  expect(() => mailbox.moveFolder(folder, below)).toThrowError(expect.objectContaining({ code: "folder-into-itself" }));
});

test("a folder that is removed takes its folders and items along", () => {
  const folder = mailbox.createFolder(inbox(), "Projects");
  const below = mailbox.createFolder(folder, "Below");
  const item = mailbox.add(below, {});
  mailbox.removeFolder(folder);
  expect([mailbox.folder(folder.id), mailbox.folder(below.id), mailbox.item(item.id)]).toEqual([undefined, undefined, undefined]);
  expect(inbox().childCount).toBe(0);
});

test("the logs report changes of items in their folder and of folders in the hierarchy", () => {
  const start = inbox().changes.position;
  const hierarchyStart = mailbox.hierarchy.position;
  const item = mailbox.add(inbox(), {});
  mailbox.update(item, { isRead: true });
  const seen = inbox().changes.since(start, 10);
  expect(seen.changes).toEqual([{ kind: "create", id: item.id }]);
  mailbox.update(item, { isRead: false });
  expect(inbox().changes.since(seen.position, 10).changes).toEqual([{ kind: "read", id: item.id }]);
  mailbox.move(item, mailbox.known("deleteditems"));
  expect(inbox().changes.since(seen.position, 10).changes).toEqual([{ kind: "delete", id: item.id, identity: item.identity }]);
  const folder = mailbox.createFolder(inbox(), "Projects");
  mailbox.updateFolder(folder, { name: "Works" });
  expect(mailbox.hierarchy.since(hierarchyStart, 10).changes).toEqual([{ kind: "create", id: folder.id }]);
});

test("attachments nested deeper than Exchange allows are refused", () => {
  let item: Parameters<LabMailbox["add"]>[1] = { subject: "Innermost" };
  for (let depth = 0; depth < 11; depth += 1) item = { attachments: [{ kind: "item", item }] };
  expect(() => mailbox.add(inbox(), item)).toThrowError(expect.objectContaining({ code: "attachment-too-deep" }));
});

test("a message that comes without a Message-ID gets one, and every one its own", () => {
  const [one, two] = [mailbox.add(inbox(), {}), mailbox.add(inbox(), {})];
  expect(one.internetMessageId).toMatch(/^<[^<>\s]+@[^<>\s]+>$/);
  expect(one.internetMessageId).not.toBe(two.internetMessageId);
});

test("a reply belongs to the conversation of its original", () => {
  const [first, reply, other] = ["Budget", "RE: FW: Budget", "Holidays"].map((subject) => mailbox.add(inbox(), { subject }));
  expect(reply?.conversationId).toBe(first?.conversationId);
  expect(other?.conversationId).not.toBe(first?.conversationId);
  expect(first?.conversationId).toMatch(/^AAQk/);
});

test("twenty thousand items are added, listed and removed without ado", () => {
  const folder = mailbox.createFolder(inbox(), "Many");
  const ids = Array.from({ length: 20_000 }, (_, number) => mailbox.add(folder, { subject: String(number) }));
  expect(folder.totalCount).toBe(20_000);
  for (const item of ids) mailbox.remove(item);
  expect(folder.totalCount).toBe(0);
});
