import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { join, resolve } from "node:path";
import { linesOf } from "../../files/read-lines.ts";
import { openRegular } from "../../files/regular-file.ts";
import { absent, copyOf, type EvidenceCopy, type EvidenceIndex, type EvidenceLine, openEvidenceIndex, readLine } from "./evidence-index.ts";
import { indexName } from "./hash-and-store.ts";

/** How far an index has been read: bytes from its beginning, to the end of a line, and the SHA-256 of the last ones. */
export interface ReadTo {
  readonly bytes: number;
  readonly tail: string;
}

/** A line of an index, with the byte at which it begins. */
export interface PlacedLine extends EvidenceLine {
  readonly at: number;
}

/** The lines of indexes in a database, by the hash of the evidence. Each method throws Failure. */
export interface EvidenceLines {
  /** Returns how far the index was read (undefined: not at all), and its lines with one of the hashes (hexadecimal), in their order. */
  find(
    index: string,
    sha256s: readonly string[],
  ): Promise<{ readonly readTo: ReadTo | undefined; readonly lines: readonly EvidenceLine[] }>;
  /** Adds the lines between two places. Returns false, and adds nothing, if the index is no longer read as far as `from`. */
  add(index: string, from: ReadTo | undefined, to: ReadTo, lines: readonly PlacedLine[]): Promise<boolean>;
  /** Forgets an index that is read as far as `readTo`. */
  forget(index: string, readTo: ReadTo): Promise<void>;
}

/** Number of bytes of the first line that are read: mailcordon writes some 600, and 2,000 with long names. */
const longestBegin = 16 * 1024;
/** Bytes before the place where reading ended: more than a hash of the last line has, so two lines never look alike. */
const tailBytes = 512;
/** Lines that one statement adds: some 5 ms of parsing, and 600 KB. */
const linesAtOnce = 1000;
/** Hashes that one statement looks for. */
const hashesAtOnce = 1000;
/** Other processes may read the same index at the same time, and one of them may forget it. */
const mostTries = 10;

/**
 * Finds the evidence of a folder through a database. The file `index.jsonl` stays the truth: each look-up reads what any process has added to it since
 * the last one, and nothing else. An index that was cut or replaced is read again from its beginning.
 */
export function openIndexedEvidence(directory: string, lines: EvidenceLines): EvidenceIndex {
  const folder = resolve(directory);
  const path = join(folder, indexName);
  const whole = openEvidenceIndex(folder);
  let running: Promise<unknown> | undefined;
  let waiting: Promise<unknown> | undefined;
  /** Looks for hashes; undefined if the database cannot tell: then the file is read. */
  const look = async (sha256s: readonly string[]): Promise<readonly EvidenceLine[] | undefined> => {
    let demanded: number | undefined;
    for (let tries = 0; tries < mostTries; tries += 1) {
      const seen = await examine(path);
      if (seen === undefined) return [];
      const { index, size, tailAt, close } = seen;
      try {
        // Lines added during the look-up are not included.
        demanded ??= size;
        if (index === undefined) return undefined;
        const { readTo, lines: found } = await lines.find(index, sha256s);
        if (readTo !== undefined && (size < readTo.bytes || (await tailAt(readTo.bytes)) !== readTo.tail)) {
          await lines.forget(index, readTo);
          continue;
        }
        if (readTo !== undefined && readTo.bytes >= demanded) return found;
        const { rest, reached } = await readOn(path, index, readTo, tailAt, lines);
        // The last line may have no end yet. If nothing is before it, nothing was added.
        if (reached === readTo?.bytes && reached + rest.length >= demanded) {
          const last = readLine(rest);
          return last === undefined || !sha256s.includes(last.sha256) ? found : [...found, last];
        }
      } finally {
        await close();
      }
    }
    return undefined;
  };
  return {
    async find(sha256) {
      const wanted = sha256.toLowerCase();
      if (!isHash(wanted)) return [];
      const found = await look([wanted]);
      if (found === undefined) return whole.find(wanted);
      const copies: EvidenceCopy[] = [];
      for (const line of found) {
        const copy = await copyOf(folder, line);
        if (copy !== undefined) copies.push(copy);
      }
      return copies;
    },
    async findAll(sha256s) {
      const copies = new Map<string, EvidenceCopy>();
      const wanted = [...sha256s].filter(isHash);
      for (let from = 0; from < wanted.length; from += hashesAtOnce) {
        const found = await look(wanted.slice(from, from + hashesAtOnce));
        if (found === undefined) return whole.findAll(sha256s);
        for (const line of found) {
          const copy = await copyOf(folder, line);
          if (copy !== undefined) copies.set(line.sha256, copy);
        }
      }
      return copies;
    },
    async catchUp() {
      // One look-up runs, and one more waits for the lines added since the first began.
      const begin = () => {
        running = look([]).finally(() => {
          running = undefined;
        });
        return running;
      };
      if (running === undefined) return void (await begin());
      waiting ??= running
        .catch(() => undefined)
        .then(() => {
          waiting = undefined;
          return begin();
        });
      await waiting;
    },
  };
}

function isHash(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

/** The present state of an index. */
interface Examined {
  /** Its name in the database, made from its path and its first line. Undefined if the first line does not identify it. */
  readonly index: string | undefined;
  readonly size: number;
  /** The SHA-256 of the bytes before a place. */
  tailAt(bytes: number): Promise<string>;
  close(): Promise<void>;
}

/** Returns undefined if there is no index. Throws the file system's error. */
async function examine(path: string): Promise<Examined | undefined> {
  const file = await openRegular(path).catch(absent);
  if (file === undefined) return undefined;
  try {
    const begin = await bytesOf(file, 0, longestBegin);
    const end = begin.indexOf(0x0a);
    const index = end < 0 ? undefined : createHash("sha256").update(path).update("\0").update(begin.subarray(0, end)).digest("hex");
    const { size } = await file.stat();
    return {
      ...{ index, size },
      async tailAt(bytes) {
        const from = Math.max(0, bytes - tailBytes);
        return createHash("sha256")
          .update(await bytesOf(file, from, bytes - from))
          .digest("hex");
      },
      close: () => file.close(),
    };
  } catch (thrown) {
    await file.close();
    throw thrown;
  }
}

async function bytesOf(file: FileHandle, from: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(bytes, filled, length - filled, from + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

/** Adds the lines of the file after `from`. Returns the position reached, and the bytes of a last line without an end. */
async function readOn(
  path: string,
  index: string,
  from: ReadTo | undefined,
  tailAt: Examined["tailAt"],
  lines: EvidenceLines,
): Promise<{ readonly reached: number; readonly rest: Buffer }> {
  let last = from;
  let at = from?.bytes ?? 0;
  let count = 0;
  let gathered: PlacedLine[] = [];
  let rest = Buffer.alloc(0);
  /** False if another process reads the index as well: its additions serve as well. */
  const added = async () => {
    const to = { bytes: at, tail: await tailAt(at) };
    const isAdded = await lines.add(index, last, to, gathered);
    last = to;
    count = 0;
    gathered = [];
    return isAdded;
  };
  for await (const { line, whole } of linesOf(path, at)) {
    if (!whole) {
      rest = Buffer.from(line);
      break;
    }
    const said = readLine(line);
    if (said !== undefined && isHash(said.sha256)) gathered.push({ ...said, at });
    at += line.length + 1;
    count += 1;
    if (count >= linesAtOnce && !(await added())) return { reached: at, rest };
  }
  if (count > 0) await added();
  return { reached: at, rest };
}
