import { randomBytes } from "node:crypto";
import { unlink } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { errorCode } from "../../failure.ts";
import { createLock, type LockState, readLock, release, startOf, thisScope } from "./lock-file.ts";

// A start needs this file only if another process holds the lock or left one behind.

/** A lock this old was left behind, even if its process seems to run. Milliseconds. */
const staleAfter = 60_000;
/** A clock may be set back a little while a lock is held. A larger difference is a time in the future. Milliseconds. */
const clockTolerance = 1000;
/** A lock whose owner cannot be checked is void if it is unchanged for this long: some hundred times as long as a writer holds one. Milliseconds. */
const unknownFor = 2000;

/** Returns a function that says whether a lock is void. It remembers since when it has seen a lock whose owner cannot be checked. */
export function openVoidCheck(): (found: LockState) => boolean {
  const firstSeen = new Map<string, number>();
  return (found) => {
    if (found.is === "nothing") return false;
    if (found.is === "no-lock") return true;
    const { token, host, boot, pid, started, since } = found.owner;
    const age = Date.now() - since;
    if (!(age >= -clockTolerance && age <= staleAfter)) return true;
    if (host !== thisScope().host || boot !== thisScope().boot) {
      const seen = firstSeen.get(token) ?? process.uptime();
      firstSeen.set(token, seen);
      return (process.uptime() - seen) * 1000 > unknownFor;
    }
    return isGone(pid) || isOtherProcess(startOf(pid), started);
  };
}

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (thrown) {
    // EPERM: the process runs and belongs to another user. Any other code: no process has this number.
    return errorCode(thrown) !== "EPERM";
  }
}

/** Returns whether another process has the number now. False if the system does not say when a process began, or hides those of other users. */
function isOtherProcess(began: string, started: string): boolean {
  return began !== "" && began !== started;
}

/** Removes a void lock under a second lock, so that two waiting processes never remove each other's. */
export async function breakLock(path: string, seen: LockState, isVoid: (found: LockState) => boolean): Promise<void> {
  const breaking = `${path}.breaking`;
  const token = randomBytes(16).toString("hex");
  if (!(await createLock(breaking, token))) {
    // A process that was killed in the middle of this step left it.
    if (isVoid(await readLock(breaking))) await remove(breaking);
    await sleep(2 + Math.random() * 10);
    return;
  }
  try {
    const now = await readLock(path);
    const isSame = now.is === "lock" && seen.is === "lock" ? now.owner.token === seen.owner.token : now.is === seen.is;
    if (isSame && isVoid(now)) await remove(path);
  } finally {
    await release(breaking, token);
  }
}

async function remove(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (thrown) {
    if (errorCode(thrown) !== "ENOENT") throw thrown;
  }
}
