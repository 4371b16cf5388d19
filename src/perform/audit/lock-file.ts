import { constants, readFileSync, readlinkSync } from "node:fs";
import { link, lstat, open, unlink } from "node:fs/promises";
import { hostname } from "node:os";
import { errorCode } from "../../failure.ts";
import { parseJson } from "../../text/parse-json.ts";

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

/** The object at a lock's path. */
export type LockState = { readonly is: "nothing" } | { readonly is: "no-lock" } | { readonly is: "lock"; readonly owner: LockOwner };

export async function release(path: string, token: string): Promise<void> {
  const found = await readLock(path);
  if (found.is === "lock" && found.owner.token === token) await unlink(path);
}

let attempts = 0;

/** Makes a lock file that is never seen empty: it is written under another name and linked. Returns false if there is a file already. */
export async function createLock(path: string, token: string): Promise<boolean> {
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

export async function write(path: string, content: string): Promise<void> {
  const file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0), 0o600);
  try {
    await file.writeFile(content);
  } finally {
    await file.close();
  }
}

export async function readLock(path: string): Promise<LockState> {
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

let here: ProcessScope | undefined;

export function thisScope(): ProcessScope {
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
export function startOf(pid: number): string {
  const status = firstLine(`/proc/${pid}/stat`);
  return status.slice(status.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}

/** Returns the first line of a file, or an empty text if there is no such file: these files exist only on Linux. */
function firstLine(path: string): string {
  try {
    return readFileSync(path, "utf8").split("\n", 1)[0] ?? "";
  } catch {
    return "";
  }
}
