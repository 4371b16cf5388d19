import { createHash } from "node:crypto";
import { type FileHandle, mkdtemp, open, rm, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Failure } from "../../failure.ts";
import type { JsonBytes } from "./json-body.ts";
import { type Part, partsOf } from "./multipart.ts";

/** One part, read to its end. */
export interface StoredPart {
  readonly name: string;
  readonly fileName: string | undefined;
  readonly size: number;
  readonly sha256: string;
  /** Bytes of the part `input`, which is kept in memory. */
  readonly bytes?: Buffer | undefined;
  open(): AsyncIterable<Uint8Array>;
}

export interface Form {
  readonly parts: readonly StoredPart[];
  /** Removes the files. */
  close(): Promise<void>;
}

/**
 * Reads a form to its end. Files go to a temporary folder that only we can read, under names that nobody else chose.
 * @throws Failure `invalid-input`, `too-large`, and what `collectInput` throws, with everything removed
 */
export async function readForm(
  body: AsyncIterable<Uint8Array>,
  contentType: string,
  collectInput: (pieces: AsyncIterable<Uint8Array>) => Promise<JsonBytes>,
): Promise<Form> {
  const parts: StoredPart[] = [];
  let folder: string | undefined;
  const files: FileHandle[] = [];
  const close = async () => {
    for (const file of files.splice(0)) await file.close();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  };
  try {
    for await (const part of partsOf(body, contentType)) {
      if (parts.some(({ name }) => name === part.name)) throw new Failure("invalid-input", "The form has two parts with the same name.");
      if (part.name === "input") parts.push(await inMemory(part, collectInput));
      else {
        folder ??= await mkdtemp(join(tmpdir(), "mailcordon-files-"));
        parts.push(await onDisk(part, join(folder, String(parts.length)), (file) => files.push(file)));
      }
    }
  } catch (thrown) {
    await close();
    throw thrown;
  }
  return { parts, close };
}

async function inMemory({ name, fileName, bytes }: Part, collect: Parameters<typeof readForm>[2]): Promise<StoredPart> {
  // The pieces of a part are views of a buffer that is used again.
  const { bytes: whole, sha256 } = await collect(copied(bytes));
  return {
    name,
    fileName,
    size: whole.byteLength,
    sha256,
    bytes: whole,
    async *open() {
      yield whole;
    },
  };
}

async function* copied(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) yield Buffer.from(piece);
}

/**
 * Writes a part to a file that is unlinked immediately after opening, if the system allows it, so nothing remains on the disk however this process
 * ends. `keep` receives the file to close at the end.
 */
async function onDisk({ name, fileName, bytes }: Part, path: string, keep: (file: FileHandle) => void): Promise<StoredPart> {
  const file = await open(path, "wx+", 0o600);
  keep(file);
  if (process.platform !== "win32") await unlink(path);
  const hash = createHash("sha256");
  let size = 0;
  for await (const piece of bytes) {
    hash.update(piece);
    size += piece.byteLength;
    await file.writeFile(piece);
  }
  const sha256 = hash.digest("hex");
  return { name, fileName, size, sha256, open: () => file.createReadStream({ start: 0, autoClose: false }) };
}
