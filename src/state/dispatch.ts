import { setTimeout as pause } from "node:timers/promises";
import { asFailure, type Failure } from "../failure.ts";
import { type Database, queryFailure } from "./postgres.ts";
import { executorOf, type Queues, workflows } from "./queues.ts";
import type { Chunk, SweepWork } from "./sweep-work.ts";

/** Works on the chunk as far as it can. What it throws is complained of; the tables say what is left. */
export type RunChunk = (chunk: Chunk) => Promise<void>;

/** Who takes up which chunk. It only spreads the work: that nothing is done twice is kept by the tables of the sweeps. */
export interface Dispatch {
  /** Resolves when this process takes up no more chunks, and those it has are ended or the time is over. */
  close(waitMs: number): Promise<void>;
}

const queue = "sweeps";
/** How soon a chunk is seen that waits, or a process that died. Milliseconds. */
const pollIntervalMs = 1000;
/** A process says so often that it works on sweeps. Milliseconds. */
const presenceIntervalMs = 10_000;
/**
 * A process is taken for dead after so long without its lock. When the database restarts, every process loses its lock and has it again within a
 * second: nobody's work is taken away for that. Milliseconds.
 */
const deadAfterMs = 5000;
/** Chunks that one look brings to the queue. */
const chunksPerPoll = 100;
/** Chunks among all that DBOS knows, without their inputs. */
const chunkWorkflows = { workflowName: workflows.sweeps, loadInput: false, loadOutput: false };
const workflowNameOf = ({ sweep, round, chunk }: Chunk) => `${sweep}.${round}.${chunk}.`;

/** The processes that were not alive whenever it was looked, and since when. */
type DeadSince = Map<number, number>;

/** Works on chunks in this process, at most `concurrency` at a time. Throws Failure. */
export async function openDispatch(
  database: Database,
  queues: Queues,
  concurrency: number,
  run: RunChunk,
  work: Pick<
    SweepWork,
    "findWaitingChunks" | "findDeadProcesses" | "freeMailboxesOf" | "freeForgottenMailboxes" | "finishSweeps" | "recordPresence"
  >,
  complain: (failure: Failure) => void,
): Promise<Dispatch> {
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
  /** Workflows that the database gives to this process although it does not run them, and since when. */
  const unknownSince = new Map<string, number>();
  /** Runs what was given to this process in a reply that was lost, as a database does that dies: nobody else would. */
  const resumeLost = async (executor: readonly string[]): Promise<void> => {
    for (const id of unknownSince.keys()) if (!executor.includes(id) || queues.runs(id)) unknownSince.delete(id);
    for (const id of executor) if (!queues.runs(id)) unknownSince.set(id, unknownSince.get(id) ?? performance.now());
    const lost = [...unknownSince].filter(([, since]) => performance.now() - since >= deadAfterMs).map(([id]) => id);
    if (lost.length > 0) await dbos.resumeWorkflows(lost, { queueName: queue });
  };
  /** Takes over from processes that are dead for long enough. One process at a time does, so that nothing is taken over twice. */
  const takeOverFromDead = async (): Promise<void> => {
    // Without our own lock we know nothing of others.
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
  /** Brings chunks to the queue that wait and are in no workflow: a process may have died in between, or a chunk has ended before its mailboxes were due. */
  const enqueueWaiting = async (): Promise<void> => {
    const waiting = await work.findWaitingChunks(chunksPerPoll);
    if (waiting.length === 0) return;
    const known = await dbos.listWorkflows({ ...chunkWorkflows, workflow_id_prefix: waiting.map(workflowNameOf) });
    for (const chunk of waiting) {
      const runs = known.filter(({ workflowID }) => workflowID.startsWith(workflowNameOf(chunk)));
      if (runs.some(({ status }) => status === "ENQUEUED" || status === "PENDING" || status === "DELAYED")) continue;
      // Another process that sees the same gives it the same name, and then it is one.
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
        // A database that is away comes back.
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
