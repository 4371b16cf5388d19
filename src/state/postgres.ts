import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import type * as z from "zod";
import { errorCode, Failure } from "../failure.ts";
import { type Embedded, openEmbedded } from "./embedded-postgres.ts";
import { migrate, schema } from "./migrations.ts";

/** A PostgreSQL that holds our tables. */
export interface Database {
  /** Runs a query and returns its checked rows. Throws Failure `unreachable` if the database does not answer, `internal` if it refuses. */
  query<Row>(row: z.ZodType<Row>, text: string, values?: readonly unknown[]): Promise<readonly Row[]>;
  /** The number of this process among those that use the database. While the process lives, `aliveSql` is true for the number. */
  readonly instance: number;
  /**
   * Calls `listeners` with the id in each notification of the topic, from any process; with nothing if some may have been missed, since the
   * connection was lost for a while. One listener per topic.
   */
  onNotification(topic: Topic, listeners: (id: string | undefined) => void): void;
  /** False while the connection is lost and no notification arrives. */
  readonly isListening: boolean;
  /** As `query`, unchecked: for the library of the queue. */
  execute(text: string, values: readonly unknown[]): Promise<Pick<pg.QueryResult, "rows">>;
  /** Opens another pool with a maximum number of connections, for a library that needs its own. The caller closes it. */
  pool(most: number): Promise<pg.Pool>;
  /**
   * Runs `work` while no other process that uses the database runs work of the same name; others wait for at most 10 s. With `waitMs` they try repeatedly
   * for that time, and none of their statements waits in the database: `CREATE INDEX CONCURRENTLY` in `work` would wait for its end. Rejects with the
   * rejection of `work`.
   */
  exclusively<T>(name: string, work: () => Promise<T>, waitMs?: number): Promise<T>;
  close(): Promise<void>;
}

/** The topics of notifications between processes: a revoked key, a waiting job, a job to stop, a sweep whose state has changed, a changed budget of requests. */
export type Topic = "revoked" | "waiting" | "cancelled" | "sweep" | "budget";

/** The channel of all notifications. */
const channel = "mailcordon";

/**
 * Returns SQL that notifies every process of the id (an SQL expression) when its transaction commits:
 * https://www.postgresql.org/docs/current/sql-notify.html
 */
export function notifySql(topic: Topic, id: string): string {
  return `pg_notify('${channel}', '${topic} ' || ${id}::text)`;
}

/**
 * The first number of our advisory locks, "MC" in ASCII. The second is 0 for every process that uses the database, otherwise the number of one
 * process.
 */
const lockSpace = 0x4d43;

/**
 * Returns the second number of the advisory lock for a name: negative, and not -1, which belongs to the migrations. Those of processes are
 * positive.
 */
function lockNumberOf(name: string): number {
  return -2 - (createHash("sha256").update(name).digest().readUInt32BE() % 0x7fff_fff0);
}

/** Returns SQL that is true while the process with that number lives: it holds a lock that ends with its connection, however that ends. */
export function aliveSql(instance: string): string {
  return `EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND classid = ${lockSpace} AND objid::bigint = ${instance} AND objsubid = 2 AND granted)`;
}

/** In milliseconds: a first start creates the database, one after a crash repairs it. */
const startMs = 60_000;
/** In milliseconds: interval between attempts to reconnect. */
const reconnectMs = 500;
/** In milliseconds: how long a query waits for a connection. A request must fail before its caller gives up. */
const connectMs = 5_000;
/** In milliseconds: how long a query waits for its result, since a broken network may stay silent. Our queries take milliseconds. */
const queryMs = 10_000;

/** Opens the database at that URL, or the one in `<directory>/postgres`, which is created and started if necessary. Throws Failure. */
export async function openDatabase(settings: { readonly databaseUrl?: string | undefined; readonly directory: string }): Promise<Database> {
  if (settings.databaseUrl !== undefined) checkDatabaseUrl(settings.databaseUrl);
  const embedded = settings.databaseUrl === undefined ? await openEmbedded(settings.directory) : undefined;
  const connect = async (): Promise<pg.ClientConfig> => ({
    ...(embedded === undefined ? { connectionString: settings.databaseUrl } : await embedded.running()),
    application_name: "mailcordon",
    connectionTimeoutMillis: connectMs,
    // Firewalls drop idle connections without notice to either side.
    keepAlive: true,
  });
  const presence = await openPresence(connect, embedded);
  const pool = new pg.Pool({ ...(await connect()), max: 10, query_timeout: queryMs });
  ignoreConnectionErrors(pool);
  const execute = async (text: string, values: readonly unknown[]) => {
    try {
      return await pool.query(text, [...values]);
    } catch (thrown) {
      throw queryFailure(thrown);
    }
  };
  return {
    instance: presence.instance,
    execute,
    async pool(most) {
      const own = new pg.Pool({ ...(await connect()), max: most });
      ignoreConnectionErrors(own);
      return own;
    },
    query: async (row, text, values = []) => (await execute(text, values)).rows.map((each) => row.parse(each)),
    async exclusively(name, work, waitMs) {
      const client = await pool.connect().catch((thrown) => {
        throw queryFailure(thrown);
      });
      const key = [lockSpace, lockNumberOf(name)];
      let broken: Error | undefined;
      try {
        await (waitMs === undefined ? client.query("SELECT pg_advisory_lock($1, $2)", key) : patientLock(client, key, waitMs)).catch(
          (thrown) => {
            broken = queryFailure(thrown);
            throw broken;
          },
        );
        return await work();
      } finally {
        if (broken === undefined) {
          await client.query("SELECT pg_advisory_unlock($1, $2)", key).catch((thrown) => {
            broken = queryFailure(thrown);
          });
        }
        // The lock ends with its connection, so close a connection that may still hold it.
        client.release(broken);
      }
    },
    onNotification: (topic, listeners) => void presence.listeners.set(topic, listeners),
    get isListening() {
      return presence.isConnected;
    },
    async close() {
      await pool.end();
      await presence.close();
    },
  };
}

/**
 * Keeps this process alive when a connection of the pool ends. The pool replaces an idle connection, and a query on one reports the end; but nobody
 * listens to a connection that is taken out of the pool and waits between two queries, and Node would end the process for its error.
 */
function ignoreConnectionErrors(pool: pg.Pool): void {
  pool.on("error", () => undefined);
  pool.on("connect", (client) => void client.on("error", () => undefined));
}

/** Returns whether a database contains our tables; creates nothing. Throws Failure. */
export async function hasOurTables(connectionString: string): Promise<boolean> {
  checkDatabaseUrl(connectionString);
  const client = new pg.Client({ connectionString, application_name: "mailcordon", connectionTimeoutMillis: connectMs });
  // The query reports a broken connection.
  client.on("error", () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ found: boolean }>("SELECT to_regclass($1) IS NOT NULL AS found", [`${schema}.migrations`]);
    return rows[0]?.found === true;
  } catch (thrown) {
    throw queryFailure(thrown);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Throws Failure `busy` when another process keeps the lock for longer. */
async function patientLock(client: pg.PoolClient, key: readonly number[], waitMs: number): Promise<void> {
  for (const deadline = Date.now() + waitMs; ; await pause(200)) {
    const { rows } = await client.query<{ taken: boolean }>("SELECT pg_try_advisory_lock($1, $2) AS taken", [...key]);
    if (rows[0]?.taken === true) return;
    if (Date.now() > deadline) throw new Failure("busy", "Another process has kept a lock of the database for too long.");
  }
}

/**
 * Throws Failure `invalid-settings`, also for another machine without TLS. Omits the library's text, which contains the address with its password.
 */
function checkDatabaseUrl(connectionString: string): void {
  let client: pg.Client;
  try {
    client = new pg.Client({ connectionString });
  } catch {
    const message = "DATABASE_URL or serve.database_url is not a PostgreSQL address, or names a file that cannot be read.";
    throw new Failure("invalid-settings", message, {
      hint: "Set it to postgresql://user:password@host:5432/database, with the password percent-encoded.",
    });
  }
  // A host that begins with / is the folder of a socket.
  const isHere = client.host.startsWith("/") || /^(?:localhost|127(?:\.\d{1,3}){3}|\[?::1\]?)$/i.test(client.host);
  if (isHere) return;
  if (!isVerified(client.ssl)) {
    const message =
      "DATABASE_URL or serve.database_url names another machine, but does not demand TLS with a check of certificate and name: others could read API keys and mail on the way.";
    throw new Failure("invalid-settings", message, {
      hint: "Add ?sslmode=verify-full to the URL, and sslrootcert=FILE if your own authority issued the database's certificate.",
    });
  }
  if (process.env.NODE_TLS_REJECT_UNAUTHORIZED === "0") {
    const message =
      "NODE_TLS_REJECT_UNAUTHORIZED=0 disables the check of the database's certificate: others could read API keys and mail on the way.";
    throw new Failure("invalid-settings", message, { hint: "Unset NODE_TLS_REJECT_UNAUTHORIZED." });
  }
}

/**
 * Returns whether the connection demands TLS and checks certificate and name. `ssl` is the library's reading of the URL and of PGSSLMODE, whatever their
 * spelling; the library also returns unknown texts, such as `ssl=prefer`.
 * https://github.com/brianc/node-postgres/blob/master/packages/pg-connection-string/README.md#tcp-connections
 */
function isVerified(ssl: unknown): boolean {
  if (typeof ssl !== "object" || ssl === null) return ssl === true;
  return !("checkServerIdentity" in ssl) && !("rejectUnauthorized" in ssl && ssl.rejectUnauthorized !== true);
}

/** The connection that shows that this process is alive and receives notifications. */
interface Presence {
  readonly instance: number;
  readonly isConnected: boolean;
  /** The listeners, by topic. */
  readonly listeners: Map<string, (id: string | undefined) => void>;
  /** Closes the connection; stops the database if it is ours and no other process uses it. */
  close(): Promise<void>;
}

async function openPresence(connect: () => Promise<pg.ClientConfig>, embedded: Embedded | undefined): Promise<Presence> {
  let client = await connectShared(connect, embedded);
  const instance = await registerProcess(client).catch(async (thrown) => {
    // Otherwise a database that was started for us would keep running.
    await disconnect(client, embedded).catch(() => undefined);
    throw queryFailure(thrown);
  });
  let closing = false;
  let isConnected = false;
  let reconnecting: Promise<void> | undefined;
  const listeners: Presence["listeners"] = new Map();
  const showAlive = async () => {
    await client.query("SELECT pg_advisory_lock($1, $2)", [lockSpace, instance]);
    client.on("notification", ({ payload = "" }) => {
      const [topic = "", id] = payload.split(" ");
      listeners.get(topic)?.(id);
    });
    await client.query(`LISTEN ${channel}`);
    for (const missed of listeners.values()) missed(undefined);
    isConnected = true;
    client.once("end", () => {
      isConnected = false;
      if (!closing) reconnecting = reconnect();
    });
  };
  // Until the connection is back, another process would treat our work as lost; its callers then learn that the outcome is unknown.
  const reconnect = async () => {
    while (!closing) {
      try {
        // Finish connecting even if we are closed meanwhile: a server started by it is then stopped again.
        client = await connectShared(connect, embedded);
        return await showAlive();
      } catch {
        // Whatever the error: nobody handles a rejection here, and Node would end the process for it. `query` reports a lasting problem.
        await pause(reconnectMs, undefined, { ref: false });
      }
    }
  };
  await showAlive().catch(async (thrown) => {
    await disconnect(client, embedded).catch(() => undefined);
    throw queryFailure(thrown);
  });
  return {
    instance,
    listeners,
    get isConnected() {
      return isConnected;
    },
    async close() {
      closing = true;
      await reconnecting;
      await disconnect(client, embedded);
    },
  };
}

/** Brings the tables up to date; returns the number of this process. */
async function registerProcess(client: pg.Client): Promise<number> {
  await migrate(client, lockSpace);
  const { rows } = await client.query<{ number: number }>(`SELECT nextval('${schema}.instances')::integer AS number`);
  const instance = rows[0]?.number;
  if (instance === undefined) throw new Failure("internal", "The database gave no number.");
  return instance;
}

/**
 * Connects, and takes the shared lock that shows the database is in use. Waits for a database that is just stopping, and starts it again if it is
 * ours.
 */
async function connectShared(connect: () => Promise<pg.ClientConfig>, embedded: Embedded | undefined): Promise<pg.Client> {
  const deadline = Date.now() + startMs;
  for (;;) {
    const client = new pg.Client(await connect());
    // `showAlive` handles the end of the connection; a query on it reports it.
    client.on("error", () => undefined);
    try {
      await client.connect();
      await client.query("SELECT pg_advisory_lock_shared($1, 0)", [lockSpace]);
      return client;
    } catch (thrown) {
      // Report the first error, not that the connection does not end properly.
      await client.end().catch(() => undefined);
      const failure = queryFailure(thrown);
      if (embedded === undefined || failure.code !== "unreachable" || Date.now() > deadline) throw failure;
      // A starting database takes some 50 ms until it answers.
      await pause(20);
    }
  }
}

async function disconnect(client: pg.Client, embedded: Embedded | undefined): Promise<void> {
  try {
    if (embedded === undefined) return;
    await client.query("SELECT pg_advisory_unlock_shared($1, 0)", [lockSpace]);
    const { rows } = await client.query<{ alone: boolean }>("SELECT pg_try_advisory_lock($1, 0) AS alone", [lockSpace]);
    // Held until the server stops: a process that connects meanwhile waits, and starts the server again.
    if (rows[0]?.alone === true) await embedded.stop();
  } catch (thrown) {
    // The server has stopped already.
    if (queryFailure(thrown).code !== "unreachable") throw thrown;
  } finally {
    // The connection may have ended together with the server.
    await client.end().catch(() => undefined);
  }
}

function isDatabaseError(thrown: unknown): thrown is pg.DatabaseError {
  return thrown instanceof pg.DatabaseError;
}

/** Converts an error of the library, or of another that uses a pool of ours. Omits its text, which may contain the address with its password. */
export function queryFailure(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  const code = errorCode(thrown) ?? "no answer";
  // Classes 08 (connection), 53 (out of places) and 57 (it starts or stops): https://www.postgresql.org/docs/current/errcodes-appendix.html
  if (isDatabaseError(thrown) && !/^(08|53|57)/.test(code)) {
    const refused = /^(28|3D)/.test(code) ? "invalid-settings" : "internal";
    return new Failure(refused, `The database refused a query (SQLSTATE ${code}).`, { cause: thrown, hint: databaseHint });
  }
  return new Failure("unreachable", `The state database does not answer (${code}).`, { cause: thrown, hint: databaseHint });
}

const databaseHint = "Check DATABASE_URL and that the database runs; without DATABASE_URL, check postgres.log in the folder of the state.";
