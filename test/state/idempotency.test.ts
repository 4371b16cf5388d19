import { afterAll, beforeAll, expect, test } from "vitest";
import { openIdempotency } from "../../src/state/idempotency.ts";
import { openDatabase } from "../../src/state/postgres.ts";
import type { State } from "../../src/state/state.ts";
import { temporaryState } from "./temporary.ts";

const folder = temporaryState();
let state: State;
let other: State;
beforeAll(async () => {
  state = await folder.open();
  other = await folder.open();
});
afterAll(() => folder.remove());

test("of many simultaneous calls with one idempotency key, in two processes, exactly one is new", async () => {
  const begun = await Promise.all(Array.from({ length: 40 }, (_, at) => (at % 2 ? state : other).idempotency.begin("c", "race", "f")));
  expect(begun.filter((each) => each.state === "new")).toHaveLength(1);
  expect(begun.filter((each) => each.state === "running")).toHaveLength(39);
});

test("every process returns the stored answer unchanged", async () => {
  const reply = { status: 207, body: '{"text":"\\u0000 ü \u202e"}' };
  await state.idempotency.begin("c", "again", "f");
  await state.idempotency.finish("c", "again", reply);
  expect(await other.idempotency.begin("c", "again", "f")).toEqual({ state: "finished", ...reply });
});

test("an idempotency key with another input is refused, whether its call runs or has ended", async () => {
  await state.idempotency.begin("c", "else", "one");
  expect(await other.idempotency.begin("c", "else", "two")).toEqual({ state: "other-body" });
  await state.idempotency.finish("c", "else", { status: 200, body: "" });
  expect(await other.idempotency.begin("c", "else", "two")).toEqual({ state: "other-body" });
});

test("an idempotency key belongs to one caller", async () => {
  expect(await state.idempotency.begin("ann", "own", "f")).toEqual({ state: "new" });
  expect(await state.idempotency.begin("bob", "own", "g")).toEqual({ state: "new" });
});

test("a deleted idempotency key may be used again", async () => {
  await state.idempotency.begin("c", "forget", "f");
  await state.idempotency.forget("c", "forget");
  expect(await state.idempotency.begin("c", "forget", "g")).toEqual({ state: "new" });
});

test("a call that ended is not deleted, and its answer is never replaced", async () => {
  await state.idempotency.begin("c", "fast", "f");
  await state.idempotency.finish("c", "fast", { status: 200, body: "first" });
  await state.idempotency.finish("c", "fast", { status: 200, body: "second" });
  await state.idempotency.forget("c", "fast");
  expect(await state.idempotency.begin("c", "fast", "f")).toMatchObject({ state: "finished", body: "first" });
});

test("a call of another process cannot be ended", async () => {
  await other.idempotency.begin("c", "theirs", "f");
  await state.idempotency.finish("c", "theirs", { status: 200, body: "mine" });
  await state.idempotency.forget("c", "theirs");
  expect(await state.idempotency.begin("c", "theirs", "f")).toEqual({ state: "running" });
});

test("a call of a dead process is lost, and exactly one of many processes gets it", async () => {
  const third = await folder.open();
  await third.idempotency.begin("c", "lost", "f");
  expect(await state.idempotency.begin("c", "lost", "f")).toEqual({ state: "running" });
  await third.close();
  const begun = await Promise.all(Array.from({ length: 20 }, (_, at) => (at % 2 ? state : other).idempotency.begin("c", "lost", "f")));
  expect(begun.filter((each) => each.state === "lost")).toHaveLength(1);
  expect(begun.filter((each) => each.state === "running")).toHaveLength(19);
});

test("old calls are deleted unless they still run", async () => {
  await state.idempotency.begin("c", "old", "f");
  await state.idempotency.finish("c", "old", { status: 200, body: "" });
  await state.idempotency.begin("c", "old and running", "f");
  await state.idempotency.prune(0);
  expect(await state.idempotency.begin("c", "old", "f")).toEqual({ state: "new" });
  expect(await state.idempotency.begin("c", "old and running", "f")).toEqual({ state: "running" });
});

test("answers of one caller are stored up to a number of bytes, after which known keys are answered and new ones refused", async () => {
  const database = await openDatabase(folder);
  const calls = openIdempotency(database, 1000);
  const reply = { status: 200, body: "x".repeat(600) };
  for (const key of ["one", "two"]) {
    expect(await calls.begin("full", key, "f")).toEqual({ state: "new" });
    await calls.finish("full", key, reply);
  }
  for (let tries = 0; tries < 2; tries += 1) await expect(calls.begin("full", "three", "f")).rejects.toMatchObject({ code: "busy" });
  expect(await calls.begin("full", "two", "f")).toEqual({ state: "finished", ...reply });
  expect(await calls.begin("empty", "three", "f")).toEqual({ state: "new" });
  // Another process counts what this one has kept.
  await expect(openIdempotency(database, 1000).begin("full", "three", "f")).rejects.toMatchObject({ code: "busy" });
  await database.close();
});
