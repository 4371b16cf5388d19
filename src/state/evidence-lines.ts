import * as z from "zod";
import { schema } from "./migrations.ts";
import type { Database } from "./postgres.ts";

/** The position up to which an index of evidence has been read, and the last bytes before it. */
interface ReadTo {
  readonly bytes: number;
  readonly tail: string;
}

/** A line of an index: the location and the source of an evidence file. */
interface Line {
  readonly file: string;
  readonly sha256: string;
  readonly size: number;
  readonly mailbox: string | undefined;
  readonly connection: string | undefined;
}

/** The lines of indexes of evidence, by hash. Each method throws Failure. */
export interface DatabaseLines {
  find(index: string, sha256s: readonly string[]): Promise<{ readonly readTo: ReadTo | undefined; readonly lines: readonly Line[] }>;
  /** Returns false, and adds nothing, if the index is no longer read as far as `from`. */
  add(index: string, from: ReadTo | undefined, to: ReadTo, lines: readonly (Line & { readonly at: number })[]): Promise<boolean>;
  forget(index: string, readTo: ReadTo): Promise<void>;
}

/** After this time without additions, an index is read again when it is needed: it may belong to a machine that no longer exists. */
const keepDays = 90;

// PostgreSQL returns a bigint as text.
const Row = z.object({ bytes: z.coerce.number(), tail: z.string(), line: z.string().nullable() });
const Stored = z.object({
  file: z.string(),
  sha256: z.string(),
  size: z.number(),
  mailbox: z.string().optional(),
  connection: z.string().optional(),
});
const Moved = z.object({ moved: z.coerce.number() });

export function openEvidenceLines(database: Database): DatabaseLines {
  return {
    async find(index, sha256s) {
      // One statement, so that both results show the same moment.
      const rows = await database.query(
        Row,
        `SELECT i.bytes, i.tail, l.line FROM ${schema}.evidence_indexes i
         LEFT JOIN ${schema}.evidence_lines l ON l.index = i.id AND l.sha256 = ANY($2)
         WHERE i.id = $1 ORDER BY l.at`,
        [index, sha256s],
      );
      const [first] = rows;
      const lines = rows.flatMap(({ line }) => {
        if (line === null) return [];
        const { mailbox, connection, ...stored } = Stored.parse(JSON.parse(line));
        return [{ ...stored, mailbox, connection }];
      });
      return { readTo: first && { bytes: first.bytes, tail: first.tail }, lines };
    },
    async add(index, from, to, lines) {
      // The first reading inserts the row, each later one updates it: of two processes that read the same lines, only one succeeds.
      const move =
        from === undefined
          ? `INSERT INTO ${schema}.evidence_indexes (id, bytes, tail) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING id`
          : `UPDATE ${schema}.evidence_indexes SET bytes = $2, tail = $3, added_at = now() WHERE id = $1 AND bytes = $7 AND tail = $8 RETURNING id`;
      const rows = await database.query(
        Moved,
        `WITH moved AS (${move}), added AS (
           INSERT INTO ${schema}.evidence_lines (index, at, sha256, line)
           SELECT moved.id, l.at, l.sha256, l.line FROM moved, unnest($4::bigint[], $5::text[], $6::text[]) AS l (at, sha256, line))
         SELECT count(*) AS moved FROM moved`,
        [
          ...[index, to.bytes, to.tail],
          ...[lines.map(({ at }) => at), lines.map(({ sha256 }) => sha256), lines.map(({ at: _, ...line }) => JSON.stringify(line))],
          ...(from === undefined ? [] : [from.bytes, from.tail]),
        ],
      );
      if (from === undefined)
        await database.execute(`DELETE FROM ${schema}.evidence_indexes WHERE added_at < now() - make_interval(days => $1)`, [keepDays]);
      return rows[0]?.moved === 1;
    },
    async forget(index, { bytes, tail }) {
      await database.execute(`DELETE FROM ${schema}.evidence_indexes WHERE id = $1 AND bytes = $2 AND tail = $3`, [index, bytes, tail]);
    },
  };
}
