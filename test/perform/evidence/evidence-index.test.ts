import { appendFileSync, mkdtempSync, readFileSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type EvidenceCopy, openEvidenceIndex } from "../../../src/perform/evidence/evidence-index.ts";
import { openEvidence } from "../../../src/perform/evidence/hash-and-store.ts";
import { openIndexedEvidence } from "../../../src/perform/evidence/indexed-evidence.ts";
import type { State } from "../../../src/state/state.ts";
import { temporaryState } from "../../state/temporary.ts";

/** The same answers, whoever keeps the index. */
const indexes = [
  ["its file", openEvidenceIndex],
  ["the database", (directory: string) => openIndexedEvidence(directory, state.evidenceLines)],
] as const;

const database = temporaryState();
let state: State;
beforeAll(async () => {
  state = await database.open();
});
afterAll(() => database.remove());

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mailcordon-evidence-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const keep = (text: string, source: { mailbox?: string; connection?: string } = {}) =>
  openEvidence(folder).keep(
    (async function* () {
      yield Buffer.from(text);
    })(),
    { name: "mail.eml", source },
  );

async function textOf(found: EvidenceCopy | undefined): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of found?.open() ?? []) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe.each(indexes)("looked up in %s", (_, openIndex) => {
  const find = (sha256: string, directory = folder) => openIndex(directory).find(sha256);

  test("evidence is found by its hash in upper or lower case, once for each source", async () => {
    const { sha256 } = await keep("abc", { mailbox: "ann@example.com", connection: "one" });
    await keep("abc", { mailbox: "bob@example.com" });
    await keep("other", { mailbox: "carl@example.com" });
    const found = await find(sha256.toUpperCase());
    expect(found).toMatchObject([
      { name: "mail.eml", size: 3, mailbox: "ann@example.com", connection: "one" },
      { name: "mail.eml", size: 3, mailbox: "bob@example.com", connection: undefined },
    ]);
    expect(await textOf(found[0])).toBe("abc");
  });

  // Written before such characters were escaped; readline of Node 24 and later ends a line at them.
  test("evidence is found whatever its name in the message contains", async () => {
    const { sha256 } = await keep("abc", { mailbox: "ann@example.com" });
    const index = join(folder, "index.jsonl");
    const raw = readFileSync(index, "utf8").replace('"name":"mail.eml"', '"name":"a\u2028b\u2029c\u0085d"');
    writeFileSync(index, raw);
    expect(raw).toContain("\u2028");
    expect(await find(sha256)).toMatchObject([{ name: "mail.eml", mailbox: "ann@example.com" }]);
  });

  test.each(["0".repeat(64), "", "../index.jsonl"])("no evidence is found by %j", async (hash) => {
    await keep("abc");
    expect(await find(hash)).toEqual([]);
  });

  test("no evidence is found in a new folder", async () => {
    expect(await find("0".repeat(64), join(folder, "never"))).toEqual([]);
  });

  test.each(["../secret", "/etc/hostname", "sub/file"])("a file outside the folder of the index is not evidence: %s", async (file) => {
    const sha256 = "1".repeat(64);
    appendFileSync(join(folder, "index.jsonl"), `${JSON.stringify({ file, sha256, size: 1 })}\n`);
    expect(await find(sha256)).toEqual([]);
  });

  test("a link in the place of the file is not evidence", async () => {
    const { sha256, file_ref } = await keep("abc");
    writeFileSync(join(folder, "elsewhere"), "abc");
    unlinkSync(file_ref);
    symlinkSync(join(folder, "elsewhere"), file_ref);
    expect(await find(sha256)).toEqual([]);
  });

  test("a file whose size has changed is not evidence", async () => {
    const { sha256, file_ref } = await keep("abc");
    appendFileSync(file_ref, "d");
    expect(await find(sha256)).toEqual([]);
  });

  test("a half-written line hides no other", async () => {
    const { sha256 } = await keep("abc");
    appendFileSync(join(folder, "index.jsonl"), `{"sha256":"${sha256}"`);
    expect(await find(sha256)).toMatchObject([{ size: 3 }]);
  });

  test("an unfinished last line counts once it is a whole line of JSON", async () => {
    const { sha256 } = await keep("abc", { mailbox: "ann@example.com" });
    await keep("abc", { mailbox: "bob@example.com" });
    const index = join(folder, "index.jsonl");
    writeFileSync(index, readFileSync(index, "utf8").slice(0, -1));
    expect((await find(sha256)).map(({ mailbox }) => mailbox)).toEqual(["ann@example.com", "bob@example.com"]);
  });

  test("all hashes are found that are there, and no other", async () => {
    const one = await keep("one");
    const two = await keep("two");
    const found = await openIndex(folder).findAll(new Set([one.sha256, two.sha256, "0".repeat(64), ""]));
    expect([...found.keys()].sort()).toEqual([one.sha256, two.sha256].sort());
  });
});
