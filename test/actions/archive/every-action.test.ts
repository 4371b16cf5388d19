import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { copyEmail } from "../../../src/actions/copy-email.ts";
import { deleteAttachments } from "../../../src/actions/delete-attachments.ts";
import { deleteEmail } from "../../../src/actions/delete-email.ts";
import { downloadMailAsEml } from "../../../src/actions/download-mail-as-eml.ts";
import { getAttachments } from "../../../src/actions/get-attachments.ts";
import { junkMail } from "../../../src/actions/junk-mail.ts";
import { replyToEmail } from "../../../src/actions/reply-to-email.ts";
import type { Action } from "../../../src/catalogue/action-definition.ts";
import { exitCodeOf } from "../../../src/catalogue/answer-envelope.ts";
import { failures } from "../../../src/failure.ts";
import type { NewItem } from "../../../src/lab/store/item.ts";
import type { LabItem } from "../../../src/lab/store/mailbox.ts";
import { type LabHost, openLabHost } from "../lab-host.ts";

/** The only mailbox of the seed with an archive. */
const owner = "legal@example.com";
const other = "hr@example.com";
const id = "<archived@example.net>";
const named = { mailbox: owner, internet_message_id: id };

/** Every action on named messages, with its other required inputs. */
const actions: [string, Action, Record<string, unknown>][] = [
  ["copy-email", copyEmail, { destination_folder: "inbox" }],
  ["delete-attachments", deleteAttachments, { all: true }],
  ["delete-email", deleteEmail, {}],
  ["download-mail-as-eml", downloadMailAsEml, {}],
  ["get-attachments", getAttachments, {}],
  ["junk-mail", junkMail, {}],
  ["reply-to-email", replyToEmail, { body_text: "Thank you." }],
];

function archiveOf(at: LabHost) {
  const archive = at.lab.store.archiveOf(at.mailbox(owner));
  if (archive === undefined) throw new Error("the seed has no archive");
  return archive;
}

function putBehind(at: LabHost, item: NewItem = {}, folder = "archiveinbox"): LabItem {
  const archive = archiveOf(at);
  return archive.add(archive.known(folder), {
    subject: "Invoice",
    from: { address: "billing@example.net" },
    internetMessageId: id,
    attachments: [{ kind: "file", name: "a.txt", contentType: "text/plain", content: Buffer.from("a") }],
    ...item,
  });
}

describe("over EWS", () => {
  let at: LabHost;
  beforeEach(async () => {
    at = await openLabHost({}, "ews");
  });
  afterEach(() => at.close());

  const foldersOf = (messageId = id) =>
    [at.mailbox(owner), archiveOf(at)].flatMap((mailbox) =>
      [...mailbox.items()]
        .filter(({ internetMessageId }) => internetMessageId === messageId)
        .map(({ folder }) => folder.distinguishedName ?? folder.name),
    );

  test.each(actions)(
    "%s reports that the archive, which has the message, was not searched, and changes nothing",
    async (_, action, more) => {
      putBehind(at);
      const answer = await at.run(action, { ...named, ...more });
      expect(answer).toMatchObject({ counts: { requested: 1, not_found: 1 }, archive: "not_searched", results: [{ status: "not_found" }] });
      expect(answer.message).toContain("an archive mailbox was not searched: set archive to include it");
      expect(foldersOf()).toEqual(["archiveinbox"]);
    },
  );

  test.each(actions)("%s includes the archive on request", async (_, action, more) => {
    putBehind(at);
    const answer = await at.run(action, { ...named, ...more, archive: "true" });
    expect(answer).toMatchObject({ success: true, archive: "searched", results: [{ status: "done", folder_path: "archive:Inbox" }] });
  });

  test.each(actions)("%s reports that a mailbox has no archive", async (_, action, more) => {
    const answer = await at.run(action, { ...named, ...more, mailbox: other, archive: true });
    expect(answer).toMatchObject({ archive: "none", results: [{ status: "not_found", looked: { places: ["mailbox"] } }] });
  });

  test("a message in neither was searched for in both", async () => {
    const answer = await at.run(deleteEmail, { ...named, archive: true });
    expect(answer.results).toMatchObject([{ status: "not_found", looked: { places: ["mailbox", "archive"] } }]);
  });

  test.each([
    ["trash", "archivedeleteditems"],
    ["soft", "archiverecoverableitemsdeletions"],
  ])("delete-email %s moves a message of the archive to the archive's own folder, and can be undone", async (delete_type, where) => {
    putBehind(at);
    at.put(owner, { internetMessageId: id });
    const answer = await at.run(deleteEmail, { ...named, archive: true, delete_type });
    expect(answer).toMatchObject({ success: true, counts: { requested: 2, succeeded: 2 } });
    for (const row of answer.results ?? []) expect(row).toMatchObject({ verified: true, undo: { item_id: expect.any(String) } });
    expect(foldersOf()).toEqual([delete_type === "trash" ? "deleteditems" : "recoverableitemsdeletions", where]);
    const again = await at.run(deleteEmail, { ...named, archive: true, delete_type });
    expect(again).toMatchObject({ success: true, counts: { failed: 0 } });
    expect(foldersOf()).toHaveLength(2);
  });

  test("delete-email hard takes the copies of the archive and of its Recoverable Items as well", async () => {
    putBehind(at);
    putBehind(at, {}, "recoverableitemsdeletions");
    const answer = await at.run(deleteEmail, { ...named, archive: true, delete_type: "hard", confirm_hard: true });
    expect(answer).toMatchObject({ success: true, counts: { succeeded: 2 } });
    expect(foldersOf().filter((name) => !name.endsWith("purges"))).toEqual([]);
  });

  test("a dead id of the archive is reported as not found only if the archive was searched", async () => {
    const dead = putBehind(at);
    archiveOf(at).remove(dead);
    const input = { mailbox: owner, item_id: dead.id };
    expect(await at.run(deleteEmail, input)).toMatchObject({ success: false, results: [{ error: { code: "could-not-look" } }] });
    const answer = await at.run(deleteEmail, { ...input, archive: true });
    expect(answer).toMatchObject({
      success: true,
      archive: "searched",
      results: [{ status: "not_found", looked: { places: ["mailbox", "archive"] } }],
    });
  });

  test("copy-email finds its copy of an archived message in the mailbox", async () => {
    putBehind(at);
    const answer = await at.run(copyEmail, { ...named, archive: true, destination_folder: "inbox" });
    expect(answer.results).toMatchObject([{ status: "done", new_item_id: expect.any(String), verified: true }]);
    expect(foldersOf()).toEqual(["inbox", "archiveinbox"]);
  });

  test("no action accepts a folder together with the archive", async () => {
    for (const [, action, more] of actions) {
      const answer = await at.run(action, { ...named, ...more, folder: "inbox", archive: true });
      expect(answer).toMatchObject({
        success: false,
        error: { code: "invalid-input", hint: expect.stringContaining("archive:Inbox/2025") },
      });
    }
  });

  test("a copy is processed if another folder cannot be searched, and the answer is incomplete", async () => {
    at.put(owner, { internetMessageId: id });
    at.lab.addFault({ kind: "item-error", operation: "FindItem", code: "ErrorAccessDenied", item: 3 });
    const answer = await at.run(downloadMailAsEml, named);
    expect(answer).toMatchObject({
      success: false,
      incomplete: true,
      results: [
        { status: "done" },
        { status: "failed", internet_message_id: id, error: { code: "could-not-look", wire_code: "ErrorAccessDenied" } },
      ],
    });
    expect(exitCodeOf(answer)).toBe(6);
  });

  test("a deletion is not verified if a folder cannot be searched again, even if a copy is seen in Deleted Items", async () => {
    at.put(other, { internetMessageId: id });
    at.lab.addFault({ kind: "item-error", operation: "FindItem", code: "ErrorAccessDenied", item: 3, nth: 2 });
    const answer = await at.run(deleteEmail, { mailbox: other, internet_message_id: id, delete_type: "trash" });
    expect(answer.results).toMatchObject([{ status: "done", action: "trash_deleted", verified: false }]);
    expect((await at.run(deleteEmail, { mailbox: other, internet_message_id: id, delete_type: "trash" })).results).toMatchObject([
      { verified: true },
    ]);
  });

  test("the report about the archive costs no request, because its folders come with those of the mailbox", async () => {
    at.put(owner, { internetMessageId: id });
    expect(await at.run(downloadMailAsEml, named)).toMatchObject({ success: true, archive: "not_searched" });
    expect(at.asked("GetFolder")).toBe(0);
    expect(at.asked("FindFolder")).toBe(1);
  });
});

describe("over Microsoft Graph", () => {
  let at: LabHost;
  beforeAll(async () => {
    at = await openLabHost({}, "graph");
  });
  afterAll(() => at.close());

  test.each(actions)("%s reports that the archive is unknown and refuses to include it", async (_, action, more) => {
    expect(await at.run(action, { ...named, ...more })).toMatchObject({ archive: "unknown", results: [{ status: "not_found" }] });
    const answer = await at.run(action, { ...named, ...more, archive: true });
    expect(answer).toMatchObject({ success: false, results: [{ status: "failed", error: { code: "unsupported" } }] });
    expect(exitCodeOf(answer)).toBe(failures.unsupported.exit);
  });
});
