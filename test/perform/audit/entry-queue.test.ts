import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type AuditEntry, openAudit } from "../../../src/perform/audit/audit-log.ts";
import { type AuditHead, type AuditHeads, openHeadFile } from "../../../src/perform/audit/audit-log-end.ts";
import { rotateAudit } from "../../../src/perform/audit/continue-log.ts";
import { settleAudits } from "../../../src/perform/audit/entry-queue.ts";
import type { Exclusively } from "../../../src/perform/audit/locked-log.ts";
import { verifyAudit } from "../../../src/perform/audit/verify-audit.ts";

let folder = "";
let file = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mailcordon-audit-queue-"));
  file = join(folder, "audit.jsonl");
});
afterEach(async () => {
  await settleAudits();
  rmSync(folder, { recursive: true });
});

const about = { effect: "read", actor: "ann", mailbox: "bob@example.com", backend: "ews", targets: [] } as const;
const read = (call_id: string): AuditEntry => ({ ...about, phase: "read", action: "get-out-of-office", call_id });
const began = (call_id: string): AuditEntry => ({ ...about, phase: "began", action: "delete-email", effect: "destroy", call_id });

/** Keeps the end as a database would, and counts. */
function countedEnds() {
  const count = { reads: 0, writes: 0, locks: 0 };
  let kept: AuditHead | undefined;
  const heads: AuditHeads = {
    place: "the database",
    read: async () => {
      count.reads += 1;
      return kept;
    },
    write: async (head) => {
      count.writes += 1;
      kept = head;
    },
  };
  const exclusively: Exclusively = async (_, work) => {
    count.locks += 1;
    return await work();
  };
  return { count, heads, exclusively, kept: () => kept };
}

const names = () =>
  readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line).call_id);

describe("entries that wait together", () => {
  test("share one lock, one stored end and one check of it, and each has its line", async () => {
    const { count, heads, exclusively } = countedEnds();
    const log = openAudit(file, { heads: [heads], exclusively });
    const wanted = Array.from({ length: 80 }, (_, at) => `${at}`);
    await Promise.all(wanted.map((name) => log.append(began(name))));
    expect(names()).toEqual(wanted);
    expect(count).toEqual({ reads: 1, writes: 1, locks: 1 });
    expect(await verifyAudit(file, { heads: [heads] })).toMatchObject({ entries: 80, end: "as-left" });
  });

  test("all fail if they cannot be written", async () => {
    writeFileSync(file, "no audit\n");
    const log = openAudit(file);
    const failed = await Promise.allSettled(["one", "two", "three"].map((name) => log.append(read(name))));
    expect(failed).toMatchObject(Array.from({ length: 3 }, () => ({ status: "rejected", reason: { code: "audit-failed" } })));
  });

  test("are written separately for logs with another key or another place for the end", async () => {
    const { heads } = countedEnds();
    const logs = [openAudit(file, { heads: [heads] }), openAudit(file, { heads: [heads], key: "k" })];
    await Promise.all(Array.from({ length: 10 }, (_, at) => logs[at % 2]?.append(read(`${at}`))));
    const sealed = readFileSync(file, "utf8").match(/"mac":/g) ?? [];
    expect(sealed).toHaveLength(5);
    expect(await verifyAudit(file, { heads: [heads] })).toMatchObject({ entries: 10, end: "as-left" });
  });
});

describe("a server that writes its log", () => {
  test("takes the lock and stores the end once for many consecutive reads", async () => {
    const { count, heads, exclusively } = countedEnds();
    const log = openAudit(file, { heads: [heads], exclusively, busy: true });
    for (let at = 0; at < 20; at += 1) {
      await log.append(read(`${at}`));
      expect(names()).toHaveLength(at + 1);
      // Meanwhile the log may be longer than its kept end says, and is never broken.
      expect((await verifyAudit(file, { heads: [heads] })).broken).toBeUndefined();
    }
    await settleAudits();
    // A machine under load may need more than one turn.
    expect(count.locks).toBeLessThan(10);
    expect(count.writes).toBe(count.locks);
    expect(await verifyAudit(file, { heads: [heads] })).toMatchObject({ entries: 20, end: "as-left" });
  });

  test("stores the end of an entry of a change before the call continues", async () => {
    const { heads, kept } = countedEnds();
    const log = openAudit(file, { heads: [heads], busy: true });
    for (let at = 0; at < 5; at += 1) {
      await log.append(read(`read ${at}`));
      await log.append(began(`${at}`));
      expect(kept()?.entries).toBe(2 * (at + 1));
    }
  });

  test("gives the lock to another writer on request, and continues after it", async () => {
    const heads = [openHeadFile(join(folder, "ends"), file)];
    const log = openAudit(file, { heads, busy: true });
    let isRotated = false;
    let written = 0;
    const writing = (async () => {
      while (!isRotated || written % 10 > 0) {
        await log.append(read(`${written}`));
        written += 1;
      }
    })();
    await pause(50);
    const asked = performance.now();
    const aside = await rotateAudit(file, { actor: "ann" }, { heads });
    expect(performance.now() - asked).toBeLessThan(5000);
    isRotated = true;
    await writing;
    await settleAudits();
    const [before, after] = [await verifyAudit(aside), await verifyAudit(file, { heads })];
    expect([before.broken, after.broken, after.end]).toEqual([undefined, undefined, "as-left"]);
    expect(before.entries + after.entries).toBe(written + 1);
  });

  test("detects within moments that its log was cut under its lock, and appends nothing more", async () => {
    const { heads } = countedEnds();
    const log = openAudit(file, { heads: [heads], busy: true });
    await log.append(read("one"));
    await log.append(read("two"));
    truncateSync(file, readFileSync(file, "utf8").indexOf("\n") + 1);
    const giveUp = performance.now() + 5000;
    const refused = async () => {
      for (;;) {
        const failure: unknown = await log.append(read("more")).catch((thrown: unknown) => thrown);
        if (failure !== undefined || performance.now() > giveUp) return failure;
      }
    };
    expect(await refused()).toMatchObject({ code: "audit-failed", message: expect.stringContaining("not as it was left") });
    await settleAudits();
    expect(await refused()).toMatchObject({ code: "audit-failed" });
    expect((await verifyAudit(file, { heads: [heads] })).broken).toBeDefined();
  });

  test("detects before a change that its log was cut under its lock", async () => {
    const { heads } = countedEnds();
    const log = openAudit(file, { heads: [heads], busy: true });
    await log.append(read("one"));
    truncateSync(file, 0);
    await expect(log.append(began("two"))).rejects.toMatchObject({ code: "audit-failed" });
    expect(readFileSync(file, "utf8")).toBe("");
  });

  test("fails the next read if the end of the last ones could not be stored", async () => {
    const heads: AuditHeads = {
      place: "a full disk",
      read: async () => undefined,
      write: () => Promise.reject(Object.assign(new Error("full"), { code: "ENOSPC" })),
    };
    const log = openAudit(file, { heads: [heads], busy: true });
    await log.append(read("one"));
    await settleAudits();
    await expect(log.append(read("two"))).rejects.toMatchObject({ code: "audit-failed", message: expect.stringContaining("ENOSPC") });
  });
});

describe.skipIf(process.platform === "win32")("a process that appends reads", () => {
  /** Appends until it ends, and prints the name of each entry that it was told is on the disk. */
  async function child(before = ""): Promise<{ readonly run: ReturnType<typeof spawn>; readonly told: () => string[] }> {
    const { build } = await import("esbuild");
    const entryPoint = new URL("../../../src/index.ts", import.meta.url).pathname;
    await build({
      stdin: {
        contents: `import { writeSync } from "node:fs";
          import { openAudit } from ${JSON.stringify(entryPoint.replace("index.ts", "perform/audit/audit-log.ts"))};
          import { openHeadFile } from ${JSON.stringify(entryPoint.replace("index.ts", "perform/audit/audit-log-end.ts"))};
          process.on("SIGXFSZ", () => undefined);
          const file = ${JSON.stringify(file)};
          const log = openAudit(file, { busy: true, heads: [openHeadFile(${JSON.stringify(join(folder, "ends"))}, file)] });
          const client = async (name) => {
            for (let at = 0; ; at += 1) {
              const call_id = name + at;
              await log.append({ ...${JSON.stringify(read(""))}, call_id });
              writeSync(1, call_id + "\\n");
            }
          };
          await Promise.all(["a", "b", "c"].map(client)).catch(({ code }) => writeSync(2, code));`,
        resolveDir: folder,
        loader: "ts",
      },
      ...{ bundle: true, platform: "node", format: "esm", outfile: join(folder, "child.mjs"), logLevel: "error" },
    });
    const run = spawn("sh", ["-c", `${before} exec "$0" "$1"`, process.execPath, join(folder, "child.mjs")]);
    let told = "";
    run.stdout.on("data", (bytes) => {
      told += bytes;
    });
    return { run, told: () => told.split("\n").slice(0, -1) };
  }

  test.each([60, 150, 400])("and is killed after %i ms leaves every acknowledged entry in a valid log", async (milliseconds) => {
    const heads = [openHeadFile(join(folder, "ends"), file)];
    const { run, told } = await child();
    const ended = new Promise((resolve) => run.on("close", resolve));
    await new Promise((resolve) => run.stdout?.once("data", resolve));
    await pause(milliseconds);
    run.kill("SIGKILL");
    await ended;
    expect(told().length).toBeGreaterThan(0);
    expect((await verifyAudit(file, { heads })).broken).toBeUndefined();
    const log = openAudit(file, { heads });
    await log.append(began("after"));
    expect(await verifyAudit(file, { heads })).toMatchObject({ end: "as-left" });
    const written = new Set(Array.from(readFileSync(file, "utf8").matchAll(/"call_id":"(\w+)"/g), ([, name]) => name));
    expect(told().filter((name) => !written.has(name))).toEqual([]);
  });

  test("on a full disk fails, with every acknowledged entry in the log", async () => {
    // A limit of 16 blocks of 512 or 1,024 bytes for each file: some 30 entries.
    const { run, told } = await child("ulimit -f 16;");
    let failed = "";
    run.stderr?.on("data", (bytes) => {
      failed += bytes;
    });
    expect(await new Promise((resolve) => run.on("close", resolve))).toBe(0);
    expect(failed).toBe("audit-failed");
    const { broken, entries } = await verifyAudit(file, { heads: [openHeadFile(join(folder, "ends"), file)] });
    expect([broken, entries >= told().length, told().length > 5]).toEqual([undefined, true, true]);
  });
});
