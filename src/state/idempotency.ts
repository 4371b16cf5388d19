import * as z from "zod";
import { Failure } from "../failure.ts";
import { schema } from "./migrations.ts";
import { aliveSql, type Database } from "./postgres.ts";

/** The answer to a call, as sent. */
export interface Reply {
  /** HTTP status. */
  readonly status: number;
  readonly body: string;
}

/** The state of an idempotency key when a call begins. */
export type CallStart =
  | { readonly state: "new" }
  | ({ readonly state: "finished" } & Reply)
  | { readonly state: "running" }
  /** The key was used with another request. */
  | { readonly state: "other-body" }
  /** The process that had the call died before it ended. The call now belongs to this process, as with `new`. */
  | { readonly state: "lost" };

/** Remembers calls, so that a repeat with the same idempotency key is not carried out twice. */
export interface Idempotency {
  /**
   * Begins a call. `key` is the caller's idempotency key, `fingerprint` the SHA-256 of the request. After `new` and `lost` the caller must call
   * `finish` or `forget`. Throws Failure `busy` for a new key when the caller's answers fill their limit.
   */
  begin(caller: string, key: string, fingerprint: string): Promise<CallStart>;
  finish(caller: string, key: string, reply: Reply): Promise<void>;
  /** Releases the key of a call that failed before anything was done. */
  forget(caller: string, key: string): Promise<void>;
  /** Deletes older answers. */
  prune(hours: number): Promise<void>;
}

const Row = z.object({
  fingerprint: z.string(),
  status: z.number().nullable(),
  body: z.string().nullable(),
  owner: z.number(),
  mine: z.boolean(),
  alive: z.boolean(),
});

/** Bytes of answers of one caller. The answers of a day's containment need less. */
const maxKeptBytes = 256 * 1024 * 1024;
/** How long a computed sum stays valid, apart from this process's own additions: the cost of computing it grows with the number of answers. */
const summedEveryMs = 10_000;
const maxSums = 1000;

/** Returns the failure for a caller whose limit is full. */
export function tooMuchKept(what: string, bytes: number): Failure {
  return new Failure("busy", `The answers kept for ${what} of this caller fill ${bytes / (1024 * 1024)} MiB, the maximum per caller.`, {
    hint: "Nothing was done. Send the request without Prefer and Idempotency-Key, or wait until answers are deleted (serve.keep_hours).",
  });
}

/** Opens the calls in a database. */
export function openIdempotency(database: Database, keptBytes = maxKeptBytes): Idempotency {
  const table = `${schema}.idempotency`;
  const sums = new Map<string, { bytes: number; readonly until: number }>();
  const isFull = async (caller: string): Promise<boolean> => {
    let sum = sums.get(caller);
    if (sum === undefined || sum.until < performance.now()) {
      const [row] = await database.query(
        z.object({ bytes: z.number() }),
        `SELECT coalesce(sum(octet_length(body)), 0)::float AS bytes FROM ${table} WHERE caller = $1`,
        [caller],
      );
      sum = { bytes: row?.bytes ?? 0, until: performance.now() + summedEveryMs };
      if (sums.size >= maxSums) sums.clear();
      sums.set(caller, sum);
    }
    return sum.bytes >= keptBytes;
  };
  const forget: Idempotency["forget"] = async (caller, key) => {
    await database.query(z.unknown(), `DELETE FROM ${table} WHERE caller = $1 AND key = $2 AND owner = $3 AND status IS NULL`, [
      caller,
      key,
      database.instance,
    ]);
  };
  return {
    forget,
    async begin(caller, key, fingerprint) {
      for (;;) {
        const inserted = await database.query(
          z.unknown(),
          `INSERT INTO ${table} (caller, key, fingerprint, owner) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING 1`,
          [caller, key, fingerprint, database.instance],
        );
        if (inserted.length > 0) {
          if (!(await isFull(caller))) return { state: "new" };
          await forget(caller, key);
          throw tooMuchKept("idempotency keys", keptBytes);
        }
        const [row] = await database.query(
          Row,
          `SELECT fingerprint, status, body, owner, owner = $3 AS mine, ${aliveSql("owner")} AS alive FROM ${table} WHERE caller = $1 AND key = $2`,
          [caller, key, database.instance],
        );
        // Another process deleted it in between.
        if (row === undefined) continue;
        if (row.fingerprint !== fingerprint) return { state: "other-body" };
        if (row.status !== null) return { state: "finished", status: row.status, body: row.body ?? "" };
        if (row.mine || row.alive) return { state: "running" };
        // Of several processes that find the lost call, only one takes it over.
        const taken = await database.query(
          z.unknown(),
          `UPDATE ${table} SET owner = $3, began_at = now() WHERE caller = $1 AND key = $2 AND status IS NULL AND owner = $4 RETURNING 1`,
          [caller, key, database.instance, row.owner],
        );
        return taken.length > 0 ? { state: "lost" } : { state: "running" };
      }
    },
    async finish(caller, key, { status, body }) {
      const sum = sums.get(caller);
      if (sum !== undefined) sum.bytes += Buffer.byteLength(body);
      await database.query(
        z.unknown(),
        `UPDATE ${table} SET status = $3, body = $4 WHERE caller = $1 AND key = $2 AND owner = $5 AND status IS NULL`,
        [caller, key, status, body, database.instance],
      );
    },
    async prune(hours) {
      await database.query(
        z.unknown(),
        `DELETE FROM ${table} WHERE began_at < now() - make_interval(mins => $1) AND (status IS NOT NULL OR NOT ${aliveSql("owner")})`,
        [Math.round(hours * 60)],
      );
    },
  };
}
