import { setTimeout as pause } from "node:timers/promises";
import type { DBOS } from "../libraries/dbos.ts";
import { type Database, queryFailure } from "./postgres.ts";
import type { Chunk } from "./sweep-work.ts";

/** The queues, and the content of an entry of each. */
interface Entries {
  readonly sweeps: Chunk;
  /** The id of a job. */
  readonly jobs: string;
}
export type QueueName = keyof Entries;

export type Dbos = typeof DBOS;
/** Loads DBOS, which exists once in a process. Tests that play several processes load a copy for each. */
export type LoadDbos = () => Promise<{ readonly DBOS: Dbos }>;

/** How one process handles the entries of a queue. */
interface Runner<Entry> {
  /** Maximum number of entries that run here at a time. */
  readonly atOnce: number;
  /** Maximum number of these with the same partition key. Undefined: the queue has no partitions. */
  readonly atOncePerPartition?: number;
  /** Interval at which this process polls the queue. Milliseconds. */
  readonly pollEveryMs: number;
  /** Must not reject. The tables show the remaining work. */
  run(entry: Entry, dbos: Dbos): Promise<void>;
}

/** DBOS while it runs in this process. */
interface Launched {
  readonly dbos: Dbos;
  /** Puts an entry on its queue, unless one of this id was put there before. */
  put<Q extends QueueName>(queue: Q, id: string, entry: Entries[Q], partition?: string): Promise<void>;
}

/**
 * The queues of jobs and sweeps, which share the DBOS of this process. They only spread the work: the tables of the jobs and of the sweeps ensure that
 * nothing is done twice.
 */
export interface Queues {
  /** The name of this process in DBOS. */
  readonly executor: string;
  /** Sets the function that runs the entries of a queue here. Does not load DBOS. */
  bind<Q extends QueueName>(queue: Q, runner: Runner<Entries[Q]>): void;
  /** Launches DBOS if it does not run here yet. Rejects if the database does not answer. */
  launched(): Promise<Launched>;
  readonly isLaunched: boolean;
  /** Returns whether this process runs the entry. */
  runs(id: string): boolean;
  /** Ends DBOS until the next `launched`, unless another queue is bound. */
  pause(queue: QueueName): Promise<void>;
  /** Begins no more entries of the queue, and waits for the running ones. DBOS ends with its last queue. */
  release(queue: QueueName, waitMs: number): Promise<void>;
}

/** The tables of DBOS have a schema of their own. */
const schema = "mailcordon_dbos";
/** DBOS leaves entries of another version to processes of that version. Change it when the meaning of an entry changes. */
export const entryVersion = "1";
/** The names of the functions that run entries. DBOS stores them in its tables. */
export const workflows = { sweeps: "chunk", jobs: "job" } as const satisfies Record<QueueName, string>;
/** Enough for DBOS, which reads, writes and listens: one process runs few entries. */
const connections = 4;
/** Another process may need this long to start DBOS. Milliseconds. */
const startMs = 120_000;
/** How long an entry of an expected queue waits here for its runner. After that, the tables lead to another entry. Milliseconds. */
const runnerWaitMs = 10_000;
/** DBOS ends within milliseconds if the database answers. Milliseconds. */
const closeMs = 2000;

const queueNames = ["sweeps", "jobs"] as const satisfies readonly QueueName[];

/**
 * Opens the queues. `expected` names queues for which `bind` may be called after DBOS was launched for another queue: DBOS needs the names at its launch.
 * Nothing is loaded or queried before `launched`.
 */
export function openQueues(database: Database, expected: readonly QueueName[], load: LoadDbos): Queues {
  const executor = executorOf(database.instance);
  const runners: { [Q in QueueName]: Runner<Entries[Q]> | undefined } = { sweeps: undefined, jobs: undefined };
  const runningEntries = new Map<string, QueueName>();
  let running: ReturnType<typeof launch> | undefined;
  let ended: Promise<void> = Promise.resolve();
  /** True from the launch until DBOS is told to end. */
  let isOpen = false;

  /** Waits for the runner: the queue may be expected here, and another process may already have put an entry on it. */
  const runnerOf = async <Q extends QueueName>(queue: Q): Promise<Runner<Entries[Q]> | undefined> => {
    const since = performance.now();
    while (runners[queue] === undefined && isOpen && performance.now() - since < runnerWaitMs) await pause(100);
    return runners[queue];
  };
  const launch = async () => {
    const { DBOS } = await load();
    const pool = await database.pool(connections);
    const end = async (waitMs: number): Promise<void> => {
      await DBOS.shutdown({ deregister: true, workflowCompletionTimeoutMS: waitMs });
      if (!pool.ended) await pool.end();
    };
    const register = <Q extends QueueName>(queue: Q) =>
      DBOS.registerWorkflow(
        async (entry: Entries[Q]): Promise<void> => {
          const id = DBOS.workflowID ?? "";
          runningEntries.set(id, queue);
          try {
            await (await runnerOf(queue))?.run(entry, DBOS);
          } finally {
            runningEntries.delete(id);
          }
        },
        { name: workflows[queue] },
      );
    try {
      const registered: { [Q in QueueName]: (entry: Entries[Q]) => Promise<void> } = { sweeps: register("sweeps"), jobs: register("jobs") };
      const silent = () => undefined;
      const listens = new Set(queueNames.filter((queue) => runners[queue] !== undefined || expected.includes(queue)));
      DBOS.setConfig({
        name: "mailcordon",
        systemDatabasePool: pool,
        systemDatabaseSchemaName: schema,
        executorID: executor,
        applicationVersion: entryVersion,
        listenQueues: [...listens],
        // DBOS logs only about itself, and a failed query in its log may contain our data.
        logger: { info: silent, debug: silent, warn: silent, error: silent },
      });
      // Two processes would both create the tables in an empty database. On a busy machine, creating them takes a while.
      await database.exclusively("dispatch", () => DBOS.launch(), startMs);
      isOpen = true;
      const put: Launched["put"] = async (queue, id, entry, partition) => {
        const enqueueOptions = partition === undefined ? {} : { queuePartitionKey: partition };
        await DBOS.startWorkflow(registered[queue], { queueName: queue, workflowID: id, enqueueOptions })(entry);
      };
      return { dbos: DBOS, put, end, listens, limited: new Set<QueueName>() };
    } catch (thrown) {
      await end(0).catch(() => undefined);
      throw thrown;
    }
  };

  const othersBound = (queue: QueueName) => queueNames.some((other) => other !== queue && runners[other] !== undefined);
  const end = async (waitMs: number): Promise<void> => {
    const launching = running;
    if (launching === undefined) return;
    isOpen = false;
    running = undefined;
    ended = launching.then((launched) => launched.end(waitMs)).catch(() => undefined);
    // The database may not answer.
    await Promise.race([ended, pause(waitMs + closeMs, undefined, { ref: false })]);
  };

  return {
    executor,
    bind<Q extends QueueName>(queue: Q, runner: Runner<Entries[Q]>) {
      const of: { [K in Q]: Runner<Entries[K]> | undefined } = runners;
      of[queue] = runner;
    },
    async launched() {
      running ??= ended.then(launch).catch((thrown) => {
        // The next call tries again: the database may come back.
        running = undefined;
        throw queryFailure(thrown);
      });
      const launched = await running;
      const { dbos, listens, limited } = launched;
      for (const queue of queueNames) {
        const runner = runners[queue];
        if (runner === undefined || limited.has(queue)) continue;
        if (!listens.has(queue)) throw new Error(`DBOS was launched without the queue ${queue}.`);
        await dbos.registerQueue(queue, {
          workerConcurrency: runner.atOnce,
          ...(runner.atOncePerPartition === undefined ? {} : { partitionWorkerConcurrency: runner.atOncePerPartition }),
          minPollingIntervalMs: runner.pollEveryMs,
          onConflict: "always_update",
        });
        limited.add(queue);
      }
      return launched;
    },
    get isLaunched() {
      return isOpen;
    },
    runs: (id) => runningEntries.has(id),
    async pause(queue) {
      if (!othersBound(queue)) await end(0);
    },
    async release(queue, waitMs) {
      runners[queue] = undefined;
      if (!othersBound(queue)) return await end(waitMs);
      for (const since = performance.now(); performance.now() - since < waitMs; await pause(50)) {
        if (![...runningEntries.values()].includes(queue)) return;
      }
    },
  };
}

/** Returns the name in DBOS of the process with that number. */
export function executorOf(instance: number): string {
  return `mailcordon-${instance}`;
}
