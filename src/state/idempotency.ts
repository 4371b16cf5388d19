import * as z from "zod";
import { schema } from "./migrations.ts";
import { aliveSql, type Database } from "./postgres.ts";

/** What a call answered, as it went out. */
export interface Reply {
  /** HTTP status. */
  readonly status: number;
  readonly body: string;
}

/** What is known of a key when a call begins. */
export type Begun =
  | { readonly state: "new" }
  | ({ readonly state: "finished" } & Reply)
  | { readonly state: "running" }
  /** The key was given with something else. */
  | { readonly state: "other-body" }
  /** The process that had it died before it ended: it is ours now, as with `new`. */
  | { readonly state: "lost" };

/** Which calls have been made, so that one that is repeated with its key is not done twice. */
export interface Idempotency {
  /** `key` is the caller's own. `fingerprint` is the SHA-256 of what was asked. After `new` and `lost` either `finish` or `forget` follows. */
  begin(caller: string, key: string, fingerprint: string): Promise<Begun>;
  finish(caller: string, key: string, reply: Reply): Promise<void>;
  /** The call failed before anything was done: the key may be used again. */
  forget(caller: string, key: string): Promise<void>;
  /** Deletes what is older. */
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

/** The calls in a database. */
export function openIdempotency(database: Database): Idempotency {
  const table = `${schema}.idempotency`;
  return {
    async begin(caller, key, fingerprint) {
      for (;;) {
        const inserted = await database.query(
          z.unknown(),
          `INSERT INTO ${table} (caller, key, fingerprint, owner) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING 1`,
          [caller, key, fingerprint, database.instance],
        );
        if (inserted.length > 0) return { state: "new" };
        const [row] = await database.query(
          Row,
          `SELECT fingerprint, status, body, owner, owner = $3 AS mine, ${aliveSql("owner")} AS alive FROM ${table} WHERE caller = $1 AND key = $2`,
          [caller, key, database.instance],
        );
        // Forgotten in between.
        if (row === undefined) continue;
        if (row.fingerprint !== fingerprint) return { state: "other-body" };
        if (row.status !== null) return { state: "finished", status: row.status, body: row.body ?? "" };
        if (row.mine || row.alive) return { state: "running" };
        // Of several that see that it is lost, one gets it.
        const taken = await database.query(
          z.unknown(),
          `UPDATE ${table} SET owner = $3, began_at = now() WHERE caller = $1 AND key = $2 AND status IS NULL AND owner = $4 RETURNING 1`,
          [caller, key, database.instance, row.owner],
        );
        return taken.length > 0 ? { state: "lost" } : { state: "running" };
      }
    },
    async finish(caller, key, { status, body }) {
      await database.query(
        z.unknown(),
        `UPDATE ${table} SET status = $3, body = $4 WHERE caller = $1 AND key = $2 AND owner = $5 AND status IS NULL`,
        [caller, key, status, body, database.instance],
      );
    },
    async forget(caller, key) {
      await database.query(z.unknown(), `DELETE FROM ${table} WHERE caller = $1 AND key = $2 AND owner = $3 AND status IS NULL`, [
        caller,
        key,
        database.instance,
      ]);
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
