import { appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { openEvidence } from "../../../src/perform/evidence/hash-and-store.ts";
import { type EvidenceLines, openIndexedEvidence } from "../../../src/perform/evidence/indexed-evidence.ts";
import type { State } from "../../../src/state/state.ts";
import { temporaryState } from "../../state/temporary.ts";

/** The byte at which each reading of an index began. */
const { readings } = vi.hoisted(() => ({ readings: [] as number[] }));
vi.mock("../../../src/files/read-lines.ts", async (original) => {
  const real = await original<typeof import("../../../src/files/read-lines.ts")>();
  const linesOf: typeof real.linesOf = (file, start = 0) => {
    readings.push(start);
    return real.linesOf(file, start);
  };
  return { ...real, linesOf };
});

const database = temporaryState();
let state: State;
let folder: string;
beforeAll(async () => {
  state = await database.open();
});
afterAll(() => database.remove());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mailcordon-evidence-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Keeps evidence as the command line does: in the file alone. */
const keep = (text: string, mailbox: string, place = folder) =>
  openEvidence(place).keep(
    (async function* () {
      yield Buffer.from(text);
    })(),
    { name: "mail.eml", source: { mailbox } },
  );
const indexFile = () => join(folder, "index.jsonl");
/** A process of its own: nothing but the database is shared. */
const open = (lines: EvidenceLines = state.evidenceLines) => openIndexedEvidence(folder, lines);
const mailboxes = async (sha256: string, index = open()) => (await index.find(sha256)).map(({ mailbox }) => mailbox);

describe("an index in the database", () => {
  test("finds what the command line has kept between two look-ups, and reads only that", async () => {
    const { sha256 } = await keep("abc", "ann@example.com");
    const index = open();
    expect(await mailboxes(sha256, index)).toEqual(["ann@example.com"]);
    const { size } = statSync(indexFile());
    await keep("abc", "bob@example.com");
    const other = await keep("other", "carl@example.com");
    readings.length = 0;
    expect(await mailboxes(sha256, index)).toEqual(["ann@example.com", "bob@example.com"]);
    expect(await mailboxes(other.sha256)).toEqual(["carl@example.com"]);
    expect(readings).toEqual([size]);
  });

  test("of 200,000 entries is read once, whatever number of look-ups and processes", { timeout: 120_000 }, async () => {
    const kept = await keep("abc", "ann@example.com");
    const line = readFileSync(indexFile(), "utf8");
    const others = Array.from({ length: 200_000 }, (_, at) => line.replaceAll(kept.sha256, at.toString(16).padStart(64, "0")));
    appendFileSync(indexFile(), others.join(""));
    const last = await keep("last", "bob@example.com");
    readings.length = 0;
    await open().catchUp?.();
    expect(readings).toEqual([0]);
    readings.length = 0;
    expect(await mailboxes(kept.sha256)).toEqual(["ann@example.com"]);
    expect(await mailboxes(last.sha256)).toEqual(["bob@example.com"]);
    expect(await mailboxes((199_999).toString(16).padStart(64, "0"))).toEqual(["ann@example.com"]);
    expect(await mailboxes("f".repeat(64))).toEqual([]);
    expect(readings).toEqual([]);
  });

  test("that several processes read for the first time has each entry once", async () => {
    const { sha256 } = await keep("abc", "ann@example.com");
    for (let at = 0; at < 20; at += 1) await keep("abc", `user${at}@example.com`);
    const answers = await Promise.all([mailboxes(sha256), mailboxes(sha256), mailboxes(sha256)]);
    for (const answer of [...answers, await mailboxes(sha256)]) {
      expect(answer).toHaveLength(21);
      expect(new Set(answer).size).toBe(21);
    }
  });

  test.each([
    ["cut", (text: string) => `${text.split("\n").slice(0, 1).join("\n")}\n`],
    ["changed without a change of its size", (text: string) => text.replace("carl@example.com", "dora@example.com")],
  ])("that was %s is read again", async (_, change) => {
    const { sha256 } = await keep("abc", "ann@example.com");
    await keep("abc", "carl@example.com");
    expect(await mailboxes(sha256)).toEqual(["ann@example.com", "carl@example.com"]);
    writeFileSync(indexFile(), change(readFileSync(indexFile(), "utf8")));
    const now = readFileSync(indexFile(), "utf8").trim().split("\n");
    expect(await mailboxes(sha256)).toEqual(now.map((line) => JSON.parse(line).source.mailbox));
  });

  test("does not return evidence of an earlier folder of the same path", async () => {
    const { sha256 } = await keep("abc", "ann@example.com");
    expect(await mailboxes(sha256)).toEqual(["ann@example.com"]);
    renameSync(folder, `${folder}-old`);
    try {
      const other = await keep("abc", "bob@example.com");
      expect(await mailboxes(other.sha256)).toEqual(["bob@example.com"]);
    } finally {
      rmSync(`${folder}-old`, { recursive: true });
    }
  });

  test("takes up a line that ends later", async () => {
    const { sha256 } = await keep("abc", "ann@example.com");
    await keep("abc", "bob@example.com");
    const whole = readFileSync(indexFile(), "utf8");
    writeFileSync(indexFile(), whole.slice(0, -40));
    expect(await mailboxes(sha256)).toEqual(["ann@example.com"]);
    writeFileSync(indexFile(), whole);
    expect(await mailboxes(sha256)).toEqual(["ann@example.com", "bob@example.com"]);
  });

  test("is read from its file if the database forgets it again and again", async () => {
    const { sha256 } = await keep("abc", "ann@example.com");
    const forgetful: EvidenceLines = {
      find: async () => ({ readTo: undefined, lines: [] }),
      add: async () => false,
      forget: async () => undefined,
    };
    expect(await mailboxes(sha256, open(forgetful))).toEqual(["ann@example.com"]);
  });

  test("fails if the database does not answer, and never says that there is no such evidence", async () => {
    const { sha256 } = await keep("abc", "ann@example.com");
    const away = { ...state.evidenceLines, find: () => Promise.reject(new Error("away")) };
    await expect(open(away).find(sha256)).rejects.toThrow("away");
  });

  test("takes mailboxes with quotes, backslashes and NUL as they are", async () => {
    const mailbox = 'a"\\\u0000{},\n@example.com';
    const { sha256 } = await keep("abc", mailbox);
    expect(await mailboxes(sha256)).toEqual([mailbox]);
  });
});
