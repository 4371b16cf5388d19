import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, constants, existsSync, lstatSync, openSync, readFileSync, statSync } from "node:fs";
import { chmod, chown, open, readdir, rename, rm, stat, unlink } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { errorCode, Failure } from "../failure.ts";
import { makeFolder } from "../files/make-folder.ts";
import { type Binaries, copiedTo, findBinaries, folderOf } from "./postgres-binaries.ts";

/** The address of our own PostgreSQL. `host` is a loopback address, or the folder of its socket. */
export interface Address {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** A PostgreSQL in a folder. */
export interface Embedded {
  /** Returns its address, by its files; starts it if it does not run. Throws Failure. */
  running(): Promise<Address>;
  /** Stops it, even if another process started it; waits until it has written everything. */
  stop(): Promise<void>;
}

/** The database user. */
const user = "mailcordon";
const defaultPort = 5432;
/** sun_path of sockaddr_un has 104 bytes on macOS and 108 on Linux, with the closing NUL. */
const longestSocketPath = 103;
/** In milliseconds. Writing everything takes a moment, more on a slow disk. */
const stopMs = 30_000;
/** Number of last lines of initdb's output in the failure: the error, its detail, and the removed files. */
const mostLastLines = 4;
/** In bytes. A larger log is replaced at the next start. */
const longestLog = 1024 * 1024;

/** Creates the folder `<directory>/postgres` and a database in it if they are missing; starts nothing yet. Throws Failure. */
export async function openEmbedded(directory: string): Promise<Embedded> {
  const home = join(resolve(directory), "postgres");
  const account = await withDiskFailures("make the folder of the state", () => prepareFolder(resolve(directory), home));
  const binaries = await withDiskFailures("link the libraries of PostgreSQL", async () => binariesFor(home, account));
  const data = join(home, "data");
  if (!existsSync(join(data, "PG_VERSION"))) await initialise(home, data, binaries, account);
  let child: ChildProcess | undefined;
  return {
    async running() {
      // A child that ended was refused, most often because another process was first. Start the next one when that one is gone.
      const alive = child !== undefined && child.exitCode === null && child.signalCode === null;
      if (!alive && addressOf(data) === undefined) {
        await removeStaleLock(data);
        child = await launch(home, data, binaries, account);
      }
      const address = addressOf(data) ?? { host: home, port: defaultPort };
      return { ...address, user, password: readPassword(data), database: "postgres" };
    },
    async stop() {
      const [pid] = readLock(data);
      if (pid === undefined || addressOf(data) === undefined) return;
      await stopServer(Number(pid), binaries, home, account);
      // Another process may start the server again immediately: then the lock belongs to that one.
      for (const deadline = Date.now() + stopMs; readLock(data)[0] === pid; await pause(10)) {
        if (Date.now() > deadline) throw new Failure("internal", "The state database does not stop.");
      }
    },
  };
}

/**
 * Sends the signal for "fast shutdown": https://www.postgresql.org/docs/current/server-shutdown.html. Windows has no signals, so a program of
 * PostgreSQL sends it there.
 */
async function stopServer(pid: number, binaries: Binaries, home: string, account: Account | undefined): Promise<void> {
  if (process.platform === "win32") await run(binaries, binaries.pgCtl, ["kill", "INT", String(pid)], home, account);
  else process.kill(pid, "SIGINT");
}

/** The operating system user that the server runs as, if it is not ours: PostgreSQL refuses to run as root. */
interface Account {
  readonly uid: number;
  readonly gid: number;
}

async function prepareFolder(directory: string, home: string): Promise<Account | undefined> {
  const root = process.getuid?.() === 0;
  // The user that PostgreSQL runs as must get through folders that are made for it.
  if (root) await makeFolder(dirname(directory), 0o711);
  await makeFolder(directory, 0o700);
  await makeFolder(home, 0o700);
  if (!root) return undefined;
  const owner = await stat(home);
  const account = owner.uid === 0 ? unprivilegedAccount() : { uid: owner.uid, gid: owner.gid };
  await chown(home, account.uid, account.gid);
  // That user needs access to its own folder, but must not list or read the others.
  await chmod(directory, ((await stat(directory)).mode & 0o777) | 0o011);
  const closed = folderClosedTo(account, dirname(directory));
  if (closed === undefined) return account;
  throw new Failure(
    "invalid-settings",
    "serve.state_dir: PostgreSQL does not run as root, and its user has no access to a folder above it.",
    {
      local: closed,
      hint: "Set serve.state_dir to a folder such as /var/lib/mailcordon, or run as an ordinary user, or set DATABASE_URL.",
    },
  );
}

/** Returns the first folder, from this one upwards, that a user cannot enter. */
function folderClosedTo(account: Account, folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const { mode, uid, gid } = statSync(at);
    const wanted = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
    if ((mode & wanted) === 0) return at;
    if (at === dirname(at)) return undefined;
  }
}

/** If root installed mailcordon for itself, the user that PostgreSQL runs as could not start it. */
function binariesFor(home: string, account: Account | undefined): Binaries {
  if (account === undefined) return findBinaries(home);
  return findBinaries(home, undefined, undefined, (name) => {
    const folder = folderOf(name);
    return folderClosedTo(account, join(folder, "native/bin")) === undefined ? folder : copiedTo(home, folder);
  });
}

/** Returns the user `postgres` if it exists, otherwise `nobody`; creates no user. */
function unprivilegedAccount(): Account {
  const lines = readFileSync("/etc/passwd", "utf8").split("\n");
  for (const name of ["postgres", "nobody"]) {
    const [, , uid, gid] = lines.find((line) => line.startsWith(`${name}:`))?.split(":") ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Failure("invalid-settings", "PostgreSQL does not run as root, and neither the user postgres nor the user nobody exists.", {
    hint: "Run mailcordon as an ordinary user, or set DATABASE_URL.",
  });
}

/** Creates the database in a neighbouring folder, and renames it when it is complete: neither a crash nor another process leaves half a database. */
async function initialise(home: string, data: string, binaries: Binaries, account: Account | undefined): Promise<void> {
  for (const name of await readdir(home)) {
    // Remains of a crash during this step; a minute is far more than it takes.
    if (name.startsWith("data-") && Date.now() - statSync(join(home, name)).mtimeMs > 60_000)
      await rm(join(home, name), { recursive: true });
  }
  const fresh = join(home, `data-${randomBytes(6).toString("hex")}`);
  const passwordFile = `${fresh}.password`;
  const password = randomBytes(32).toString("base64url");
  try {
    const file = await open(passwordFile, "wx", 0o600);
    try {
      await file.writeFile(password);
      // Change the open file, since its name may belong to another file by now.
      if (account !== undefined) await file.chown(account.uid, account.gid);
    } finally {
      await file.close();
    }
    const words = ["--pgdata", fresh, "--username", user, "--pwfile", passwordFile, "--auth", "scram-sha-256", "--encoding", "UTF8"];
    const { end, said: output } = await run(binaries, binaries.initdb, [...words, "--locale", "C", "--no-instructions"], home, account);
    if (end !== "exit code 0") {
      throw new Failure("internal", `The state database could not be created: initdb ended with ${end}.`, {
        // Its last words name files of this machine. The password is in a file, which they may name, and never in them.
        local: output === "" ? home : output.split("\n").slice(-mostLastLines).join("; "),
        hint: "Repair what initdb names in the log or in brackets, choose another folder (serve.state_dir), or set DATABASE_URL.",
      });
    }
    await rename(passwordFile, join(fresh, "mailcordon-password"));
    await rename(fresh, data);
  } catch (thrown) {
    await rm(fresh, { recursive: true, force: true });
    await rm(passwordFile, { force: true });
    // Another process was first: its database is as good.
    if (!existsSync(join(data, "PG_VERSION"))) throw thrown;
  }
}

function readPassword(data: string): string {
  try {
    return readFileSync(join(data, "mailcordon-password"), "utf8");
  } catch (thrown) {
    const code = errorCode(thrown) ?? "unknown error";
    throw new Failure("invalid-settings", `The password of the state database cannot be read (${code}).`, { cause: thrown });
  }
}

/**
 * Returns the address of the server; undefined if there is none. The lines of postmaster.pid: its process, folder, start, port, folder of the socket,
 * address: https://www.postgresql.org/docs/current/storage-file-layout.html
 */
function addressOf(data: string): { readonly host: string; readonly port: number } | undefined {
  const [pid = "", , , port = "", socket = ""] = readLock(data);
  if (!isAlive(Number(pid)) || Number(port) === 0) return undefined;
  return { host: socket === "" ? "127.0.0.1" : socket, port: Number(port) };
}

function readLock(data: string): readonly string[] {
  try {
    return readFileSync(join(data, "postmaster.pid"), "utf8").split("\n");
  } catch (thrown) {
    if (errorCode(thrown) === "ENOENT") return [];
    throw thrown;
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid < 2) return false;
  try {
    process.kill(pid, 0);
  } catch (thrown) {
    if (errorCode(thrown) === "EPERM") return !isOtherProgram(pid);
    return false;
  }
  return !isOtherProgram(pid);
}

/** Returns true if the process with this number is known to be another program. If that cannot be known, it counts as the server. */
function isOtherProgram(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim() !== "postgres";
  } catch (thrown) {
    if (errorCode(thrown) !== undefined) return false;
    throw thrown;
  }
}

/** After a crash of the machine, the number in the lock file may belong to any process, and PostgreSQL would not start. */
async function removeStaleLock(data: string): Promise<void> {
  const [pid] = readLock(data);
  if (pid !== undefined && isOtherProgram(Number(pid))) await unlink(join(data, "postmaster.pid"));
}

async function launch(home: string, data: string, binaries: Binaries, account: Account | undefined): Promise<ChildProcess> {
  const socket =
    Buffer.byteLength(join(home, `.s.PGSQL.${defaultPort}`)) <= longestSocketPath && process.platform !== "win32" && !/[",]/.test(home);
  const port = socket ? defaultPort : await freePort();
  const settings = {
    listen_addresses: socket ? "" : "127.0.0.1",
    unix_socket_directories: socket ? home : "",
    unix_socket_permissions: "0700",
    // Each process needs one connection, a pool of ten, and four for the engine of sweeps. That is enough for some ten processes.
    max_connections: "160",
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const log = join(home, "postgres.log");
  const tooLong = existsSync(log) && lstatSync(log).size > longestLog;
  const file = openLog(log, tooLong);
  try {
    // The server outlives us if another process uses it: the last one stops it. It has its own session, so Ctrl-C does not reach it.
    const child = spawn(binaries.postgres, ["-D", data, "-p", String(port), ...flags], {
      ...account,
      cwd: home,
      env: environment(binaries),
      detached: true,
      stdio: ["ignore", file, file],
    });
    child.unref();
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.on("error", (error: NodeJS.ErrnoException) =>
        reject(new Failure("internal", `The state database does not start (${error.code}).`, { hint: reachHint, cause: error })),
      );
    });
    return child;
  } finally {
    closeSync(file);
  }
}

/** Does not follow links: the folder belongs to a user with fewer rights than ours, who could use a link to make root write anywhere. */
function openLog(path: string, anew: boolean): number {
  const { O_WRONLY, O_CREAT, O_APPEND, O_TRUNC } = constants;
  try {
    return openSync(path, O_WRONLY | O_CREAT | (constants.O_NOFOLLOW ?? 0) | (anew ? O_TRUNC : O_APPEND), 0o600);
  } catch (thrown) {
    const code = errorCode(thrown) ?? "unknown error";
    throw new Failure("invalid-settings", `serve.state_dir: could not open postgres.log (${code}).`, { cause: thrown });
  }
}

const reachHint = "Give the user that PostgreSQL runs as access to the program and its folder, or set DATABASE_URL.";

/** PostgreSQL does not choose a port itself. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : defaultPort));
    });
  });
}

/** Returns an environment without our own variables, and with messages in the same language everywhere. */
function environment(binaries: Binaries): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, LC_ALL: "C", TZ: "UTC", ...binaries.environment };
}

async function run(
  binaries: Binaries,
  program: string,
  words: readonly string[],
  home: string,
  account: Account | undefined,
): Promise<{ readonly end: string; readonly said: string }> {
  return await new Promise((resolve, reject) => {
    const child = spawn(program, words, { ...account, cwd: home, env: environment(binaries), stdio: ["ignore", "ignore", "pipe"] });
    let output = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      output = `${output}${text}`.slice(-2000);
    });
    child.on("error", (error: NodeJS.ErrnoException) =>
      reject(
        new Failure("internal", `A program of PostgreSQL does not run (${error.code}).`, { local: program, hint: reachHint, cause: error }),
      ),
    );
    child.on("close", (code, signal) =>
      resolve({ end: code === null ? `signal ${signal ?? "unknown"}` : `exit code ${code}`, said: output.trim() }),
    );
  });
}

async function withDiskFailures<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const code = errorCode(thrown);
    if (thrown instanceof Failure || code === undefined) throw thrown;
    throw new Failure("invalid-settings", `serve.state_dir: could not ${what} (${code}).`, { cause: thrown });
  }
}
