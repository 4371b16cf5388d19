import * as z from "zod";
import { Failure } from "../failure.ts";
import { schema } from "./migrations.ts";
import { aliveSql, type Database, notifySql } from "./postgres.ts";
import { type Direction, openTargetsSql, type SweepState, type TargetState, type UndoState } from "./sweep-states.ts";
import { type SweepTarget, selectTargets, TargetRow, targetOf } from "./sweep-targets.ts";
import { openSweepWatches, type SweepWatches } from "./sweep-watches.ts";
import { openSweepWork, type SweepWork } from "./sweep-work.ts";

/** A sweep to be stored. */
export interface NewSweep {
  readonly id: string;
  readonly connection: string;
  /** The plan without its targets, as JSON. */
  readonly plan: string;
  readonly planHash: string;
  readonly plannedBy: string;
  /** The person who planned it, if known. */
  readonly plannedPerson?: string | undefined;
  /** The mailboxes that the planner may reach: addresses, or `*@example.com`. Undefined: every mailbox. */
  readonly plannedWithin?: readonly string[] | undefined;
  /** The mailboxes with targets, and the recorded facts of each target as JSON. */
  readonly mailboxes: readonly { readonly address: string; readonly targets: readonly string[] }[];
  /** Number of mailboxes in a chunk. */
  readonly chunkSize: number;
}

export interface Sweep {
  readonly id: string;
  readonly state: SweepState;
  readonly direction: Direction;
  /** Increases each time the sweep is begun or resumed. */
  readonly round: number;
  readonly connection: string;
  readonly plan: string;
  readonly planHash: string;
  readonly plannedBy: string;
  readonly plannedAt: Date;
  readonly plannedPerson?: string | undefined;
  readonly plannedWithin?: readonly string[] | undefined;
  readonly approvedPerson?: string | undefined;
  /** Whether `serve` accepted the approval from a caller with the `approve` role. */
  readonly approvedWithRole: boolean;
  /** The mailboxes that the caller who began the sweep may reach. Undefined: every mailbox. */
  readonly begunWithin?: readonly string[] | undefined;
  readonly approvedBy?: string | undefined;
  readonly approvedAt?: Date | undefined;
  readonly begunBy?: string | undefined;
  readonly begunPerson?: string | undefined;
  readonly begunAt?: Date | undefined;
  readonly endedAt?: Date | undefined;
  /** State of the sweep when its undo began; undefined before that. */
  readonly endedState?: SweepState | undefined;
  readonly undoBegunBy?: string | undefined;
  readonly undoBegunPerson?: string | undefined;
  readonly undoBegunAt?: Date | undefined;
  readonly undoEndedAt?: Date | undefined;
}

export type { SweepTarget };

/** A caller who approves or begins a sweep. */
export interface SweepActor {
  readonly id: string;
  readonly person?: string | undefined;
  /** Whether `serve` has checked that the caller has the role for approvals. */
  readonly hasRole?: boolean | undefined;
  /** The mailboxes that the caller may reach. Undefined: every mailbox. */
  readonly within?: readonly string[] | undefined;
}

/** Mailboxes of a sweep that wait, and the reason. */
export interface WaitingMailboxes {
  readonly mailboxes: number;
  readonly reason: string;
  /** Time at which the first of them is tried again. */
  readonly until: Date;
}

/** The workers on all machines. */
export interface WorkerPresence {
  /** Number of workers at present. */
  readonly working: number;
  /** When a worker was last seen; undefined: never. */
  readonly seenAt?: Date | undefined;
}

/** Number of targets in each state. */
export type Tally = Readonly<Partial<Record<TargetState | `undo_${UndoState}` | "restored_copies", number>>>;

/** The sweeps in a database. Each method throws Failure. */
export interface SweepStore {
  /** The methods for workers. */
  readonly work: SweepWork;
  /** The methods for sweeps that search again after they have finished. */
  readonly watches: SweepWatches;
  create(sweep: NewSweep): Promise<void>;
  /** Throws Failure `not-found`. */
  get(id: string): Promise<Sweep>;
  /** The newest first. */
  list(limit: number): Promise<readonly Sweep[]>;
  tally(id: string): Promise<Tally>;
  /** Returns targets in the order of the plan, after the target with this number. */
  targets(id: string, after: number, limit: number): Promise<readonly SweepTarget[]>;
  /** Returns targets with a problem: failed, changed or gone, and not undone. */
  troubled(id: string, limit: number): Promise<readonly SweepTarget[]>;
  /** Returns the mailboxes that have targets. */
  addresses(id: string): Promise<readonly string[]>;
  waiting(id: string): Promise<readonly WaitingMailboxes[]>;
  presence(): Promise<WorkerPresence>;
  /** Returns whether any sweep is running. */
  anyRunning(): Promise<boolean>;
  /** Throws Failure `changed` if the sweep has another hash or was already begun. */
  approve(id: string, planHash: string, by: SweepActor): Promise<void>;
  /** Begins the sweep, or resumes it with the remaining targets. Throws Failure `changed` if its state does not allow that. */
  begin(id: string, direction: Direction, by: SweepActor): Promise<Sweep>;
  /** Throws Failure `changed` unless it is running. */
  pause(id: string): Promise<void>;
  /** Throws Failure `changed` if the sweep has ended. */
  cancel(id: string): Promise<void>;
}

const StateColumn = z.enum(["planned", "approved", "running", "paused", "cancelled", "finished"]);
const Row = z.object({
  id: z.string(),
  state: StateColumn,
  direction: z.enum(["act", "undo"]),
  round: z.number(),
  connection: z.string(),
  plan: z.string(),
  plan_hash: z.string(),
  planned_by: z.string(),
  planned_at: z.date(),
  approved_by: z.string().nullable(),
  approved_at: z.date().nullable(),
  begun_by: z.string().nullable(),
  begun_at: z.date().nullable(),
  ended_at: z.date().nullable(),
  planned_person: z.string().nullable(),
  planned_within: z.array(z.string()).nullable(),
  approved_person: z.string().nullable(),
  approved_with_role: z.boolean(),
  begun_within: z.array(z.string()).nullable(),
  ended_state: StateColumn.nullable(),
  undo_begun_by: z.string().nullable(),
  undo_begun_at: z.date().nullable(),
  undo_ended_at: z.date().nullable(),
  begun_person: z.string().nullable(),
  undo_begun_person: z.string().nullable(),
});
const columns = Object.keys(Row.shape).join(", ");

export function openSweepStore(database: Database): SweepStore {
  const table = `${schema}.sweeps`;
  const get = async (id: string): Promise<Sweep> => {
    const [row] = await database.query(Row, `SELECT ${columns} FROM ${table} WHERE id = $1`, [id]);
    if (row === undefined)
      throw new Failure("not-found", `There is no sweep ${JSON.stringify(id.slice(0, 100))}.`, {
        hint: "`mailcordon sweep list` shows them all.",
      });
    return sweepOf(row);
  };
  /** Changes the state and notifies the workers. Throws Failure `changed` if the sweep is in none of the states `from`. */
  const setState = async (id: string, to: SweepState, from: readonly SweepState[]): Promise<void> => {
    const turned = await database.query(
      z.unknown(),
      `UPDATE ${table} SET state = $2, ended_at = CASE WHEN $2 = 'cancelled' AND direction = 'act' THEN now() ELSE ended_at END,
         undo_ended_at = CASE WHEN $2 = 'cancelled' AND direction = 'undo' THEN now() ELSE undo_ended_at END
       WHERE id = $1 AND state = ANY ($3) RETURNING ${notifySql("sweep", "id")}`,
      [id, to, from],
    );
    if (turned.length === 0)
      throw wrongState(
        await get(id),
        { planned: "be planned", approved: "be approved", running: "run", paused: "be paused", cancelled: "be cancelled", finished: "end" }[
          to
        ],
      );
  };
  return {
    work: openSweepWork(database),
    watches: openSweepWatches(database),
    get,
    async create({ id, connection, plan, planHash, plannedBy, plannedPerson, plannedWithin, mailboxes, chunkSize }) {
      const targets = mailboxes.flatMap((mailbox, number) => mailbox.targets.map((facts) => ({ mailbox: number, facts })));
      // One statement: the sweep is stored with all its parts, or not at all.
      await database.execute(
        `WITH made AS (INSERT INTO ${table} (id, connection, plan, plan_hash, planned_by, planned_person, planned_within)
           VALUES ($1, $2, $3, $4, $5, $10, $11) RETURNING id),
         boxes AS (
           INSERT INTO ${schema}.sweep_mailboxes (sweep, number, chunk, address)
           SELECT made.id, box.number - 1, (box.number - 1) / $7::integer, box.address
           FROM made, unnest($6::text[]) WITH ORDINALITY AS box (address, number) RETURNING sweep
         )
         INSERT INTO ${schema}.sweep_targets (sweep, number, mailbox, facts)
         SELECT made.id, target.number - 1, target.mailbox, target.facts
         FROM made, unnest($8::integer[], $9::text[]) WITH ORDINALITY AS target (mailbox, facts, number)`,
        [
          ...[id, connection, plan, planHash, plannedBy, mailboxes.map(({ address }) => address), chunkSize],
          ...[targets.map(({ mailbox }) => mailbox), targets.map(({ facts }) => facts)],
          ...[plannedPerson ?? null, plannedWithin ?? null],
        ],
      );
    },
    async list(limit) {
      const rows = await database.query(Row, `SELECT ${columns} FROM ${table} ORDER BY planned_at DESC LIMIT $1`, [limit]);
      return rows.map(sweepOf);
    },
    async tally(id) {
      const rows = await database.query(
        z.object({ name: z.string(), number: z.number() }),
        `SELECT state AS name, count(*)::integer AS number FROM ${schema}.sweep_targets WHERE sweep = $1 GROUP BY state
         UNION ALL SELECT 'undo_' || undo_state, count(*)::integer FROM ${schema}.sweep_targets
         WHERE sweep = $1 AND undo_state IS NOT NULL GROUP BY undo_state
         UNION ALL SELECT 'restored_copies', count(*)::integer FROM ${schema}.sweep_targets
         WHERE sweep = $1 AND undo_state = 'undone' AND undo_outcome::json ->> 'restored_copy' = 'true' HAVING count(*) > 0`,
        [id],
      );
      return Object.fromEntries(rows.map(({ name, number }) => [name, number]));
    },
    async targets(id, after, limit) {
      const rows = await database.query(TargetRow, `${selectTargets} AND t.number > $2 ORDER BY t.number LIMIT $3`, [id, after, limit]);
      return rows.map(targetOf);
    },
    async troubled(id, limit) {
      const rows = await database.query(
        TargetRow,
        `${selectTargets} AND (t.state IN ('failed', 'changed', 'gone') OR t.undo_state IN ('failed', 'impossible')) ORDER BY t.number LIMIT $2`,
        [id, limit],
      );
      return rows.map(targetOf);
    },
    async addresses(id) {
      const rows = await database.query(
        z.object({ address: z.string() }),
        `SELECT address FROM ${schema}.sweep_mailboxes WHERE sweep = $1 ORDER BY number`,
        [id],
      );
      return rows.map(({ address }) => address);
    },
    waiting: (id) =>
      database.query(
        z.object({ mailboxes: z.number(), reason: z.string(), until: z.date() }),
        `SELECT count(*)::integer AS mailboxes, coalesce(waits_for, '') AS reason, min(retry_at) AS until FROM ${schema}.sweep_mailboxes
         WHERE sweep = $1 AND open AND owner IS NULL AND retry_at > now() GROUP BY waits_for ORDER BY 1 DESC LIMIT 5`,
        [id],
      ),
    async presence() {
      const [row] = await database.query(
        z.object({ working: z.number(), seen: z.date().nullable() }),
        `SELECT count(*) FILTER (WHERE ${aliveSql("instance")})::integer AS working, max(seen_at) AS seen FROM ${schema}.sweep_workers`,
      );
      return { working: row?.working ?? 0, seenAt: row?.seen ?? undefined };
    },
    async anyRunning() {
      const rows = await database.query(z.unknown(), `SELECT 1 FROM ${table} WHERE state = 'running' LIMIT 1`);
      return rows.length > 0;
    },
    async approve(id, planHash, by) {
      const approved = await database.query(
        z.unknown(),
        `UPDATE ${table} SET state = 'approved', approved_by = $3, approved_at = now(), approved_person = $4, approved_with_role = $5
         WHERE id = $1 AND plan_hash = $2 AND (state = 'planned' OR (state = 'approved' AND $5 AND NOT approved_with_role)) RETURNING 1`,
        [id, planHash, by.id, by.person ?? null, by.hasRole === true],
      );
      if (approved.length > 0) return;
      const sweep = await get(id);
      if (sweep.planHash !== planHash)
        throw new Failure("changed", `The plan of the sweep ${id} has another hash, ${sweep.planHash}: nothing was approved.`, {
          hint: `Look at the plan: mailcordon sweep report ${id}`,
        });
      // Repeating an approval changes nothing.
      if (sweep.state !== "approved") throw wrongState(sweep, "be approved");
    },
    async begin(id, direction, by) {
      const from: Readonly<Record<Direction, string>> = {
        act: "state = 'approved' OR (state IN ('paused', 'finished') AND direction = 'act')",
        undo: "state IN ('paused', 'cancelled', 'finished')",
      };
      const open = openTargetsSql[direction];
      // An undo keeps the facts of the run: how and when it ended, and who began it.
      const set: Readonly<Record<Direction, string>> = {
        act: "begun_by = $3, begun_person = $5, begun_at = coalesce(begun_at, now()), ended_at = NULL",
        undo: `ended_state = CASE direction WHEN 'act' THEN state ELSE ended_state END, undo_begun_by = $3, undo_begun_person = $5,
             undo_begun_at = coalesce(undo_begun_at, now()), undo_ended_at = NULL`,
      };
      // Beginning a sweep again retries its failed targets.
      const again = direction === "act" ? "state = 'planned' WHERE state = 'failed'" : "undo_state = NULL WHERE undo_state = 'failed'";
      const [begun] = await database.query(
        Row,
        `WITH begun AS (
           UPDATE ${table} SET state = 'running', direction = $2, round = round + 1, begun_within = $4, ${set[direction]}
           WHERE id = $1 AND (${from[direction]}) RETURNING ${columns}, ${notifySql("sweep", "id")}
         ), anew AS (
           UPDATE ${schema}.sweep_targets SET ${again} AND sweep IN (SELECT id FROM begun) RETURNING mailbox
         ), boxes AS (
           UPDATE ${schema}.sweep_mailboxes m SET open = true, tries = 0, retry_at = NULL
           WHERE m.sweep IN (SELECT id FROM begun) AND (m.number IN (SELECT mailbox FROM anew) OR EXISTS (
             SELECT FROM ${schema}.sweep_targets t WHERE t.sweep = m.sweep AND t.mailbox = m.number AND (${open}))) RETURNING 1
         )
         SELECT ${columns} FROM begun`,
        [id, direction, by.id, by.within ?? null, by.person ?? null],
      );
      if (begun === undefined) throw wrongState(await get(id), direction === "act" ? "run" : "be undone");
      return sweepOf(begun);
    },
    pause: (id) => setState(id, "paused", ["running"]),
    cancel: (id) => setState(id, "cancelled", ["planned", "approved", "running", "paused"]),
  };
}

/** The next possible step for a sweep in each state, with its command. */
const nextStep: Readonly<Record<SweepState, string>> = {
  planned: "Approve it, or run it, by the hash of its plan: sweep run.",
  approved: "Begin it: sweep run.",
  running: "Hold it up first: sweep pause. Or wait for its end: sweep status.",
  paused: "Go on with sweep resume, or end it: sweep cancel.",
  cancelled: "It cannot go on. Take back what was done with sweep undo, or plan another.",
  finished: "Look at it with sweep report. Take back what was done with sweep undo.",
};

/** Returns the failure for a step that the state of the sweep does not allow: it names the state and the next possible step. */
export function wrongState({ id, state, direction }: Pick<Sweep, "id" | "state" | "direction">, wanted: string): Failure {
  const now = direction === "undo" ? `the undo of the sweep ${id} is ${state}` : `the sweep ${id} is ${state}`;
  const next =
    direction === "undo" && state !== "running" && state !== "paused" ? "Go on with sweep undo, or plan another." : nextStep[state];
  return new Failure("changed", `Nothing was done: ${now}, so it cannot ${wanted}.`, { hint: next });
}

function sweepOf(row: z.output<typeof Row>): Sweep {
  return {
    id: row.id,
    state: row.state,
    direction: row.direction,
    round: row.round,
    connection: row.connection,
    plan: row.plan,
    planHash: row.plan_hash,
    plannedBy: row.planned_by,
    plannedAt: row.planned_at,
    approvedBy: row.approved_by ?? undefined,
    approvedAt: row.approved_at ?? undefined,
    begunBy: row.begun_by ?? undefined,
    begunPerson: row.begun_person ?? undefined,
    begunAt: row.begun_at ?? undefined,
    endedAt: row.ended_at ?? undefined,
    endedState: row.ended_state ?? undefined,
    undoBegunBy: row.undo_begun_by ?? undefined,
    undoBegunPerson: row.undo_begun_person ?? undefined,
    undoBegunAt: row.undo_begun_at ?? undefined,
    undoEndedAt: row.undo_ended_at ?? undefined,
    plannedPerson: row.planned_person ?? undefined,
    plannedWithin: row.planned_within ?? undefined,
    approvedPerson: row.approved_person ?? undefined,
    approvedWithRole: row.approved_with_role,
    begunWithin: row.begun_within ?? undefined,
  };
}
