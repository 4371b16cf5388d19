// src/perform/evidence/: Hashes the bytes of messages and attachments while it keeps them as evidence.

import { constants } from "node:fs";
import { lstat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import * as z from "zod";
import type { OpenedFile } from "../../catalogue/action-definition.ts";
import { errorCode } from "../../failure.ts";
import { linesOf } from "../../files/read-lines.ts";
import { openRegular } from "../../files/regular-file.ts";
import { parseJson } from "../../text/parse-json.ts";
import { filesFolder, indexName } from "./hash-and-store.ts";

/** A file of evidence in a folder. The same bytes may have several sources. */
export interface EvidenceCopy extends OpenedFile {
  /** The source of the bytes, as far as the index contains it. */
  readonly mailbox: string | undefined;
  readonly connection: string | undefined;
}

/** The evidence of a folder by the SHA-256 of its bytes (hexadecimal). */
export interface EvidenceIndex {
  /** Returns one copy for each source of the bytes. Leaves out a source whose file differs from the index. */
  find(sha256: string): Promise<readonly EvidenceCopy[]>;
  /** Returns one copy for each hash that the index contains, from any source. Reads the index once. */
  findAll(sha256s: ReadonlySet<string>): Promise<ReadonlyMap<string, EvidenceCopy>>;
  /** If a database stores the index: reads the lines added since, to save the next look-up that work. Throws Failure. */
  catchUp?(): Promise<void>;
}

/** Reads the index from its beginning, line by line. Skips a malformed line, and a file outside the folder. */
export function openEvidenceIndex(directory: string): EvidenceIndex {
  const folder = resolve(directory);
  return {
    find: async (sha256) => {
      const wanted = sha256.toLowerCase();
      const copies: EvidenceCopy[] = [];
      // Most lines are of other bytes: they are not parsed.
      for await (const { copy } of copiesIn(folder, (line) => line.includes(wanted), new Set([wanted]))) copies.push(copy);
      return copies;
    },
    findAll: async (sha256s) => {
      const found = new Map<string, EvidenceCopy>();
      for await (const { sha256, copy } of copiesIn(folder, () => true, sha256s)) found.set(sha256, copy);
      return found;
    },
  };
}

const Line = z.object({
  file: z.string(),
  sha256: z.string(),
  size: z.number(),
  source: z.object({ mailbox: z.string().optional(), connection: z.string().optional() }).optional(),
});

/** The content of a line of the index. */
export interface EvidenceLine extends Pick<EvidenceCopy, "size" | "mailbox" | "connection"> {
  /** Path below the folder, with a slash. */
  readonly file: string;
  readonly sha256: string;
}

/** Returns the content of a line; undefined for a malformed line, such as a partly written last one, or if it names a file outside the folder. */
export function readLine(bytes: Buffer): EvidenceLine | undefined {
  const line = Line.safeParse(parseJson(bytes.toString("utf8"))).data;
  if (line === undefined) return undefined;
  const { file, sha256, size, source } = line;
  const name = basename(file);
  // Earlier versions stored the files next to the index.
  if (file !== `${filesFolder}/${name}` && file !== name) return undefined;
  return { file, sha256, size, mailbox: source?.mailbox, connection: source?.connection };
}

/** Returns the evidence that a line describes; undefined if the file differs from the line. */
export async function copyOf(folder: string, { file, size, mailbox, connection }: EvidenceLine): Promise<EvidenceCopy | undefined> {
  // Not through a link, not even one that was put there since.
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0);
  const path = join(folder, file);
  const stats = await lstat(path).catch(absent);
  if (stats === undefined || !stats.isFile() || stats.size !== size) return undefined;
  return { name: basename(file), size, mailbox, connection, open: () => opened(path, flags) };
}

/** Yields the lines of the index with a requested hash, if the file still matches its line. */
async function* copiesIn(
  folder: string,
  mayBe: (line: Buffer) => boolean,
  wanted: ReadonlySet<string>,
): AsyncGenerator<{ readonly sha256: string; readonly copy: EvidenceCopy }> {
  const index = join(folder, indexName);
  if ((await lstat(index).catch(absent)) === undefined) return;
  for await (const { line: bytes } of linesOf(index)) {
    if (!mayBe(bytes)) continue;
    const line = readLine(bytes);
    if (line === undefined || !wanted.has(line.sha256)) continue;
    const copy = await copyOf(folder, line);
    if (copy !== undefined) yield { sha256: line.sha256, copy };
  }
}

async function* opened(path: string, flags: number): AsyncGenerator<Uint8Array> {
  // The stream closes the file when it ends or is left.
  yield* (await openRegular(path, flags)).createReadStream();
}

export function absent(thrown: unknown): undefined {
  if (errorCode(thrown) === "ENOENT") return undefined;
  throw thrown;
}
