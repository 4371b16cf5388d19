import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import PostalMime from "postal-mime";
import { describe, expect, test } from "vitest";
import { readAttached } from "../../src/message-content/attached-message.ts";
import { partAt, partOf } from "../../src/wire/mime/mime-parts.ts";
import { bytesOf } from "../exchange/contract-stage.ts";

// Microsoft Graph gives an attached message as a whole: what we take out of it, another parser must find in it, too.

const corpus = fileURLToPath(new URL("../../../shared/corpus/phishing", import.meta.url));
const there = existsSync(corpus);
const files = there ? readdirSync(corpus).filter((name) => name.endsWith(".eml")) : [];

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

async function* coming(bytes: Uint8Array, size = 1000): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe.skipIf(!there)(`real phishing mail, attached to another${there ? "" : " (skipped: ../shared/corpus is not here)"}`, () => {
  test("falls into the attachments that another parser finds, with their bytes and names, every one", async () => {
    const wrong: string[] = [];
    for (const file of files) {
      const bytes = readFileSync(join(corpus, file));
      const { attachments = [], subject } = await readAttached(coming(bytes), "m.a");
      const found = await Promise.all(
        attachments.map(async ({ id, name, contentType, kind }) => {
          const part = await partAt(partOf(coming(bytes)[Symbol.asyncIterator]()), [Number(id.split(".")[2])]);
          return { hash: sha256(await bytesOf(part?.whole() ?? coming(Buffer.alloc(0)))), name, contentType, kind };
        }),
      );
      const parsed = await PostalMime.parse(bytes, { forceRfc822Attachments: true });
      if ((parsed.subject ?? "") !== (subject ?? "")) wrong.push(`${file}: ${subject}`);
      for (const { filename, content, mimeType } of parsed.attachments) {
        // The other parser writes the lines of a message and of text anew.
        const same = found.some(({ hash, name, contentType, kind }) => {
          if (kind === "item") return contentType === mimeType;
          return contentType === mimeType && (filename ?? undefined) === name && hash === sha256(Buffer.from(content as ArrayBuffer));
        });
        if (!same) wrong.push(`${file}: ${filename} (${mimeType}) is not there`);
      }
      // Texts besides the body are shown by the other parser and listed by us.
      const others = found.filter(({ contentType = "" }) => !/^text\//.test(contentType));
      const theirs = parsed.attachments.filter(({ mimeType }) => !/^text\//.test(mimeType));
      if (others.length !== theirs.length) wrong.push(`${file}: ${others.length} instead of ${theirs.length}`);
    }
    expect(files.length).toBeGreaterThan(0);
    expect(wrong).toEqual([]);
  });
});
