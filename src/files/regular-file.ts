import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";

// A pipe keeps whoever opens it waiting for its other end, and a device may never end: neither is a file that somebody meant.

/** Without it opening a pipe waits. Absent on Windows, where none has a path. */
export const noWait = constants.O_NONBLOCK ?? 0;

/** Says of something that is at a path that it is no regular file; its `code` stands where that of an error of the system would. */
class NotRegular extends Error {
  readonly code: string;
  readonly path: string;

  constructor(path: string, stats: Stats) {
    const code = stats.isDirectory() ? "EISDIR" : "not a regular file";
    super(`${path}: ${code}`);
    this.code = code;
    this.path = path;
  }
}

/** The bytes of a regular file. Throws what the file system says, and for anything else an error with a `code`. */
export function readRegularSync(path: string): Buffer {
  const file = openRegularSync(path);
  try {
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}

/** The descriptor of a regular file that is open for reading. Throws as `readRegularSync`. */
export function openRegularSync(path: string): number {
  const file = openSync(path, constants.O_RDONLY | noWait);
  const stats = fstatSync(file);
  if (stats.isFile()) return file;
  closeSync(file);
  throw new NotRegular(path, stats);
}

/** A regular file, by default for reading. Rejects as `readRegularSync` throws. */
export async function openRegular(path: string, flags: number = constants.O_RDONLY, mode?: number): Promise<FileHandle> {
  const file = await open(path, flags | noWait, mode);
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw new NotRegular(path, stats);
    return file;
  } catch (thrown) {
    await file.close();
    throw thrown;
  }
}

/**
 * The bytes of a regular file or of a pipe, for a path that a person names to be read once: a pipe is waited for. The reader limits the size. Throws as
 * `readRegularSync`, when it is read.
 */
export async function* readRegularOrPipe(path: string): AsyncGenerator<Buffer> {
  if (!(await stat(path)).isFIFO()) {
    yield* readRegular(path);
    return;
  }
  // With O_NONBLOCK a pipe without a writer yet would look like an empty file.
  const file = await open(path);
  try {
    const stats = await file.stat();
    if (!stats.isFIFO()) throw new NotRegular(path, stats);
    // A pipe has no places: nothing may be read from one.
    yield* file.createReadStream({ autoClose: false });
  } finally {
    await file.close();
  }
}

/** The bytes of a regular file from a place on. Throws as `readRegularSync`, when it is read. */
export async function* readRegular(path: string, start = 0): AsyncGenerator<Buffer> {
  const file = await openRegular(path);
  // The stream closes the file when it ends or is left.
  yield* file.createReadStream({ start });
}
