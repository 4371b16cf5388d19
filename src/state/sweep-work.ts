import * as z from "zod";
import { schema } from "./migrations.ts";
import { aliveSql, type Database } from "./postgres.ts";
import { type Direction, openTargetsSql, type TargetState, type UndoState } from "./sweep-states.ts";

/** Some mailboxes of a sweep in one of its rounds. */
export interface Chunk {
  readonly sweep: string;
  readonly round: number;
  readonly chunk: number;
}

/** A mailbox that this process works on, and no other. */
export interface ClaimedMailbox {
  readonly number: number;
  readonly address: string;
  /** How often it was given back because it failed for now. */
  readonly tries: number;
}

/** A target that is still to be worked on. */
export interface OpenTarget {
  readonly number: number;
  readonly facts: string;
  readonly state: TargetState;
  readonly outcome?: string | undefined;
  readonly undoState?: UndoState | undefined;
  /** What was written right before it was acted on. */
  readonly note?: string | undefined;
}

/** What became of a target. Without `outcome` it is to be done again: it certainly was not. */
export interface TargetUpdate<S> {
  readonly number: number;
  readonly state: S;
  readonly outcome?: string | undefined;
}

/** What workers ask of the tables. A worker that is not the owner of a mailbox writes nothing of its targets. Each method throws Failure. */
export interface SweepWork {
  /** Chunks of running sweeps with a mailbox that nobody works on and that is due. */
  waiting(limit: number): Promise<readonly Chunk[]>;
  /** Takes one mailbox of the chunk, while the sweep runs in this round. */
  claim(chunk: Chunk): Promise<ClaimedMailbox | undefined>;
  /** In the order of the plan. */
  targets(sweep: string, mailbox: number, direction: Direction): Promise<readonly OpenTarget[]>;
  /** The item ids that targets of this mailbox have, had before, or have got. */
  outcomes(
    sweep: string,
    mailbox: number,
  ): Promise<readonly { readonly facts: string; readonly outcome?: string | undefined; readonly undoOutcome?: string | undefined }[]>;
  /** Writes that these are about to be done; gives those that may be: while the sweep runs in this round. */
  recordIntent(chunk: Chunk, mailbox: number, direction: Direction, numbers: readonly number[]): Promise<ReadonlySet<number>>;
  /** Writes what is known of a target that is acted on, before it is: its outcome as far as that can be known. */
  note(sweep: string, mailbox: number, number: number, note: string): Promise<void>;
  recordActed(sweep: string, mailbox: number, settled: readonly TargetUpdate<TargetState>[]): Promise<void>;
  recordUndone(sweep: string, mailbox: number, settled: readonly TargetUpdate<UndoState | undefined>[]): Promise<void>;
  /** Gives the mailbox back: it is done when no target is left, otherwise somebody takes it up again after so many milliseconds. */
  release(
    sweep: string,
    mailbox: number,
    direction: Direction,
    later?: { readonly ms: number; readonly reason: string } | undefined,
  ): Promise<void>;
  /** Says that this process works on sweeps. */
  present(): Promise<void>;
  /** Milliseconds until a mailbox of the chunk is due that is open and nobody's; undefined where there is none. */
  msUntilDue(chunk: Chunk): Promise<number | undefined>;
  /** Ends the sweep when nothing of it is open. */
  finish(sweep: string, round: number): Promise<void>;
  /** Ends every running sweep of which nothing is open: a process may die between its last mailbox and the end of its sweep. */
  finishAll(): Promise<void>;
  /** Of these processes and those that own mailboxes, the ones that are dead. */
  dead(others: readonly number[]): Promise<readonly number[]>;
  /**
   * Frees mailboxes that the database gives to this process although it does not work on them: the reply to `claim` was lost, or `release` failed. A later
   * `claim` takes them up.
   */
  freeForgotten(): Promise<void>;
  /** Frees the mailboxes of a dead process. */
  free(instance: number): Promise<void>;
}

const ChunkRow = z.object({ sweep: z.string(), round: z.number(), chunk: z.number() });
const BoxRow = z.object({ number: z.number(), address: z.string(), tries: z.number() });
const OpenRow = z.object({
  number: z.number(),
  facts: z.string(),
  state: z.enum(["planned", "acting", "done", "failed", "changed", "gone"]),
  outcome: z.string().nullable(),
  undo_state: z.enum(["undoing", "undone", "failed", "impossible"]).nullable(),
  note: z.string().nullable(),
});

export function openSweepWork(database: Database): SweepWork {
  const sweeps = `${schema}.sweeps`;
  const boxes = `${schema}.sweep_mailboxes`;
  const rows = `${schema}.sweep_targets`;
  const mine = `EXISTS (SELECT FROM ${boxes} b WHERE b.sweep = $1 AND b.number = $2 AND b.owner = ${Number(database.instance)})`;
  const isRunning = "s.state = 'running' AND s.round = $2";
  const free = "b.open AND b.owner IS NULL";
  /** The mailboxes that this process works on. */
  const held = new Map<string, { readonly sweep: string; readonly number: number }>();
  const keyOf = (sweep: string, number: number) => `${sweep} ${number}`;
  let claims = 0;
  let freeing = Promise.resolve();
  const isOver = `s.state = 'running' AND NOT EXISTS (SELECT FROM ${boxes} b WHERE b.sweep = s.id AND b.open)`;
  const finished = `UPDATE ${sweeps} s SET state = 'finished', ended_at = CASE direction WHEN 'act' THEN now() ELSE ended_at END,
    undo_ended_at = CASE direction WHEN 'undo' THEN now() END WHERE ${isOver}`;
  const isDue = "(b.retry_at IS NULL OR b.retry_at <= now())";
  return {
    waiting: (limit) =>
      database.query(
        ChunkRow,
        `SELECT DISTINCT b.sweep, s.round, b.chunk FROM ${boxes} b JOIN ${sweeps} s ON s.id = b.sweep
         WHERE s.state = 'running' AND ${free} AND ${isDue} ORDER BY b.sweep, b.chunk LIMIT $1`,
        [limit],
      ),
    async claim({ sweep, round, chunk }) {
      for (let waited: unknown; waited !== freeing; await waited) waited = freeing;
      claims += 1;
      try {
        const [claimed] = await database.query(
          BoxRow,
          `UPDATE ${boxes} SET owner = $4 WHERE (sweep, number) = (
           SELECT b.sweep, b.number FROM ${boxes} b JOIN ${sweeps} s ON s.id = b.sweep
           WHERE b.sweep = $1 AND ${isRunning} AND b.chunk = $3 AND ${free} AND ${isDue}
           ORDER BY b.tries, b.number LIMIT 1 FOR UPDATE OF b SKIP LOCKED)
         RETURNING number, address, tries`,
          [sweep, round, chunk, database.instance],
        );
        if (claimed !== undefined) held.set(keyOf(sweep, claimed.number), { sweep, number: claimed.number });
        return claimed;
      } finally {
        claims -= 1;
      }
    },
    async targets(sweep, mailbox, direction) {
      const found = await database.query(
        OpenRow,
        `SELECT t.number, t.facts, t.state, t.outcome, t.undo_state, t.note FROM ${rows} t
         WHERE t.sweep = $1 AND t.mailbox = $2 AND (${openTargetsSql[direction]}) ORDER BY t.number`,
        [sweep, mailbox],
      );
      return found.map(({ number, facts, state, outcome, undo_state, note }) => ({
        ...{ number, facts, state },
        outcome: outcome ?? undefined,
        undoState: undo_state ?? undefined,
        note: note ?? undefined,
      }));
    },
    async outcomes(sweep, mailbox) {
      const Known = z.object({ facts: z.string(), outcome: z.string().nullable(), undo_outcome: z.string().nullable() });
      const found = await database.query(Known, `SELECT facts, outcome, undo_outcome FROM ${rows} WHERE sweep = $1 AND mailbox = $2`, [
        sweep,
        mailbox,
      ]);
      return found.map(({ facts, outcome, undo_outcome }) => ({
        facts,
        outcome: outcome ?? undefined,
        undoOutcome: undo_outcome ?? undefined,
      }));
    },
    async recordIntent({ sweep, round }, mailbox, direction, numbers) {
      const set = {
        act: "state = 'acting', attempts = attempts + 1, intent_at = now()",
        undo: "undo_state = 'undoing', undo_attempts = undo_attempts + 1, undo_intent_at = now()",
      };
      const from = { act: "state = 'planned'", undo: "state = 'done' AND (undo_state IS NULL OR undo_state = 'undoing')" };
      const intended = await database.query(
        z.object({ number: z.number() }),
        `UPDATE ${rows} SET ${set[direction]} WHERE sweep = $1 AND mailbox = $2 AND number = ANY ($3) AND ${from[direction]} AND ${mine}
           AND EXISTS (SELECT FROM ${sweeps} s WHERE s.id = $1 AND s.state = 'running' AND s.round = $4) RETURNING number`,
        [sweep, mailbox, numbers, round],
      );
      return new Set(intended.map(({ number }) => number));
    },
    async note(sweep, mailbox, number, note) {
      await database.execute(
        `UPDATE ${rows} SET note = $4 WHERE sweep = $1 AND mailbox = $2 AND number = $3 AND state = 'acting' AND ${mine}`,
        [sweep, mailbox, number, note],
      );
    },
    async recordActed(sweep, mailbox, settled) {
      if (settled.length === 0) return;
      await database.execute(
        `UPDATE ${rows} t SET state = new.state, outcome = new.outcome, outcome_at = CASE WHEN new.outcome IS NULL THEN NULL ELSE now() END
         FROM unnest($3::integer[], $4::text[], $5::text[]) AS new (number, state, outcome)
         WHERE t.sweep = $1 AND t.mailbox = $2 AND t.number = new.number AND t.state IN ('planned', 'acting') AND ${mine}`,
        [sweep, mailbox, ...columnsOf(settled)],
      );
    },
    async recordUndone(sweep, mailbox, settled) {
      if (settled.length === 0) return;
      await database.execute(
        `UPDATE ${rows} t SET undo_state = new.state, undo_outcome = new.outcome, undo_outcome_at = now()
         FROM unnest($3::integer[], $4::text[], $5::text[]) AS new (number, state, outcome)
         WHERE t.sweep = $1 AND t.mailbox = $2 AND t.number = new.number AND (t.undo_state IS NULL OR t.undo_state = 'undoing') AND ${mine}`,
        [sweep, mailbox, ...columnsOf(settled)],
      );
    },
    async release(sweep, mailbox, direction, later) {
      // Whether or not the database hears of it: what it still gives to us then is freed later.
      held.delete(keyOf(sweep, mailbox));
      await database.execute(
        `UPDATE ${boxes} b SET owner = NULL, tries = tries + CASE WHEN $3::integer IS NULL THEN 0 ELSE 1 END,
           waits_for = $5, retry_at = CASE WHEN $3::integer IS NULL THEN NULL ELSE now() + make_interval(secs => $3::integer / 1000.0) END,
           open = EXISTS (SELECT FROM ${rows} t WHERE t.sweep = $1 AND t.mailbox = $2 AND (${openTargetsSql[direction]}))
         WHERE b.sweep = $1 AND b.number = $2 AND b.owner = $4`,
        [sweep, mailbox, later === undefined ? null : Math.round(later.ms), database.instance, later?.reason.slice(0, 500) ?? null],
      );
    },
    async present() {
      await database.execute(
        `INSERT INTO ${schema}.sweep_workers (instance) VALUES ($1) ON CONFLICT (instance) DO UPDATE SET seen_at = now()`,
        [database.instance],
      );
      // Of those that ended, the last one says since when none has run.
      await database.execute(
        `DELETE FROM ${schema}.sweep_workers w WHERE NOT ${aliveSql("w.instance")} AND w.seen_at < (SELECT max(seen_at) FROM ${schema}.sweep_workers)`,
        [],
      );
    },
    async msUntilDue({ sweep, round, chunk }) {
      const [next] = await database.query(
        z.object({ ms: z.number().nullable() }),
        `SELECT min(greatest(0, extract(epoch FROM coalesce(b.retry_at, now()) - now()) * 1000))::float AS ms
         FROM ${boxes} b JOIN ${sweeps} s ON s.id = b.sweep WHERE b.sweep = $1 AND ${isRunning} AND b.chunk = $3 AND ${free}`,
        [sweep, round, chunk],
      );
      return next?.ms ?? undefined;
    },
    async finish(sweep, round) {
      await database.execute(`${finished} AND s.id = $1 AND s.round = $2`, [sweep, round]);
    },
    async finishAll() {
      await database.execute(finished, []);
    },
    async dead(others) {
      const found = await database.query(
        z.object({ owner: z.number() }),
        `SELECT owner FROM (SELECT owner FROM ${boxes} WHERE owner IS NOT NULL UNION SELECT unnest($2::integer[])) AS seen
         WHERE owner <> $1 AND NOT ${aliveSql("owner")}`,
        [database.instance, others],
      );
      return found.map(({ owner }) => owner);
    },
    async freeForgotten() {
      // A mailbox that is being claimed is not held yet.
      if (claims > 0) return;
      const known = [...held.values()];
      const freed = database.execute(
        `UPDATE ${boxes} b SET owner = NULL WHERE b.owner = $1
           AND NOT EXISTS (SELECT FROM unnest($2::text[], $3::integer[]) AS known (sweep, number) WHERE known.sweep = b.sweep AND known.number = b.number)`,
        [database.instance, known.map(({ sweep }) => sweep), known.map(({ number }) => number)],
      );
      freeing = freed.then(
        () => undefined,
        () => undefined,
      );
      await freed;
    },
    async free(instance) {
      await database.execute(`UPDATE ${boxes} SET owner = NULL WHERE owner = $1 AND NOT ${aliveSql("owner")}`, [instance]);
    },
  };
}

function columnsOf(settled: readonly TargetUpdate<string | undefined>[]): readonly unknown[][] {
  return [settled.map(({ number }) => number), settled.map(({ state }) => state ?? null), settled.map(({ outcome }) => outcome ?? null)];
}
