import { execFileSync, fork } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Failure } from "../../../src/failure.ts";
import { withLock } from "../../../src/perform/audit/audit-lock.ts";
import { type AuditEntry, openAudit } from "../../../src/perform/audit/audit-log.ts";
import { verifyAudit } from "../../../src/perform/audit/verify-audit.ts";

const sha256 = /^[0-9a-f]{64}$/;

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mailcordon-audit-"));
  file = join(folder, "audit.jsonl");
});
afterEach(() => rmSync(folder, { recursive: true }));

function entry(subject: string): AuditEntry {
  const what = { phase: "began", action: "delete-email", effect: "destroy", call_id: subject } as const;
  return { ...what, actor: "ann", mailbox: "bob@example.com", backend: "ews", targets: [{ item_id: "AAMk=", subject }] };
}

async function written(...subjects: string[]): Promise<string[]> {
  const log = openAudit(file, { now: () => new Date("2026-01-02T03:04:05Z") });
  for (const subject of subjects) await log.append(entry(subject));
  return readFileSync(file, "utf8").split("\n");
}

test("unlimited subjects neither fill the audit log nor block further entries, and ids stay whole", async () => {
  const log = openAudit(file);
  const item_id = "A".repeat(2000);
  const target = { item_id, subject: "s".repeat(70_000) };
  await log.append({ ...entry("x"), targets: Array.from({ length: 1000 }, () => target) });
  await log.append(entry("y"));
  const [line = ""] = readFileSync(file, "utf8").split("\n");
  expect(JSON.parse(line).targets[999]).toEqual({ item_id, subject: `${"s".repeat(2048)}… [67952 more characters]` });
  expect(await verifyAudit(file)).toMatchObject({ entries: 2, torn: [] });
});

test("every entry is one line with the hash of the entry before", async () => {
  const lines = await written("one", 'two\nlines \u2028 {"previous":"x"}', "three");
  expect(lines).toHaveLength(4);
  expect(lines.slice(0, 3).map((line) => JSON.parse(line).targets[0].subject)).toEqual([
    "one",
    'two\nlines \u2028 {"previous":"x"}',
    "three",
  ]);
  expect(lines[1]).not.toMatch(/[\p{Cc}\p{Zl}]/u);
  const { lastHash } = await verifyAudit(file);
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({ previous: "0".repeat(64), time: "2026-01-02T03:04:05.000Z", actor: "ann" });
  expect(await verifyAudit(file)).toMatchObject({ entries: 3, lastHash: expect.stringMatching(sha256), torn: [] });
  const [, , , fourth = ""] = await written("four");
  expect(JSON.parse(fourth).previous).toBe(lastHash);
});

test.skipIf(process.platform === "win32")("only the owner of the audit log may read it", async () => {
  await written("one");
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test("a changed entry is detected at the next entry", async () => {
  await written("one", "two", "three");
  writeFileSync(file, readFileSync(file, "utf8").replace('"two"', '"2wo"').replace('"two"', '"2wo"'));
  expect(await verifyAudit(file)).toMatchObject({ entries: 2, broken: { line: 3 } });
});

test("a removed entry is detected", async () => {
  const lines = await written("one", "two", "three");
  writeFileSync(file, [lines[0], lines[2], ""].join("\n"));
  expect(await verifyAudit(file)).toMatchObject({ entries: 1, broken: { line: 2 } });
});

test("a changed order of entries is detected", async () => {
  const lines = await written("one", "two", "three");
  writeFileSync(file, [lines[1], lines[0], lines[2], ""].join("\n"));
  expect(await verifyAudit(file)).toMatchObject({ entries: 0, broken: { line: 1 } });
});

test("an unreadable line in the middle is not mistaken for a line torn by a crash", async () => {
  const lines = await written("one", "two", "three");
  writeFileSync(file, [lines[0], lines[1]?.slice(0, 20), lines[2], ""].join("\n"));
  expect(await verifyAudit(file)).toMatchObject({ entries: 1, broken: { line: 2 } });
});

test("an unreadable but complete last line is not mistaken for a line torn by a crash", async () => {
  const lines = await written("one", "two");
  writeFileSync(file, [lines[0], lines[1]?.slice(0, 20), ""].join("\n"));
  expect(await verifyAudit(file)).toMatchObject({ entries: 1, broken: { line: 2 } });
});

test.each([2, 30])(
  "a last line torn by a crash %i bytes early is reported, and the next entry continues the chain and records it",
  async (bytes) => {
    await written("one", "two");
    truncateSync(file, statSync(file).size - bytes);
    expect(await verifyAudit(file)).toMatchObject({ entries: 1, lastHash: expect.stringMatching(sha256), torn: [2] });
    const lines = await written("three", "four");
    expect(JSON.parse(lines[2] ?? "").after_torn).toHaveLength(1);
    expect(await verifyAudit(file)).toMatchObject({ entries: 3, lastHash: expect.stringMatching(sha256), torn: [2] });
    writeFileSync(file, readFileSync(file, "utf8").replace('"after_torn":["', '"after_torn":["0'));
    expect(await verifyAudit(file)).toMatchObject({ broken: { line: 2 } });
  },
);

test("a last line without its line feed is continued as complete", async () => {
  await written("one", "two");
  truncateSync(file, statSync(file).size - 1);
  expect(await verifyAudit(file)).toMatchObject({ entries: 1, lastHash: expect.stringMatching(sha256), torn: [2] });
  await written("three");
  expect(await verifyAudit(file)).toMatchObject({ entries: 3, lastHash: expect.stringMatching(sha256), torn: [] });
});

test("the audit log survives a crash while it continues after a crash", async () => {
  await written("one");
  appendFileSync(file, '{"previous":"abc"');
  appendFileSync(file, '\n{"prev');
  await written("two");
  expect(await verifyAudit(file)).toMatchObject({ entries: 2, lastHash: expect.stringMatching(sha256), torn: [2, 3] });
});

test("the audit log survives a crash in its first entry", async () => {
  writeFileSync(file, '{"previous":"000');
  await written("one");
  expect(await verifyAudit(file)).toMatchObject({ entries: 1, lastHash: expect.stringMatching(sha256), torn: [1] });
});

test("the chain is found again behind a last entry of many targets", async () => {
  const log = openAudit(file);
  const targets = Array.from({ length: 3000 }, (_, at) => ({ item_id: `${at}`.padStart(150, "A"), subject: "\u65e5".repeat(20) }));
  await log.append({ ...entry("many"), targets });
  await log.append(entry("after"));
  expect(await verifyAudit(file)).toMatchObject({ entries: 2, lastHash: expect.stringMatching(sha256), torn: [] });
});

test("nothing is appended to a file that is not an audit log", async () => {
  writeFileSync(file, "root:x:0:0\n");
  await expect(openAudit(file).append(entry("one"))).rejects.toMatchObject({ code: "audit-failed" });
  expect(readFileSync(file, "utf8")).toBe("root:x:0:0\n");
});

test("a symbolic link is not followed", async () => {
  const target = join(folder, "target");
  writeFileSync(target, "");
  symlinkSync(target, file);
  await expect(openAudit(file).append(entry("one"))).rejects.toMatchObject({ code: "audit-failed" });
  expect(readFileSync(target, "utf8")).toBe("");
});

test("an audit log that cannot be written is audit-failed", async () => {
  mkdirSync(file);
  await expect(openAudit(file).append(entry("one"))).rejects.toMatchObject({ code: "audit-failed" });
  await expect(verifyAudit(join(folder, "absent"))).rejects.toMatchObject({ code: "audit-failed" });
});

test("an entry can be written after one that could not", async () => {
  writeFileSync(file, "no audit\n");
  const log = openAudit(file);
  await expect(log.append(entry("one"))).rejects.toMatchObject({ code: "audit-failed" });
  rmSync(file);
  await log.append(entry("two"));
  expect(await verifyAudit(file)).toMatchObject({ entries: 1, lastHash: expect.stringMatching(sha256), torn: [] });
});

test("several processes that append concurrently keep one unbroken chain", async () => {
  const script = join(folder, "append.mjs");
  const source = new URL("../../../src/perform/audit/audit-log.ts", import.meta.url);
  // Bundled by the same tool as the program, since Node 20 does not read TypeScript.
  const { build } = await import("esbuild");
  await build({
    entryPoints: [source.pathname],
    bundle: true,
    platform: "node",
    format: "esm",
    outfile: join(folder, "audit.mjs"),
    logLevel: "error",
  });
  writeFileSync(
    script,
    `import { openAudit } from "./audit.mjs";
     const log = openAudit(${JSON.stringify(file)});
     const targets = [{ subject: process.argv[2] }];
     await Promise.all(Array.from({ length: 15 }, () => log.append({ phase: "began", action: "a", effect: "change", actor: "x", mailbox: "m", backend: "ews", call_id: "c", targets })));`,
  );
  const ends = ["a", "b", "c"].map((name) => new Promise((resolve) => fork(script, [name]).on("exit", resolve)));
  expect(await Promise.all(ends)).toEqual([0, 0, 0]);
  expect(await verifyAudit(file)).toMatchObject({ entries: 45, lastHash: expect.stringMatching(sha256), torn: [] });
});

/** A lock as mailcordon writes it, taken from one that it holds. */
async function heldLock(): Promise<Record<string, unknown>> {
  return await withLock(`${file}.sample`, async () => JSON.parse(readFileSync(`${file}.sample`, "utf8")));
}

describe("a lock", () => {
  const wholeAfterOne = { entries: 1, lastHash: expect.stringMatching(sha256), torn: [] };
  /** Writes one entry beside such a lock. */
  async function writtenBeside(lock: string | object): Promise<void> {
    writeFileSync(`${file}.lock`, typeof lock === "string" ? lock : JSON.stringify(lock));
    await written("one");
    expect(await verifyAudit(file)).toMatchObject(wholeAfterOne);
    expect(readdirSync(folder)).toEqual(["audit.jsonl"]);
  }
  async function deadProcess(): Promise<number> {
    return await new Promise((resolve) => {
      const child = fork("-e", [], { execArgv: [], stdio: "ignore" });
      child.on("exit", () => resolve(child.pid ?? 0));
    });
  }

  test("that a dead process left is void", async () => {
    await writtenBeside({ ...(await heldLock()), token: "old", pid: await deadProcess() });
  });

  test.each(["", "{}", '{"token":', '{"token":"x","pid":1}', "x".repeat(10_000)])(
    "that a full disk left without a whole owner is void: %.20s",
    async (content) => {
      await writtenBeside(content);
    },
  );

  test("with a time in the future is void, even if its process runs", async () => {
    await writtenBeside({ ...(await heldLock()), since: Date.now() + 3_600_000 });
  });

  test("that is older than a minute is void, even if its process runs", async () => {
    await writtenBeside({ ...(await heldLock()), since: Date.now() - 61_000 });
  });

  test.skipIf(process.platform !== "linux")("of a process whose number another process now has is void (Linux)", async () => {
    await writtenBeside({ ...(await heldLock()), token: "old", pid: process.ppid });
  });

  test.each(["host", "boot"])("whose owner cannot be checked, because it is in another %s, is void after two seconds", async (member) => {
    const began = performance.now();
    await writtenBeside({ ...(await heldLock()), [member]: "another" });
    expect(performance.now() - began).toBeGreaterThan(1900);
  });

  test("that is a link or a pipe is void, and not followed or waited for", async () => {
    writeFileSync(join(folder, "target"), "kept");
    symlinkSync(join(folder, "target"), `${file}.lock`);
    await written("one");
    expect(readFileSync(join(folder, "target"), "utf8")).toBe("kept");
    execFileSync("mkfifo", [`${file}.lock`]);
    await written("two");
    expect(await verifyAudit(file)).toMatchObject({ entries: 2 });
  });

  test("left behind by a process that was killed while it broke another is void as well", async () => {
    writeFileSync(`${file}.lock.breaking`, "");
    await writtenBeside("");
  });

  test("of a process that runs is waited for, then reported, and left in place", async () => {
    const lock = JSON.stringify({ ...(await heldLock()), token: "of somebody" });
    writeFileSync(`${file}.lock`, lock);
    await expect(openAudit(file).append(entry("one"))).rejects.toMatchObject({
      code: "audit-failed",
      message: expect.stringContaining("stayed locked"),
    });
    expect(readFileSync(`${file}.lock`, "utf8")).toBe(lock);
  });

  test("is never seen empty by another process", async () => {
    let seenEmpty = 0;
    let ended = false;
    const looking = (async () => {
      while (!ended) {
        const content = await readFile(`${file}.lock`, "utf8").catch(() => "gone");
        if (content === "") seenEmpty += 1;
      }
    })();
    const log = openAudit(file);
    for (let at = 0; at < 200; at += 1) await log.append(entry(`${at}`));
    ended = true;
    await looking;
    expect(seenEmpty).toBe(0);
  });
});

describe("with a lock of a database", () => {
  test("every entry is written while it is held, and the file's own lock as well", async () => {
    const held: string[] = [];
    const log = openAudit(file, {
      exclusively: async (name, work) => {
        held.push(name);
        const before = existsSync(file) ? readFileSync(file, "utf8") : "";
        const done = await work();
        expect(readFileSync(file, "utf8").length).toBeGreaterThan(before.length);
        return done;
      },
    });
    writeFileSync(`${file}.lock`, JSON.stringify({ ...(await heldLock()), since: Date.now() - 58_000 }));
    const began = performance.now();
    await log.append(entry("one"));
    expect(performance.now() - began).toBeGreaterThan(1000);
    await log.append(entry("two"));
    expect(held).toEqual([`audit ${file}`, `audit ${file}`]);
  });

  test("an entry is written without the database, and once if the database fails afterwards", async () => {
    const away = openAudit(file, { exclusively: () => Promise.reject(new Failure("unreachable", "The database is away.")) });
    await away.append(entry("one"));
    const breaking = openAudit(file, {
      exclusively: async (_, work) => {
        await work();
        throw new Failure("unreachable", "The database went away.");
      },
    });
    await expect(breaking.append(entry("two"))).rejects.toMatchObject({ code: "unreachable" });
    expect(await verifyAudit(file)).toMatchObject({ entries: 2 });
  });
});
