import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Failure } from "../../../src/failure.ts";
import { openEvidenceIndex } from "../../../src/perform/evidence/evidence-index.ts";
import { openEvidence } from "../../../src/perform/evidence/hash-and-store.ts";
import { openSmallDisk } from "../../full-disk.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mailcordon-evidence-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function* bytesOf(...chunks: string[]) {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

const hash = (algorithm: string, text: string) => createHash(algorithm).update(text).digest("hex");

test("bytes are kept unchanged with their hashes, and the index names their source", async () => {
  const store = openEvidence(join(folder, "case", "one"), () => new Date("2026-01-02T03:04:05Z"));
  const kept = await store.keep(bytesOf("ab", "", "c"), { name: "mail.eml", sha512: true, source: { mailbox: "ann@example.com" } });
  const path = join(folder, "case", "one", "files", "mail.eml");
  const digests = { md5: hash("md5", "abc"), sha1: hash("sha1", "abc"), sha256: hash("sha256", "abc"), sha512: hash("sha512", "abc") };
  expect(kept).toEqual({ safe_name: "mail.eml", file_ref: path, size: 3, ...digests });
  expect(readFileSync(path, "utf8")).toBe("abc");
  const index = readFileSync(join(folder, "case", "one", "index.jsonl"), "utf8");
  expect(JSON.parse(index)).toMatchObject({
    time: "2026-01-02T03:04:05.000Z",
    file: "files/mail.eml",
    size: 3,
    ...digests,
    source: { mailbox: "ann@example.com" },
  });
});

test("a hostile name is in the index without a line end or control character, and is read back unchanged", async () => {
  const name = 'a\u001b[2J\u009b31m\u2028{"file":"x"}\u2029\u202efdp\u{e0041}\ud800\r\n.exe';
  await openEvidence(folder).keep(bytesOf("abc"), { name, source: { subject: name } });
  const index = readFileSync(join(folder, "index.jsonl"), "utf8");
  expect(index.slice(0, -1)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  expect(JSON.parse(index)).toMatchObject({ name, source: { subject: name } });
});

test("a download without a folder is ended, because it would keep its connection for a minute", async () => {
  writeFileSync(join(folder, "files"), "");
  let isEnded = false;
  const bytes = (async function* () {
    try {
      yield Buffer.from("abc");
    } finally {
      isEnded = true;
    }
  })();
  await expect(openEvidence(folder).keep(bytes, { name: "a" })).rejects.toMatchObject({ code: "evidence-failed" });
  expect(isEnded).toBe(true);
});

test.skipIf(process.platform === "win32")("only the owner may read kept evidence", async () => {
  const store = openEvidence(join(folder, "new"));
  const kept = await store.keep(bytesOf("abc"), { name: "a" });
  const mode = (path: string) => statSync(path).mode & 0o777;
  expect([mode(join(folder, "new")), mode(kept.file_ref), mode(join(folder, "new", "index.jsonl"))]).toEqual([0o700, 0o600, 0o600]);
});

test("other bytes under a used name get a name of their own, and nothing is overwritten", async () => {
  const store = openEvidence(folder);
  const first = await store.keep(bytesOf("one"), { name: "a.txt" });
  const second = await store.keep(bytesOf("two"), { name: "a.txt" });
  expect(second.file_ref).toBe(join(folder, "files", `a-${second.sha256.slice(0, 8)}.txt`));
  expect([readFileSync(first.file_ref, "utf8"), readFileSync(second.file_ref, "utf8")]).toEqual(["one", "two"]);
});

test("bytes that differ only after several MiB get a name of their own", async () => {
  const store = openEvidence(folder);
  const long = "x".repeat(3 * 1024 * 1024);
  const first = await store.keep(bytesOf(long, "one"), { name: "a.bin" });
  const second = await store.keep(bytesOf(long, "two"), { name: "a.bin" });
  const again = await store.keep(bytesOf(long, "one"), { name: "a.bin" });
  expect([second.file_ref === first.file_ref, again.file_ref === first.file_ref]).toEqual([false, true]);
});

// A mail could bring the harmful file and a harmless one so that a copy of the folder on Windows or a Mac has only the latter.
test("no two files have names that are equal on another file system", async () => {
  const names = ["Invoice.pdf", "invoice.PDF", "INVOICE.pdf", "stra\u00dfe.txt", "STRASSE.txt", "e\u0301.txt", "\u00c9.TXT"];
  const refs: string[] = [];
  for (const [at, name] of names.entries()) refs.push((await openEvidence(folder).keep(bytesOf(`content ${at}`), { name })).file_ref);
  const store = openEvidence(folder);
  const atOnce = await Promise.all(["a.TXT", "A.txt", "a.txt"].map((name, at) => store.keep(bytesOf(`together ${at}`), { name })));
  refs.push(...atOnce.map(({ file_ref }) => file_ref));
  expect(new Set(refs.map((ref) => ref.normalize("NFC").toUpperCase())).size).toBe(refs.length);
  expect(refs.map((ref) => readFileSync(ref, "utf8"))).toEqual([
    ...names.map((_, at) => `content ${at}`),
    ...atOnce.map((_, at) => `together ${at}`),
  ]);
  // The same bytes under such a name are there already.
  for (const name of ["iNVOICE.pdf", "InVOICE.pdf", "Invoice.pdf"])
    expect((await store.keep(bytesOf("content 0"), { name })).file_ref).toBe(refs[0]);
  rmSync(refs[0] ?? "");
  expect(readFileSync((await store.keep(bytesOf("anew"), { name: "invoice.pdf" })).file_ref, "utf8")).toBe("anew");
});

test("equal bytes under the same name are kept once", async () => {
  const store = openEvidence(folder);
  const first = await store.keep(bytesOf("one"), { name: "a.txt" });
  const again = await store.keep(bytesOf("one"), { name: "a.txt" });
  expect(again).toEqual(first);
  expect([readdirSync(folder).sort(), readdirSync(join(folder, "files"))]).toEqual([["files", "index.jsonl"], ["a.txt"]]);
});

test("many files kept concurrently under one name are all stored", async () => {
  const store = openEvidence(folder);
  const kept = await Promise.all(Array.from({ length: 20 }, (_, at) => store.keep(bytesOf(`body ${at}`), { name: "same.eml" })));
  expect(kept.map(({ file_ref }) => readFileSync(file_ref, "utf8"))).toEqual(Array.from({ length: 20 }, (_, at) => `body ${at}`));
  expect(readFileSync(join(folder, "index.jsonl"), "utf8").trim().split("\n")).toHaveLength(20);
});

test("a stream that throws leaves no file, and its error is passed on", async () => {
  const store = openEvidence(folder);
  async function* torn() {
    yield Buffer.from("abc");
    throw new Failure("broken-reply", "It ended early.");
  }
  await expect(store.keep(torn(), { name: "a" })).rejects.toMatchObject({ code: "broken-reply" });
  expect([readdirSync(folder), readdirSync(join(folder, "files"))]).toEqual([["files"], []]);
});

test("more bytes than allowed are too-large and leave no file", async () => {
  const store = openEvidence(folder);
  await expect(store.keep(bytesOf("abc", "def"), { name: "a", maxBytes: 5 })).rejects.toMatchObject({ code: "too-large" });
  expect((await store.keep(bytesOf("abc", "de"), { name: "b", maxBytes: 5 })).size).toBe(5);
  expect(readdirSync(join(folder, "files"))).toEqual(["b"]);
});

test("a symbolic link with the name of the evidence is never followed", async () => {
  const target = join(folder, "target");
  writeFileSync(target, "untouched");
  const store = openEvidence(join(folder, "in"));
  const inside = join(folder, "in", "files");
  mkdirSync(inside, { recursive: true });
  symlinkSync(target, join(inside, "a.txt"));
  symlinkSync(join(folder, "nowhere"), join(inside, "b.txt"));
  const kept = [await store.keep(bytesOf("untouched"), { name: "a.txt" }), await store.keep(bytesOf("two"), { name: "b.txt" })];
  expect(readFileSync(target, "utf8")).toBe("untouched");
  expect(kept.map(({ file_ref }) => statSync(file_ref).isFile() && /-[0-9a-f]{8}\.txt$/.test(file_ref))).toEqual([true, true]);
  expect(readdirSync(folder)).not.toContain("nowhere");
});

// Kept with --out ., an attachment of this name once became the settings of the next command, and the password went where it said.
test.each([
  "mailcordon.yaml",
  "MAILCORDON.YML",
  "audit.jsonl",
  "audit.jsonl.lock",
  "Index.JSONL",
  "index.jsonl",
  "\uff4d\uff41\uff49\uff4ccordon.yaml",
  "mail\u200bcordon.yaml",
  "audit.json\u2113",
])("an attachment called %j is kept in a folder of its own, under no name of a file of mailcordon", async (name) => {
  const kept = await openEvidence(folder).keep(bytesOf("{}"), { name });
  expect(readFileSync(kept.file_ref, "utf8")).toBe("{}");
  expect(dirname(kept.file_ref)).toBe(join(folder, "files"));
  expect(basename(kept.file_ref).normalize("NFKC").toLowerCase()).toMatch(/^_(mailcordon|audit|index)\./);
  expect(readdirSync(folder).sort()).toEqual(["files", "index.jsonl"]);
});

test("an empty file is kept as well", async () => {
  const kept = await openEvidence(folder).keep(bytesOf(), { name: "" });
  expect(kept).toMatchObject({ size: 0, safe_name: "unnamed", sha256: hash("sha256", "") });
  expect(statSync(kept.file_ref).size).toBe(0);
});

test("a folder that cannot be created is evidence-failed", async () => {
  writeFileSync(join(folder, "file"), "");
  await expect(openEvidence(join(folder, "file", "sub")).keep(bytesOf("a"), { name: "a" })).rejects.toMatchObject({
    code: "evidence-failed",
  });
});

test("bytes kept in memory are returned as base64 with the same hashes, even if the source reuses its buffer", async () => {
  const buffer = Buffer.alloc(1);
  async function* reusing() {
    for (const byte of [1, 2, 3]) {
      buffer[0] = byte;
      yield buffer;
    }
  }
  const held = await openEvidence(folder).hold(reusing(), { name: "a/b" });
  expect(held).toMatchObject({ base64: "AQID", size: 3, safe_name: "a_b", md5: hash("md5", "\u0001\u0002\u0003") });
  await expect(openEvidence(folder).hold(bytesOf("abc"), { name: "a", maxBytes: 2 })).rejects.toMatchObject({ code: "too-large" });
  expect(readdirSync(folder)).toEqual([]);
});

test("a full disk is named and leaves no partial file, and earlier evidence stays readable", async ({ skip }) => {
  const disk = openSmallDisk(256);
  if ("reason" in disk) return skip(disk.reason);
  try {
    const store = openEvidence(disk.path);
    const first = await store.keep(bytesOf("a".repeat(100_000)), { name: "first.eml" });
    await expect(store.keep(bytesOf("b".repeat(400_000)), { name: "second.eml" })).rejects.toMatchObject({
      code: "evidence-failed",
      message: expect.stringMatching(/the disk is full \(ENOSPC\)/),
      hint: expect.stringMatching(/^Free space/),
    });
    expect(readdirSync(join(disk.path, "files"))).toEqual(["first.eml"]);
    expect(readFileSync(first.file_ref, "utf8")).toHaveLength(100_000);
    const third = await store.keep(bytesOf("c"), { name: "third.eml" });
    expect((await openEvidenceIndex(disk.path).find(third.sha256)).map(({ name }) => name)).toEqual(["third.eml"]);
  } finally {
    disk.remove();
  }
});

test("an index line cut by a full disk does not swallow the next one", async () => {
  writeFileSync(join(folder, "index.jsonl"), '{"time":"2026-01-02T03:04:05.000Z","file":"fil');
  const { sha256 } = await openEvidence(folder).keep(bytesOf("abc"), { name: "mail.eml" });
  expect((await openEvidenceIndex(folder).find(sha256)).map(({ name }) => name)).toEqual(["mail.eml"]);
});
