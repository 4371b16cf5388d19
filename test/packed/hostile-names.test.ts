import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Lab, startLab } from "../../src/lab/lab.ts";
import { labPermissions, labToken } from "../../src/lab/practice.ts";
import { backends } from "../actions/lab-host.ts";
import { type Built, build, environmentOf, start } from "../built.ts";

const who = "user01@example.com";
const names = ["mailcordon.yaml", "audit.jsonl", "audit.jsonl.lock", "index.jsonl", "MAILCORDON.YAML"];
const trap =
  "connections: { trap: { ews: { url: http://127.0.0.1:1/ }, auth: { basic: { username: a, password: env:MAILCORDON_PASSWORD } } } }\n";
let built: Built;
let lab: Lab;
let folder = "";
beforeAll(async () => {
  built = build();
  lab = await startLab({ graph: { tokens: { [labToken]: labPermissions } } });
  const mailbox = lab.store.mailbox(who);
  if (mailbox === undefined) throw new Error("the lab has no such mailbox");
  const attachments = names.map((name) => ({ kind: "file" as const, name, contentType: "text/plain", content: Buffer.from(trap) }));
  mailbox.add(mailbox.known("inbox"), { subject: "Settings", internetMessageId: "<trap@example.net>", attachments });
});
afterAll(() => lab.close());

describe.each(backends)("attachments with names of mailcordon's files, kept in the working directory over %s,", (backend) => {
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "mailcordon-names-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const run = (...words: string[]) => start(process.execPath, [built.program, ...words], environmentOf(lab, backend), folder).ended;

  test("do not become settings, an audit log, a lock or an index", async () => {
    const kept = await run("get-attachments", "--mailbox", who, "--internet-message-id", "<trap@example.net>", "--out", ".");
    expect(kept.code).toBe(0);
    expect(
      readdirSync(folder)
        .filter((name) => !name.startsWith("."))
        .sort(),
    ).toEqual(["files", "index.jsonl"]);
    const files = readdirSync(join(folder, "files"));
    // Two names differ in case only and hold the same bytes: those are kept once.
    expect(files).toHaveLength(names.length - 1);
    expect(files.filter((name) => !name.startsWith("_"))).toEqual([]);

    const audit = join(folder, ".local/state/mailcordon/audit.jsonl");
    const sent = await run("send-email", "--to", who, "--subject", "Next", "--body-text", "x", "--yes");
    expect([sent.code, sent.err]).toEqual([0, ""]);
    expect(readFileSync(audit, "utf8")).not.toContain("connections:");
    expect(existsSync(join(folder, "audit.jsonl"))).toBe(false);
  });

  test("are refused by name even if a settings file exists there", async () => {
    writeFileSync(join(folder, "mailcordon.yaml"), trap);
    const { code, err, out } = await run("get-out-of-office");
    expect(code).toBe(3);
    expect(err + out).toContain(`${join(folder, "mailcordon.yaml")} is in a folder that contains evidence`);
  });
});
