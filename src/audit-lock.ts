import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { open, readFile, stat, unlink } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { errorCode, Failure } from "./failure.ts";
import { parseJson } from "./parse-json.ts";

/** A writer holds the lock for milliseconds; who waits longer than this gives up. Milliseconds. */
const waitAtMost = 10_000;
/** A lock this old was left behind, even when a process has its number. Milliseconds. */
const staleAfter = 60_000;
/** A writer that held its lock this long (it was suspended) no longer trusts it: well below `staleAfter`. Milliseconds. */
const trustFor = 20_000;

interface Owner {
  readonly token: string;
  readonly pid: number;
  readonly host: string;
  /** Milliseconds since 1970. */
  readonly since: number;
}

/**
 * Runs `work` while no other process does under the same lock file, made with O_EXCL. A lock whose process is gone is removed, under a
 * second lock so that two waiters never remove each other's. `work` must call `sure` right before it writes.
 * Throws Failure `audit-failed` when the lock cannot be had in ten seconds.
 */
export async function locked<T>(path: string, work: (sure: () => void) => Promise<T>): Promise<T> {
  const owner: Owner = { token: randomBytes(16).toString("hex"), pid: process.pid, host: hostname(), since: Date.now() };
  await acquire(path, owner);
  const began = process.uptime();
  try {
    return await work(() => {
      if ((process.uptime() - began) * 1000 > trustFor)
        throw new Failure("audit-failed", "The audit file's lock was held too long to be trusted.");
    });
  } finally {
    if ((await ownerOf(path))?.token === owner.token) await unlink(path);
  }
}

async function acquire(path: string, owner: Owner): Promise<void> {
  const giveUp = process.uptime() + waitAtMost / 1000;
  while (!(await made(path, JSON.stringify({ ...owner, since: Date.now() })))) {
    const holder = await ownerOf(path);
    if (holder !== undefined && isStale(holder)) await breakLock(path, holder);
    else if (process.uptime() > giveUp) {
      throw new Failure("audit-failed", `The audit file stays locked by ${path}.`, {
        hint: "When no mailcordon is running, remove that file (and the one ending in .breaking, if there is one).",
      });
    } else await sleep(2 + Math.random() * 10);
  }
}

async function made(path: string, content: string): Promise<boolean> {
  try {
    const file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    try {
      await file.writeFile(content);
    } finally {
      await file.close();
    }
    return true;
  } catch (thrown) {
    if (errorCode(thrown) === "EEXIST") return false;
    throw thrown;
  }
}

/** Undefined when there is no lock. A lock that its maker has not written into yet, and maybe never will, has only an age. */
async function ownerOf(path: string): Promise<Owner | undefined> {
  try {
    const owner = parseJson(await readFile(path, "utf8"));
    return isOwner(owner) ? owner : { token: "", pid: 0, host: "", since: (await stat(path)).mtimeMs };
  } catch (thrown) {
    if (errorCode(thrown) === "ENOENT") return undefined;
    throw thrown;
  }
}

function isOwner(value: unknown): value is Owner {
  if (typeof value !== "object" || value === null) return false;
  const owner: Partial<Record<keyof Owner, unknown>> = value;
  return (
    typeof owner.token === "string" && typeof owner.pid === "number" && typeof owner.host === "string" && typeof owner.since === "number"
  );
}

function isStale(owner: Owner): boolean {
  if (Date.now() - owner.since > staleAfter) return true;
  if (owner.host !== hostname()) return false;
  try {
    process.kill(owner.pid, 0);
    return false;
  } catch (thrown) {
    // EPERM: it lives, and belongs to somebody else.
    return errorCode(thrown) === "ESRCH";
  }
}

async function breakLock(path: string, seen: Owner): Promise<void> {
  const breaking = `${path}.breaking`;
  if (!(await made(breaking, ""))) {
    await sleep(10);
    return;
  }
  try {
    if ((await ownerOf(path))?.token === seen.token) await unlink(path);
  } finally {
    await unlink(breaking);
  }
}
