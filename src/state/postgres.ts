import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import type * as z from "zod";
import { errorCode, Failure } from "../failure.ts";
import { type Embedded, openEmbedded } from "./embedded-postgres.ts";
import { migrate, schema } from "./migrations.ts";

/** A PostgreSQL that holds our tables. */
export interface Database {
  /** Rows, checked. Throws Failure `unreachable` when the database does not answer, `internal` when it refuses. */
  query<Row>(row: z.ZodType<Row>, text: string, values?: readonly unknown[]): Promise<readonly Row[]>;
  /** The number of this process among those that use the database. While it lives, `aliveSql` is true for it. */
  readonly instance: number;
  /**
   * Calls `listeners` with the id of whatever is told of the topic from now on, by any process; and with nothing when some of it may have been
   * missed, since the connection was gone for a while. One for each topic.
   */
  hear(topic: Topic, listeners: (id: string | undefined) => void): void;
  /** False while nothing is heard, since the connection is gone. */
  readonly hears: boolean;
  /** The same as `query`, unchecked: for the library of the queue. */
  execute(text: string, values: readonly unknown[]): Promise<Pick<pg.QueryResult, "rows">>;
  /** Another pool of at most so many connections, for a library that wants its own. Whoever asks for it ends it. */
  pool(most: number): Promise<pg.Pool>;
  /**
   * Runs `work` while no other process that uses the database runs work of the same name; others wait, 10 s at most. With `waitMs` they ask again and again for so
   * long, and no statement of theirs waits: `CREATE INDEX CONCURRENTLY` in `work` would wait for its end. Rejects with what `work` rejects with.
   */
  exclusively<T>(name: string, work: () => Promise<T>, waitMs?: number): Promise<T>;
  close(): Promise<void>;
}

/** What processes tell each other of: a key that was revoked, a job that waits, a job that is to stop, a sweep whose state has changed. */
export type Topic = "revoked" | "waiting" | "cancelled" | "sweep";

/** The channel that all of it goes over. */
const channel = "mailcordon";

/**
 * SQL that tells every process that uses the database of the thing of that id (an SQL expression), as soon as its transaction is through:
 * https://www.postgresql.org/docs/current/sql-notify.html
 */
export function notifySql(topic: Topic, id: string): string {
  return `pg_notify('${channel}', '${topic} ' || ${id}::text)`;
}

/** The first number of our advisory locks, "MC" in ASCII; the second is 0 for whoever uses the database, else the number of a process. */
const lockSpace = 0x4d43;

/** The second number of the advisory lock for a name: negative and not -1, the number of the migrations; those of processes are positive. */
function nameNumber(name: string): number {
  return -2 - (createHash("sha256").update(name).digest().readUInt32BE() % 0x7fff_fff0);
}

/** SQL that is true while the process of that number lives: it holds a lock that ends with its connection, however that ends. */
export function aliveSql(instance: string): string {
  return `EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND classid = ${lockSpace} AND objid::bigint = ${instance} AND objsubid = 2 AND granted)`;
}

/** As long may a start take: a first one makes the database, one after a crash repairs it. */
const startMs = 60_000;
/** A database that went away is looked for so often. */
const reconnectMs = 500;
/** A query waits so long for a connection: what is behind a face must fail before its caller has given up. */
const connectMs = 5_000;
/** And so long for its answer: a network that swallows everything says nothing. What we ask for takes milliseconds. */
const queryMs = 10_000;

/** Opens the database of that URL, or that in `<directory>/postgres`, which is made and started when it is not there. Throws Failure. */
export async function openDatabase(settings: { readonly databaseUrl?: string | undefined; readonly directory: string }): Promise<Database> {
  if (settings.databaseUrl !== undefined) checkDatabaseUrl(settings.databaseUrl);
  const embedded = settings.databaseUrl === undefined ? await openEmbedded(settings.directory) : undefined;
  const connect = async (): Promise<pg.ClientConfig> => ({
    ...(embedded === undefined ? { connectionString: settings.databaseUrl } : await embedded.running()),
    application_name: "mailcordon",
    connectionTimeoutMillis: connectMs,
    // One that is quiet for long is dropped by firewalls, and neither side is told.
    keepAlive: true,
  });
  const presence = await openPresence(connect, embedded);
  const pool = new pg.Pool({ ...(await connect()), max: 10, query_timeout: queryMs });
  // A connection that ends while nobody uses it is replaced by the pool; who uses one is told by its query.
  pool.on("error", () => undefined);
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
      own.on("error", () => undefined);
      return own;
    },
    query: async (row, text, values = []) => (await execute(text, values)).rows.map((each) => row.parse(each)),
    async exclusively(name, work, waitMs) {
      const client = await pool.connect().catch((thrown) => {
        throw queryFailure(thrown);
      });
      const key = [lockSpace, nameNumber(name)];
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
        // The lock ends with its connection, so one of which we do not know whether it still holds the lock is closed.
        client.release(broken);
      }
    },
    hear: (topic, listeners) => void presence.told.set(topic, listeners),
    get hears() {
      return presence.isThere;
    },
    async close() {
      await pool.end();
      await presence.close();
    },
  };
}

/** Whether a database holds tables of ours; nothing is made in it. Throws Failure. */
export async function hasOurTables(connectionString: string): Promise<boolean> {
  checkDatabaseUrl(connectionString);
  const client = new pg.Client({ connectionString, application_name: "mailcordon", connectionTimeoutMillis: connectMs });
  // A connection that breaks is told by the query.
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

/** Throws Failure `invalid-settings`, also for another machine without TLS: without what the library says of it, which holds the address with its password. */
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
 * Returns whether the connection demands TLS and checks certificate and name. `ssl` is what the library made of the URL and of PGSSLMODE, whatever
 * their spelling; it also passes on texts that it does not know, such as `ssl=prefer`.
 * https://github.com/brianc/node-postgres/blob/master/packages/pg-connection-string/README.md#tcp-connections
 */
function isVerified(ssl: unknown): boolean {
  if (typeof ssl !== "object" || ssl === null) return ssl === true;
  return !("checkServerIdentity" in ssl) && !("rejectUnauthorized" in ssl && ssl.rejectUnauthorized !== true);
}

/** The connection that says that we are there, and hears what others tell. */
interface Presence {
  readonly instance: number;
  readonly isThere: boolean;
  /** Who is to be told what, by topic. */
  readonly told: Map<string, (id: string | undefined) => void>;
  /** Stops the database when it is ours and nobody else is there. */
  close(): Promise<void>;
}

async function openPresence(connect: () => Promise<pg.ClientConfig>, embedded: Embedded | undefined): Promise<Presence> {
  let client = await connectShared(connect, embedded);
  const instance = await registerProcess(client).catch(async (thrown) => {
    // A database that was started for us would otherwise run on.
    await disconnect(client, embedded).catch(() => undefined);
    throw queryFailure(thrown);
  });
  let closing = false;
  let isThere = false;
  let entering: Promise<void> | undefined;
  const listeners: Presence["told"] = new Map();
  const hold = async () => {
    await client.query("SELECT pg_advisory_lock($1, $2)", [lockSpace, instance]);
    client.on("notification", ({ payload = "" }) => {
      const [topic = "", id] = payload.split(" ");
      listeners.get(topic)?.(id);
    });
    await client.query(`LISTEN ${channel}`);
    for (const missed of listeners.values()) missed(undefined);
    isThere = true;
    client.once("end", () => {
      isThere = false;
      if (!closing) entering = again();
    });
  };
  // Until we are there again, another process would take what we do for lost; it then answers that nobody knows.
  const again = async () => {
    while (!closing) {
      try {
        // To its end, also when we are closed meanwhile: what was started by it is then stopped again.
        client = await connectShared(connect, embedded);
        return await hold();
      } catch {
        // Whatever it was: nobody hears of a rejection here, and Node would end the process for it. `query` reports what lasts.
        await pause(reconnectMs, undefined, { ref: false });
      }
    }
  };
  await hold().catch(async (thrown) => {
    await disconnect(client, embedded).catch(() => undefined);
    throw queryFailure(thrown);
  });
  return {
    instance,
    told: listeners,
    get isThere() {
      return isThere;
    },
    async close() {
      closing = true;
      await entering;
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

/** Connects, and says with a lock that somebody is there. A database that is just ending is waited for, and started again when it is ours. */
async function connectShared(connect: () => Promise<pg.ClientConfig>, embedded: Embedded | undefined): Promise<pg.Client> {
  const deadline = Date.now() + startMs;
  for (;;) {
    const client = new pg.Client(await connect());
    // That it ended is heard by `hold`; who asks it something is told by the query.
    client.on("error", () => undefined);
    try {
      await client.connect();
      await client.query("SELECT pg_advisory_lock_shared($1, 0)", [lockSpace]);
      return client;
    } catch (thrown) {
      // What was wrong before counts, not that the connection does not end as it should.
      await client.end().catch(() => undefined);
      const failure = queryFailure(thrown);
      if (embedded === undefined || failure.code !== "unreachable" || Date.now() > deadline) throw failure;
      // A database that starts takes some 50 ms until it answers.
      await pause(20);
    }
  }
}

async function disconnect(client: pg.Client, embedded: Embedded | undefined): Promise<void> {
  try {
    if (embedded === undefined) return;
    await client.query("SELECT pg_advisory_unlock_shared($1, 0)", [lockSpace]);
    const { rows } = await client.query<{ alone: boolean }>("SELECT pg_try_advisory_lock($1, 0) AS alone", [lockSpace]);
    // Held until the server ends: who comes meanwhile waits for it, and starts it again.
    if (rows[0]?.alone === true) await embedded.stop();
  } catch (thrown) {
    // It has ended already.
    if (queryFailure(thrown).code !== "unreachable") throw thrown;
  } finally {
    // It may have ended with the server that it was to.
    await client.end().catch(() => undefined);
  }
}

function isDatabaseError(thrown: unknown): thrown is pg.DatabaseError {
  return thrown instanceof pg.DatabaseError;
}

/** What a query of the library, or of another that uses a pool of ours, threw. Never with the words of the library: they may hold the address with its password. */
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
