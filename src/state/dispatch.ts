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
const lookEveryMs = 1000;
/** A process says so often that it works on sweeps. Milliseconds. */
const sayEveryMs = 10_000;
/**
 * A process is taken for dead after so long without its lock. When the database restarts, every process loses its lock and has it again within a
 * second: nobody's work is taken away for that. Milliseconds.
 */
const deadAfterMs = 5000;
/** Chunks that one look brings to the queue. */
const mostAtOnce = 100;
/** Chunks among all that DBOS knows, without their inputs. */
const ofChunks = { workflowName: workflows.sweeps, loadInput: false, loadOutput: false };
const nameOf = ({ sweep, round, chunk }: Chunk) => `${sweep}.${round}.${chunk}.`;

/** The processes that were not alive whenever it was looked, and since when. */
type Missed = Map<number, number>;

/** Works on chunks in this process, at most `concurrency` at a time. Throws Failure. */
export async function openDispatch(
  database: Database,
  queues: Queues,
  concurrency: number,
  run: RunChunk,
  work: Pick<SweepWork, "waiting" | "dead" | "free" | "freeForgotten" | "finishAll" | "present">,
  complain: (failure: Failure) => void,
): Promise<Dispatch> {
  const own = queues.executor;
  const step = async (chunk: Chunk) => {
    try {
      await run(chunk);
    } catch (thrown) {
      complain(asFailure(thrown));
    }
  };
  queues.bind(queue, {
    ...{ atOnce: concurrency, pollEveryMs: 200 },
    run: (chunk, dbos) => dbos.runStep(() => step(chunk), { name: workflows.sweeps }),
  });
  const { dbos, put } = await queues.launched().catch(async (thrown) => {
    await queues.release(queue, 0);
    throw thrown;
  });

  const missed: Missed = new Map();
  /** Workflows that the database gives to this process although it does not run them, and since when. */
  const unknown = new Map<string, number>();
  /** Runs what was given to this process in a reply that was lost, as a database does that dies: nobody else would. */
  const recover = async (own: readonly string[]): Promise<void> => {
    for (const id of unknown.keys()) if (!own.includes(id) || queues.runs(id)) unknown.delete(id);
    for (const id of own) if (!queues.runs(id)) unknown.set(id, unknown.get(id) ?? performance.now());
    const lost = [...unknown].filter(([, since]) => performance.now() - since >= deadAfterMs).map(([id]) => id);
    if (lost.length > 0) await dbos.resumeWorkflows(lost, { queueName: queue });
  };
  /** Takes over from processes that are dead for long enough. One process at a time does, so that nothing is taken over twice. */
  const heal = async (): Promise<void> => {
    // Without our own lock we know nothing of others.
    if (!database.hears) return missed.clear();
    const running = await dbos.listWorkflows({ ...ofChunks, status: "PENDING" });
    await recover(running.flatMap(({ executorId, workflowID }) => (executorId === own ? [workflowID] : [])));
    const dead = await work.dead([...new Set(running.flatMap(({ executorId = "" }) => instanceOf(executorId) ?? []))]);
    for (const instance of missed.keys()) if (!dead.includes(instance)) missed.delete(instance);
    for (const instance of dead) missed.set(instance, missed.get(instance) ?? performance.now());
    const gone = dead.filter((instance) => performance.now() - (missed.get(instance) ?? 0) >= deadAfterMs);
    if (gone.length === 0) return;
    await database.exclusively("heal", async () => {
      for (const instance of gone) await work.free(instance);
      const left = await dbos.listWorkflows({ ...ofChunks, status: "PENDING", executorId: gone.map(executorOf) });
      await dbos.resumeWorkflows(
        left.map(({ workflowID }) => workflowID),
        { queueName: queue },
      );
    });
  };
  /** Brings chunks to the queue that wait and are in no workflow: a process may have died in between, or a chunk has ended before its mailboxes were due. */
  const supply = async (): Promise<void> => {
    const waiting = await work.waiting(mostAtOnce);
    if (waiting.length === 0) return;
    const known = await dbos.listWorkflows({ ...ofChunks, workflow_id_prefix: waiting.map(nameOf) });
    for (const chunk of waiting) {
      const runs = known.filter(({ workflowID }) => workflowID.startsWith(nameOf(chunk)));
      if (runs.some(({ status }) => status === "ENQUEUED" || status === "PENDING" || status === "DELAYED")) continue;
      // Another process that sees the same gives it the same name, and then it is one.
      await put(queue, `${nameOf(chunk)}${runs.length}`, chunk);
    }
  };

  let closing = false;
  let hurry: (() => void) | undefined;
  let saidAt = Number.NEGATIVE_INFINITY;
  database.hear("sweep", () => hurry?.());
  const look = async (): Promise<void> => {
    while (!closing) {
      const soon = new Promise<void>((resolve) => {
        hurry = resolve;
      });
      try {
        if (performance.now() - saidAt >= sayEveryMs) {
          await work.present();
          saidAt = performance.now();
        }
        await heal();
        await work.freeForgotten();
        await supply();
        await work.finishAll();
      } catch (thrown) {
        // A database that is away comes back.
        complain(queryFailure(thrown));
      }
      const timer = new AbortController();
      await Promise.race([soon, pause(lookEveryMs, undefined, { signal: timer.signal }).catch(() => undefined)]);
      timer.abort();
    }
  };
  const looking = look();
  return {
    async close(waitMs) {
      closing = true;
      hurry?.();
      await looking;
      await queues.release(queue, waitMs);
    },
  };
}

function instanceOf(executor: string): number | undefined {
  const [, number] = /^mailcordon-(\d+)$/.exec(executor) ?? [];
  return number === undefined ? undefined : Number(number);
}
