// src/state/: Data that survives a restart (API keys, calls, jobs, sweeps), in PostgreSQL.

import { hostname } from "node:os";
import * as z from "zod";
import { schema } from "./migrations.ts";
import type { Database } from "./postgres.ts";

/** The end of an audit log after its last write: entries, size in bytes, SHA-256 of the last entry. */
interface LogEnd {
  readonly entries: number;
  readonly bytes: number;
  readonly hash: string;
}

/** Stores the ends of audit logs away from the logs. A log is identified by host and path. */
export interface DatabaseHeads {
  readonly place: string;
  read(): Promise<LogEnd | undefined>;
  write(head: LogEnd): Promise<void>;
}

// PostgreSQL returns a bigint as text.
const Row = z.object({ entries: z.number(), bytes: z.coerce.number(), hash: z.string() });

/** Opens the stored end of the log at this path of this host. */
export function openAuditHead(database: Database, path: string): DatabaseHeads {
  const log = `${hostname()}:${path}`;
  return {
    place: "the database",
    async read() {
      const [row] = await database.query(Row, `SELECT entries, bytes, hash FROM ${schema}.audit_heads WHERE log = $1`, [log]);
      return row;
    },
    async write({ entries, bytes, hash }) {
      await database.execute(
        `INSERT INTO ${schema}.audit_heads (log, entries, bytes, hash) VALUES ($1, $2, $3, $4)
         ON CONFLICT (log) DO UPDATE SET entries = $2, bytes = $3, hash = $4, left_at = now()`,
        [log, entries, bytes, hash],
      );
    },
  };
}

/**
 * Opens the end of an audit log in a database that may not be open yet, or may be unreachable: a missing database must not lose an entry. Meanwhile the file
 * of ends reveals a shortened log; when the database is back, the log has grown.
 */
export function whereItAnswers(heads: () => DatabaseHeads | undefined): DatabaseHeads {
  return {
    place: "the database",
    read: async () =>
      heads()
        ?.read()
        .catch(() => undefined),
    write: async (head) =>
      heads()
        ?.write(head)
        .catch(() => undefined),
  };
}
