import { randomBytes } from "node:crypto";
import { lstatSync } from "node:fs";
import { unlink } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { Failure } from "../../failure.ts";
import { createLock, readLock, release, write } from "./lock-file.ts";

/** A writer holds the lock for milliseconds. A process that waits longer than this gives up. Milliseconds. */
const waitAtMost = 10_000;
/** A writer that held its lock this long (it was suspended) no longer trusts it: well below `staleAfter` in void-lock.ts. Milliseconds. */
const trustFor = 20_000;
/**
 * Runs `work` while no other process does under the same lock file. The file names host, boot and process. It is void if that process is
 * gone, if its time is in the future or a minute ago, if it has any other content (a full disk left it empty), and after two seconds if
 * its owner cannot be checked, because it is on another host. `work` must call `sure` right before it writes.
 * Throws Failure `audit-failed` if the lock cannot be taken in ten seconds.
 */
export async function withLock<T>(path: string, work: (sure: () => void) => Promise<T>): Promise<T> {
  const token = randomBytes(16).toString("hex");
  await acquire(path, token);
  const began = process.uptime();
  try {
    return await work(() => {
      if ((process.uptime() - began) * 1000 > trustFor)
        throw new Failure("audit-failed", "mailcordon held the lock of the audit file too long to rely on it. Nothing was appended.");
    });
  } finally {
    // Whether the work was done is known; a lock that cannot be removed must not hide it.
    await release(path, token).catch(() => undefined);
  }
}

async function acquire(path: string, token: string): Promise<void> {
  const giveUp = process.uptime() + waitAtMost / 1000;
  let isVoid: ReturnType<typeof import("./void-lock.ts").openVoidCheck> | undefined;
  let hasAsked = false;
  try {
    while (!(await createLock(path, token))) {
      const { breakLock, openVoidCheck } = await import("./void-lock.ts");
      isVoid ??= openVoidCheck();
      const found = await readLock(path);
      if (found.is === "nothing") continue;
      if (isVoid(found)) await breakLock(path, found, isVoid);
      else if (process.uptime() > giveUp) {
        throw new Failure("audit-failed", "The audit file stayed locked for ten seconds.", {
          local: path,
          hint: "End the mailcordon process that holds the audit file, then retry.",
        });
      } else {
        hasAsked = true;
        await ask(path);
        await sleep(2 + Math.random() * 10);
      }
    }
  } finally {
    if (hasAsked) await isWanted(path);
  }
}

/** Asks a process that keeps the lock between entries to give it back, if there is a lock: for a process that first waits for another lock. */
export async function askFor(path: string): Promise<void> {
  if ((await readLock(path)).is === "lock") await ask(path);
}

/** Returns whether another process asked for the lock since the last time. It asks again while it waits. */
export async function isWanted(path: string): Promise<boolean> {
  try {
    // The file is rarely there, and a look through Node's threads costs ten times as much.
    if (lstatSync(wantedPath(path), { throwIfNoEntry: false }) === undefined) return false;
    await unlink(wantedPath(path));
    return true;
  } catch {
    return false;
  }
}

/** The file that requests a lock. It may be left behind: then the lock is given back once more than needed. */
function wantedPath(path: string): string {
  return `${path}.wanted`;
}

async function ask(path: string): Promise<void> {
  // Another process may have asked. If the file cannot be written, the owner gives the lock back a little later.
  await write(wantedPath(path), "").catch(() => undefined);
}
