import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { soon } from "../soon.ts";

/** A PostgreSQL server of the Debian package `postgresql`, which the test itself starts, kills and removes. */
export interface DebianPostgres {
  /** Folder of the server's socket. */
  readonly sockets: string;
  /** Creates an empty database and returns its URL. */
  database(): Promise<string>;
  /** Ends the server without warning, as a lost machine does, and starts it again after `awayMs`. */
  killAndRestart(awayMs: number): Promise<void>;
  remove(): Promise<void>;
}

const packages = "/usr/lib/postgresql";
const versions = existsSync(packages) ? readdirSync(packages).filter((version) => existsSync(join(packages, version, "bin/postgres"))) : [];
/** Folder of the server's programs; undefined if the package is not installed. */
export const serverPrograms =
  versions.length === 0 ? undefined : join(packages, versions.sort((a, b) => Number(b) - Number(a))[0] ?? "", "bin");

/** Starts a server that listens on a socket in a folder of its own. */
export async function startDebianPostgres(): Promise<DebianPostgres> {
  if (serverPrograms === undefined) throw new Error("Debian's package postgresql is not installed.");
  const programs = serverPrograms;
  const folder = mkdtempSync(join(tmpdir(), "mailcordon-debian-"));
  chmodSync(folder, 0o711);
  // The server refuses to run as root: `nobody` runs it then.
  const owner = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  if (owner.uid !== undefined) chownSync(folder, owner.uid, owner.gid);
  const data = join(folder, "data");
  execFileSync(join(programs, "initdb"), ["-D", data, "-U", "mailcordon", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"], {
    ...owner,
    cwd: folder,
    stdio: "ignore",
  });
  const addressOf = (name: string) => `postgresql://mailcordon@/${name}?host=${encodeURIComponent(folder)}`;
  const query = async (text: string) => {
    const client = new pg.Client({ connectionString: addressOf("postgres") });
    client.on("error", () => undefined);
    await client.connect();
    await client.query(text).finally(() => client.end());
  };
  let server: ChildProcess | undefined;
  const ended = (child: ChildProcess) =>
    child.exitCode === null && child.signalCode === null ? new Promise((resolve) => child.once("exit", resolve)) : undefined;
  // A server that follows a killed one fails while processes of the killed one still live.
  const start = () =>
    soon(async () => {
      if (server === undefined || server.exitCode !== null || server.signalCode !== null) {
        const words = ["-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=200"];
        server = spawn(join(programs, "postgres"), words, { ...owner, cwd: folder, stdio: "ignore" });
      }
      await query("SELECT 1");
    });
  await start();
  let count = 0;
  return {
    sockets: folder,
    async database() {
      count += 1;
      await query(`CREATE DATABASE test${count}`);
      return addressOf(`test${count}`);
    },
    async killAndRestart(awayMs) {
      server?.kill("SIGKILL");
      if (server !== undefined) await ended(server);
      await new Promise((resolve) => setTimeout(resolve, awayMs));
      await start();
    },
    async remove() {
      server?.kill("SIGINT");
      if (server !== undefined) await ended(server);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
