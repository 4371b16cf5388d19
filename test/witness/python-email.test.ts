import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { itemFromMime } from "../../src/lab/mime/item-from-mime.ts";
import { readAttached } from "../../src/message-content/attached-message.ts";
import { partAt, partOf } from "../../src/wire/mime/mime-parts.ts";
import { bytesOf } from "../exchange/contract-stage.ts";

// Python's `email` is a reader that shares nothing with ours: where it and we differ about a real message, the reason is named here.

const corpus = fileURLToPath(new URL("../../../shared/corpus/phishing", import.meta.url));
const python = spawnSync("python3", ["--version"]).status === 0;
const there = existsSync(corpus) && python;
const files = there ? readdirSync(corpus).filter((name) => name.endsWith(".eml")) : [];

const Part = z.object({ name: z.string().nullable(), type: z.string(), sha256: z.string().nullable(), size: z.number().nullable() });
const Read = z.object({ subject: z.string().nullable(), from: z.array(z.string()), parts: z.array(Part) });

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

async function* coming(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

function readByPython(names: readonly string[]): z.infer<typeof Read>[] {
  const script = fileURLToPath(new URL("read_mail.py", import.meta.url));
  const { stdout, stderr } = spawnSync("python3", [script, ...names.map((name) => join(corpus, name))], {
    encoding: "utf8",
    maxBuffer: 256 * 1024 * 1024,
  });
  expect(stderr).toBe("");
  return stdout
    .trim()
    .split("\n")
    .map((line) => Read.parse(JSON.parse(line)));
}

describe.skipIf(!there)(`real phishing mail${there ? "" : " (skipped: ../shared/corpus or python3 is not here)"}`, () => {
  // The body of a skipped block runs as well.
  const said = there ? readByPython(files) : [];

  test("has the parts that Python finds, with their bytes, every one, in both readers", async () => {
    const wrong: string[] = [];
    for (const [index, file] of files.entries()) {
      const bytes = readFileSync(join(corpus, file));
      const { attachments = [] } = await readAttached(coming(bytes), "m.a");
      const item = itemFromMime(bytes);
      const ours = await Promise.all(
        attachments.map(async ({ id }) => {
          const part = await partAt(partOf(coming(bytes)[Symbol.asyncIterator]()), [Number(id.split(".")[2])]);
          return sha256(await bytesOf(part?.whole() ?? coming(Buffer.alloc(0))));
        }),
      );
      const lab = (item.attachments ?? []).map(({ content, item: inner }) => sha256(content ?? inner?.mime ?? Buffer.alloc(0)));
      const theirs = said[index]?.parts ?? [];
      for (const [who, hashes] of [
        ["product", ours],
        ["lab", lab],
      ] as const) {
        const missing = hashes.filter((hash) => !theirs.some((part) => part.sha256 === hash || part.sha256 === null));
        if (missing.length > 0) wrong.push(`${file}: ${missing.length} of ${who} are not Python's`);
      }
      // A text that is no body is an attachment.
      const files = theirs.filter(({ type }) => !type.startsWith("text/"));
      for (const { name, sha256: hash } of files) {
        if (hash !== null && !(ours.includes(hash) && lab.includes(hash))) wrong.push(`${file}: ${name} of Python is not ours`);
      }
      const names = attachments.map((one) => one.name);
      for (const { name, type } of files) if (name !== null && !names.includes(name)) wrong.push(`${file}: no ${name} (${type})`);
    }
    expect(wrong).toEqual([]);
  });

  test("has the subject and the sender that Python reads, in both readers", async () => {
    const subjects: string[] = [];
    const senders: string[] = [];
    for (const [index, file] of files.entries()) {
      const bytes = readFileSync(join(corpus, file));
      const message = await readAttached(coming(bytes), "m.a");
      const item = itemFromMime(bytes);
      const theirs = said[index];
      // Python sets a space between what is encoded and what is not.
      const plain = (text: string | null | undefined) => (text ?? "").replace(/\s+/g, "");
      if (plain(message.subject) !== plain(item.subject)) subjects.push(`${file}: the product and the lab differ`);
      if (message.from?.address !== item.from?.address) senders.push(`${file}: the product and the lab differ`);
      if (theirs?.subject != null && plain(theirs.subject) !== plain(message.subject)) subjects.push(`${file}: ${theirs.subject}`);
      const from = theirs?.from.filter((address) => address !== "") ?? [];
      if (from.length === 0 ? message.from?.address !== undefined : !from.includes(message.from?.address ?? ""))
        senders.push(`${file}: ${from.join()}`);
    }
    expect(subjects).toEqual([]);
    // `Name,(<a@example.com>)`: Python leaves out the address, as part of a comment. A comma in the brackets: Python makes several addresses of it.
    const inComment = ["sample-3400.eml", "sample-3839.eml", "sample-3845.eml", "sample-3875.eml"];
    const withComma = ["sample-5619.eml", "sample-5716.eml", "sample-5729.eml"];
    expect(senders.map((one) => one.split(":")[0])).toEqual([...inComment, ...withComma]);
  });
});
