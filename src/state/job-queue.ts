import * as z from "zod";
import { schema } from "./migrations.ts";
import type { Database } from "./postgres.ts";
import { entryVersion, type Queues, workflows } from "./queues.ts";

/** A waiting job. Each time it is given back, it gets another entry on the queue. */
export const WaitingJob = z.object({ id: z.string(), caller: z.string(), entry: z.number() });

/** Puts waiting jobs on the queue. The queue contains only their ids and callers. */
export interface JobQueue {
  /** Puts the jobs on the queue that are not there yet. Loads DBOS for the first job. Rejects if the database does not answer. */
  supply(waiting: readonly z.output<typeof WaitingJob>[]): Promise<void>;
  /** Deletes the entries of jobs that have ended or are no longer known. Does nothing while DBOS is not loaded. */
  prune(): Promise<void>;
}

/**
 * A process that takes an entry from the queue takes its job within milliseconds. After this time no process will: the process died in between, the
 * database's reply to it was lost, or its version has no jobs. Milliseconds.
 */
const staleAfterMs = 5000;
/** The states of an entry that has ended. */
const endedStates = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"] as const;
/** Entries that one query lists. */
const pageSize = 1000;

export function openJobQueue(database: Database, queues: Queues): JobQueue {
  const table = `${schema}.jobs`;
  /** Entries whose job still waits although it should have been taken, and the time since then. */
  const taken = new Map<string, number>();
  const nextEntryOf = async (id: string, entry: number): Promise<number | undefined> => {
    // Of several processes that find the same entry, only one gets it.
    const [row] = await database.query(
      WaitingJob.pick({ entry: true }),
      `UPDATE ${table} SET entry = entry + 1 WHERE id = $1 AND entry = $2 AND status = 'queued' RETURNING entry`,
      [id, entry],
    );
    return row?.entry;
  };
  return {
    async supply(waiting) {
      if (waiting.length === 0) return taken.clear();
      const { dbos, put } = await queues.launched();
      const listed = await dbos.listWorkflows({ workflowIDs: waiting.map(nameOf), loadInput: false, loadOutput: false });
      const known = new Map(listed.map((one) => [one.workflowID, one]));
      /** Whether an entry should have its job taken within milliseconds: a process has it, or only processes of another version may take it. */
      const isDue = (name: string) => {
        const entry = known.get(name);
        const isWaiting = entry?.status === "ENQUEUED" || entry?.status === "DELAYED";
        return entry?.status === "PENDING" || (isWaiting && entry.applicationVersion !== entryVersion);
      };
      for (const name of taken.keys()) if (!isDue(name)) taken.delete(name);
      for (const job of waiting) {
        const name = nameOf(job);
        const status = known.get(name)?.status;
        if (isDue(name)) {
          const since = taken.get(name) ?? performance.now();
          taken.set(name, since);
          if (performance.now() - since < staleAfterMs) continue;
        } else if (status === "ENQUEUED" || status === "DELAYED") continue;
        const entry = status === undefined ? job.entry : await nextEntryOf(job.id, job.entry);
        if (entry !== undefined) await put("jobs", nameOf({ ...job, entry }), job.id, job.caller);
      }
    },
    async prune() {
      if (!queues.isLaunched) return;
      const { dbos } = await queues.launched();
      const page = { workflowName: workflows.jobs, loadInput: false, loadOutput: false, limit: pageSize };
      for (let ended = pageSize; ended === pageSize; ) {
        const entries = await dbos.listWorkflows({ ...page, status: [...endedStates] });
        await dbos.deleteWorkflows(entries.map(({ workflowID }) => workflowID));
        ended = entries.length;
      }
      // An entry that a dead process had taken stays taken.
      const left = await dbos.listWorkflows({ ...page, status: "PENDING" });
      const ids = left.map(({ workflowID }) => workflowID.split(".")[1] ?? "");
      const open = await database.query(
        z.object({ id: z.string() }),
        `SELECT id FROM ${table} WHERE id::text = ANY ($1) AND finished_at IS NULL`,
        [ids],
      );
      const isOpen = new Set(open.map(({ id }) => id));
      await dbos.deleteWorkflows(left.flatMap(({ workflowID }, at) => (isOpen.has(ids[at] ?? "") ? [] : [workflowID])));
    },
  };
}

function nameOf({ id, entry }: { readonly id: string; readonly entry: number }): string {
  return `${workflows.jobs}.${id}.${entry}`;
}
