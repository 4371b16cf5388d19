import PgBoss from "pg-boss";
import type { Database } from "./postgres.ts";

/** Ids of queued jobs, each for one worker. */
export interface JobQueue {
  send(id: string): Promise<void>;
  /** Takes at most `most` ids. Each belongs to this process for a minute; without `done`, another process gets it then. */
  take(most: number): Promise<readonly { readonly id: string; readonly done: () => Promise<void> }[]>;
  close(): Promise<void>;
}

const name = "calls";
const schema = "mailcordon_queue";

/** Returns SQL that is true while the job with that id (an SQL expression) is on the queue, or was just taken. */
export function onQueueSql(id: string): string {
  return `EXISTS (SELECT FROM ${schema}.job WHERE name = '${name}' AND state < 'completed' AND data->>'id' = ${id}::text)`;
}

/** Opens a queue of pg-boss, in its own schema. It contains only ids. */
export async function openQueue(database: Database): Promise<JobQueue> {
  const boss = new PgBoss({
    // pg-boss passes no values for a query without parameters, although its types say otherwise.
    db: { executeSql: (text, values?: unknown[]) => database.execute(text, values ?? []) },
    schema,
    schedule: false,
    // A taken id is of no further use: the jobs have their own table.
    archiveCompletedAfterSeconds: 60,
    deleteAfterHours: 1,
  });
  // pg-boss repeats its maintenance itself; a requested operation reports its own failure.
  boss.on("error", () => undefined);
  // pg-boss checks its tables before it takes its own lock: of two processes at an empty database, the second fails with 42710.
  await database.exclusively("queue", async () => {
    await boss.start();
    await boss.createQueue(name);
  });
  return {
    async send(id) {
      // A worker that takes an id and dies holds it for a minute.
      await boss.send(name, { id }, { retryLimit: 5, expireInSeconds: 60, retentionDays: 7 });
    },
    async take(most) {
      const taken = await boss.fetch<{ id?: unknown }>(name, { batchSize: most });
      return taken.map(({ id, data }) => ({ id: String(data.id), done: () => boss.complete(name, id) }));
    },
    close: () => boss.stop({ graceful: false, close: false, wait: false }),
  };
}
