import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { verifyAudit } from "../../src/perform/audit/verify-audit.ts";
import { backends } from "../actions/lab-host.ts";
import { openSmallDisk, resizeSmallDisk } from "../full-disk.ts";
import { bucketName, openS3rver, openScriptedS3, refuse, s3rverKeys } from "../s3-servers.ts";
import { openSweepFixture, type SweepFixture } from "../sweeps/sweep-fixture.ts";

const messageId = "<campaign.8@mailer.example.net>";
const people = ["user01@example.com", "user02@example.com"];

describe.each(backends)("a sweep that keeps evidence over %s", (backend) => {
  let fixture: SweepFixture;
  const closing: (() => Promise<void>)[] = [];
  beforeEach(async () => {
    fixture = await openSweepFixture(backend);
  });
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
    await fixture.close();
  });

  const configure = (more: object) =>
    writeFileSync(
      fixture.config,
      JSON.stringify({ audit_file: "audit.jsonl", serve: { state_dir: "state" }, evidence_dir: "spool", ...more }),
    );
  const inBucket = (endpoint: string) => {
    vi.stubEnv("S3_ID", s3rverKeys.id);
    vi.stubEnv("S3_SECRET", s3rverKeys.secret);
    configure({ evidence_s3: { bucket: bucketName, endpoint, access_key_id: "env:S3_ID", secret_access_key: "env:S3_SECRET" } });
  };
  const planned = async (body = "Pay now.", ...more: readonly string[]) => {
    for (const person of people)
      fixture.host.put(person, {
        internetMessageId: messageId,
        subject: "Your invoice",
        body: { type: "Text", value: `${body} ${person}` },
      });
    return await fixture.sweep(
      ...[
        "plan",
        "--internet-message-id",
        messageId,
        "--mailboxes",
        people.join(","),
        "--then",
        "delete-email",
        "--keep-evidence",
        ...more,
      ],
    );
  };
  const inInbox = () =>
    people.map((person) =>
      [...fixture.host.mailbox(person).items()].filter((item) => item.internetMessageId === messageId).map(({ folder }) => folder.name),
    );

  test("in a bucket has each message there before it deletes it, and makes its archive from there", async () => {
    const server = await openS3rver();
    closing.push(() => server.close());
    inBucket(server.endpoint);
    const { sweep, plan_hash } = await planned();
    expect(await fixture.sweep("run", sweep, "--plan", plan_hash, "--yes")).toMatchObject({ exit: 0, counts: { done: 2 } });
    expect(server.keys().filter((key) => key.startsWith("evidence/"))).toHaveLength(2);
    expect(readdirSync(join(fixture.folder, "spool", "files"))).toEqual([]);
    const file = join(fixture.folder, "case.zip");
    expect(await fixture.sweep("archive", sweep, "--output", file)).toMatchObject({ exit: 0, evidence: { kept: 2, missing: 0 } });
    const python = spawnSync("python3", ["docs/reference/verify.py", file], { encoding: "utf8" });
    if (python.error === undefined) expect([python.status, python.stderr]).toEqual([0, ""]);
    const { targets } = await fixture.sweep("report", sweep);
    expect(targets[0].outcome.evidence.file_ref).toBe(`s3://${bucketName}/evidence/${targets[0].outcome.evidence.sha256}`);
  });

  test("in a bucket restores permanently deleted messages from there", async () => {
    const server = await openS3rver();
    closing.push(() => server.close());
    inBucket(server.endpoint);
    const { sweep, plan_hash } = await planned("Pay now.", "--delete-type", "hard", "--confirm-hard");
    const visible = () => inInbox().map((folders) => folders.filter((name) => name === "Inbox"));
    expect(await fixture.sweep("run", sweep, "--plan", plan_hash, "--yes")).toMatchObject({ exit: 0, counts: { done: 2 } });
    expect(visible()).toEqual([[], []]);
    expect(await fixture.sweep("undo", sweep, "--yes")).toMatchObject({ exit: 0, counts: { undone: 2 } });
    expect(visible()).toEqual([["Inbox"], ["Inbox"]]);
  });

  test("in a bucket without room deletes nothing and says so, and goes on when there is room", async () => {
    let isFull = true;
    const server = await openScriptedS3(({ method }, reply) => {
      if (method !== "PUT" || !isFull) return false;
      refuse(reply, 507, "XMinioStorageFull");
      return true;
    });
    closing.push(() => server.close());
    inBucket(server.endpoint);
    const { sweep, plan_hash } = await planned();
    const before = inInbox();
    expect(await fixture.sweep("run", sweep, "--plan", plan_hash, "--yes")).toMatchObject({ exit: 6, counts: { done: 0, failed: 2 } });
    expect(inInbox()).toEqual(before);
    const { targets } = await fixture.sweep("report", sweep);
    expect(targets[0].outcome.error).toMatchObject({
      ...{ code: "evidence-failed", message: expect.stringContaining("it has no room") },
      hint: expect.stringMatching(/^Free space/),
    });
    isFull = false;
    expect(await fixture.sweep("run", sweep, "--yes")).toMatchObject({ exit: 0, counts: { done: 2, failed: 0 } });
  });

  test("on a full disk deletes nothing that it could not keep, and goes on when there is room", async ({ skip }) => {
    const disk = openSmallDisk(256);
    if ("reason" in disk) return skip(disk.reason);
    closing.push(async () => disk.remove());
    configure({ evidence_dir: join(disk.path, "evidence") });
    writeFileSync(join(disk.path, "other"), "x".repeat(150_000));
    const { sweep, plan_hash } = await planned("Pay now. ".repeat(20_000));
    const before = inInbox();
    const ran = await fixture.sweep("run", sweep, "--plan", plan_hash, "--yes");
    expect(ran).toMatchObject({ exit: 6, counts: { done: 0, failed: 2 } });
    expect(inInbox()).toEqual(before);
    const { targets } = await fixture.sweep("report", sweep);
    for (const { outcome } of targets) {
      expect(outcome.error.message).toContain("the disk is full (ENOSPC)");
      expect(outcome.error.hint).toMatch(/^Free space where the evidence is kept/);
    }
    resizeSmallDisk(disk.path, 4096);
    expect(await fixture.sweep("run", sweep, "--yes")).toMatchObject({ exit: 0, counts: { done: 2, failed: 0 } });
    const { broken, gaps } = await verifyAudit(join(fixture.folder, "audit.jsonl"));
    expect([broken, gaps]).toEqual([undefined, []]);
    expect(
      readFileSync(join(disk.path, "evidence", "index.jsonl"), "utf8")
        .trim()
        .split("\n"),
    ).toHaveLength(2);
  });
});
