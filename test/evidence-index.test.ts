import { appendFileSync, mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openEvidence } from "../src/evidence.ts";
import { findEvidence } from "../src/evidence-index.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mailcordon-evidence-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const keep = (text: string, mailbox?: string) =>
  openEvidence(folder).keep(
    (async function* () {
      yield Buffer.from(text);
    })(),
    { name: "mail.eml", source: { mailbox } },
  );

async function textOf(found: Awaited<ReturnType<typeof findEvidence>>): Promise<string | undefined> {
  if (found === undefined) return undefined;
  const chunks: Uint8Array[] = [];
  for await (const chunk of found.open()) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

test("evidence is found by its hash in any case, with every mailbox it was taken from", async () => {
  const { sha256 } = await keep("abc", "ann@example.com");
  await keep("abc", "bob@example.com");
  await keep("other", "carl@example.com");
  const found = await findEvidence(folder, sha256.toUpperCase());
  expect(found).toMatchObject({ name: "mail.eml", size: 3, mailboxes: ["ann@example.com", "bob@example.com"] });
  expect(await textOf(found)).toBe("abc");
});

test.each(["0".repeat(64), "", "../index.jsonl"])("there is none by %j", async (hash) => {
  await keep("abc");
  expect(await findEvidence(folder, hash)).toBeUndefined();
});

test("a folder that nothing was kept in has none", async () => {
  expect(await findEvidence(join(folder, "never"), "0".repeat(64))).toBeUndefined();
});

test.each(["../secret", "/etc/hostname", "sub/file"])("a file that the index puts elsewhere is none: %s", async (file) => {
  const sha256 = "1".repeat(64);
  appendFileSync(join(folder, "index.jsonl"), `${JSON.stringify({ file, sha256, size: 1 })}\n`);
  expect(await findEvidence(folder, sha256)).toBeUndefined();
});

test("a link in the place of the file is none", async () => {
  const { sha256, file_ref } = await keep("abc");
  writeFileSync(join(folder, "elsewhere"), "abc");
  unlinkSync(file_ref);
  symlinkSync(join(folder, "elsewhere"), file_ref);
  expect(await findEvidence(folder, sha256)).toBeUndefined();
});

test("a file that has another size by now is none", async () => {
  const { sha256, file_ref } = await keep("abc");
  appendFileSync(file_ref, "d");
  expect(await findEvidence(folder, sha256)).toBeUndefined();
});

test("a line that is half written hides no other", async () => {
  const { sha256 } = await keep("abc");
  appendFileSync(join(folder, "index.jsonl"), `{"sha256":"${sha256}"`);
  expect(await findEvidence(folder, sha256)).toMatchObject({ size: 3 });
});
