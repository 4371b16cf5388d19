import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { searchEmailsExtended } from "../../../src/actions/search-emails-extended.ts";
import { type Answer, exitCodeOf } from "../../../src/catalogue/answer-envelope.ts";
import { failures } from "../../../src/failure.ts";
import { socAddress } from "../../../src/lab/seed/seed.ts";
import { type Backend, type LabHost, openLabHost } from "../lab-host.ts";

/** The only mailbox of the seed with an archive. */
const owner = "legal@example.com";
const other = "hr@example.com";
const subject = "Framework contract";

function archived(at: LabHost) {
  const archive = at.lab.store.archiveOf(at.mailbox(owner));
  if (archive === undefined) throw new Error("the seed has no archive");
  return archive;
}

/** Each test has its own connection, since a connection remembers facts about archives. */
function onStage(backend: Backend): { at(): LabHost } {
  let host: LabHost | undefined;
  beforeEach(async () => {
    host = await openLabHost({}, backend);
  });
  afterEach(() => host?.close());
  return {
    at() {
      if (host === undefined) throw new Error("there is no lab");
      return host;
    },
  };
}

describe("a search over EWS", () => {
  const { at } = onStage("ews");
  const search = (input: Record<string, unknown>) => at().run(searchEmailsExtended, input);
  const found = ({ items }: Answer) => (items as { folder_path?: string; subject?: string }[]).map((one) => one.folder_path);

  test("reports an archive mailbox that was not searched", async () => {
    const answer = await search({ mailbox: owner, subject });
    expect(answer).toMatchObject({ success: true, items: [], archive: "not_searched", per_mailbox: [{ archive: "not_searched" }] });
    expect(answer.message).toBe("No messages found; an archive mailbox was not searched: set archive to include it.");
  });

  test("includes the archive mailbox on request and reports it", async () => {
    const answer = await search({ mailbox: owner, subject, archive: "true" });
    expect(found(answer)).toEqual(["archive:Inbox/Contracts"]);
    expect(answer).toMatchObject({ success: true, archive: "searched", message: "1 message found." });
  });

  test("includes the Recoverable Items of the archive with those of the mailbox", async () => {
    const archive = archived(at());
    archive.add(archive.known("recoverableitemsdeletions"), { subject: "Framework contract, deleted" });
    const input = { mailbox: owner, subject: "Framework contract, deleted", archive: true };
    expect(found(await search(input))).toEqual([]);
    expect(found(await search({ ...input, include_recoverable: true }))).toHaveLength(1);
  });

  test.each([false, true])("reports that a mailbox has no archive, requested or not: %s", async (archive) => {
    expect(await search({ mailbox: other, subject, archive })).toMatchObject({ success: true, archive: "none" });
  });

  test('does not believe a delegate\'s "not there": the archive is unknown, and incomplete where it was asked for', async () => {
    const input = { mailbox: socAddress, subject, access: "delegate" };
    expect(await search(input)).toMatchObject({ success: true, archive: "unknown" });
    const answer = await search({ ...input, archive: true });
    expect(answer).toMatchObject({ success: false, incomplete: true, archive: "unknown" });
    expect(answer.per_mailbox).toMatchObject([
      { status: "partly", unsearched: [{ folder_path: "archive:", error: { wire_code: "ErrorFolderNotFound" } }] },
    ]);
    expect(exitCodeOf(answer)).toBe(6);
  });

  test("finds the messages of the mailbox if its archive cannot be opened, and is incomplete only if the archive was requested", async () => {
    const refusing = { kind: "item-error", operation: "FindFolder", code: "ErrorArchiveMailboxServiceDiscoveryFailed" } as const;
    at().put(owner, { subject });
    at().lab.addFault({ ...refusing, item: 2 });
    expect(await search({ mailbox: owner, subject })).toMatchObject({ success: true, archive: "unknown", items: [{ subject }] });
    at().lab.clearFaults();
    at().lab.addFault({ ...refusing, nth: 2 });
    const answer = await search({ mailbox: owner, subject, archive: true });
    expect(answer).toMatchObject({ success: false, incomplete: true, archive: "unknown", items: [{ subject }] });
    expect(answer.per_mailbox).toMatchObject([{ unsearched: [{ folder_path: "archive:", error: { wire_code: refusing.code } }] }]);
  });

  test("lists the archive together with the folders of the mailbox, so a sweep sends no extra request", async () => {
    const folders = () => at().asked("FindFolder");
    await search({ mailboxes: [owner, other], subject });
    expect([folders(), at().asked("GetFolder")]).toEqual([2, 0]);
    expect(await search({ mailboxes: [owner, other], subject })).toMatchObject({
      archive: "not_searched",
      per_mailbox: [{ archive: "not_searched" }, { archive: "none" }],
      message: "No messages found in 2 mailboxes; an archive mailbox was not searched: set archive to include it.",
    });
    expect([folders(), at().asked("GetFolder")]).toEqual([4, 0]);
  });

  test("of one folder does not mention the archive and refuses the field archive", async () => {
    expect(await search({ mailbox: owner, folder: "inbox" })).not.toHaveProperty("archive");
    expect(found(await search({ mailbox: owner, folder: "archive:Inbox", subject }))).toEqual(["archive:Inbox/Contracts"]);
    expect(await search({ mailbox: owner, folder: "inbox", archive: true })).toMatchObject({
      success: false,
      error: { code: "invalid-input", hint: expect.stringContaining("archive:Inbox/2025") },
    });
  });

  test("continues over mailbox and archive by its cursor, and not without the archive", async () => {
    at().put(owner, { subject });
    const input = { mailbox: owner, subject, archive: true, limit: 1 };
    const first = await search(input);
    const second = await search({ ...input, cursor: first.next_cursor });
    expect([found(first), found(second)]).toEqual([["Inbox"], ["archive:Inbox/Contracts"]]);
    expect(await search({ ...input, archive: false, cursor: first.next_cursor })).toMatchObject({ error: { code: "invalid-input" } });
  });
});

describe("a search over Microsoft Graph", () => {
  let at: LabHost;
  beforeAll(async () => {
    at = await openLabHost({}, "graph");
  });
  afterAll(() => at.close());

  test.each([owner, other])("reports for every mailbox that its archive is unknown: %s", async (mailbox) => {
    const answer = await at.run(searchEmailsExtended, { mailbox, subject });
    expect(answer).toMatchObject({ success: true, archive: "unknown", message: "No messages found." });
  });

  test("refuses archive as unsupported, in one mailbox and in each of several", async () => {
    const answer = await at.run(searchEmailsExtended, { mailbox: owner, subject, archive: true });
    expect(answer).toMatchObject({ success: false, error: { code: "unsupported" } });
    expect(exitCodeOf(answer)).toBe(failures.unsupported.exit);
    const both = await at.run(searchEmailsExtended, { mailboxes: [owner, other], subject, archive: true });
    expect(both.per_mailbox).toMatchObject([{ error: { code: "unsupported" } }, { error: { code: "unsupported" } }]);
  });
});
