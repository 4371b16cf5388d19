import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { type FileHandle, link, open, rename, unlink } from "node:fs/promises";
import { finished, Readable } from "node:stream";
import { asFailure, errorCode, Failure } from "../../failure.ts";

/** A file in the archive. */
export interface ArchivedFile {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly sha256: string;
}

export interface ZipWriter {
  /** Adds a file from a stream. Throws the error of the stream, or Failure `evidence-failed`; then call `abandon`. */
  add(name: string, bytes: AsyncIterable<Uint8Array | string>): Promise<ArchivedFile>;
  /** Ends the archive and flushes it. It has no name yet. */
  end(): Promise<{ readonly size: number; readonly sha256: string }>;
  /** Gives the archive its name. Throws Failure `invalid-input` if the name is taken. */
  keep(): Promise<void>;
  /** Removes the unfinished file. */
  abandon(): Promise<void>;
}

/** Equal contents give equal bytes: a fixed time, and the permissions of a private file. Compression level 1: higher levels hardly shrink messages further. */
const attributes = { mtime: new Date(1980, 0, 1), forceDosTimestamp: true, mode: 0o100600, compressionLevel: 1 } as const;

/** Writes a zip file next to `path`, and gives it its name at the end. Only its owner may read it. Throws Failure. */
export async function openZip(path: string): Promise<ZipWriter> {
  const { ZipFile } = await import("../../libraries/zip.ts");
  const beside = `${path}.partial-${randomBytes(6).toString("hex")}`;
  const file = await asArchiveFailure(path, () => open(beside, "wx", 0o600));
  const zip = new ZipFile();
  const output = writeOut(Readable.from(zip.outputStream), file);
  // `add` and `end` report the error.
  output.catch(() => undefined);
  const failed = once(zip, "error").then(([thrown]) => Promise.reject(thrown));
  failed.catch(() => undefined);
  const stopped = output.then(() => failed);
  return {
    add: (name, bytes) =>
      asArchiveFailure(path, async () => {
        const hash = createHash("sha256");
        let size = 0;
        const hashed = async function* () {
          for await (const piece of bytes) {
            const chunk = typeof piece === "string" ? Buffer.from(piece) : piece;
            size += chunk.byteLength;
            hash.update(chunk);
            yield chunk;
          }
        };
        const stream = Readable.from(hashed(), { objectMode: false });
        const read = new Promise<void>((resolve, reject) => finished(stream, (thrown) => (thrown ? reject(thrown) : resolve())));
        read.catch(() => undefined);
        zip.addReadStreamLazy(name, attributes, giveOnce(stream));
        await Promise.race([read, stopped]);
        return { name, size, sha256: hash.digest("hex") };
      }),
    end: () =>
      asArchiveFailure(path, async () => {
        zip.end();
        const written = await Promise.race([output, failed]);
        await file.sync();
        await file.close();
        return written;
      }),
    keep: () => asArchiveFailure(path, () => nameFile(beside, path)),
    async abandon() {
      await file.close().catch(() => undefined);
      await unlink(beside).catch(() => undefined);
    },
  };
}

/** The writer keeps this function to its end: its scope must not hold the bytes as well, as that of a closure where they are read would. */
function giveOnce(stream: Readable): (give: (thrown: unknown, stream: Readable) => void) => void {
  const slot: { stream: Readable | undefined } = { stream };
  return takeOnceFrom(slot);
}

function takeOnceFrom(slot: { stream: Readable | undefined }): (give: (thrown: unknown, stream: Readable) => void) => void {
  return (give) => {
    const { stream } = slot;
    slot.stream = undefined;
    if (stream !== undefined) give(undefined, stream);
  };
}

async function writeOut(pieces: AsyncIterable<Uint8Array>, file: FileHandle): Promise<{ readonly size: number; readonly sha256: string }> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const piece of pieces) {
    hash.update(piece);
    for (let at = 0; at < piece.byteLength; ) at += (await file.write(piece, at)).bytesWritten;
    size += piece.byteLength;
  }
  return { size, sha256: hash.digest("hex") };
}

/** Overwrites nothing. */
async function nameFile(beside: string, path: string): Promise<void> {
  try {
    await link(beside, path);
    await unlink(beside);
  } catch (thrown) {
    if (errorCode(thrown) === "EEXIST") throw taken(path);
    if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"].includes(errorCode(thrown) ?? "")) throw thrown;
    // A file system without hard links: the name is taken by an empty file that only we can have made.
    await (await open(path, "wx", 0o600)).close();
    await rename(beside, path);
  }
}

function taken(path: string): Failure {
  return new Failure("invalid-input", "--output: there is a file of this name already. Nothing was written.", {
    local: path,
    hint: "Name a file that does not exist.",
  });
}

async function asArchiveFailure<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const code = errorCode(thrown);
    if (thrown instanceof Failure || code === undefined) throw asFailure(thrown);
    if (code === "EEXIST") throw taken(path);
    const why = code === "ENOSPC" ? "the disk is full (ENOSPC)" : code;
    throw new Failure("evidence-failed", `The archive could not be written: ${why}. No archive is left, and nothing else was changed.`, {
      ...{ local: path, cause: thrown },
      hint: "Name a file in a folder that exists and has room: --output FILE.",
    });
  }
}
