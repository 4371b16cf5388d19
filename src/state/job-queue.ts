import PgBoss from "pg-boss";
import type { Database } from "./postgres.ts";

/** Ids of jobs on their way to whoever takes them up, each to one. */
export interface JobQueue {
  send(id: string): Promise<void>;
  /** At most so many. Each is ours for a minute; until `done` is called, somebody else gets it then. */
  take(most: number): Promise<readonly { readonly id: string; readonly done: () => Promise<void> }[]>;
  close(): Promise<void>;
}

const name = "calls";
const schema = "mailcordon_queue";

/** SQL that is true while the job of that id (an SQL expression) is on the queue, or in the hands of who has just taken it. */
export function onQueueSql(id: string): string {
  return `EXISTS (SELECT FROM ${schema}.job WHERE name = '${name}' AND state < 'completed' AND data->>'id' = ${id}::text)`;
}

/** A queue of pg-boss, in a schema of its own. Nothing but ids is in it. */
export async function openQueue(database: Database): Promise<JobQueue> {
  const boss = new PgBoss({
    // It gives no values where a query has none, whatever its types say.
    db: { executeSql: (text, values?: unknown[]) => database.execute(text, values ?? []) },
    schema,
    schedule: false,
    // What was taken up is of no more use here: the jobs have a table of their own.
    archiveCompletedAfterSeconds: 60,
    deleteAfterHours: 1,
  });
  // Its upkeep is repeated by itself; what it was asked to do fails by itself, too.
  boss.on("error", () => undefined);
  // pg-boss looks for its tables before it takes its own lock: of two processes at an empty database, the second fails with 42710.
  await database.exclusively("queue", async () => {
    await boss.start();
    await boss.createQueue(name);
  });
  return {
    async send(id) {
      // Whoever takes it up and dies at once holds it for a minute.
      await boss.send(name, { id }, { retryLimit: 5, expireInSeconds: 60, retentionDays: 7 });
    },
    async take(most) {
      const taken = await boss.fetch<{ id?: unknown }>(name, { batchSize: most });
      return taken.map(({ id, data }) => ({ id: String(data.id), done: () => boss.complete(name, id) }));
    },
    close: () => boss.stop({ graceful: false, close: false, wait: false }),
  };
}
