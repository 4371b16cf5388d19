import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Job, openJobs, type Worker } from "../../src/state/jobs.ts";
import { openDatabase } from "../../src/state/postgres.ts";
import { openQueues } from "../../src/state/queues.ts";
import type { State } from "../../src/state/state.ts";
import { soon } from "../soon.ts";
import { loadOwnDbos } from "./dbos-copies.ts";
import { complain, ended, order, reply } from "./job-order.ts";
import { temporaryState } from "./temporary.ts";

const folder = temporaryState();
let state: State;
beforeAll(async () => {
  state = await folder.open();
});
afterAll(() => folder.remove());

/** A process of its own, with a worker that can be watched. */
async function working(concurrency: number, work?: Worker) {
  const own = await folder.open();
  const seen: string[] = [];
  let go: (() => void)[] = [];
  await own.jobs.work(
    concurrency,
    async (given, ways) => {
      seen.push(given.id);
      return work === undefined ? new Promise((resolve) => go.push(() => resolve(reply))) : work(given, ways);
    },
    complain,
  );
  const release = () => {
    for (const one of go) one();
    go = [];
  };
  return { own, seen, release };
}

test("a job is queued, then runs, then has its answer", async () => {
  const id = await state.jobs.put(order);
  expect(await state.jobs.get(id)).toMatchObject({ id, caller: "key:1", action: "count", status: "queued" });
  const { own, seen, release } = await working(1);
  await soon(() => expect(seen).toEqual([id]));
  expect(await state.jobs.get(id)).toMatchObject({ status: "running" });
  release();
  expect(await ended(state, id)).toMatchObject({ status: "finished", answer: reply });
  await own.close();
});

test("many jobs are each done once, by one of two processes, within the limit of concurrent jobs", async () => {
  let running = 0;
  let most = 0;
  const worker: Worker = async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setTimeout(resolve, 5));
    running -= 1;
    return reply;
  };
  const [one, two] = [await working(2, worker), await working(2, worker)];
  const ids = await Promise.all(Array.from({ length: 20 }, () => one.own.jobs.put(order)));
  for (const id of ids) await ended(state, id);
  expect([...one.seen, ...two.seen].sort()).toEqual([...ids].sort());
  expect(most).toBeLessThanOrEqual(4);
  await one.own.close();
  await two.own.close();
});

test("the progress of a job is visible, and bounded", async () => {
  const { own } = await working(1, async (_, { progress, signal }) => {
    progress("one\u0000");
    progress("x".repeat(2000));
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    return reply;
  });
  const id = await own.jobs.put(order);
  await soon(async () => expect((await state.jobs.get(id))?.progress).toBe("x".repeat(500)));
  await own.jobs.cancel(id);
  await own.close();
});

describe("a cancelled job", () => {
  test("is never started if it was in the queue", async () => {
    const id = await state.jobs.put(order);
    expect(await state.jobs.cancel(id)).toBe(true);
    const { own, seen } = await working(1, async () => reply);
    await ended(state, await own.jobs.put(order));
    expect(seen).not.toContain(id);
    expect(await state.jobs.get(id)).toMatchObject({ status: "cancelled" });
    expect(await state.jobs.cancel(id)).toBe(false);
    await own.close();
  });

  test("is stopped in the process that runs it, and keeps its answer", async () => {
    const stopped = { status: 499, body: '{"code":"cancelled"}' };
    const { own, seen } = await working(1, async (_, { signal }) => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      return stopped;
    });
    const id = await state.jobs.put(order);
    await soon(() => expect(seen).toEqual([id]));
    expect(await state.jobs.cancel(id)).toBe(true);
    expect(await ended(state, id)).toMatchObject({ status: "cancelled", answer: stopped });
    await own.close();
  });

  test("ends with all jobs of its caller, and those of other callers continue", async () => {
    const stopped = { status: 499, body: '{"code":"cancelled"}' };
    let letGo: (() => void) | undefined;
    const stopping = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const { own, seen } = await working(2, async ({ caller }, { signal }) => {
      if (caller !== "key:gone") return await stopping.then(() => reply);
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      return stopped;
    });
    const gone = { ...order, caller: "key:gone" };
    const [running, other] = [await own.jobs.put(gone), await own.jobs.put(order)];
    await soon(() => expect([...seen].sort()).toEqual([running, other].sort()));
    const [queued, waits] = [await own.jobs.put(gone), await own.jobs.put(order)];
    // Also told by another process than the one that runs it.
    await state.jobs.cancelAll("key:gone");
    expect(await ended(state, running)).toMatchObject({ status: "cancelled", answer: stopped });
    expect(await ended(state, queued)).toMatchObject({ status: "cancelled" });
    letGo?.();
    expect(await ended(state, other)).toMatchObject({ status: "finished", answer: reply });
    expect(await ended(state, waits)).toMatchObject({ status: "finished", answer: reply });
    expect(seen).not.toContain(queued);
    await own.close();
  });

  test("still has its answer if the cancellation came too late", async () => {
    const { own, seen, release } = await working(1);
    const id = await own.jobs.put(order);
    await soon(() => expect(seen).toEqual([id]));
    await own.jobs.cancel(id);
    release();
    expect(await ended(state, id)).toMatchObject({ status: "finished", answer: reply });
    await own.close();
  });
});

describe("after a crash", () => {
  test.each([true, false])("a running job is run again only if it is repeatable: %s", async (repeatable) => {
    const crashed = await working(1);
    const id = await crashed.own.jobs.put({ ...order, repeatable });
    await soon(() => expect(crashed.seen).toEqual([id]));
    const closing = crashed.own.close();
    const heir = await working(1, async () => reply);
    const job = await ended(state, id);
    await closing;
    expect(job).toMatchObject(repeatable ? { status: "finished", answer: reply } : { status: "lost" });
    expect(heir.seen).toEqual(repeatable ? [id] : []);
    await heir.own.close();
  });

  test("a job that a process gave back is done by the next one, even if it is not repeatable", async () => {
    const stopping = await working(1, async () => "again");
    const id = await stopping.own.jobs.put({ ...order, repeatable: false });
    await soon(() => expect(stopping.seen).toContain(id));
    await stopping.own.close();
    const heir = await working(1, async () => reply);
    expect(await ended(state, id)).toMatchObject({ status: "finished" });
    await heir.own.close();
  });
});

test("a watcher in another process sees each state once, and the end", async () => {
  const { own, seen, release } = await working(1);
  const id = await state.jobs.put(order);
  const states: Job["status"][] = [];
  const watching = (async () => {
    for await (const { status } of state.jobs.watch(id, new AbortController().signal)) states.push(status);
  })();
  await soon(() => expect([seen, states.at(-1)]).toEqual([[id], "running"]));
  release();
  await watching;
  expect(states.filter((status) => status !== "queued")).toEqual(["running", "finished"]);
  await own.close();
});

test("a watch ends with its signal", async () => {
  const id = await state.jobs.put(order);
  const stop = new AbortController();
  for await (const _ of state.jobs.watch(id, stop.signal)) stop.abort();
  await state.jobs.cancel(id);
});

test.each(["", "x", "00000000-0000-0000-0000-000000000000", "' OR 1=1", "\u0000"])("a job with the id %j is not found", async (id) => {
  expect(await state.jobs.get(id)).toBeUndefined();
  expect(await state.jobs.cancel(id)).toBe(false);
  for await (const job of state.jobs.watch(id, new AbortController().signal)) expect(job).toBeUndefined();
});

test("an ended job is deleted after its time, and its input at its end", async () => {
  const { own } = await working(1, async () => reply);
  const id = await own.jobs.put(order);
  const waiting = await state.jobs.put(order);
  await ended(state, id);
  await ended(state, waiting);
  await state.jobs.prune(1);
  expect(await state.jobs.get(id)).toBeDefined();
  await state.jobs.prune(0);
  expect(await state.jobs.get(id)).toBeUndefined();
  await own.close();
});

test("a job that crashes its worker is lost, and not started again and again", async () => {
  const complaints: string[] = [];
  const own = await folder.open();
  let begun = 0;
  await own.jobs.work(
    1,
    async () => {
      begun += 1;
      throw new Error("a defect");
    },
    ({ message }) => complaints.push(message),
  );
  const id = await own.jobs.put(order);
  expect(await ended(state, id)).toMatchObject({ status: "lost" });
  expect([begun, complaints]).toEqual([1, ["a defect"]]);
  await own.close();
});

test("a process that gives a job back while it ends does not get it again", async () => {
  const stopping = await working(1, async () => "again");
  const id = await stopping.own.jobs.put(order);
  await soon(() => expect(stopping.seen).toEqual([id]));
  await soon(async () => expect((await state.jobs.get(id))?.status).toBe("queued"));
  const others = [await stopping.own.jobs.put(order), await stopping.own.jobs.put(order)];
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(stopping.seen).toEqual([id]);
  await stopping.own.close();
  for (const one of [id, ...others]) await state.jobs.cancel(one);
});

test("a caller with many jobs leaves slots to other callers, and all its jobs are done", async () => {
  const { own, seen, release } = await working(4);
  const many = await Promise.all(Array.from({ length: 12 }, () => state.jobs.put({ ...order, caller: "key:greedy" })));
  await soon(() => expect(seen).toHaveLength(3));
  const other = await state.jobs.put({ ...order, caller: "key:other" });
  await soon(() => expect(seen).toContain(other));
  expect(seen).toHaveLength(4);
  await soon(async () => {
    release();
    for (const id of many) expect((await state.jobs.get(id))?.status).toBe("finished");
  });
  expect([...seen].sort()).toEqual([...many, other].sort());
  await own.close();
});

test("calls and answers of one caller are stored up to a number of bytes, without an effect on other callers", async () => {
  const database = await openDatabase(folder);
  const jobs = openJobs(database, openQueues(database, [], loadOwnDbos), { keptBytes: 1000, idleMs: 60_000 });
  const put = (caller: string) => jobs.put({ ...order, caller, call: "x".repeat(400) });
  await put("key:full");
  await put("key:full");
  await expect(put("key:full")).rejects.toMatchObject({ code: "busy", message: expect.stringContaining("jobs of this caller") });
  await put("key:empty");
  for (const caller of ["key:full", "key:empty"]) await jobs.cancelAll(caller);
  await jobs.rest();
  await database.close();
});

test("a process without jobs for a while ends the connections of the queue, and begins the next job all the same", async () => {
  const database = await openDatabase(folder);
  const jobs = openJobs(database, openQueues(database, [], loadOwnDbos), { keptBytes: 1000, idleMs: 500 });
  const connections = async () => {
    const text =
      "SELECT count(*)::integer AS count FROM pg_stat_activity WHERE query ~ 'mailcordon_dbos|dbos_notifications' AND pid <> pg_backend_pid()";
    return (await database.execute(text, [])).rows[0].count;
  };
  await jobs.work(2, async () => reply, complain);
  expect(await connections()).toBe(0);
  for (let count = 0; count < 2; count += 1) {
    const id = await jobs.put(order);
    await soon(async () => expect(await connections()).toBeGreaterThan(0));
    expect(await ended(state, id)).toMatchObject({ status: "finished" });
    await soon(async () => expect(await connections()).toBe(0));
  }
  await jobs.rest();
  await database.close();
});
