import { createHash, randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  type Stats,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { errorCode } from "../failure.ts";
import { parseJson } from "../text/parse-json.ts";
import { makeFolderSync } from "./make-folder.ts";

/** Small values that a process leaves to later ones of the same user. */
export interface PrivateFiles {
  /** Undefined if there is no trustworthy file. The caller must check its members, which may be anything. */
  read(key: readonly string[]): Readonly<Record<string, unknown>> | undefined;
  /** Returns false if it could not be written. */
  write(key: readonly string[], value: object): boolean;
  forget(key: readonly string[]): void;
}

/** In bytes. A token with the identity library's own data has some thousand characters, an endpoint much less. */
const maxFileBytes = 262_144;

/**
 * Opens one file per key; only the owner may read `directory` and files. A file is written beside and renamed, so a reader never finds half a file,
 * whatever other processes do. A file that is not exactly as written (a link, another owner, other rights, other content) is not used. Synchronous:
 * a file is small, and the start of a process waits for it.
 */
export function openPrivateFiles(directory: string): PrivateFiles {
  const pathOf = (key: readonly string[]): string => {
    const name = createHash("sha256").update(JSON.stringify(key)).digest("hex");
    return join(directory, `${name}.json`);
  };
  return {
    read(key) {
      if (!isOurs(directory)) return undefined;
      const text = orUndefined(() => readOwn(pathOf(key)));
      const value = text === undefined ? undefined : parseJson(text);
      if (typeof value !== "object" || value === null) return undefined;
      const members: Readonly<Record<string, unknown>> = Object.fromEntries(Object.entries(value));
      return JSON.stringify(members.key) === JSON.stringify(key) ? members : undefined;
    },
    write(key, value) {
      return orUndefined(() => writeOwn(directory, pathOf(key), JSON.stringify({ ...value, key }))) ?? false;
    },
    forget(key) {
      if (isOurs(directory)) orUndefined(() => unlinkSync(pathOf(key)));
    },
  };
}

/** For users who want nothing on disk. */
export const noPrivateFiles: PrivateFiles = { read: () => undefined, write: () => false, forget: () => undefined };

/** Returns undefined for a file system error, since an unusable cache is not a failure; rethrows every other error. */
function orUndefined<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (thrown) {
    if (/^E[A-Z]+$/.test(errorCode(thrown) ?? "")) return undefined;
    throw thrown;
  }
}

/** Checks that no other user can create a file there. Windows has no such rights; the user's profile folder protects it there. */
function isOurs(directory: string): boolean {
  const found = orUndefined(() => lstatSync(directory));
  return found?.isDirectory() === true && isPrivate(found);
}

function isPrivate(found: Stats): boolean {
  const uid = process.getuid?.();
  return uid === undefined || (found.uid === uid && (found.mode & 0o077) === 0);
}

function readOwn(path: string): string | undefined {
  // O_NONBLOCK: a pipe at this path must not block us.
  const file = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  try {
    const found = fstatSync(file);
    return found.isFile() && isPrivate(found) && found.size <= maxFileBytes ? readFileSync(file, "utf8") : undefined;
  } finally {
    closeSync(file);
  }
}

function writeOwn(directory: string, path: string, text: string): boolean {
  if (Buffer.byteLength(text) > maxFileBytes) return false;
  makeFolderSync(directory, 0o700);
  if (!isOurs(directory)) return false;
  const beside = `${path}.${randomBytes(8).toString("hex")}`;
  try {
    const file = openSync(beside, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    try {
      writeFileSync(file, text);
    } finally {
      closeSync(file);
    }
    renameSync(beside, path);
    return true;
  } catch (thrown) {
    orUndefined(() => unlinkSync(beside));
    throw thrown;
  }
}
