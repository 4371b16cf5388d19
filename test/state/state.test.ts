import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import type { Worker } from "../../src/state/jobs.ts";
import { openState } from "../../src/state/state.ts";
import { soon } from "../soon.ts";
import { loadOwnDbos } from "./dbos-copies.ts";
import { temporaryState } from "./temporary.ts";

/** To make a database takes most of the time: the tests have one after the other in the same folder. */
const folder = temporaryState();
afterEach(() => folder.close());
afterAll(() => folder.remove());

const grant = { roles: ["read"] as const, mailboxes: undefined, connections: undefined };
const lockFile = (directory: string) => join(directory, "postgres/data/postmaster.pid");

/** The number of the server that runs in the folder. */
function serverOf(directory: string): number {
  return Number(readFileSync(lockFile(directory), "utf8").split("\n")[0]);
}

async function ended(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test("stored data is still there after a restart", async () => {
  const first = await folder.open();
  const { secret } = await first.keys.create({ name: "soar", grant });
  await first.idempotency.begin("key:1", "k", "f");
  await first.idempotency.finish("key:1", "k", { status: 200, body: "done" });
  await first.close();
  const second = await folder.open();
  expect(await second.keys.find(secret)).toMatchObject({ name: "soar" });
  expect(await second.idempotency.begin("key:1", "k", "f")).toEqual({ state: "finished", status: 200, body: "done" });
});

test("a process joins the running database, and only the last process to leave stops it", async () => {
  const first = await folder.open();
  const second = await folder.open();
  const pid = serverOf(folder.directory);
  await first.close();
  await second.ready();
  expect(serverOf(folder.directory)).toBe(pid);
  await second.close();
  expect(existsSync(lockFile(folder.directory))).toBe(false);
  await ended(pid);
});

test("several processes that start together without a database share one", async () => {
  const folder = temporaryState();
  const states = await Promise.all([folder.open(), folder.open(), folder.open()]);
  const { id } = (await states[0]?.keys.create({ name: "one", grant })) ?? { id: "" };
  for (const state of states) expect((await state.keys.list()).map((key) => key.id)).toEqual([id]);
  expect(readdirSync(join(folder.directory, "postgres")).filter((name) => name.startsWith("data"))).toEqual(["data"]);
  await folder.remove();
});

test("a process that starts while the last one leaves still gets the database", async () => {
  const first = await folder.open();
  const [second] = await Promise.all([folder.open(), first.close()]);
  await second.ready();
});

test("a killed database is recovered by the next start with its data", async () => {
  const first = await folder.open();
  const { secret } = await first.keys.create({ name: "soar", grant });
  const pid = serverOf(folder.directory);
  process.kill(pid, "SIGKILL");
  await ended(pid);
  const second = await folder.open();
  expect(await second.keys.find(secret)).toMatchObject({ name: "soar" });
});

test("a lock file of a crash does not prevent a start if another program now has its number", async () => {
  const first = await folder.open();
  await first.close();
  writeFileSync(lockFile(folder.directory), `${process.pid}\n${folder.directory}/postgres/data\n0\n5432\n${folder.directory}/postgres\n\n`);
  const second = await folder.open();
  await second.ready();
});

test("a process whose database was killed starts it again by itself", async () => {
  const first = await folder.open();
  const { secret } = await first.keys.create({ name: "soar", grant });
  process.kill(serverOf(folder.directory), "SIGKILL");
  await soon(async () => expect(await first.keys.find(secret)).toMatchObject({ name: "soar" }));
});

test("a process whose database is killed while it holds a lock goes on, and the next one gets the lock", async () => {
  const first = await folder.open();
  // Nothing is asked of the database meanwhile: its end is an event that nobody waits for.
  await first
    .exclusively("held", async () => {
      process.kill(serverOf(folder.directory), "SIGKILL");
      await new Promise((resolve) => setTimeout(resolve, 500));
    })
    .catch(() => undefined);
  expect(await soon(() => first.exclusively("held", async () => "got"))).toBe("got");
});

test("no other user can read the data, the password or the socket", async () => {
  await folder.open();
  const modeOf = (path: string) => (statSync(join(folder.directory, path)).mode & 0o077).toString(8);
  for (const path of ["postgres", "postgres/data", "postgres/data/mailcordon-password", "postgres/postgres.log"]) {
    expect([path, modeOf(path)]).toEqual([path, "0"]);
  }
  expect(statSync(join(folder.directory, "postgres/.s.PGSQL.5432")).isSocket()).toBe(true);
});

test("a log that is a link is not followed", async () => {
  await (await folder.open()).close();
  const [log, victim] = [join(folder.directory, "postgres/postgres.log"), join(folder.directory, "victim")];
  rmSync(log);
  writeFileSync(victim, "");
  symlinkSync(victim, log);
  await expect(openState({ directory: folder.directory })).rejects.toMatchObject({ code: "invalid-settings" });
  expect(readFileSync(victim, "utf8")).toBe("");
  rmSync(log);
});

test("the password is in no file of the log", async () => {
  await folder.open();
  const password = readFileSync(join(folder.directory, "postgres/data/mailcordon-password"), "utf8");
  expect(readFileSync(join(folder.directory, "postgres/postgres.log"), "utf8")).not.toContain(password);
});

test.skipIf(process.getuid?.() !== 0)("for root, a folder that another user cannot reach is a wrong setting (as root only)", async () => {
  const closed = mkdtempSync(join(tmpdir(), "mailcordon-closed-"));
  const opened = openState({ directory: join(closed, "state") });
  // The path is for the log and the terminal of this machine, not for a caller.
  await expect(opened).rejects.toMatchObject({
    code: "invalid-settings",
    message: expect.not.stringContaining(closed),
    local: expect.stringContaining(closed),
  });
  rmSync(closed, { recursive: true });
});

test("a folder whose name is too long for a socket is served over loopback", async () => {
  const directory = join(mkdtempSync(join(tmpdir(), "mailcordon-long-")), "x".repeat(120));
  // The user that the server runs as has to get through.
  execFileSync("chmod", ["711", join(directory, "..")]);
  const state = await openState({ directory });
  await state.ready();
  const second = await openState({ directory });
  await second.ready();
  await second.close();
  await state.close();
  rmSync(join(directory, ".."), { recursive: true });
});

describe("with DATABASE_URL", () => {
  test("the state is in the given database, which is left running", async () => {
    const own = await folder.open();
    const password = readFileSync(join(folder.directory, "postgres/data/mailcordon-password"), "utf8");
    const databaseUrl = `postgresql://mailcordon:${password}@/postgres?host=${encodeURIComponent(`${folder.directory}/postgres`)}`;
    const elsewhere = join(folder.directory, "elsewhere");
    const other = await openState({ directory: elsewhere, databaseUrl });
    const { secret } = await other.keys.create({ name: "soar", grant });
    await other.close();
    expect(existsSync(elsewhere)).toBe(false);
    expect(await own.keys.find(secret)).toMatchObject({ name: "soar" });
  });

  test("servers that start together on an empty database all start, and run jobs", async () => {
    await folder.open();
    const password = readFileSync(join(folder.directory, "postgres/data/mailcordon-password"), "utf8");
    const addressOf = (name: string) =>
      `postgresql://mailcordon:${password}@/${name}?host=${encodeURIComponent(`${folder.directory}/postgres`)}`;
    const administrator = new pg.Client({ connectionString: addressOf("postgres") });
    await administrator.connect();
    for (const name of ["empty1", "empty2", "empty3"]) {
      await administrator.query(`CREATE DATABASE ${name}`);
      const states = await Promise.all(
        [1, 2, 3, 4].map(() => openState({ directory: tmpdir(), databaseUrl: addressOf(name), loadDbos: loadOwnDbos })),
      );
      const done: string[] = [];
      const worker: Worker = async ({ call }) => {
        done.push(call);
        return { status: 200, body: "{}" };
      };
      await Promise.all(states.map(({ jobs }) => jobs.work(1, worker, () => {})));
      await Promise.all(states.map(({ jobs }, at) => jobs.put({ caller: "c", action: "a", repeatable: true, call: `${at}` })));
      await soon(() => expect(done.sort()).toEqual(["0", "1", "2", "3"]));
      await Promise.all(states.map((state) => state.close()));
    }
    await administrator.end();
  });

  test("a connection that is lost during a reconnection does not end the process", async () => {
    await folder.open();
    const password = readFileSync(join(folder.directory, "postgres/data/mailcordon-password"), "utf8");
    // Cuts what asks to LISTEN, which is the last thing said by a process that comes back.
    let cuts = false;
    let cut = 0;
    const clients = new Set<Socket>();
    const proxy = createServer((client) => {
      const server = connect(join(folder.directory, "postgres/.s.PGSQL.5432"));
      clients.add(client);
      client.on("data", (bytes) => {
        if (!cuts || !bytes.includes("LISTEN")) return void server.write(bytes);
        cut += 1;
        client.destroy();
      });
      server.on("data", (bytes) => client.write(bytes));
      for (const [one, other] of [[client, server] as const, [server, client] as const])
        one.on("close", () => other.destroy()).on("error", () => {});
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    const { port } = proxy.address() as AddressInfo;
    const databaseUrl = `postgresql://mailcordon:${password}@127.0.0.1:${port}/postgres`;
    const state = await openState({ directory: tmpdir(), databaseUrl });
    cuts = true;
    for (const client of clients) client.destroy();
    await soon(() => expect(cut).toBeGreaterThan(1));
    cuts = false;
    await soon(async () => expect(await state.idempotency.begin("c", "cut", "f")).toEqual({ state: "new" }));
    // By its lock another process sees that it is alive.
    const other = await folder.open();
    await soon(async () => expect(await other.idempotency.begin("c", "cut", "f")).toEqual({ state: "running" }));
    await state.close();
    proxy.close();
  });

  test("a database that was restarted is used again, with running jobs still running", async () => {
    const own = await folder.open();
    const password = readFileSync(join(folder.directory, "postgres/data/mailcordon-password"), "utf8");
    const databaseUrl = `postgresql://mailcordon:${password}@/postgres?host=${encodeURIComponent(`${folder.directory}/postgres`)}`;
    const other = await openState({ directory: tmpdir(), databaseUrl });
    await other.idempotency.begin("c", "still running", "f");
    process.kill(serverOf(folder.directory), "SIGKILL");
    // Its owner starts it again.
    await soon(() => own.ready());
    await soon(() => other.ready());
    await soon(async () => expect(await other.idempotency.begin("c", "still running", "f")).toEqual({ state: "running" }));
    await other.close();
  });

  test.each([
    "postgresql://mc:s3cret-word@[bad/x",
    "postgresql://mc:s3cret-word@127.0.0.1:99999/x",
    "postgresql://mc@127.0.0.1/x?sslrootcert=/nowhere/s3cret-word",
  ])("an invalid address is a wrong setting, and its text is not printed: %s", async (databaseUrl) => {
    const failure = await openState({ directory: tmpdir(), databaseUrl }).catch((thrown) => thrown);
    expect(failure).toMatchObject({ code: "invalid-settings" });
    expect(`${failure.message}${failure.hint}${failure.stack}${JSON.stringify(failure.cause ?? "")}`).not.toContain("s3cret-word");
  });

  test("a network that drops everything is reported as a database that does not reply", async () => {
    await folder.open();
    const password = readFileSync(join(folder.directory, "postgres/data/mailcordon-password"), "utf8");
    let swallows = false;
    const proxy = createServer((client) => {
      const server = connect(join(folder.directory, "postgres/.s.PGSQL.5432"));
      client.on("data", (bytes) => swallows || server.write(bytes));
      server.on("data", (bytes) => swallows || client.write(bytes));
      for (const [one, other] of [[client, server] as const, [server, client] as const])
        one.on("close", () => other.destroy()).on("error", () => {});
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    const { port } = proxy.address() as AddressInfo;
    const other = await openState({ directory: tmpdir(), databaseUrl: `postgresql://mailcordon:${password}@127.0.0.1:${port}/postgres` });
    // A connection that is open already.
    await other.ready();
    swallows = true;
    await expect(other.ready()).rejects.toMatchObject({ code: "unreachable" });
    proxy.close();
    swallows = false;
    await other.close();
  });

  test("a process ends even if its database is unreachable", async () => {
    const own = await folder.open();
    const password = readFileSync(join(folder.directory, "postgres/data/mailcordon-password"), "utf8");
    const databaseUrl = `postgresql://mailcordon:${password}@/postgres?host=${encodeURIComponent(`${folder.directory}/postgres`)}`;
    const other = await openState({ directory: tmpdir(), databaseUrl });
    const pid = serverOf(folder.directory);
    process.kill(pid, "SIGINT");
    await other.close();
    await own.close();
    // Not even one is left that its owner had just begun to start again.
    await soon(() => expect(existsSync(lockFile(folder.directory))).toBe(false));
  });

  test("a missing database is reported without the password of its address", async () => {
    const opened = openState({ directory: tmpdir(), databaseUrl: "postgresql://me:marked-4Xz@127.0.0.1:1/none" });
    await expect(opened).rejects.toMatchObject({ code: "unreachable", message: expect.not.stringContaining("marked-4Xz") });
  });

  test("a wrong password is a wrong setting", async () => {
    await folder.open();
    const databaseUrl = `postgresql://mailcordon:wrong@/postgres?host=${encodeURIComponent(`${folder.directory}/postgres`)}`;
    await expect(openState({ directory: tmpdir(), databaseUrl })).rejects.toMatchObject({ code: "invalid-settings" });
  });
});

const authority = join(import.meta.dirname, "../../package.json");
const remote = "postgresql://user:marked@db.invalid/db";

describe("the database of another machine", () => {
  afterEach(() => vi.unstubAllEnvs());

  test.each([
    remote,
    `${remote}?sslmode=disable`,
    `${remote}?sslmode=no-verify`,
    `${remote}?ssl=no-verify`,
    `${remote}?ssl=0`,
    `${remote}?ssl=false`,
    `${remote}?ssl=prefer`,
    `${remote}?ssl=allow`,
    `${remote}?ssl=true&sslmode=no-verify`,
    `${remote}?sslmode=verify-full&sslmode=no-verify`,
    `${remote}?uselibpqcompat=true&sslmode=prefer`,
    `${remote}?uselibpqcompat=true&sslmode=require`,
    `${remote}?uselibpqcompat=true&sslmode=require&sslrootcert=${authority}`,
    `${remote}?uselibpqcompat=true&sslmode=verify-ca&sslrootcert=${authority}`,
    `${remote}?sslmode=no-verify&sslrootcert=${authority}`,
    "postgresql://user:marked@/db?host=192.0.2.1",
    "postgresql://user:marked@localhost/db?host=192.0.2.1&sslmode=no-verify",
    "postgresql://user:marked@127.0.0.1.invalid/db",
  ])("is refused before anything is sent if its certificate or name is not checked: %s", async (databaseUrl) => {
    const refused = expect(openState({ directory: tmpdir(), databaseUrl })).rejects;
    await refused.toMatchObject({ code: "invalid-settings", message: expect.stringMatching(/^(?!.*marked).*does not demand TLS/) });
  });

  test.each(["no-verify", "disable", "allow", "unknown"])("is refused if PGSSLMODE=%s is the only setting", async (mode) => {
    vi.stubEnv("PGSSLMODE", mode);
    await expect(openState({ directory: tmpdir(), databaseUrl: remote })).rejects.toMatchObject({ code: "invalid-settings" });
  });

  test("is refused if only PGHOST names it", async () => {
    vi.stubEnv("PGHOST", "db.invalid");
    await expect(openState({ directory: tmpdir(), databaseUrl: "postgresql:///db" })).rejects.toMatchObject({ code: "invalid-settings" });
  });

  test("is refused if NODE_TLS_REJECT_UNAUTHORIZED disables the check", async () => {
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    const opened = openState({ directory: tmpdir(), databaseUrl: `${remote}?sslmode=verify-full` });
    await expect(opened).rejects.toMatchObject({
      code: "invalid-settings",
      message: expect.stringContaining("NODE_TLS_REJECT_UNAUTHORIZED"),
    });
  });

  // The library demands TLS and checks everything for the weaker words, too, unless uselibpqcompat is given.
  test.each([
    "sslmode=verify-full",
    "sslmode=verify-ca",
    "sslmode=require",
    "sslmode=prefer",
    "ssl=true",
    "ssl=1",
    "sslnegotiation=direct",
  ])("is accepted with %s, which checks certificate and name", async (words) => {
    const databaseUrl = `${remote}?${words}`;
    await expect(openState({ directory: tmpdir(), databaseUrl })).rejects.toMatchObject({ code: "unreachable" });
  });

  test("is accepted with PGSSLMODE=verify-full", async () => {
    vi.stubEnv("PGSSLMODE", "verify-full");
    await expect(openState({ directory: tmpdir(), databaseUrl: remote })).rejects.toMatchObject({ code: "unreachable" });
  });
});

test.each(["127.0.0.1:1", "[::1]:1", "localhost:1", "%2Ftmp%2Fno-such-folder"])(
  "a database of this machine, at %s, needs no TLS",
  async (host) => {
    const opened = openState({ directory: tmpdir(), databaseUrl: `postgresql://user:marked@${host}/db?sslmode=disable` });
    await expect(opened).rejects.toMatchObject({ code: "unreachable" });
  },
);
