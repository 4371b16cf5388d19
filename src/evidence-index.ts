import { constants, createReadStream } from "node:fs";
import { lstat, open } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import * as z from "zod";
import type { OpenedFile } from "./action.ts";
import { indexName } from "./evidence.ts";

/** Evidence that lies in a folder. */
export interface FoundEvidence extends OpenedFile {
  /** Every mailbox that these bytes were taken from, as the index says; none where it does not say. */
  readonly mailboxes: readonly string[];
}

const Line = z.object({
  file: z.string(),
  sha256: z.string(),
  size: z.number(),
  source: z.object({ mailbox: z.string().optional() }).optional(),
});

/**
 * Finds evidence by the SHA-256 of its bytes (hexadecimal); undefined when the folder's index has none, or its file is not what the index says.
 * The index is read from its beginning, line by line: a line that is no such line is passed over, as is a file outside the folder.
 */
export async function findEvidence(directory: string, sha256: string): Promise<FoundEvidence | undefined> {
  const folder = resolve(directory);
  const wanted = sha256.toLowerCase();
  const mailboxes = new Set<string>();
  let found: { readonly path: string; readonly name: string; readonly size: number } | undefined;
  for await (const text of linesOf(join(folder, indexName))) {
    // Most lines are of other bytes: they are not parsed.
    if (!text.includes(wanted)) continue;
    const line = Line.safeParse(parsed(text)).data;
    if (line?.sha256 !== wanted) continue;
    if (line.source?.mailbox !== undefined) mailboxes.add(line.source.mailbox);
    if (basename(line.file) === line.file) found = { path: join(folder, line.file), name: line.file, size: line.size };
  }
  if (found === undefined) return undefined;
  const { path, name, size } = found;
  const stats = await lstat(path).catch(absent);
  if (stats === undefined || !stats.isFile() || stats.size !== size) return undefined;
  // Not through a link, not even one that was put there since.
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0);
  return { name, size, mailboxes: [...mailboxes], open: () => opened(path, flags) };
}

async function* opened(path: string, flags: number): AsyncGenerator<Uint8Array> {
  // The stream closes the file when it ends or is left.
  yield* (await open(path, flags)).createReadStream();
}

async function* linesOf(path: string): AsyncGenerator<string> {
  if ((await lstat(path).catch(absent)) === undefined) return;
  yield* createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY });
}

function absent(thrown: unknown): undefined {
  if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT") return undefined;
  throw thrown;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (notJson) {
    // The last line of an index may be half written.
    if (notJson instanceof SyntaxError) return undefined;
    throw notJson;
  }
}
