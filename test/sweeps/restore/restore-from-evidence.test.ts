import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { backends } from "../../actions/lab-host.ts";
import { build } from "../../built.ts";
import { openSweepFixture, type SweepFixture } from "../sweep-fixture.ts";

const messageId = "<campaign.1@mailer.example.net>";
const person = "user01@example.com";
const flag = { status: "Flagged", startAt: new Date("2026-06-01T00:00Z"), dueAt: new Date("2026-06-03T00:00Z") } as const;
const state = { isRead: true, categories: ["Red category", "Blue category"], flag } as const;
const receivedAt = new Date("2026-05-01T10:00Z");

describe.each(backends)("a sweep that deletes for good over %s", (backend) => {
  let fixture: SweepFixture;
  const exporting = backend === "ews" ? "ExportItems" : "mailbox-exportitems";
  const importing = backend === "ews" ? "UploadItems" : "mailbox-createimportsession";
  beforeEach(async () => {
    fixture = await openSweepFixture(backend);
    fixture.host.put(
      person,
      { internetMessageId: messageId, subject: "Your invoice", receivedAt, isDraft: false, ...state },
      "inbox/Bills",
    );
  });
  afterEach(() => fixture.close());

  const plan = (...more: readonly string[]) =>
    fixture.sweep(
      ...["plan", "--internet-message-id", messageId, "--mailboxes", person, "--then", "delete-email"],
      ...["--delete-type", "hard", "--confirm-hard", ...more],
    );
  async function planAndRun(...more: readonly string[]) {
    const planned = await plan("--keep-evidence", ...more);
    const ran = await fixture.sweep("run", planned.sweep, "--plan", planned.plan_hash, "--yes");
    expect(ran.counts).toMatchObject({ done: 1 });
    return planned;
  }
  async function undo(sweep: string) {
    expect((await fixture.sweep("undo", sweep, "--yes")).counts).toMatchObject({ undone: 1 });
    const [target] = (await fixture.sweep("report", sweep)).targets;
    const [item, ...others] = [...(fixture.host.mailbox(person).folderAt(["Inbox", "Bills"])?.items.values() ?? [])];
    expect(others).toEqual([]);
    return { outcome: target.undo_outcome, item };
  }

  test("with --keep-export restores each message as it was, and says so in the plan", async () => {
    const planned = await planAndRun("--keep-export");
    expect(planned).toMatchObject({ cannot_be_undone: [], restored_from_evidence: [expect.stringContaining("as they were")] });
    const files = readdirSync(join(fixture.folder, "evidence/files")).map((name) => name.slice(-4));
    expect(files.sort()).toEqual([".eml", ".fts"]);
    const { outcome, item } = await undo(planned.sweep);
    expect(outcome).toMatchObject({ restored_copy: true, restored_from: "export", verified: true, lost: [] });
    expect(item).toMatchObject({ ...state, receivedAt, isDraft: false, subject: "Your invoice" });
    const archived = await fixture.sweep("archive", planned.sweep, "--output", join(fixture.folder, "case.zip"));
    expect(archived).toMatchObject({ evidence: { kept: 2, missing: 0 } });
    const entries = fixture.audit().filter(({ phase, action }) => phase === "began" && action === "delete-email");
    expect(entries).toMatchObject([{ outcome: [{ evidence: { export: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) } } }] }]);
  });

  test("without it restores a copy from the .eml with read state, categories and flag, and lists the losses", async () => {
    const planned = await planAndRun();
    const [told] = planned.restored_from_evidence;
    expect(told).toContain(backend === "ews" ? "as copies with new ids" : "as drafts");
    const { outcome, item } = await undo(planned.sweep);
    const lost = backend === "ews" ? [] : ["sent", "received_time"];
    expect(outcome).toMatchObject({ restored_copy: true, restored_from: "eml", lost });
    expect(item).toMatchObject({ ...state, isDraft: backend === "graph" });
  });

  test("has no plan with --keep-export where a message cannot be exported", async () => {
    fixture.host.lab.addFault({ kind: "403", operation: exporting, times: 100 });
    const refused = await plan("--keep-evidence", "--keep-export");
    expect(refused.error?.message).toContain("could not be exported, so --keep-export would let nothing be deleted");
    expect(await plan("--keep-export")).toMatchObject({ error: { code: "invalid-input" } });
  });

  test("leaves a message alone whose export fails when it is to be deleted", async () => {
    const planned = await plan("--keep-evidence", "--keep-export");
    fixture.host.lab.addFault({ kind: "403", operation: exporting, times: 100 });
    const ran = await fixture.sweep("run", planned.sweep, "--plan", planned.plan_hash, "--yes");
    expect(ran.counts).toMatchObject({ failed: 1, done: 0 });
    const [target] = (await fixture.sweep("report", planned.sweep)).targets;
    expect(target.outcome.error.code).toBe("evidence-failed");
    expect(fixture.host.mailbox(person).folderAt(["Inbox", "Bills"])?.items.size).toBe(1);
  });

  test("restores from the .eml where the import is refused, or the export is gone from the evidence", async () => {
    const planned = await planAndRun("--keep-export");
    for (const name of readdirSync(join(fixture.folder, "evidence/files")))
      if (name.endsWith(".fts")) rmSync(join(fixture.folder, "evidence/files", name));
    const { outcome } = await undo(planned.sweep);
    expect(outcome).toMatchObject({ restored_from: "eml", note: expect.stringContaining("restored from its .eml") });

    fixture.host.put(person, { internetMessageId: "<campaign.2@mailer.example.net>", receivedAt }, "inbox/Other");
    const second = await fixture.sweep(
      ...["plan", "--internet-message-id", "<campaign.2@mailer.example.net>", "--mailboxes", person, "--then", "delete-email"],
      ...["--delete-type", "hard", "--confirm-hard", "--keep-evidence", "--keep-export"],
    );
    await fixture.sweep("run", second.sweep, "--plan", second.plan_hash, "--yes");
    const refusal = backend === "ews" ? ({ kind: "item-error", code: "ErrorAccessDenied" } as const) : ({ kind: "403" } as const);
    fixture.host.lab.addFault({ ...refusal, operation: importing, times: 100 });
    expect((await fixture.sweep("undo", second.sweep, "--yes")).counts).toMatchObject({ undone: 1 });
    const [target] = (await fixture.sweep("report", second.sweep)).targets;
    expect(target.undo_outcome).toMatchObject({ restored_from: "eml", note: expect.stringContaining("could not be imported") });
  });
});

describe.each(backends)("a process that dies while a sweep deletes for good over %s", (backend) => {
  let fixture: SweepFixture;
  let program = "";
  let child: ChildProcess | undefined;
  beforeAll(() => {
    program = build().program;
  });
  afterEach(async () => {
    child?.kill("SIGKILL");
    await fixture.close();
  });

  test("can be undone: the message was deleted once, and is restored unchanged", async () => {
    fixture = await openSweepFixture(backend);
    fixture.host.put(
      person,
      { internetMessageId: messageId, subject: "Your invoice", receivedAt, isDraft: false, ...state },
      "inbox/Bills",
    );
    const bills = () => [...(fixture.host.mailbox(person).folderAt(["Inbox", "Bills"])?.items.values() ?? [])];
    const planned = await fixture.sweep(
      ...["plan", "--internet-message-id", messageId, "--mailboxes", person, "--then", "delete-email"],
      ...["--delete-type", "hard", "--confirm-hard", "--keep-evidence", "--keep-export"],
    );
    await fixture.sweep("approve", planned.sweep, "--plan", planned.plan_hash);
    // Done at once, and the reply comes when nobody is there any more.
    const operation = backend === "ews" ? "DeleteItem" : "message-permanentdelete";
    fixture.host.lab.addFault({ kind: "delay", operation, delayMs: 60_000 });
    child = spawn(process.execPath, [program, "sweep", "run", planned.sweep, "--yes", "--config", fixture.config], {
      env: { ...process.env, ...fixture.environment },
      stdio: "ignore",
    });
    await vi.waitFor(() => expect(bills().length).toBe(0), { timeout: 60_000 });
    child.kill("SIGKILL");
    const ran = await fixture.sweep("run", planned.sweep, "--yes");
    expect(ran.counts).toMatchObject({ done: 1, gone: 0, unknown: 0 });
    expect(fixture.host.asked(operation)).toBe(1);
    const undone = await fixture.sweep("undo", planned.sweep, "--yes");
    expect(undone.counts).toMatchObject({ undone: 1 });
    const [item, ...others] = bills();
    expect(others).toEqual([]);
    expect(item).toMatchObject({ ...state, receivedAt, isDraft: false });
    const [target] = (await fixture.sweep("report", planned.sweep)).targets;
    expect(target.outcome).toMatchObject({ settled_by_look: expect.stringContaining("nowhere"), evidence: { export: {} } });
    expect(target.undo_outcome).toMatchObject({ restored_from: "export", lost: [] });
  });
});

describe.each(backends)("a sweep that moves messages over %s", (backend) => {
  let fixture: SweepFixture;
  afterEach(() => fixture.close());

  test("names a flag that is not as it was when the message came back", async () => {
    fixture = await openSweepFixture(backend);
    const put = fixture.host.put(person, { internetMessageId: messageId, receivedAt, flag });
    const planned = await fixture.sweep("plan", "--internet-message-id", messageId, "--mailboxes", person, "--then", "delete-email");
    await fixture.sweep("run", planned.sweep, "--plan", planned.plan_hash, "--yes");
    const mailbox = fixture.host.mailbox(person);
    const [moved] = [...mailbox.known("recoverableitemsdeletions").items.values()].filter(({ subject }) => subject === put.subject);
    if (moved === undefined) throw new Error("It was not moved.");
    mailbox.update(moved, { flag: { status: "NotFlagged" } });
    await fixture.sweep("undo", planned.sweep, "--yes");
    const [target] = (await fixture.sweep("report", planned.sweep)).targets;
    expect(target.undo_outcome).toMatchObject({ differs: ["flag"] });
  });
});
