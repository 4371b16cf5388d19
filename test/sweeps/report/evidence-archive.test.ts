import { readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runAudit } from "../../../src/commands/audit-command.ts";
import { deliverInvitation } from "../../../src/lab/seed/invitation.ts";
import { backends } from "../../actions/lab-host.ts";
import { openSmallDisk } from "../../full-disk.ts";
import type { Printed, SweepFixture } from "../sweep-fixture.ts";
import { type ArchiveCase, filesOf, messageId, noPython, openArchiveCase, sha256 } from "./evidence-archive-case.ts";

describe.each(backends)("the evidence archive of a sweep over %s", (backend) => {
  let fixture: SweepFixture;
  let made: Printed;
  let sweep = "";
  let file = "";
  let files: ArchiveCase["files"];
  let json: ArchiveCase["json"];
  let bytesOf: ArchiveCase["bytesOf"];
  let verify: ArchiveCase["verify"];
  beforeAll(async () => {
    ({ fixture, made, sweep, file, files, json, bytesOf, verify } = await openArchiveCase(backend));
  });
  afterAll(() => fixture.close());

  test("has every message once, the plan, the outcomes, the audit entries and the report", () => {
    expect(made).toMatchObject({ exit: 0, success: true, sweep, evidence: { kept: 6, missing: 0 }, not_known: [] });
    const evidence = [...files.keys()].filter((name) => name.startsWith("evidence/"));
    expect(evidence).toHaveLength(6);
    for (const name of evidence) expect(name).toBe(`evidence/${sha256(bytesOf(name))}.eml`);
    const others = ["readme.txt", "verify.py", "plan.json", "targets.jsonl", "report.html", "report.csv", "audit.jsonl"];
    expect([...files.keys()].filter((name) => !name.startsWith("evidence/"))).toEqual([...others, "manifest.json", "manifest.sha256"]);
    const manifest = json("manifest.json");
    expect(manifest.sweep).toMatchObject({
      sweep,
      plan_hash: made.plan_hash,
      planned_by: expect.any(String),
      approved_by: expect.any(String),
    });
    expect(manifest.sweep.counts).toMatchObject({ messages: 6, done: 6, undone: 6 });
    expect(manifest.sweep.find).toMatchObject({ internet_message_id: [messageId] });
    expect(sha256(bytesOf("plan.json"))).toBe(made.plan_hash);
    expect(String(bytesOf("targets.jsonl"))).not.toContain(fixture.folder);
    expect(String(bytesOf("report.html"))).toContain("sweep approve (audit log)");
  });

  test("has the entries of this sweep as the log has them, and of no other", () => {
    const lines = String(bytesOf("audit.jsonl")).trimEnd().split("\n");
    const log = readFileSync(join(fixture.folder, "audit.jsonl"), "utf8").split("\n");
    const actions = lines.map((line) => JSON.parse(line).action);
    expect(actions).toEqual(expect.arrayContaining(["sweep approve", "sweep run", "delete-email", "sweep undo"]));
    for (const line of lines) {
      expect(JSON.parse(line).sweep).toBe(sweep);
      expect(log).toContain(line);
    }
    const { entries } = json("manifest.json").audit;
    expect(entries.map(({ entry }: { entry: number }) => sha256(log[entry - 1] ?? ""))).toEqual(
      entries.map((link: { sha256: string }) => link.sha256),
    );
  });

  test("gives the SHA-256 of the file, which the audit log keeps as well", () => {
    const { archive } = made;
    expect(archive).toEqual({
      ...{ file, size: statSync(file).size, sha256: sha256(readFileSync(file)) },
      manifest_sha256: sha256(bytesOf("manifest.json")),
    });
    expect(fixture.audit().at(-1)).toMatchObject({
      ...{ phase: "read", action: "sweep archive", sweep },
      targets: [{ archive_sha256: archive.sha256, manifest_sha256: archive.manifest_sha256 }],
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test("has the same bytes when it is made again, and overwrites no file", async () => {
    const again = join(fixture.folder, "again.zip");
    expect(await fixture.sweep("archive", sweep, "--output", again)).toMatchObject({ archive: { sha256: made.archive.sha256 } });
    const refused = await fixture.sweep("archive", sweep, "--output", again);
    expect(refused.error).toMatchObject({ code: "invalid-input", message: expect.stringContaining("already") });
    expect(readdirSync(fixture.folder).filter((name) => name.includes("partial"))).toEqual([]);
  });

  test("lets no text of a message become a name, a tag or a formula", () => {
    for (const name of files.keys()) expect(name).toMatch(/^[a-z0-9][a-z0-9/.]*$/);
    expect(String(bytesOf("report.html"))).not.toContain("<script>alert");
    for (const name of ["targets.jsonl", "manifest.json", "report.html", "report.csv"])
      expect(String(bytesOf(name))).not.toContain("\u202e");
  });

  test("lists missing and changed evidence", async () => {
    const store = join(fixture.folder, "evidence", "files");
    const [gone = "", changed = ""] = readdirSync(store).sort();
    renameSync(join(store, gone), join(fixture.folder, "gone.eml"));
    const before = readFileSync(join(store, changed));
    writeFileSync(join(store, changed), Buffer.alloc(before.length, "x"));
    const output = join(fixture.folder, "lacking.zip");
    const lacking = await fixture.sweep("archive", sweep, "--output", output);
    expect(lacking).toMatchObject({ exit: 6, success: false, incomplete: true, evidence: { kept: 4, missing: 2 } });
    expect(lacking.not_known).toHaveLength(2);
    expect(lacking.not_known.join(" ")).toContain("1 piece of evidence. It is not in the evidence store of this machine.");
    expect(lacking.not_known.join(" ")).toContain("1 piece of evidence. The evidence store has other bytes under this hash");
    if (noPython === undefined) {
      const { status, told } = verify(output);
      expect([status, told]).toEqual([0, expect.stringContaining("2 that the manifest says are not in the archive")]);
    }
    renameSync(join(fixture.folder, "gone.eml"), join(store, gone));
    writeFileSync(join(store, changed), before);
  });

  test("leaves nothing behind where it cannot be written, and says why", async ({ skip }) => {
    const nowhere = await fixture.sweep("archive", sweep, "--output", join(fixture.folder, "none", "case.zip"));
    expect(nowhere.error).toMatchObject({ code: "evidence-failed", message: expect.stringContaining("ENOENT") });
    const disk = openSmallDisk(16);
    if ("reason" in disk) return skip(disk.reason);
    try {
      const full = await fixture.sweep("archive", sweep, "--output", join(disk.path, "case.zip"));
      expect(full.error).toMatchObject({ code: "evidence-failed", message: expect.stringContaining("the disk is full (ENOSPC)") });
      expect(readdirSync(disk.path)).toEqual([]);
    } finally {
      disk.remove();
    }
  });

  test("follows a rotated log, and names an older file that was moved away", async () => {
    const before = readdirSync(fixture.folder);
    const silent = { write: () => true };
    const screen = { stdin: new PassThrough(), stdout: silent, stderr: silent, signal: new AbortController().signal };
    expect(await runAudit(["rotate", "--config", fixture.config], screen)).toBe(0);
    const aside = join(
      fixture.folder,
      readdirSync(fixture.folder).find((name) => name.startsWith("audit-") && !before.includes(name)) ?? "",
    );
    const output = join(fixture.folder, "rotated.zip");
    const rotated = await fixture.sweep("archive", sweep, "--output", output);
    expect(rotated).toMatchObject({ success: true, audit_entries: made.audit_entries, archive: { sha256: made.archive.sha256 } });
    renameSync(aside, join(fixture.folder, "elsewhere.jsonl"));
    const lacking = await fixture.sweep("archive", sweep, "--output", join(fixture.folder, "no-older-log.zip"));
    expect(lacking).toMatchObject({ exit: 6, incomplete: true, audit_entries: 0 });
    expect(lacking.not_known.join(" ")).toContain("An older file of the rotated audit log is not beside it");
    expect(lacking.not_known.join(" ")).toContain("The audit entries of 6 messages that are done");
    renameSync(join(fixture.folder, "elsewhere.jsonl"), aside);
  });

  test("is not made while the sweep runs", async () => {
    const planned = await fixture.sweep(
      ...["plan", "--internet-message-id", "<nobody@mailer.example.net>", "--mailboxes", "user01@example.com", "--then", "junk-mail"],
    );
    expect(await fixture.sweep("archive", planned.sweep, "--output", join(fixture.folder, "planned.zip"))).toMatchObject({
      ...{ success: true, evidence: { kept: 0, missing: 0 } },
    });
    if (noPython === undefined) expect(verify(join(fixture.folder, "planned.zip"))).toMatchObject({ status: 0 });
    fixture.host.put("user04@example.com", { internetMessageId: "<late@mailer.example.net>", subject: "Late" });
    const waiting = await fixture.sweep(
      ...["plan", "--internet-message-id", "<late@mailer.example.net>", "--mailboxes", "user04@example.com", "--then", "junk-mail"],
    );
    await fixture.sweep("run", waiting.sweep, "--plan", waiting.plan_hash, "--yes", "--detach");
    const refused = await fixture.sweep("archive", waiting.sweep, "--output", join(fixture.folder, "running.zip"));
    expect(refused.error).toMatchObject({ code: "changed", message: expect.stringContaining("is running") });
  });

  test("has the calendar entries that were removed, and their audit entries are no steps of people", async () => {
    const meeting = "<meeting.2@mailer.example.net>";
    const invited = ["user05@example.com", "user06@example.com"];
    deliverInvitation(fixture.host.lab.store, invited, {
      ...{ messageId: meeting, uid: "meeting.2@mailer.example.net", organizer: "payroll@example.net", subject: "Review" },
      ...{ start: new Date(Date.UTC(2026, 6, 1, 9)), location: "Room 1" },
    });
    const find = ["--internet-message-id", meeting, "--mailboxes", invited.join(",")];
    const planned = await fixture.sweep("plan", ...find, "--then", "delete-email", "--keep-evidence");
    await fixture.sweep("run", planned.sweep, "--plan", planned.plan_hash, "--yes");
    const output = join(fixture.folder, "meeting.zip");
    const archived = await fixture.sweep("archive", planned.sweep, "--output", output);
    expect(archived).toMatchObject({ exit: 0, not_known: [], evidence: { missing: 0 } });
    if (noPython === undefined) expect(verify(output, archived.archive.sha256)).toMatchObject({ status: 0 });
    const page = String((await filesOf(readFileSync(output))).get("report.html"));
    expect(page).toContain("<td>calendar entry</td>");
    expect(page).toContain("sweep run (audit log)");
    expect(page).not.toContain("sweep calendar (audit log)");
  });
});
