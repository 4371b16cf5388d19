import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Failure } from "../../src/failure.ts";
import { type JobOrder, openJobs, type Worker } from "../../src/state/jobs.ts";
import { type Database, openDatabase } from "../../src/state/postgres.ts";
import { type LoadDbos, openQueues } from "../../src/state/queues.ts";
import type { State } from "../../src/state/state.ts";
import { soon } from "../soon.ts";
import { loadOwnDbos } from "./dbos-copies.ts";
import { temporaryState } from "./temporary.ts";

const folder = temporaryState();
let state: State;
let database: Database;
beforeAll(async () => {
  state = await folder.open();
  database = await openDatabase(folder);
});
afterAll(async () => {
  await database.close();
  await folder.remove();
});

const order: JobOrder = { caller: "key:1", action: "count", repeatable: true, call: '{"n":1}' };
const reply = { status: 200, body: '{"success":true}' };
const complain = (failure: Failure) => {
  throw failure;
};
const ended = (from: State, id: string) =>
  soon(async () => {
    const job = await from.jobs.get(id);
    expect(job?.finishedAt).toBeDefined();
    return job;
  });

describe("after a failure in the middle", () => {
  /** Jobs of a process of its own, over a database that may be told to fail at what is matched. */
  function failing(fails: (text: string) => boolean, instance = database.instance, load = loadOwnDbos) {
    const execute: Database["execute"] = (text, values) =>
      fails(text) ? Promise.reject(new Failure("unreachable", "It went away.")) : database.execute(text, values);
    const query: Database["query"] = async (row, text, values = []) => (await execute(text, values)).rows.map((each) => row.parse(each));
    const own = { ...database, instance, execute, query };
    return openJobs(own, openQueues(own, [], load));
  }
  const entryOf = async (id: string) => {
    const text = "SELECT status, executor_id FROM mailcordon_dbos.workflow_status WHERE workflow_uuid LIKE $1 ORDER BY created_at";
    return (await database.execute(text, [`job.${id}.%`])).rows;
  };
  /** Has whoever works look again at once. */
  const nudge = async (jobs: ReturnType<typeof openJobs>, times: number) => {
    for (let count = 0; count < times; count += 1) await ended(state, await jobs.put({ ...order, caller: "nudge" }));
  };

  test("an accepted job of which nobody was told, and which the queue refused at first, is done once", async () => {
    let away = true;
    const load: LoadDbos = () => (away ? Promise.reject(new Error("It went away.")) : loadOwnDbos());
    const jobs = failing((text) => away && /^SELECT pg_notify/.test(text), undefined, load);
    const id = await jobs.put({ ...order, repeatable: false });
    const seen: string[] = [];
    const complaints: string[] = [];
    const worker: Worker = async ({ id }) => {
      seen.push(id);
      return reply;
    };
    await jobs.work(2, worker, ({ code }) => complaints.push(code));
    await soon(() => expect(complaints).toContain("unreachable"));
    away = false;
    expect(await ended(state, id)).toMatchObject({ status: "finished" });
    await nudge(jobs, 5);
    expect(seen.filter((one) => one === id)).toEqual([id]);
    await jobs.rest();
  });

  test("a started job that could not be removed from the queue is done once", async () => {
    const jobs = failing(() => false);
    const seen: string[] = [];
    const worker: Worker = async ({ id }) => {
      seen.push(id);
      return reply;
    };
    await jobs.work(2, worker, complain);
    const id = await jobs.put({ ...order, repeatable: false });
    expect(await ended(state, id)).toMatchObject({ status: "finished" });
    const done = [{ status: "SUCCESS", executor_id: `mailcordon-${database.instance}` }];
    await soon(async () => expect(await entryOf(id)).toEqual(done));
    await database.execute(
      "UPDATE mailcordon_dbos.workflow_status SET status = 'ENQUEUED', executor_id = NULL WHERE workflow_uuid LIKE $1",
      [`job.${id}.%`],
    );
    await soon(async () => expect(await entryOf(id)).toEqual(done));
    expect(seen).toEqual([id]);
    await jobs.rest();
  });

  test.each(["mailcordon-2000000001", `mailcordon-own`])(
    "a job whose entry was taken by a process that did not begin it is done once, as by another process or itself: %s",
    async (executor) => {
      const jobs = failing(() => false);
      const id = await jobs.put({ ...order, repeatable: false });
      const seen: string[] = [];
      const worker: Worker = async ({ id }) => {
        seen.push(id);
        return reply;
      };
      await jobs.work(2, worker, complain);
      await ended(state, id);
      await soon(async () => expect(await entryOf(id)).toMatchObject([{ status: "SUCCESS" }]));
      // As the database has it of a process that died in between, or that did not get the reply.
      const owner = executor.replace("own", `${database.instance}`);
      await database.execute(
        "UPDATE mailcordon_dbos.workflow_status SET status = 'PENDING', executor_id = $2 WHERE workflow_uuid LIKE $1",
        [`job.${id}.%`, owner],
      );
      await database.execute("UPDATE mailcordon.jobs SET status = 'queued', call = '{}', finished_at = NULL WHERE id = $1", [id]);
      await ended(state, id);
      expect(seen).toEqual([id, id]);
      await soon(async () => expect(await entryOf(id)).toMatchObject([{ status: "PENDING" }, { status: "SUCCESS" }]));
      await jobs.prune(1);
      expect(await entryOf(id)).toEqual([]);
      await jobs.rest();
    },
  );

  test.each([true, false])(
    "a running job of this process is not lost if the database lost its connection, repeatable or not: %s",
    async (repeatable) => {
      // No lock says that there is such a process.
      const jobs = failing(() => false, 2_000_000_000);
      const seen: string[] = [];
      let go: (() => void) | undefined;
      const worker: Worker = async ({ id, caller }) => {
        if (caller === "nudge") return reply;
        seen.push(id);
        return await new Promise((resolve) => (go = () => resolve(reply)));
      };
      await jobs.work(2, worker, complain);
      const id = await jobs.put({ ...order, repeatable });
      await soon(() => expect(seen).toEqual([id]));
      await nudge(jobs, 7);
      expect(await state.jobs.get(id)).toMatchObject({ status: "running" });
      go?.();
      expect(await ended(state, id)).toMatchObject({ status: "finished", answer: reply });
      expect(seen).toEqual([id]);
      await jobs.rest();
    },
  );

  test("a job whose start was confirmed by a lost reply does not stay running for ever", async () => {
    let lost = "";
    const own: Database = {
      ...database,
      async query(row, text, values = []) {
        const rows = await database.query(row, text, values);
        if (lost === "" && /SET status = 'running'/.test(text)) {
          lost = String(values[0]);
          throw new Failure("unreachable", "Its answer was lost.");
        }
        return rows;
      },
    };
    const jobs = openJobs(own, openQueues(own, [], loadOwnDbos));
    await jobs.work(
      1,
      async () => reply,
      () => undefined,
    );
    const id = await jobs.put(order);
    expect(await ended(state, id)).toMatchObject({ status: "finished" });
    expect(lost).toBe(id);
    await jobs.rest();
  });
});
