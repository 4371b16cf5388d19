import * as z from "zod";
import type { Failure } from "../failure.ts";
import { type DatabaseHeads, openAuditHead } from "./audit-heads.ts";
import { type DatabaseLines, openEvidenceLines } from "./evidence-lines.ts";
import { type Idempotency, openIdempotency } from "./idempotency.ts";
import { type Jobs, openJobs } from "./jobs.ts";
import { type Keys, openKeys } from "./keys.ts";
import { openDatabase } from "./postgres.ts";
import { type LoadDbos, openQueues } from "./queues.ts";
import { openSharedBudgets, type SharedBudgets } from "./shared-budget.ts";
import { openSweepDispatch, type RunChunk, type SweepDispatch } from "./sweep-dispatch.ts";
import { openSweepStore, type SweepStore } from "./sweep-store.ts";

export { hasOurTables } from "./postgres.ts";

/** Data kept between calls and restarts. */
export interface State {
  readonly keys: Keys;
  readonly idempotency: Idempotency;
  readonly jobs: Jobs;
  readonly sweeps: SweepStore;
  /** The allowances of servers for accounts, shared by every process that uses the database. */
  readonly budgets: SharedBudgets;
  /** The number of this process among those that use the database. */
  readonly instance: number;
  /** Begins to work on chunks of sweeps, `concurrency` at a time. Only one per process; `close` ends it. */
  dispatch(concurrency: number, run: RunChunk, complain: (failure: Failure) => void): Promise<SweepDispatch>;
  /** Runs `work` while no other process that uses the database runs work of the same name. */
  exclusively<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** Returns the stored end of an audit log, which is kept away from the log. */
  auditHead(log: string): DatabaseHeads;
  /** The lines of all evidence indexes, by hash. */
  readonly evidenceLines: DatabaseLines;
  /** Rejects with Failure if the database does not answer. */
  ready(): Promise<void>;
  /** Closes the connections; the last process to leave stops a database that mailcordon has started. */
  close(): Promise<void>;
}

interface StateSettings {
  readonly databaseUrl?: string | undefined;
  readonly directory: string;
  /** Whether `dispatch` may be called while jobs already run. */
  readonly mayDispatch?: boolean;
  /** For tests that play several processes. */
  readonly loadDbos?: LoadDbos;
}

/**
 * Opens the state in a PostgreSQL: that of `databaseUrl`, or one that is started in `<directory>/postgres`, which several processes may share.
 * @throws Failure `unreachable`, `invalid-settings`, `unsupported`
 */
export async function openState(settings: StateSettings): Promise<State> {
  const database = await openDatabase(settings);
  const { mayDispatch = false, loadDbos = () => import("../libraries/dbos.ts") } = settings;
  const queues = openQueues(database, mayDispatch ? ["sweeps"] : [], loadDbos);
  const jobs = openJobs(database, queues);
  const sweeps = openSweepStore(database);
  const budgets = openSharedBudgets(database);
  let closed: Promise<void> | undefined;
  return {
    jobs,
    sweeps,
    budgets,
    instance: database.instance,
    dispatch: (concurrency, run, complain) => openSweepDispatch(database, queues, concurrency, run, sweeps.work, complain),
    keys: openKeys(database),
    idempotency: openIdempotency(database),
    exclusively: (name, work) => database.exclusively(name, work),
    evidenceLines: openEvidenceLines(database),
    auditHead: (log) => openAuditHead(database, log),
    ready: async () => {
      await database.query(z.unknown(), "SELECT 1");
    },
    close() {
      closed ??= Promise.all([jobs.rest(), budgets.close()])
        .then(() => undefined)
        .finally(() => database.close());
      return closed;
    },
  };
}
