// src/files/: Reads, names and creates files and folders safely.

import { mkdirSync, statSync } from "node:fs";
import { mkdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { errorCode } from "../failure.ts";

// Creates folders one by one: where an existing folder refuses new ones, as /proc does, Node's `recursive` never ends.

/**
 * Mode of the missing parents of a folder. Root runs the database as another user, who must get through: the folder itself stays closed, and nobody can
 * list the parents.
 */
function parentMode(mode: number): number {
  return process.getuid?.() === 0 ? mode | 0o011 : mode;
}

/** Creates a folder and its missing parents; an existing one stays unchanged. Throws the file system's error. */
export async function makeFolder(folder: string, mode = 0o777): Promise<void> {
  const waiting: string[] = [];
  let at = resolve(folder);
  for (let thrown = await tryMakeFolder(at, mode); thrown !== undefined; thrown = await tryMakeFolder(at, parentMode(mode))) {
    if (!isBelowMissing(at, thrown)) throw thrown;
    waiting.push(at);
    at = dirname(at);
  }
  for (const [left, next] of waiting.reverse().entries()) {
    const thrown = await tryMakeFolder(next, left === waiting.length - 1 ? mode : parentMode(mode));
    if (thrown !== undefined) throw thrown;
  }
}

/** As `makeFolder`, synchronously. */
export function makeFolderSync(folder: string, mode = 0o777): void {
  const waiting: string[] = [];
  let at = resolve(folder);
  for (let thrown = tryMakeFolderSync(at, mode); thrown !== undefined; thrown = tryMakeFolderSync(at, parentMode(mode))) {
    if (!isBelowMissing(at, thrown)) throw thrown;
    waiting.push(at);
    at = dirname(at);
  }
  for (const [left, next] of waiting.reverse().entries()) {
    const thrown = tryMakeFolderSync(next, left === waiting.length - 1 ? mode : parentMode(mode));
    if (thrown !== undefined) throw thrown;
  }
}

function isBelowMissing(folder: string, thrown: unknown): boolean {
  return errorCode(thrown) === "ENOENT" && dirname(folder) !== folder;
}

/** Returns why the folder does not exist; undefined if it exists, whoever created it. */
async function tryMakeFolder(folder: string, mode: number): Promise<unknown> {
  const isThere = async () => (await stat(folder).catch(() => undefined))?.isDirectory() === true;
  // Most folders are there already, and an error takes longer to make than a look.
  if (await isThere()) return undefined;
  try {
    await mkdir(folder, { mode });
    return undefined;
  } catch (thrown) {
    return (await isThere()) ? undefined : thrown;
  }
}

function tryMakeFolderSync(folder: string, mode: number): unknown {
  try {
    mkdirSync(folder, { mode });
    return undefined;
  } catch (thrown) {
    try {
      return statSync(folder).isDirectory() ? undefined : thrown;
    } catch {
      return thrown;
    }
  }
}
