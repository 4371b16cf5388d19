import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import * as z from "zod";
import { asFailure, Failure } from "../failure.ts";
import { type Reply, tooMuchKept } from "./idempotency.ts";
import { openJobQueue, WaitingJob } from "./job-queue.ts";
import { schema } from "./migrations.ts";
import { aliveSql, type Database, notifySql } from "./postgres.ts";
import type { Queues } from "./queues.ts";
import { openProgressWriter } from "./write-newest-progress.ts";

/** A call that continues after its request was answered. */
export interface Job {
  readonly id: string;
  readonly caller: string;
  /** The caller's grant when the job was queued; undefined in jobs of earlier versions. */
  readonly scope?: string | undefined;
  readonly action: string;
  /** `lost`: the process that ran the job died, and the job must not be repeated. Its outcome is unknown. */
  readonly status: "queued" | "running" | "finished" | "cancelled" | "lost";
  /** The latest progress text. */
  readonly progress?: string | undefined;
  readonly answer?: Reply | undefined;
  readonly createdAt: Date;
  readonly finishedAt?: Date | undefined;
}

/** A job to queue. */
export interface JobOrder {
  readonly caller: string;
  /** The caller's grant, as a text that is equal for equal grants. */
  readonly scope?: string | undefined;
  readonly action: string;
  /** Whether it may run again after a crash. */
  readonly repeatable: boolean;
  /** Everything that its worker needs to make the call; deleted when the answer is written. */
  readonly call: string;
}

/** Runs one job. Returns `again` if it was not begun, or may be begun again; another process then runs it. */
export type Worker = (
  order: JobOrder & { readonly id: string },
  runOptions: { readonly signal: AbortSignal; readonly progress: (text: string) => void },
) => Promise<Reply | "again">;

/** Calls that continue after their requests were answered. */
export interface Jobs {
  /** Queues a job and returns its id. Throws Failure `busy` when the caller has too many jobs, or its calls and answers fill their limit. */
  put(order: JobOrder): Promise<string>;
  get(id: string): Promise<Job | undefined>;
  /** Removes a job from the queue, or stops it. Returns false if it has ended already. */
  cancel(id: string): Promise<boolean>;
  /** Cancels every job of a caller. Jobs of this process are stopped before the database is updated. */
  cancelAll(caller: string): Promise<void>;
  /** Yields the job now and after each change, until it has ended or `signal` is aborted. */
  watch(id: string, signal: AbortSignal): AsyncGenerator<Job>;
  /** Runs jobs, `concurrency` at a time; of four or more, a quarter is never for one caller alone. Call it at most once. */
  work(concurrency: number, worker: Worker, complain: (failure: Failure) => void): Promise<void>;
  /** Takes no more jobs. The worker must end the running ones; their results are still written. */
  rest(): Promise<void>;
  /** Deletes jobs that ended longer ago. */
  prune(hours: number): Promise<void>;
}

const Row = z.object({
  id: z.string(),
  caller: z.string(),
  scope: z.string().nullable(),
  action: z.string(),
  status: z.enum(["queued", "running", "finished", "cancelled", "lost"]),
  progress: z.string().nullable(),
  answer: z.string().nullable(),
  answer_status: z.number().nullable(),
  created_at: z.date(),
  finished_at: z.date().nullable(),
});
const columns = Object.keys(Row.shape).join(", ");
const Taken = z.object({ caller: z.string(), action: z.string(), repeatable: z.boolean(), call: z.string() });
const Id = z.object({ id: z.string() });

/** Progress of another process is seen after this time. Within one process it is seen immediately. */
const watchIntervalMs = 1000;
/** Workers are notified of new jobs immediately; this periodic check finds jobs without a notification, such as those that a crash left behind. */
const checkIntervalMs = 3000;
/** Jobs of one caller that are on the queue: twice as many as a process runs. The others are brought there when these have begun. */
const maxQueued = 16;
/** DBOS asks the database some twenty times a second: it ends after this time without a job, and its next start takes some 0.3 s. */
const idleMs = 60_000;
/** Interval at which a process polls the queue, and so the longest wait of a job while a place is free. Milliseconds. */
const pollEveryMs = 100;
/** Writing a result takes a moment. */
const finalWriteMs = 2000;
/** More than an investigation needs, and too few to fill a disk with inputs of some megabytes. */
const maxJobsOfCaller = 500;
const isId = (id: string) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id);

/** Bytes of calls and answers of one caller. The answers of a day's searches need less. */
const maxKeptBytes = 256 * 1024 * 1024;

/** A job that this process runs; its caller is known once it was taken. */
interface RunningJob {
  readonly stop: AbortController;
  caller?: string;
}

/** Opens the jobs in a database. `queues` distributes them among the processes that `work`. */
export function openJobs(database: Database, queues: Queues, bounds = { keptBytes: maxKeptBytes, idleMs }): Jobs {
  const table = `${schema}.jobs`;
  const query = (text: string, values: readonly unknown[]) => database.query(z.unknown(), text, values);
  const running = new Map<string, RunningJob>();
  const watchers = new Map<string, Set<() => void>>();
  const changed = (id: string) => {
    for (const wake of watchers.get(id) ?? []) wake();
  };
  const jobQueue = openJobQueue(database, queues);
  let resting = false;
  /** Whether jobs wait that are not on the queue yet. */
  let hasMore = false;
  let usedAt = performance.now();
  let loop: Promise<void> | undefined;
  let pollNow: (() => void) | undefined;
  database.onNotification("waiting", () => pollNow?.());
  database.onNotification("cancelled", (id) => (id === undefined ? pollNow?.() : running.get(id)?.stop.abort()));

  const get = async (id: string): Promise<Job | undefined> => {
    if (!isId(id)) return undefined;
    const [row] = await database.query(Row, `SELECT ${columns} FROM ${table} WHERE id = $1`, [id]);
    return row === undefined ? undefined : jobOf(row);
  };

  /** Gives a job back for another process to take, with another entry on the queue, since this entry is taken. */
  const giveBack = (id: string, wasRunning: boolean) =>
    query(
      `UPDATE ${table} SET status = 'queued', owner = NULL, entry = entry + 1 WHERE id = $1 AND status = $2 RETURNING ${notifySql("waiting", "id")}`,
      [id, wasRunning ? "running" : "queued"],
    );

  const takeAndRun = async (id: string, worker: Worker): Promise<void> => {
    // The queue returned the entry twice while its job runs here.
    if (running.has(id)) return;
    if (resting) return void (await giveBack(id, false));
    // Recorded before it is taken: an owned job without a record was never begun.
    const here: RunningJob = { stop: new AbortController() };
    running.set(id, here);
    try {
      await runTaken(id, here, worker);
    } finally {
      running.delete(id);
      changed(id);
      if (hasMore) pollNow?.();
    }
  };

  const runTaken = async (id: string, here: RunningJob, worker: Worker): Promise<void> => {
    // Another process may have the entry as well, or the job was cancelled meanwhile: only one process gets it.
    const [taken] = await database.query(
      Taken,
      `UPDATE ${table} SET status = 'running', owner = $2 WHERE id = $1 AND status = 'queued' RETURNING caller, action, repeatable, call`,
      [id, database.instance],
    );
    if (taken === undefined) return;
    here.caller = taken.caller;
    const { stop } = here;
    changed(id);
    const progressWriter = openProgressWriter(async (text) => {
      await query(`UPDATE ${table} SET progress = $2 WHERE id = $1 AND status = 'running'`, [id, text]);
      changed(id);
    });
    let reply: Reply | "again";
    try {
      reply = await worker({ id, ...taken }, { signal: stop.signal, progress: progressWriter.tell });
    } catch (thrown) {
      // A defect: how far it came is unknown, and a repeat would fail in the same way.
      await retryUntilWritten(() =>
        query(`UPDATE ${table} SET status = 'lost', call = NULL, finished_at = now() WHERE id = $1 AND status = 'running'`, [id]),
      );
      throw thrown;
    }
    await progressWriter.end();
    if (reply === "again") {
      // This process is ending: it takes no more jobs, not even the one just given back.
      resting = true;
      await giveBack(id, true);
      return;
    }
    // A job whose cancellation came too late still keeps its answer.
    const status = stop.signal.aborted && reply.status >= 300 ? "cancelled" : "finished";
    const ended = `SET status = $2, answer = $3, answer_status = $4, call = NULL, finished_at = now()`;
    const values = [id, status, reply.body, reply.status];
    await retryUntilWritten(() => query(`UPDATE ${table} ${ended} WHERE id = $1 AND status = 'running'`, values));
  };

  /** Repairs the jobs of dead processes, and those taken here while the database was lost: runs them again if that is safe. */
  const repairLost = async (): Promise<void> => {
    // Judge our own jobs by `running`: the database may have lost the connection that shows we are alive.
    const dead = `status = 'running' AND CASE WHEN owner = $1 THEN NOT (id = ANY ($2::uuid[])) ELSE NOT ${aliveSql("owner")} END`;
    const ours = () => [database.instance, [...running.keys()]];
    await query(`UPDATE ${table} SET status = 'lost', call = NULL, finished_at = now() WHERE ${dead} AND NOT repeatable`, ours());
    await query(`UPDATE ${table} SET status = 'queued', owner = NULL, entry = entry + 1 WHERE ${dead} AND repeatable`, ours());
  };

  /** Brings waiting jobs to the queue, the oldest of each caller. Ends DBOS when there have been none for a while. */
  const enqueueWaiting = async (): Promise<void> => {
    const waiting = await database.query(
      WaitingJob.extend({ place: z.coerce.number() }),
      `SELECT id, caller, entry, place FROM (SELECT id, caller, entry, created_at, row_number() OVER (PARTITION BY caller ORDER BY created_at) AS place
       FROM ${table} WHERE status = 'queued') AS queued WHERE place <= ${maxQueued} ORDER BY created_at`,
    );
    hasMore = waiting.some(({ place }) => place === maxQueued);
    if (waiting.length > 0 || running.size > 0) usedAt = performance.now();
    if (queues.isLaunched && performance.now() - usedAt >= bounds.idleMs) await queues.pause("jobs");
    await jobQueue.supply(waiting);
  };

  const stopCancelled = async (): Promise<void> => {
    if (running.size === 0) return;
    const rows = await database.query(Id, `SELECT id FROM ${table} WHERE owner = $1 AND status = 'running' AND cancel`, [
      database.instance,
    ]);
    for (const { id } of rows) running.get(id)?.stop.abort();
  };

  const poll = async (complain: (failure: Failure) => void): Promise<void> => {
    let isPeriodic = true;
    for (let rounds = 0; !resting; rounds += 1) {
      const notified = new Promise<void>((resolve) => {
        pollNow = resolve;
      });
      try {
        // Also repair lost jobs if notifications come so often that the periodic check never runs.
        if (isPeriodic || rounds % 3 === 0) await repairLost();
        await stopCancelled();
        await enqueueWaiting();
      } catch (thrown) {
        // The database may come back.
        complain(asFailure(thrown));
      }
      const timer = new AbortController();
      isPeriodic = await Promise.race([notified.then(() => false), pause(checkIntervalMs, true, { signal: timer.signal })]);
      timer.abort();
    }
  };

  return {
    async put({ caller, scope, action, repeatable, call }) {
      const [{ waiting, kept } = { waiting: 0, kept: 0 }] = await database.query(
        z.object({ waiting: z.number(), kept: z.number() }),
        `SELECT count(*) FILTER (WHERE finished_at IS NULL)::integer AS waiting,
           coalesce(sum(coalesce(octet_length(call), 0) + coalesce(octet_length(answer), 0)), 0)::float AS kept FROM ${table} WHERE caller = $1`,
        [caller],
      );
      if (waiting >= maxJobsOfCaller)
        throw new Failure("busy", `${maxJobsOfCaller} jobs of this caller are queued or running, the maximum per caller.`);
      if (kept + Buffer.byteLength(call) > bounds.keptBytes) throw tooMuchKept("jobs", bounds.keptBytes);
      const id = randomUUID();
      await query(`INSERT INTO ${table} (id, caller, action, repeatable, call, scope, status) VALUES ($1, $2, $3, $4, $5, $6, 'queued')`, [
        id,
        caller,
        action,
        repeatable,
        call,
        scope ?? null,
      ]);
      // From here on the job counts as queued. Workers also find jobs without a notification, so a failure here is not reported.
      await query(`SELECT ${notifySql("waiting", "$1")}`, [id]).catch(() => undefined);
      if (!database.isListening) pollNow?.();
      return id;
    },
    get,
    async cancel(id) {
      if (!isId(id)) return false;
      const queued = await query(
        `UPDATE ${table} SET status = 'cancelled', call = NULL, finished_at = now() WHERE id = $1 AND status = 'queued' RETURNING 1`,
        [id],
      );
      const requested =
        queued.length > 0
          ? queued
          : await query(
              `UPDATE ${table} SET cancel = true WHERE id = $1 AND status = 'running' RETURNING ${notifySql("cancelled", "id")}`,
              [id],
            );
      running.get(id)?.stop.abort();
      changed(id);
      return requested.length > 0;
    },
    async cancelAll(caller) {
      for (const one of running.values()) if (one.caller === caller) one.stop.abort();
      const taken = await database.query(
        Id,
        `UPDATE ${table} SET status = 'cancelled', call = NULL, finished_at = now() WHERE caller = $1 AND status = 'queued' RETURNING id`,
        [caller],
      );
      await query(`UPDATE ${table} SET cancel = true WHERE caller = $1 AND status = 'running' RETURNING ${notifySql("cancelled", "id")}`, [
        caller,
      ]);
      for (const { id } of taken) changed(id);
    },
    async *watch(id, signal) {
      let last = "";
      while (!signal.aborted) {
        const timer = new AbortController();
        const woken = new Promise<void>((resolve) => {
          const all = watchers.get(id) ?? new Set();
          watchers.set(id, all.add(resolve));
          const end = () => {
            all.delete(resolve);
            if (all.size === 0 && watchers.get(id) === all) watchers.delete(id);
            signal.removeEventListener("abort", stop);
          };
          const stop = () => resolve();
          signal.addEventListener("abort", stop);
          timer.signal.addEventListener("abort", end);
        });
        try {
          const job = await get(id);
          if (job === undefined) return;
          const now = `${job.status} ${job.progress}`;
          if (now !== last) yield job;
          last = now;
          if (hasEnded(job)) return;
          await Promise.race([woken, pause(watchIntervalMs, undefined, { signal: timer.signal })]);
        } finally {
          timer.abort();
        }
      }
    },
    async work(concurrency, worker, complain) {
      if (loop !== undefined) return;
      queues.bind("jobs", {
        ...{ atOnce: concurrency, pollEveryMs },
        // Part of the places stays free for other callers when one caller has many jobs.
        atOncePerPartition: concurrency - Math.floor(concurrency / 4),
        run: (id) => takeAndRun(id, worker).catch((thrown) => complain(asFailure(thrown))),
      });
      loop = poll(complain);
    },
    async rest() {
      resting = true;
      pollNow?.();
      // The poll may wait for a database that does not answer.
      await Promise.race([loop, pause(finalWriteMs, undefined, { ref: false })]);
      await queues.release("jobs", finalWriteMs);
    },
    async prune(hours) {
      await query(`DELETE FROM ${table} WHERE finished_at < now() - make_interval(mins => $1)`, [Math.round(hours * 60)]);
      await jobQueue.prune();
    },
  };
}

/** Retries the write while the database is unreachable: the result of a call must not be lost. */
async function retryUntilWritten(work: () => Promise<unknown>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await work();
      return;
    } catch (thrown) {
      if (tries >= 30 || asFailure(thrown).code !== "unreachable") throw thrown;
      await pause(watchIntervalMs);
    }
  }
}

export function hasEnded({ status }: Job): boolean {
  return status === "finished" || status === "cancelled" || status === "lost";
}

function jobOf(row: z.output<typeof Row>): Job {
  const { id, caller, scope, action, status, progress, answer, answer_status, created_at, finished_at } = row;
  return {
    id,
    caller,
    scope: scope ?? undefined,
    action,
    status,
    progress: progress ?? undefined,
    answer: answer === null || answer_status === null ? undefined : { status: answer_status, body: answer },
    createdAt: created_at,
    finishedAt: finished_at ?? undefined,
  };
}
