import { createHash } from "node:crypto";
import { unlink } from "node:fs/promises";
import { resolve } from "node:path";
import * as z from "zod";
import type { EvidenceStore } from "../../catalogue/action-definition.ts";
import { harmlessJson } from "../../text/harmless-json.ts";
import { parseJson } from "../../text/parse-json.ts";
import type { EvidenceCopy, EvidenceIndex } from "./evidence-index.ts";
import { hold, writePartial } from "./hash-and-store.ts";
import type { Bucket } from "./s3-bucket.ts";

/** Key of the bytes with this hash (hexadecimal): equal bytes are there once. */
const keyOf = (sha256: string) => `evidence/${sha256}`;
/** Returns the key of the records about these bytes, one object for each source. */
const indexOf = (sha256: string) => `index/${sha256}/`;

/** Objects of the index that are read for one hash at most. */
const mostSources = 1000;
/** Number of objects requested at a time. */
const atOnce = 8;

/**
 * Keeps bytes in a bucket, each under its SHA-256, with records of their sources. The bytes are first written to a temporary file in `folder`, since the
 * hash is known only at their end. They count as kept when the server has shown that it has them.
 */
export function openS3Evidence(open: () => Promise<Bucket>, folder: string): EvidenceStore {
  return {
    async keep(bytes, about) {
      const { digested, partial } = await writePartial(resolve(folder), bytes, about);
      try {
        const bucket = await open();
        await bucket.keepFile(keyOf(digested.sha256), partial, digested);
        const record = Buffer.from(harmlessJson({ name: about.name, ...digested, source: about.source }));
        // Without a time, so that the same from the same place is one object; the server keeps its time.
        await bucket.keepBytes(`${indexOf(digested.sha256)}${createHash("sha256").update(record).digest("hex")}.json`, record);
        return { ...digested, file_ref: `${bucket.name}${keyOf(digested.sha256)}` };
      } finally {
        await unlink(partial);
      }
    },
    hold,
  };
}

const Record = z.object({
  sha256: z.string(),
  safe_name: z.string(),
  source: z.object({ mailbox: z.string().optional(), connection: z.string().optional() }).optional(),
});

/** Finds the evidence of a bucket by its hash. Skips malformed records. */
export function openS3Index(open: () => Promise<Bucket>): EvidenceIndex {
  const copyOf = (bucket: Bucket, sha256: string, name: string, size: number): EvidenceCopy => ({
    ...{ name, size, mailbox: undefined, connection: undefined },
    open: () => bucket.read(keyOf(sha256)),
  });
  return {
    async find(wanted) {
      const sha256 = wanted.toLowerCase();
      if (!/^[0-9a-f]{64}$/.test(sha256)) return [];
      const bucket = await open();
      const size = await bucket.size(keyOf(sha256));
      if (size === undefined) return [];
      const copies: EvidenceCopy[] = [];
      for await (const key of bucket.list(indexOf(sha256))) {
        if (copies.length >= mostSources) break;
        const record = Record.safeParse(parseJson(await textOf(bucket.read(key)))).data;
        if (record?.sha256 !== sha256) continue;
        const { mailbox, connection } = record.source ?? {};
        copies.push({ ...copyOf(bucket, sha256, record.safe_name, size), mailbox, connection });
      }
      return copies;
    },
    async findAll(sha256s) {
      const bucket = await open();
      const found = new Map<string, EvidenceCopy>();
      const waiting = [...sha256s];
      const look = async () => {
        for (let sha256 = waiting.pop(); sha256 !== undefined; sha256 = waiting.pop()) {
          const size = await bucket.size(keyOf(sha256));
          if (size !== undefined) found.set(sha256, copyOf(bucket, sha256, sha256, size));
        }
      };
      await Promise.all(Array.from({ length: atOnce }, look));
      return found;
    },
  };
}

/** Longer records than mailcordon writes are cut, and then no records. */
const longestRecord = 64 * 1024;

async function textOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of bytes) {
    size += piece.byteLength;
    if (size > longestRecord) return "";
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}
