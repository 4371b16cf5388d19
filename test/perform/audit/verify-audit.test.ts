import { mkdtempSync, readFileSync, rmSync, truncateSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type AuditEntry, openAudit } from "../../../src/perform/audit/audit-log.ts";
import { openHeadFile } from "../../../src/perform/audit/audit-log-end.ts";
import { acceptAudit, rotateAudit } from "../../../src/perform/audit/continue-log.ts";
import type { AuditOptions } from "../../../src/perform/audit/locked-log.ts";
import { type AuditProof, verifyAudit } from "../../../src/perform/audit/verify-audit.ts";

let folder = "";
let file = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mailcordon-audit-verify-"));
  file = join(folder, "audit.jsonl");
});
afterEach(() => rmSync(folder, { recursive: true }));

const heads = () => [openHeadFile(join(folder, "heads"), file)];
const entry = (subject: string): AuditEntry => ({
  ...({ phase: "began", action: "delete-email", effect: "destroy", call_id: subject, actor: "ann" } as const),
  ...{ mailbox: "bob@example.com", backend: "ews", targets: [{ subject }] },
});
async function write(subjects: readonly string[], options: AuditOptions = { heads: heads() }): Promise<void> {
  const log = openAudit(file, options);
  for (const subject of subjects) await log.append(entry(subject));
}
const lines = () => readFileSync(file, "utf8").split("\n").slice(0, -1);
const put = (kept: readonly string[]) => writeFileSync(file, kept.map((line) => `${line}\n`).join(""));
const verify = (proof: AuditProof = {}) => verifyAudit(file, { heads: heads(), ...proof });
const attack: Readonly<Record<string, () => void>> = {
  "the last entry was edited": () => put([...lines().slice(0, 2), (lines()[2] ?? "").replace("three", "THREE")]),
  "the last two entries were cut off": () => put(lines().slice(0, 1)),
  "everything was cut off": () => truncateSync(file, 0),
  "the file was removed": () => unlinkSync(file),
};

describe("an audit log whose end is stored elsewhere", () => {
  beforeEach(() => write(["one", "two", "three"]));

  test("is reported to end as its writers left it", async () => {
    expect(await verify()).toMatchObject({ entries: 3, end: "as-left", gaps: [] });
    expect((await verify()).broken).toBeUndefined();
  });

  test.each(Object.keys(attack).filter((what) => what !== "the file was removed"))("fails its verification if %s", async (what) => {
    attack[what]?.();
    expect((await verify()).broken).toMatchObject({
      problem: expect.stringMatching(/left it with entry 3|is not the one that mailcordon wrote/),
    });
  });

  test.each(Object.keys(attack))("is not continued if %s, and the failure says how to proceed", async (what) => {
    attack[what]?.();
    await expect(write(["four"])).rejects.toMatchObject({
      code: "audit-failed",
      message: expect.stringMatching(/is not as it was left: .*Nothing was appended/),
      hint: expect.stringContaining("mailcordon audit accept --reason"),
    });
  });

  test("that was rewritten is broken, even as a complete chain of the same length", async () => {
    unlinkSync(file);
    await write(["ONE", "TWO", "THREE"], {});
    expect((await verify()).broken).toMatchObject({ line: 3 });
    await expect(write(["four"])).rejects.toMatchObject({ message: expect.stringContaining("entry 3 is not the one") });
  });

  test("that was overwritten fails with the next steps: move it away, and accept it", async () => {
    writeFileSync(file, "anything else\n");
    await expect(write(["four"])).rejects.toMatchObject({ hint: expect.stringContaining("move it away") });
    unlinkSync(file);
    await acceptAudit(file, { actor: "ann", reason: "it was overwritten" }, { heads: heads() });
    await write(["four"]);
    expect(await verify()).toMatchObject({ entries: 2, end: "as-left", gaps: [{ line: 1 }] });
  });

  test("that was rewritten is broken, even as a longer complete chain", async () => {
    unlinkSync(file);
    await write(["ONE", "TWO", "THREE", "FOUR"], {});
    expect((await verify()).broken).toMatchObject({ line: 3, problem: expect.stringContaining("is not the one that mailcordon wrote") });
  });

  test("that was edited in its last entry is broken, even with an entry appended to it", async () => {
    attack["the last entry was edited"]?.();
    await write(["four"], {});
    expect((await verify()).broken).toMatchObject({ line: 3, problem: expect.stringContaining("is not the one that mailcordon wrote") });
  });

  test("counts a last entry without its line feed, and ends as left after the next entry", async () => {
    await write(["four"], {});
    truncateSync(file, readFileSync(file).length - 1);
    await write(["five"]);
    expect(await verify()).toMatchObject({ entries: 5, end: "as-left" });
  });

  test.each(Object.keys(attack))("continues after a person accepted that %s, with an entry that names the gap", async (what) => {
    attack[what]?.();
    await acceptAudit(file, { actor: "ann", reason: "disk restored" }, { heads: heads() });
    await write(["four"]);
    const check = await verify();
    expect(check.broken).toBeUndefined();
    expect(check).toMatchObject({ end: "as-left", gaps: [{ reason: "disk restored" }] });
    expect(JSON.parse(lines().at(-2) ?? "")).toMatchObject({ action: "audit-accept", actor: "ann", expected: { entries: 3 } });
  });

  test("may be longer than its stored end, because a writer may store its end elsewhere or die before", async () => {
    await write(["by another"], {});
    expect(await verify()).toMatchObject({ entries: 4, end: "longer" });
    await write(["five"]);
    expect(await verify()).toMatchObject({ entries: 5, end: "as-left" });
  });

  test("continues in a new file after a rotation, and both files are valid", async () => {
    const aside = await rotateAudit(file, { actor: "ann" }, { heads: heads() });
    await write(["four"]);
    expect(await verifyAudit(aside)).toMatchObject({ entries: 3, lastHash: JSON.parse(lines()[0] ?? "").previous });
    expect(await verify()).toMatchObject({ entries: 2, end: "as-left" });
    expect((await verify()).broken).toBeUndefined();
  });
});

describe("a hash that was kept elsewhere", () => {
  test("detects a log without its entry and a log that was rewritten", async () => {
    await write(["one", "two"], {});
    const { lastHash } = await verifyAudit(file);
    await write(["three"], {});
    expect((await verifyAudit(file, { contains: lastHash })).broken).toBeUndefined();
    expect(await verifyAudit(file, { since: lastHash })).toMatchObject({ entries: 1 });
    put(lines().slice(0, 1));
    expect((await verifyAudit(file, { contains: lastHash })).broken).toMatchObject({ problem: expect.stringContaining(lastHash) });
  });

  test("is what the verification reports as missing if no end is stored", async () => {
    await write(["one"], {});
    expect((await verifyAudit(file)).cannotKnow.join()).toContain("--contains was not given");
    expect((await verify()).end).toBe("unknown");
  });
});

describe("an HMAC key", () => {
  const key = "k".repeat(32);

  test("detects an entry written without it, even in a complete chain", async () => {
    await write(["one"], { key });
    expect((await verifyAudit(file, { key })).broken).toBeUndefined();
    await write(["two"], {});
    await write(["three"], { key: "another" });
    expect((await verifyAudit(file)).broken).toBeUndefined();
    expect((await verifyAudit(file, { key })).broken).toMatchObject({ line: 2, problem: expect.stringContaining("HMAC") });
  });

  test("still counts entries from before it, and reports them", async () => {
    await write(["one"], {});
    await write(["two"], { key });
    expect(await verifyAudit(file, { key })).toMatchObject({ entries: 2, unsealed: 1 });
    const { cannotKnow } = await verifyAudit(file, { key: "another" });
    expect(cannotKnow).toContain("Who wrote the first 2 entries: they have no HMAC made with this HMAC key.");
  });
});

test("a log that was removed is reported as removed, and one that never was as a wrong path", async () => {
  await write(["one", "two"]);
  unlinkSync(file);
  await expect(verify()).rejects.toMatchObject({
    code: "audit-failed",
    message: expect.stringContaining("its writers left it with 2 entries"),
  });
  await expect(verifyAudit(join(folder, "other.jsonl"))).rejects.toMatchObject({ message: "There is no such audit file." });
});
