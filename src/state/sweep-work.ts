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

/** A mailbox that only this process works on. */
export interface ClaimedMailbox {
  readonly number: number;
  readonly address: string;
  /** How often the mailbox was given back after a temporary failure. */
  readonly tries: number;
}

/** A target that still needs work. */
export interface OpenTarget {
  readonly number: number;
  readonly facts: string;
  readonly state: TargetState;
  readonly outcome?: string | undefined;
  readonly undoState?: UndoState | undefined;
  /** The facts recorded immediately before the action on this target. */
  readonly note?: string | undefined;
}

/** The outcome of a target. A target without `outcome` must be tried again: it was certainly not changed. */
export interface TargetUpdate<S> {
  readonly number: number;
  readonly state: S;
  readonly outcome?: string | undefined;
}

/** The methods that workers use. Only the owner of a mailbox writes to its targets. Each method throws Failure. */
export interface SweepWork {
  /** Returns chunks of running sweeps that have a mailbox which is due and has no owner. */
  findWaitingChunks(limit: number): Promise<readonly Chunk[]>;
  /** Takes one mailbox of the chunk, if the sweep still runs in this round. */
  claimMailbox(chunk: Chunk): Promise<ClaimedMailbox | undefined>;
  /** Returns the targets in the order of the plan. */
  openTargets(sweep: string, mailbox: number, direction: Direction): Promise<readonly OpenTarget[]>;
  /** Returns the item ids that targets of this mailbox have now or had before. */
  recordedOutcomes(
    sweep: string,
    mailbox: number,
  ): Promise<readonly { readonly facts: string; readonly outcome?: string | undefined; readonly undoOutcome?: string | undefined }[]>;
  /** Records that the sweep is about to change these targets. Returns the permitted ones: none if the sweep no longer runs in this round. */
  recordIntent(chunk: Chunk, mailbox: number, direction: Direction, numbers: readonly number[]): Promise<ReadonlySet<number>>;
  /** Records the known part of a target's outcome before the target is changed. */
  recordNote(sweep: string, mailbox: number, number: number, note: string): Promise<void>;
  recordActed(sweep: string, mailbox: number, updates: readonly TargetUpdate<TargetState>[]): Promise<void>;
  recordUndone(sweep: string, mailbox: number, updates: readonly TargetUpdate<UndoState | undefined>[]): Promise<void>;
  /** Gives the mailbox back. It is finished if no target is left; otherwise a worker takes it up again after `retry.ms`. */
  releaseMailbox(
    sweep: string,
    mailbox: number,
    direction: Direction,
    retry?: { readonly ms: number; readonly reason: string } | undefined,
  ): Promise<void>;
  /** Records that this process works on sweeps. */
  recordPresence(): Promise<void>;
  /** Returns the milliseconds until an open mailbox of the chunk without an owner is due; undefined if there is none. */
  msUntilDue(chunk: Chunk): Promise<number | undefined>;
  /** Ends the sweep if none of its mailboxes is open. */
  finishSweep(sweep: string, round: number): Promise<void>;
  /** Ends every running sweep without an open mailbox: a process may die between its last mailbox and the end of its sweep. */
  finishSweeps(): Promise<void>;
  /** Returns the dead processes among these and the owners of mailboxes. */
  findDeadProcesses(instances: readonly number[]): Promise<readonly number[]>;
  /**
   * Frees mailboxes that the database assigns to this process although it does not work on them: the reply to `claimMailbox` was lost, or `releaseMailbox`
   * failed. A later `claimMailbox` takes them up.
   */
  freeForgottenMailboxes(): Promise<void>;
  /** Frees the mailboxes of a dead process. */
  freeMailboxesOf(instance: number): Promise<void>;
}

const ChunkRow = z.object({ sweep: z.string(), round: z.number(), chunk: z.number() });
const MailboxRow = z.object({ number: z.number(), address: z.string(), tries: z.number() });
const OpenRow = z.object({
  number: z.number(),
  facts: z.string(),
  state: z.enum(["planned", "acting", "done", "failed", "changed", "gone"]),
  outcome: z.string().nullable(),
  undo_state: z.enum(["undoing", "undone", "failed", "impossible"]).nullable(),
  note: z.string().nullable(),
});

export function openSweepWork(database: Database): SweepWork {
  const sweepTable = `${schema}.sweeps`;
  const mailboxTable = `${schema}.sweep_mailboxes`;
  const targetTable = `${schema}.sweep_targets`;
  const isOwnedHere = `EXISTS (SELECT FROM ${mailboxTable} b WHERE b.sweep = $1 AND b.number = $2 AND b.owner = ${Number(database.instance)})`;
  const isRunning = "s.state = 'running' AND s.round = $2";
  const isFree = "b.open AND b.owner IS NULL";
  /** The mailboxes that this process works on. */
  const heldMailboxes = new Map<string, { readonly sweep: string; readonly number: number }>();
  const keyOf = (sweep: string, number: number) => `${sweep} ${number}`;
  let claimsUnderWay = 0;
  let freeing = Promise.resolve();
  const isOver = `s.state = 'running' AND NOT EXISTS (SELECT FROM ${mailboxTable} b WHERE b.sweep = s.id AND b.open)`;
  const finishSql = `UPDATE ${sweepTable} s SET state = 'finished', ended_at = CASE direction WHEN 'act' THEN now() ELSE ended_at END,
    undo_ended_at = CASE direction WHEN 'undo' THEN now() END WHERE ${isOver}`;
  const isDue = "(b.retry_at IS NULL OR b.retry_at <= now())";
  return {
    findWaitingChunks: (limit) =>
      database.query(
        ChunkRow,
        `SELECT DISTINCT b.sweep, s.round, b.chunk FROM ${mailboxTable} b JOIN ${sweepTable} s ON s.id = b.sweep
         WHERE s.state = 'running' AND ${isFree} AND ${isDue} ORDER BY b.sweep, b.chunk LIMIT $1`,
        [limit],
      ),
    async claimMailbox({ sweep, round, chunk }) {
      for (let waited: unknown; waited !== freeing; await waited) waited = freeing;
      claimsUnderWay += 1;
      try {
        const [claimed] = await database.query(
          MailboxRow,
          `UPDATE ${mailboxTable} SET owner = $4 WHERE (sweep, number) = (
           SELECT b.sweep, b.number FROM ${mailboxTable} b JOIN ${sweepTable} s ON s.id = b.sweep
           WHERE b.sweep = $1 AND ${isRunning} AND b.chunk = $3 AND ${isFree} AND ${isDue}
           ORDER BY b.tries, b.number LIMIT 1 FOR UPDATE OF b SKIP LOCKED)
         RETURNING number, address, tries`,
          [sweep, round, chunk, database.instance],
        );
        if (claimed !== undefined) heldMailboxes.set(keyOf(sweep, claimed.number), { sweep, number: claimed.number });
        return claimed;
      } finally {
        claimsUnderWay -= 1;
      }
    },
    async openTargets(sweep, mailbox, direction) {
      const found = await database.query(
        OpenRow,
        `SELECT t.number, t.facts, t.state, t.outcome, t.undo_state, t.note FROM ${targetTable} t
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
    async recordedOutcomes(sweep, mailbox) {
      const Known = z.object({ facts: z.string(), outcome: z.string().nullable(), undo_outcome: z.string().nullable() });
      const found = await database.query(
        Known,
        `SELECT facts, outcome, undo_outcome FROM ${targetTable} WHERE sweep = $1 AND mailbox = $2`,
        [sweep, mailbox],
      );
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
        `UPDATE ${targetTable} SET ${set[direction]} WHERE sweep = $1 AND mailbox = $2 AND number = ANY ($3) AND ${from[direction]} AND ${isOwnedHere}
           AND EXISTS (SELECT FROM ${sweepTable} s WHERE s.id = $1 AND s.state = 'running' AND s.round = $4) RETURNING number`,
        [sweep, mailbox, numbers, round],
      );
      return new Set(intended.map(({ number }) => number));
    },
    async recordNote(sweep, mailbox, number, note) {
      await database.execute(
        `UPDATE ${targetTable} SET note = $4 WHERE sweep = $1 AND mailbox = $2 AND number = $3 AND state = 'acting' AND ${isOwnedHere}`,
        [sweep, mailbox, number, note],
      );
    },
    async recordActed(sweep, mailbox, updates) {
      if (updates.length === 0) return;
      await database.execute(
        `UPDATE ${targetTable} t SET state = new.state, outcome = new.outcome, outcome_at = CASE WHEN new.outcome IS NULL THEN NULL ELSE now() END
         FROM unnest($3::integer[], $4::text[], $5::text[]) AS new (number, state, outcome)
         WHERE t.sweep = $1 AND t.mailbox = $2 AND t.number = new.number AND t.state IN ('planned', 'acting') AND ${isOwnedHere}`,
        [sweep, mailbox, ...columnsOf(updates)],
      );
    },
    async recordUndone(sweep, mailbox, updates) {
      if (updates.length === 0) return;
      await database.execute(
        `UPDATE ${targetTable} t SET undo_state = new.state, undo_outcome = new.outcome, undo_outcome_at = now()
         FROM unnest($3::integer[], $4::text[], $5::text[]) AS new (number, state, outcome)
         WHERE t.sweep = $1 AND t.mailbox = $2 AND t.number = new.number AND (t.undo_state IS NULL OR t.undo_state = 'undoing') AND ${isOwnedHere}`,
        [sweep, mailbox, ...columnsOf(updates)],
      );
    },
    async releaseMailbox(sweep, mailbox, direction, retry) {
      // Do this even if the database is not reached: `freeForgottenMailboxes` frees a mailbox that is still assigned to us.
      heldMailboxes.delete(keyOf(sweep, mailbox));
      await database.execute(
        `UPDATE ${mailboxTable} b SET owner = NULL, tries = tries + CASE WHEN $3::integer IS NULL THEN 0 ELSE 1 END,
           waits_for = $5, retry_at = CASE WHEN $3::integer IS NULL THEN NULL ELSE now() + make_interval(secs => $3::integer / 1000.0) END,
           open = EXISTS (SELECT FROM ${targetTable} t WHERE t.sweep = $1 AND t.mailbox = $2 AND (${openTargetsSql[direction]}))
         WHERE b.sweep = $1 AND b.number = $2 AND b.owner = $4`,
        [sweep, mailbox, retry === undefined ? null : Math.round(retry.ms), database.instance, retry?.reason.slice(0, 500) ?? null],
      );
    },
    async recordPresence() {
      await database.execute(
        `INSERT INTO ${schema}.sweep_workers (instance) VALUES ($1) ON CONFLICT (instance) DO UPDATE SET seen_at = now()`,
        [database.instance],
      );
      // Of the ended workers, keep the last one: its row shows since when no worker has run.
      await database.execute(
        `DELETE FROM ${schema}.sweep_workers w WHERE NOT ${aliveSql("w.instance")} AND w.seen_at < (SELECT max(seen_at) FROM ${schema}.sweep_workers)`,
        [],
      );
    },
    async msUntilDue({ sweep, round, chunk }) {
      const [next] = await database.query(
        z.object({ ms: z.number().nullable() }),
        `SELECT min(greatest(0, extract(epoch FROM coalesce(b.retry_at, now()) - now()) * 1000))::float AS ms
         FROM ${mailboxTable} b JOIN ${sweepTable} s ON s.id = b.sweep WHERE b.sweep = $1 AND ${isRunning} AND b.chunk = $3 AND ${isFree}`,
        [sweep, round, chunk],
      );
      return next?.ms ?? undefined;
    },
    async finishSweep(sweep, round) {
      await database.execute(`${finishSql} AND s.id = $1 AND s.round = $2`, [sweep, round]);
    },
    async finishSweeps() {
      await database.execute(finishSql, []);
    },
    async findDeadProcesses(instances) {
      const found = await database.query(
        z.object({ owner: z.number() }),
        `SELECT owner FROM (SELECT owner FROM ${mailboxTable} WHERE owner IS NOT NULL UNION SELECT unnest($2::integer[])) AS seen
         WHERE owner <> $1 AND NOT ${aliveSql("owner")}`,
        [database.instance, instances],
      );
      return found.map(({ owner }) => owner);
    },
    async freeForgottenMailboxes() {
      // A mailbox is not in `heldMailboxes` until its claim is complete.
      if (claimsUnderWay > 0) return;
      const known = [...heldMailboxes.values()];
      const freed = database.execute(
        `UPDATE ${mailboxTable} b SET owner = NULL WHERE b.owner = $1
           AND NOT EXISTS (SELECT FROM unnest($2::text[], $3::integer[]) AS known (sweep, number) WHERE known.sweep = b.sweep AND known.number = b.number)`,
        [database.instance, known.map(({ sweep }) => sweep), known.map(({ number }) => number)],
      );
      freeing = freed.then(
        () => undefined,
        () => undefined,
      );
      await freed;
    },
    async freeMailboxesOf(instance) {
      await database.execute(`UPDATE ${mailboxTable} SET owner = NULL WHERE owner = $1 AND NOT ${aliveSql("owner")}`, [instance]);
    },
  };
}

function columnsOf(updates: readonly TargetUpdate<string | undefined>[]): readonly unknown[][] {
  return [updates.map(({ number }) => number), updates.map(({ state }) => state ?? null), updates.map(({ outcome }) => outcome ?? null)];
}
