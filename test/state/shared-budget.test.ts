import { afterEach, describe, expect, test } from "vitest";
import { type Database, openDatabase } from "../../src/state/postgres.ts";
import { openSharedBudgets, type SharedBudgets } from "../../src/state/shared-budget.ts";
import { openRequestQueue, type RequestTurn } from "../../src/wire/throttling/request-queue.ts";
import { soon } from "../soon.ts";
import { temporaryState } from "./temporary.ts";

const account = "an account";
const limits = { maxWaitMs: 60_000, maxConcurrency: 8 };

/** Processes that use one database, each with a queue of requests of the same account. */
async function processes(count: number, folder = temporaryState()) {
  const opened: { readonly database: Database; readonly budgets: SharedBudgets }[] = [];
  const start = async () => {
    const database = await openDatabase(folder);
    const budgets = openSharedBudgets(database);
    opened.push({ database, budgets });
    const turns: RequestTurn[] = [];
    const waits: string[] = [];
    const queue = openRequestQueue((user) => budgets.join(account, user));
    /** Asks for so many places; each is kept until `end`. */
    const want = (places: number) => {
      for (let at = 0; at < places; at += 1) {
        const call = { progress: (text: string) => waits.push(text) };
        queue.turn(`user${at}@example.com`, limits, call).then(
          (turn) => turns.push(turn),
          () => undefined,
        );
      }
    };
    const end = (places: number, served = true) => {
      for (const turn of turns.splice(0, places)) turn.end(served);
    };
    const stop = async () => {
      opened.splice(
        opened.findIndex((each) => each.database === database),
        1,
      );
      await budgets.close();
      await database.close();
    };
    return { queue, turns, waits, want, end, stop };
  };
  const close = async () => {
    for (const { database, budgets } of opened) await budgets.close().then(() => database.close());
    await folder.remove();
  };
  return { all: await Promise.all(Array.from({ length: count }, start)), start, close };
}
type Processes = Awaited<ReturnType<typeof processes>>;

describe("the budget of an account that several processes use", () => {
  let group: Processes;
  afterEach(() => group.close());
  const sum = () => group.all.reduce((total, { turns }) => total + turns.length, 0);

  test("is never used by more requests than are allowed, and is used whole", async () => {
    group = await processes(3);
    for (const { want } of group.all) want(20);
    let most = 0;
    const seen = setInterval(() => {
      most = Math.max(most, sum());
    }, 5);
    await soon(() => expect(sum()).toBe(8));
    // Who came first has more until its requests end.
    await soon(() => {
      for (const { turns, end } of group.all) if (turns.length > 3) end(1);
      expect(group.all.map(({ turns }) => turns.length).sort()).toEqual([2, 3, 3]);
    });
    clearInterval(seen);
    expect(most).toBe(8);
  });

  test("is given back by a process that has nothing to do", async () => {
    group = await processes(2);
    const [one, two] = group.all;
    two?.want(2);
    await soon(() => expect(two?.turns.length).toBe(2));
    one?.want(20);
    await soon(() => expect(one?.turns.length).toBe(4));
    two?.end(2);
    await soon(() => expect(one?.turns.length).toBe(8));
  });

  test("is halved once for all of them when requests are turned away, and stays so in the next start", async () => {
    group = await processes(2);
    const [one, two] = group.all;
    one?.want(100);
    two?.want(100);
    await soon(() => expect(sum()).toBe(8));
    for (let again = 0; again < 3; again += 1) one?.queue.turnedAway(undefined, undefined);
    await soon(() => {
      for (const { turns, end } of group.all) if (turns.length > 2) end(1, false);
      expect(group.all.map(({ turns }) => turns.length)).toEqual([2, 2]);
    });
    await one?.stop();
    await two?.stop();
    const third = await group.start();
    third.want(20);
    await soon(() => expect(third.turns.length).toBe(4));
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(third.turns.length).toBe(4);
  });

  test("is left alone by all of them while the server asks one of them to wait", async () => {
    group = await processes(2);
    const [one, two] = group.all;
    one?.want(1);
    two?.want(1);
    await soon(() => expect(sum()).toBe(2));
    one?.queue.pause(undefined, 3000, { text: "Exchange is throttling", asked: true });
    await new Promise((resolve) => setTimeout(resolve, 500));
    two?.want(1);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(two?.turns.length).toBe(1);
    expect(two?.waits.join()).toContain("asked another process of mailcordon to wait");
    await soon(() => expect(two?.turns.length).toBe(2));
  });
});
