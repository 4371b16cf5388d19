import { setTimeout as pause } from "node:timers/promises";
import { asFailure, type Failure } from "../failure.ts";
import { type Database, queryFailure } from "./postgres.ts";
import { entryVersion, executorOf, type Queues, workflows } from "./queues.ts";
import type { Chunk, SweepWork } from "./sweep-work.ts";

/** Works on the chunk as far as possible. The caller reports a failure; the tables show the remaining work. */
export type RunChunk = (chunk: Chunk) => Promise<void>;

/** Distributes chunks among the processes. This only spreads the work: the tables of the sweeps ensure that nothing is done twice. */
export interface SweepDispatch {
  /** Takes up no more chunks. Resolves when the chunks in progress have ended, or after `waitMs`. */
  close(waitMs: number): Promise<void>;
}

const queue = "sweeps";
/** Interval between two searches for waiting chunks and dead processes. Milliseconds. */
const pollIntervalMs = 1000;
/** Interval at which a process records that it works on sweeps. Milliseconds. */
const presenceIntervalMs = 10_000;
/**
 * A process counts as dead after this time without its lock. When the database restarts, every process loses its lock and gets it back within a second; no
 * process may lose its work for that. Milliseconds.
 */
const deadAfterMs = 5000;
/** Maximum number of chunks that one poll puts on the queue. */
const chunksPerPoll = 100;
/** Selects the chunks among all workflows of DBOS, without their inputs. */
const chunkWorkflows = { workflowName: workflows.sweeps, loadInput: false, loadOutput: false };
const workflowNameOf = ({ sweep, round, chunk }: Chunk) => `${sweep}.${round}.${chunk}.`;

/** The processes that no poll has found alive, and the time since then. */
type DeadSince = Map<number, number>;

/** Works on chunks in this process, at most `concurrency` at a time. Throws Failure. */
export async function openSweepDispatch(
  database: Database,
  queues: Queues,
  concurrency: number,
  run: RunChunk,
  work: Pick<
    SweepWork,
    "findWaitingChunks" | "findDeadProcesses" | "freeMailboxesOf" | "freeForgottenMailboxes" | "finishSweeps" | "recordPresence"
  >,
  complain: (failure: Failure) => void,
): Promise<SweepDispatch> {
  const executor = queues.executor;
  const runOne = async (chunk: Chunk) => {
    try {
      await run(chunk);
    } catch (thrown) {
      complain(asFailure(thrown));
    }
  };
  queues.bind(queue, {
    ...{ atOnce: concurrency, pollEveryMs: 200 },
    run: (chunk, dbos) => dbos.runStep(() => runOne(chunk), { name: workflows.sweeps }),
  });
  const { dbos, put } = await queues.launched().catch(async (thrown) => {
    await queues.release(queue, 0);
    throw thrown;
  });

  const deadSince: DeadSince = new Map();
  /** Workflows that the database assigns to this process although it does not run them, and the time since then. */
  const unknownSince = new Map<string, number>();
  /** Restarts workflows that DBOS assigned to this process in a lost reply, as when the database dies: no other process would run them. */
  const resumeLost = async (executor: readonly string[]): Promise<void> => {
    for (const id of unknownSince.keys()) if (!executor.includes(id) || queues.runs(id)) unknownSince.delete(id);
    for (const id of executor) if (!queues.runs(id)) unknownSince.set(id, unknownSince.get(id) ?? performance.now());
    const lost = [...unknownSince].filter(([, since]) => performance.now() - since >= deadAfterMs).map(([id]) => id);
    if (lost.length > 0) await dbos.resumeWorkflows(lost, { queueName: queue });
  };
  /** Takes over the work of processes that have been dead for long enough. Only one process at a time does so, so nothing is taken over twice. */
  const takeOverFromDead = async (): Promise<void> => {
    // Without our own lock we cannot tell whether other processes are alive.
    if (!database.isListening) return deadSince.clear();
    const running = await dbos.listWorkflows({ ...chunkWorkflows, status: "PENDING" });
    await resumeLost(running.flatMap(({ executorId, workflowID }) => (executorId === executor ? [workflowID] : [])));
    const dead = await work.findDeadProcesses([...new Set(running.flatMap(({ executorId = "" }) => instanceOf(executorId) ?? []))]);
    for (const instance of deadSince.keys()) if (!dead.includes(instance)) deadSince.delete(instance);
    for (const instance of dead) deadSince.set(instance, deadSince.get(instance) ?? performance.now());
    const gone = dead.filter((instance) => performance.now() - (deadSince.get(instance) ?? 0) >= deadAfterMs);
    if (gone.length === 0) return;
    await database.exclusively("heal", async () => {
      for (const instance of gone) await work.freeMailboxesOf(instance);
      const left = await dbos.listWorkflows({ ...chunkWorkflows, status: "PENDING", executorId: gone.map(executorOf) });
      await dbos.resumeWorkflows(
        left.map(({ workflowID }) => workflowID),
        { queueName: queue },
      );
    });
  };
  /**
   * Puts waiting chunks that have no workflow on the queue: a process may have died before it did so, or a chunk may have ended before its mailboxes were
   * due.
   */
  const enqueueWaiting = async (): Promise<void> => {
    const waiting = await work.findWaitingChunks(chunksPerPoll);
    if (waiting.length === 0) return;
    const known = await dbos.listWorkflows({ ...chunkWorkflows, workflow_id_prefix: waiting.map(workflowNameOf) });
    for (const chunk of waiting) {
      const runs = known.filter(({ workflowID }) => workflowID.startsWith(workflowNameOf(chunk)));
      // Processes of this version never take an entry of another, and after an update no process of that one may be left.
      const isOpen = ({ status, applicationVersion }: (typeof runs)[number]) =>
        applicationVersion === entryVersion && (status === "ENQUEUED" || status === "PENDING" || status === "DELAYED");
      if (runs.some(isOpen)) continue;
      // Another process that finds the same chunk uses the same name, so there is only one workflow.
      await put(queue, `${workflowNameOf(chunk)}${runs.length}`, chunk);
    }
  };

  let closing = false;
  let pollNow: (() => void) | undefined;
  let presenceAt = Number.NEGATIVE_INFINITY;
  database.onNotification("sweep", () => pollNow?.());
  const poll = async (): Promise<void> => {
    while (!closing) {
      const notified = new Promise<void>((resolve) => {
        pollNow = resolve;
      });
      try {
        if (performance.now() - presenceAt >= presenceIntervalMs) {
          await work.recordPresence();
          presenceAt = performance.now();
        }
        await takeOverFromDead();
        await work.freeForgottenMailboxes();
        await enqueueWaiting();
        await work.finishSweeps();
      } catch (thrown) {
        // The database may come back.
        complain(queryFailure(thrown));
      }
      const timer = new AbortController();
      await Promise.race([notified, pause(pollIntervalMs, undefined, { signal: timer.signal }).catch(() => undefined)]);
      timer.abort();
    }
  };
  const polling = poll();
  return {
    async close(waitMs) {
      closing = true;
      pollNow?.();
      await polling;
      await queues.release(queue, waitMs);
    },
  };
}

function instanceOf(executor: string): number | undefined {
  const [, number] = /^mailcordon-(\d+)$/.exec(executor) ?? [];
  return number === undefined ? undefined : Number(number);
}
