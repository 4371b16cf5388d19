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

/** Small things that a process leaves to the next ones of the same user. */
export interface PrivateFiles {
  /** Undefined when there is none that can be trusted. Its members are whatever was written: they are to be checked. */
  read(key: readonly string[]): Readonly<Record<string, unknown>> | undefined;
  /** False when it could not be kept. */
  write(key: readonly string[], value: object): boolean;
  forget(key: readonly string[]): void;
}

/** A token with the identity library's own notes has some thousand characters, a place much less. Bytes. */
const maxFileBytes = 262_144;

/**
 * One file for each key, `directory` and files readable by their owner only. Written beside and renamed, so that a reader finds a whole
 * file and never a half one, whatever other processes do. What is not exactly as it was written (a link, another owner, other rights,
 * other content) is not used. Synchronous: it is one small file, and the start of a process waits for it.
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

/** For who wants nothing on disk. */
export const noPrivateFiles: PrivateFiles = { read: () => undefined, write: () => false, forget: () => undefined };

/** A cache that cannot be used is no error: undefined. Everything else is. */
function orUndefined<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (thrown) {
    if (/^E[A-Z]+$/.test(errorCode(thrown) ?? "")) return undefined;
    throw thrown;
  }
}

/** Nobody else may put a file there. Windows has no such rights; there the folder of the user's profile protects it. */
function isOurs(directory: string): boolean {
  const found = orUndefined(() => lstatSync(directory));
  return found?.isDirectory() === true && isPrivate(found);
}

function isPrivate(found: Stats): boolean {
  const uid = process.getuid?.();
  return uid === undefined || (found.uid === uid && (found.mode & 0o077) === 0);
}

function readOwn(path: string): string | undefined {
  // O_NONBLOCK: a pipe in its place must not hold us.
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
