import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type AuditEntry, openAudit } from "../../../src/perform/audit/audit-log.ts";
import { doneBefore } from "../../../src/perform/audit/done-before.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "mailcordon-done-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const entry: AuditEntry = {
  phase: "ended",
  action: "erase-words",
  effect: "destroy",
  actor: "ann",
  mailbox: "User01@example.com",
  backend: "ews",
  call_id: "1",
  targets: [
    { item_id: "AAMk1=", internet_message_id: "<one@example.net>" },
    { item_id: "AAMk2=", internet_message_id: "<two@example.net>" },
  ],
  outcome: [{ status: "done", action: "erased" }, { status: "failed" }],
};
const names = ["AAMk1=", "AAMk2=", "one@example.net", "<two@example.net>", "AAMk3="];

test("a logged deletion is found by id or Message-ID, for this mailbox and action only", async () => {
  const file = join(folder, "audit.jsonl");
  const log = openAudit(file);
  await log.append({ ...entry, phase: "began", call_id: "0", targets: [{ item_id: "AAMk3=" }], outcome: [{ status: "done" }] });
  await log.append(entry);
  writeFileSync(file, "torn by a cra", { flag: "a" });
  const asked = { action: "erase-words", mailbox: "user01@example.com", names };
  expect(await doneBefore(file, asked)).toEqual(new Set(["AAMk1=", "one@example.net"]));
  expect(await doneBefore(file, { ...asked, mailbox: "user02@example.com" })).toEqual(new Set());
  expect(await doneBefore(file, { ...asked, action: "erase" })).toEqual(new Set());
});

test("a missing audit log shows nothing", async () => {
  const asked = { action: "erase-words", mailbox: "user01@example.com", names };
  expect(await doneBefore(join(folder, "none.jsonl"), asked)).toEqual(new Set());
  expect(await doneBefore(folder, asked)).toEqual(new Set());
});
