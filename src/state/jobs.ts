import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import * as z from "zod";
import { asFailure, Failure } from "../failure.ts";
import { type Reply, tooMuchKept } from "./idempotency.ts";
import { type JobQueue, onQueueSql, openQueue } from "./job-queue.ts";
import { schema } from "./migrations.ts";
import { aliveSql, type Database, notifySql } from "./postgres.ts";
import { openProgressWriter } from "./write-newest-progress.ts";

/** A call that goes on after its request was answered, as it is kept. */
export interface Job {
  readonly id: string;
  readonly caller: string;
  /** What its caller was granted then; undefined in jobs of earlier versions. */
  readonly scope?: string | undefined;
  readonly action: string;
  /** `lost`: the process that ran it died, and it may not be run twice: whether it was done is not known. */
  readonly status: "queued" | "running" | "finished" | "cancelled" | "lost";
  /** What was told last on the way. */
  readonly progress?: string | undefined;
  readonly answer?: Reply | undefined;
  readonly createdAt: Date;
  readonly finishedAt?: Date | undefined;
}

/** What is to be done. */
export interface JobOrder {
  readonly caller: string;
  /** What its caller is granted, as a text that is the same for the same grant. */
  readonly scope?: string | undefined;
  readonly action: string;
  /** Whether it may be run again after a crash in its middle. */
  readonly repeatable: boolean;
  /** Whatever its worker needs to make the call; kept no longer than the answer. */
  readonly call: string;
}

/** Does one job. `again`: it was not begun, or may be begun again; another process will. */
export type Worker = (
  order: JobOrder & { readonly id: string },
  runOptions: { readonly signal: AbortSignal; readonly progress: (text: string) => void },
) => Promise<Reply | "again">;

/** Calls that go on after their requests were answered. */
export interface Jobs {
  /** Gives the id. Throws Failure `busy` when too many of the caller wait, or its calls and answers fill what may be kept for one. */
  put(order: JobOrder): Promise<string>;
  get(id: string): Promise<Job | undefined>;
  /** Takes it off the queue, or stops it where it is. False when it has ended already. */
  cancel(id: string): Promise<boolean>;
  /** The same for every job of a caller; what runs in this process is told before anything is asked. */
  cancelAll(caller: string): Promise<void>;
  /** The job now, and whenever it has changed, until it has ended or the signal is given. */
  watch(id: string, signal: AbortSignal): AsyncGenerator<Job>;
  /** Takes up jobs, so many at once; a quarter of them (if there are four or more) never for one caller alone. Called at most once. */
  work(concurrency: number, worker: Worker, complain: (failure: Failure) => void): Promise<void>;
  /** Takes up no more. What runs is its worker's to end; that it ended is still written. */
  rest(): Promise<void>;
  /** Deletes what ended longer ago. */
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

/** How soon is seen what another process tells on the way of a job. Within one process it is at once. */
const watchIntervalMs = 1000;
/** Who works is told at once that there is something to do; it looks by itself for what nobody told, such as what a crash left behind. */
const checkIntervalMs = 3000;
/** Of one caller, at a time: as many as any process runs. */
const maxRequeued = 16;
/** What has ended is written down in a moment. */
const finalWriteMs = 2000;
/** More than an investigation has, and less than what fills a disk with inputs of some megabytes. */
const maxJobsOfCaller = 500;
const isId = (id: string) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id);

/** Answers of a day's searches have less. Bytes of calls and answers, of one caller. */
const maxKeptBytes = 256 * 1024 * 1024;

/** A job that this process runs; whose it is is known when it was taken up. */
interface RunningJob {
  readonly stop: AbortController;
  caller?: string;
}

/** Jobs in a database; a queue of pg-boss says who takes up which. */
export function openJobs(database: Database, keptBytes = maxKeptBytes): Jobs {
  const table = `${schema}.jobs`;
  const query = (text: string, values: readonly unknown[]) => database.query(z.unknown(), text, values);
  const running = new Map<string, RunningJob>();
  const all = new Set<Promise<void>>();
  const watchers = new Map<string, Set<() => void>>();
  const changed = (id: string) => {
    for (const wake of watchers.get(id) ?? []) wake();
  };
  let queue: Promise<JobQueue> | undefined;
  const openedQueue = () => {
    queue ??= openQueue(database).catch((thrown) => {
      // The next one tries again: a database that was away once is not away for good.
      queue = undefined;
      throw thrown;
    });
    return queue;
  };
  let resting = false;
  let loop: Promise<void> | undefined;
  let hurry: (() => void) | undefined;
  /** What one caller may run here. */
  let share = Number.POSITIVE_INFINITY;
  /** The callers that run as much here as one may: their jobs wait, and those of others go on. */
  const full = (): readonly string[] => {
    const counts = new Map<string, number>();
    for (const { caller } of running.values()) if (caller !== undefined) counts.set(caller, (counts.get(caller) ?? 0) + 1);
    return [...counts].filter(([, count]) => count >= share).map(([caller]) => caller);
  };
  database.hear("waiting", () => hurry?.());
  database.hear("cancelled", (id) => (id === undefined ? hurry?.() : running.get(id)?.stop.abort()));

  const get = async (id: string): Promise<Job | undefined> => {
    if (!isId(id)) return undefined;
    const [row] = await database.query(Row, `SELECT ${columns} FROM ${table} WHERE id = $1`, [id]);
    return row === undefined ? undefined : jobOf(row);
  };

  const doOne = async (id: string, done: () => Promise<void>, worker: Worker): Promise<void> => {
    // Given twice by the queue, while it runs here.
    if (running.has(id)) return await done();
    // Noted before it is taken: what is ours and not noted was begun by nobody.
    const here: RunningJob = { stop: new AbortController() };
    running.set(id, here);
    try {
      await takenUp(id, here, done, worker);
    } finally {
      running.delete(id);
      changed(id);
    }
  };

  const takenUp = async (id: string, here: RunningJob, done: () => Promise<void>, worker: Worker): Promise<void> => {
    const [waiting] = await database.query(z.object({ caller: z.string() }), `SELECT caller FROM ${table} WHERE id = $1`, [id]);
    // Left off the queue when its caller has its share: `heal` brings it back. Counted before it is taken, as others are taken meanwhile.
    const isFull = waiting !== undefined && full().includes(waiting.caller);
    if (waiting !== undefined && !isFull) here.caller = waiting.caller;
    // Also given to another process, or cancelled meanwhile: only one gets it.
    const [taken] = isFull
      ? []
      : await database.query(
          Taken,
          `UPDATE ${table} SET status = 'running', owner = $2 WHERE id = $1 AND status = 'queued' RETURNING caller, action, repeatable, call`,
          [id, database.instance],
        );
    // What cannot be struck off the queue is given again, and then it is not waiting any more.
    await done().catch(() => undefined);
    if (taken === undefined) return;
    const { stop } = here;
    changed(id);
    const teller = openProgressWriter(async (text) => {
      await query(`UPDATE ${table} SET progress = $2 WHERE id = $1 AND status = 'running'`, [id, text]);
      changed(id);
    });
    let reply: Reply | "again";
    try {
      reply = await worker({ id, ...taken }, { signal: stop.signal, progress: teller.tell });
    } catch (thrown) {
      // A defect: how far it came is not known, and it would come no further the next time.
      await retryUntilWritten(() =>
        query(`UPDATE ${table} SET status = 'lost', call = NULL, finished_at = now() WHERE id = $1 AND status = 'running'`, [id]),
      );
      throw thrown;
    }
    await teller.end();
    if (reply === "again") {
      // This process is ending: it takes up no more, nor what it has just given back.
      resting = true;
      await query(`UPDATE ${table} SET status = 'queued', owner = NULL WHERE id = $1 AND status = 'running'`, [id]);
      await (await openedQueue()).send(id);
      return;
    }
    // Who cancels too late gets the answer all the same.
    const status = stop.signal.aborted && reply.status !== 200 ? "cancelled" : "finished";
    const ended = `SET status = $2, answer = $3, answer_status = $4, call = NULL, finished_at = now()`;
    const values = [id, status, reply.body, reply.status];
    await retryUntilWritten(() => query(`UPDATE ${table} ${ended} WHERE id = $1 AND status = 'running'`, values));
  };

  /**
   * What a dead process was doing, and what was taken here while the database went away: run again where that does no harm. And what waits
   * without being on the queue, since a process died between the one and the other.
   */
  const heal = async (): Promise<void> => {
    // That we live we know better than the database: it may just have lost the connection that says so.
    const dead = `status = 'running' AND CASE WHEN owner = $1 THEN NOT (id = ANY ($2::uuid[])) ELSE NOT ${aliveSql("owner")} END`;
    const ours = () => [database.instance, [...running.keys()]];
    await query(`UPDATE ${table} SET status = 'lost', call = NULL, finished_at = now() WHERE ${dead} AND NOT repeatable`, ours());
    await query(`UPDATE ${table} SET status = 'queued', owner = NULL WHERE ${dead} AND repeatable`, ours());
    const { send } = await openedQueue();
    // A few of each caller: those of one that has its share would only be left off again.
    const waiting = await database.query(
      Id,
      `SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY caller ORDER BY created_at) AS place FROM ${table}
       WHERE status = 'queued' AND NOT (caller = ANY ($1)) AND NOT ${onQueueSql("id")}) AS queued WHERE place <= ${maxRequeued}`,
      [full()],
    );
    for (const { id } of waiting) await send(id);
  };

  const stopCancelled = async (): Promise<void> => {
    if (running.size === 0) return;
    const rows = await database.query(Id, `SELECT id FROM ${table} WHERE owner = $1 AND status = 'running' AND cancel`, [
      database.instance,
    ]);
    for (const { id } of rows) running.get(id)?.stop.abort();
  };

  const look = async (concurrency: number, worker: Worker, complain: (failure: Failure) => void): Promise<void> => {
    let isUntold = true;
    for (let rounds = 0; !resting; rounds += 1) {
      const soon = new Promise<void>((resolve) => {
        hurry = resolve;
      });
      try {
        // Also where so much is told that it never comes to look by itself.
        if (isUntold || rounds % 3 === 0) await heal();
        await stopCancelled();
        const { take } = await openedQueue();
        const free = concurrency - all.size;
        for (const { id, done } of free > 0 ? await take(free) : []) {
          const doing = doOne(id, done, worker)
            .catch((thrown) => complain(asFailure(thrown)))
            .finally(() => {
              all.delete(doing);
              // Its place is free now.
              hurry?.();
            });
          all.add(doing);
        }
      } catch (thrown) {
        // A database that is away comes back.
        complain(asFailure(thrown));
      }
      const timer = new AbortController();
      isUntold = await Promise.race([soon.then(() => false), pause(checkIntervalMs, true, { signal: timer.signal })]);
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
      if (kept + Buffer.byteLength(call) > keptBytes) throw tooMuchKept("jobs", keptBytes);
      const id = randomUUID();
      await query(`INSERT INTO ${table} (id, caller, action, repeatable, call, scope, status) VALUES ($1, $2, $3, $4, $5, $6, 'queued')`, [
        id,
        caller,
        action,
        repeatable,
        call,
        scope ?? null,
      ]);
      // From now on it is to be done. Who takes up jobs also finds what is missing on the queue: that is no reason to say that it is not.
      await openedQueue()
        .then(({ send }) => send(id))
        .then(() => query(`SELECT ${notifySql("waiting", "$1")}`, [id]))
        .catch(() => undefined);
      hurry?.();
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
      await openedQueue();
      share = concurrency - Math.floor(concurrency / 4);
      loop ??= look(concurrency, worker, complain);
    },
    async rest() {
      resting = true;
      hurry?.();
      await loop;
      await Promise.race([Promise.all(all), pause(finalWriteMs, undefined, { ref: false })]);
      if (queue !== undefined) await (await queue).close();
    },
    async prune(hours) {
      await query(`DELETE FROM ${table} WHERE finished_at < now() - make_interval(mins => $1)`, [Math.round(hours * 60)]);
    },
  };
}

/** What was done must not be forgotten because the database is away for a moment. */
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
