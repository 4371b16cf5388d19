import { randomBytes } from "node:crypto";
import { constants, lstatSync, readFileSync, readlinkSync } from "node:fs";
import { link, lstat, open, unlink } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { errorCode, Failure } from "../../failure.ts";
import { parseJson } from "../../text/parse-json.ts";

/** A writer holds the lock for milliseconds. A process that waits longer than this gives up. Milliseconds. */
const waitAtMost = 10_000;
/** A lock this old was left behind, even if its process seems to run. Milliseconds. */
const staleAfter = 60_000;
/** A writer that held its lock this long (it was suspended) no longer trusts it: well below `staleAfter`. Milliseconds. */
const trustFor = 20_000;
/** A clock may be set back a little while a lock is held. A larger difference is a time in the future. Milliseconds. */
const clockTolerance = 1000;
/** A lock whose owner cannot be checked is void if it is unchanged for this long: some hundred times as long as a writer holds one. Milliseconds. */
const unknownFor = 2000;
/** Maximum size of our locks. Bytes. */
const longestLock = 4096;

/** Identifies the processes that can be checked: those of the same boot of the same host, in the same container. */
interface ProcessScope {
  readonly host: string;
  /** The boot and the process namespace; empty where the system does not name them. */
  readonly boot: string;
}

interface LockOwner extends ProcessScope {
  readonly token: string;
  readonly pid: number;
  /** When the process began, in ticks since the boot; empty if the system does not say. Distinguishes a later process of the same number. */
  readonly started: string;
  /** Milliseconds since 1970. */
  readonly since: number;
}

/** What is at a lock's path. */
type LockState = { readonly is: "nothing" } | { readonly is: "no-lock" } | { readonly is: "lock"; readonly owner: LockOwner };

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
  const isVoid = openVoidCheck();
  let hasAsked = false;
  try {
    while (!(await createLock(path, token))) {
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

async function release(path: string, token: string): Promise<void> {
  const found = await readLock(path);
  if (found.is === "lock" && found.owner.token === token) await unlink(path);
}

let attempts = 0;

/** Makes a lock file that is never seen empty: it is written under another name and linked. Returns false if there is a file already. */
async function createLock(path: string, token: string): Promise<boolean> {
  const owner: LockOwner = { token, ...thisScope(), pid: process.pid, started: startOf(process.pid), since: Date.now() };
  attempts += 1;
  const written = `${path}.${process.pid}-${attempts}`;
  try {
    await write(written, JSON.stringify(owner)).catch(async (thrown) => {
      if (errorCode(thrown) !== "EEXIST") throw thrown;
      // A killed process of the same number may have left this file.
      await unlink(written);
      await write(written, JSON.stringify(owner));
    });
    await link(written, path);
    return true;
  } catch (thrown) {
    if (errorCode(thrown) === "EEXIST") return false;
    if (!noLinks.includes(errorCode(thrown) ?? "")) throw thrown;
  } finally {
    await unlink(written).catch(() => undefined);
  }
  return await createLockWithoutLink(path, owner);
}

/** Error codes of file systems without hard links. */
const noLinks = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"];

/** Makes the file directly: another process may see it empty, and void. Returns false if that happened, or if a file exists. */
async function createLockWithoutLink(path: string, owner: LockOwner): Promise<boolean> {
  try {
    await write(path, JSON.stringify(owner));
  } catch (thrown) {
    if (errorCode(thrown) === "EEXIST") return false;
    await unlink(path).catch(() => undefined);
    throw thrown;
  }
  const found = await readLock(path);
  return found.is === "lock" && found.owner.token === owner.token;
}

async function write(path: string, content: string): Promise<void> {
  const file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0), 0o600);
  try {
    await file.writeFile(content);
  } finally {
    await file.close();
  }
}

async function readLock(path: string): Promise<LockState> {
  try {
    // Reading a pipe would wait for its writer, and a link leads elsewhere.
    const about = await lstat(path);
    if (!about.isFile() || about.size > longestLock) return { is: "no-lock" };
    const file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
    try {
      const owner = parseJson(await file.readFile("utf8"));
      return isOwner(owner) ? { is: "lock", owner } : { is: "no-lock" };
    } finally {
      await file.close();
    }
  } catch (thrown) {
    if (errorCode(thrown) === "ENOENT") return { is: "nothing" };
    throw thrown;
  }
}

function isOwner(value: unknown): value is LockOwner {
  if (typeof value !== "object" || value === null) return false;
  const owner: Partial<Record<keyof LockOwner, unknown>> = value;
  const texts = [owner.token, owner.host, owner.boot, owner.started];
  return texts.every((text) => typeof text === "string") && typeof owner.pid === "number" && typeof owner.since === "number";
}

/** Returns a function that says whether a lock is void. It remembers since when it has seen a lock whose owner cannot be checked. */
function openVoidCheck(): (found: LockState) => boolean {
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
async function breakLock(path: string, seen: LockState, isVoid: (found: LockState) => boolean): Promise<void> {
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

let here: ProcessScope | undefined;

function thisScope(): ProcessScope {
  here ??= { host: hostname(), boot: [firstLine("/proc/sys/kernel/random/boot_id"), namespaceOfProcesses()].join(" ").trim() };
  return here;
}

/** Process numbers of one container mean nothing in another: https://man7.org/linux/man-pages/man7/pid_namespaces.7.html */
function namespaceOfProcesses(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}

/** Field 22 of the process's status; the name in field 2 may hold blanks: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
function startOf(pid: number): string {
  const status = firstLine(`/proc/${pid}/stat`);
  return status.slice(status.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}

/** Returns the first line of a file, or an empty text if there is no such file: only Linux has them. */
function firstLine(path: string): string {
  try {
    return readFileSync(path, "utf8").split("\n", 1)[0] ?? "";
  } catch {
    return "";
  }
}
