import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";

// Opening a pipe waits for its other end, and a device may never end: no user means to name either.

/** Without this flag, opening a pipe blocks. Windows lacks the flag, and pipes there have no path. */
export const noWait = constants.O_NONBLOCK ?? 0;

/** The error for a path that is not a regular file; its `code` replaces that of a system error. */
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

/** Returns the bytes of a regular file. Throws the file system's error, or an error with a `code` if the path is not a regular file. */
export function readRegularSync(path: string): Buffer {
  const file = openRegularSync(path);
  try {
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}

/** Opens a regular file for reading and returns its descriptor. Throws as `readRegularSync`. */
export function openRegularSync(path: string): number {
  const file = openSync(path, constants.O_RDONLY | noWait);
  const stats = fstatSync(file);
  if (stats.isFile()) return file;
  closeSync(file);
  throw new NotRegular(path, stats);
}

/** Opens a regular file, by default for reading. Rejects as `readRegularSync` throws. */
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
    // A pipe cannot be read from a given position.
    yield* file.createReadStream({ autoClose: false });
  } finally {
    await file.close();
  }
}

/** Yields the bytes of a regular file from `start` on. Throws as `readRegularSync` when it is read. */
export async function* readRegular(path: string, start = 0): AsyncGenerator<Buffer> {
  const file = await openRegular(path);
  // The stream closes the file at its end or when the reader stops.
  yield* file.createReadStream({ start });
}
