import * as z from "zod";
import { schema } from "./migrations.ts";
import { aliveSql, type Database, notifySql } from "./postgres.ts";

/** A sweep that searches its mailboxes again after it has finished. */
export interface NewWatch {
  readonly sweep: string;
  readonly seconds: number;
  readonly everySeconds: number;
  /** Maximum number of later messages that the sweep treats in the same way. */
  readonly most: number;
  readonly mailboxes: readonly string[];
}

/** A mailbox that only this process searches. */
export interface WatchedMailbox {
  readonly sweep: string;
  readonly number: number;
  readonly address: string;
}

export interface Watch {
  readonly until: Date;
  readonly arrived: number;
  readonly endedAt?: Date | undefined;
  readonly endedWhy?: WatchEnd | undefined;
  /** The earliest of the times at which each mailbox was last searched. */
  readonly lookedAt?: Date | undefined;
  /** Number of mailboxes whose last search failed, with one of the reasons. */
  readonly failing: number;
  readonly problem?: string | undefined;
}

export type WatchEnd = z.output<typeof WatchEnd>;
const WatchEnd = z.enum(["limit", "pause", "cancel", "undo"]);

/** Messages that arrived in a mailbox after the plan. */
export interface Arrivals {
  /** The recorded facts of each target, as JSON. */
  readonly facts: readonly string[];
  /** Number of messages among the targets. */
  readonly messages: number;
  /** Whether the limit was exceeded: then the watch ends. */
  readonly isFull: boolean;
}

/** The watches of sweeps. Each method throws Failure. */
export interface SweepWatches {
  /** Begins to count the time. A sweep that was begun before keeps its watch. */
  start(watch: NewWatch): Promise<void>;
  /** Takes a mailbox that is due, of a sweep that has finished. */
  claimMailbox(): Promise<WatchedMailbox | undefined>;
  /** Gives the mailbox back with its arrivals: they become part of the sweep, which runs again. Does nothing if the sweep's watch has ended. */
  recordLook(box: WatchedMailbox, arrivals: Arrivals, chunkSize: number): Promise<void>;
  /** Gives the mailbox back after a failed search. */
  recordFailedLook(box: WatchedMailbox, problem: string): Promise<void>;
  /** Gives the mailbox back without a search; it is still due. */
  releaseMailbox(box: WatchedMailbox): Promise<void>;
  /** Returns the targets of the sweep in this mailbox. */
  knownTargets(sweep: string, address: string): Promise<readonly { readonly facts: string; readonly outcome?: string | undefined }[]>;
  /** Returns whether there was a watch that had not ended. */
  end(sweep: string, why: WatchEnd): Promise<boolean>;
  get(sweep: string): Promise<Watch | undefined>;
  /** Returns whether any sweep has a watch. */
  hasActive(): Promise<boolean>;
}

const BoxRow = z.object({ sweep: z.string(), number: z.number(), address: z.string() });
const Row = z.object({
  until: z.date(),
  arrived: z.number(),
  ended_at: z.date().nullable(),
  ended_why: WatchEnd.nullable(),
  looked_at: z.date().nullable(),
  failing: z.number(),
  problem: z.string().nullable(),
});

export function openSweepWatches(database: Database): SweepWatches {
  const sweeps = `${schema}.sweeps`;
  const watches = `${schema}.sweep_watches`;
  const boxes = `${schema}.sweep_watch_mailboxes`;
  const active = "v.ended_at IS NULL AND v.until > now()";
  const finished = "s.state = 'finished' AND s.direction = 'act'";
  const every = `make_interval(secs => (SELECT v.every_seconds FROM ${watches} v WHERE v.sweep = b.sweep))`;
  /** Whether the arrivals are stored: there were none, or the sweep now runs for them. */
  const counted = "(cardinality($4::text[]) = 0 OR EXISTS (SELECT FROM run))";
  const isOwnedHere = `b.owner = ${Number(database.instance)}`;
  return {
    async start({ sweep, seconds, everySeconds, most, mailboxes }) {
      await database.execute(
        `WITH made AS (
           INSERT INTO ${watches} AS v (sweep, until, every_seconds, most) VALUES ($1, now() + make_interval(secs => $2), $3, $4)
           ON CONFLICT (sweep) DO UPDATE SET until = excluded.until
           WHERE EXISTS (SELECT FROM ${sweeps} s WHERE s.id = $1 AND s.begun_at IS NULL) RETURNING 1)
         INSERT INTO ${boxes} (sweep, number, address)
         SELECT $1, box.number - 1, box.address FROM made, unnest($5::text[]) WITH ORDINALITY AS box (address, number)
         ON CONFLICT DO NOTHING`,
        [sweep, seconds, everySeconds, most, mailboxes],
      );
    },
    async claimMailbox() {
      const [claimed] = await database.query(
        BoxRow,
        `UPDATE ${boxes} SET owner = $1 WHERE (sweep, number) = (
           SELECT b.sweep, b.number FROM ${boxes} b JOIN ${watches} v ON v.sweep = b.sweep JOIN ${sweeps} s ON s.id = b.sweep
           WHERE ${active} AND ${finished} AND b.due_at <= now() AND (b.owner IS NULL OR NOT ${aliveSql("b.owner")})
           ORDER BY b.due_at LIMIT 1 FOR UPDATE OF b SKIP LOCKED)
         RETURNING sweep, number, address`,
        [database.instance],
      );
      return claimed;
    },
    async recordLook({ sweep, number, address }, { facts, messages, isFull }, chunkSize) {
      // One statement: the arrivals become part of the sweep completely, or not at all. While the sweep runs, the mailbox is searched again later.
      await database.execute(
        `WITH own AS (
           SELECT 1 FROM ${boxes} b WHERE b.sweep = $1 AND b.number = $2 AND ${isOwnedHere} FOR UPDATE
         ), run AS (
           UPDATE ${sweeps} s SET state = 'running', round = round + 1, ended_at = NULL
           WHERE s.id = $1 AND ${finished} AND cardinality($4::text[]) > 0 AND EXISTS (SELECT FROM own)
             AND EXISTS (SELECT FROM ${watches} v WHERE v.sweep = $1 AND ${active} AND v.arrived + $5::integer <= v.most)
           RETURNING s.id, ${notifySql("sweep", "s.id")}
         ), watch AS (
           UPDATE ${watches} v SET arrived = arrived + CASE WHEN EXISTS (SELECT FROM run) THEN $5::integer ELSE 0 END,
             ended_at = CASE WHEN $6::boolean THEN now() END, ended_why = CASE WHEN $6::boolean THEN 'limit' END
           WHERE v.sweep = $1 AND ${active} AND EXISTS (SELECT FROM own)
             AND (EXISTS (SELECT FROM run) OR ($6::boolean AND cardinality($4::text[]) = 0)) RETURNING 1
         ), known AS (
           UPDATE ${schema}.sweep_mailboxes m SET open = true, tries = 0, retry_at = NULL
           WHERE m.sweep = $1 AND m.address = $3 AND EXISTS (SELECT FROM run) RETURNING m.number
         ), fresh AS (
           INSERT INTO ${schema}.sweep_mailboxes (sweep, number, chunk, address, open)
           SELECT $1, last.number + 1, (last.number + 1) / $7::integer, $3, true
           FROM run, (SELECT coalesce(max(number), -1) AS number FROM ${schema}.sweep_mailboxes WHERE sweep = $1) AS last
           WHERE NOT EXISTS (SELECT FROM ${schema}.sweep_mailboxes m WHERE m.sweep = $1 AND m.address = $3) RETURNING number
         ), box AS (SELECT number FROM known UNION ALL SELECT number FROM fresh),
         added AS (
           INSERT INTO ${schema}.sweep_targets (sweep, number, mailbox, facts, arrived_at)
           SELECT $1, last.number + one.number, box.number, one.facts, now()
           FROM box, (SELECT coalesce(max(number), -1) AS number FROM ${schema}.sweep_targets WHERE sweep = $1) AS last,
             unnest($4::text[]) WITH ORDINALITY AS one (facts, number) RETURNING 1
         )
         UPDATE ${boxes} b SET owner = NULL, problem = NULL, looked_at = CASE WHEN ${counted} THEN now() ELSE looked_at END,
           due_at = now() + CASE WHEN ${counted} THEN ${every} ELSE interval '1 second' END
         WHERE b.sweep = $1 AND b.number = $2 AND ${isOwnedHere}`,
        [sweep, number, address, facts, messages, isFull, chunkSize],
      );
    },
    async recordFailedLook({ sweep, number }, problem) {
      await database.execute(
        `UPDATE ${boxes} b SET owner = NULL, problem = $3, due_at = now() + ${every} WHERE b.sweep = $1 AND b.number = $2 AND ${isOwnedHere}`,
        [sweep, number, problem.slice(0, 500)],
      );
    },
    async releaseMailbox({ sweep, number }) {
      await database.execute(`UPDATE ${boxes} b SET owner = NULL WHERE b.sweep = $1 AND b.number = $2 AND ${isOwnedHere}`, [sweep, number]);
    },
    async knownTargets(sweep, address) {
      const rows = await database.query(
        z.object({ facts: z.string(), outcome: z.string().nullable() }),
        `SELECT t.facts, t.outcome FROM ${schema}.sweep_targets t JOIN ${schema}.sweep_mailboxes m ON m.sweep = t.sweep AND m.number = t.mailbox
         WHERE t.sweep = $1 AND m.address = $2`,
        [sweep, address],
      );
      return rows.map(({ facts, outcome }) => ({ facts, outcome: outcome ?? undefined }));
    },
    async end(sweep, why) {
      const ended = await database.query(
        z.unknown(),
        `UPDATE ${watches} v SET ended_at = now(), ended_why = $2 WHERE v.sweep = $1 AND ${active} RETURNING 1`,
        [sweep, why],
      );
      return ended.length > 0;
    },
    async get(sweep) {
      const [row] = await database.query(
        Row,
        `SELECT v.until, v.arrived, v.ended_at, v.ended_why, b.looked_at, b.failing, b.problem FROM ${watches} v, LATERAL (
           SELECT CASE WHEN count(looked_at) = count(*) THEN min(looked_at) END AS looked_at, count(problem)::integer AS failing, max(problem) AS problem
           FROM ${boxes} WHERE sweep = v.sweep) AS b WHERE v.sweep = $1`,
        [sweep],
      );
      if (row === undefined) return undefined;
      const { until, arrived, ended_at, ended_why, looked_at, failing, problem } = row;
      return {
        ...{ until, arrived, failing, endedAt: ended_at ?? undefined, endedWhy: ended_why ?? undefined },
        ...{ lookedAt: looked_at ?? undefined, problem: problem ?? undefined },
      };
    },
    async hasActive() {
      const rows = await database.query(z.unknown(), `SELECT 1 FROM ${watches} v WHERE ${active} LIMIT 1`);
      return rows.length > 0;
    },
  };
}
