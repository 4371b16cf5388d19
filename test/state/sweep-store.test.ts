import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { Failure } from "../../src/failure.ts";
import { type Database, openDatabase } from "../../src/state/postgres.ts";
import { openSweepStore, type SweepStore } from "../../src/state/sweep-store.ts";
import { takeBack, temporaryState } from "./temporary.ts";

const folder = temporaryState();
let database: Database;
let other: Database;
let sweeps: SweepStore;
let others: SweepStore;
beforeAll(async () => {
  database = await openDatabase(folder);
  other = await openDatabase(folder);
  sweeps = openSweepStore(database);
  others = openSweepStore(other);
});
afterAll(async () => {
  await other.close();
  await database.close();
  await folder.remove();
});

let number = 0;
async function running(): Promise<{ readonly id: string; readonly chunk: { sweep: string; round: number; chunk: number } }> {
  number += 1;
  const id = `sweep-${number}`;
  const mailboxes = ["ann@example.com", "bob@example.com"].map((address) => ({ address, targets: ["{}", "{}"] }));
  await sweeps.create({ id, connection: "main", plan: "{}", planHash: "hash", plannedBy: "ann", mailboxes, chunkSize: 50 });
  await sweeps.approve(id, "hash", { id: "bob" });
  const { round } = await sweeps.begin(id, "act", { id: "bob" });
  return { id, chunk: { sweep: id, round, chunk: 0 } };
}

/** The migration that brought the facts of an undo. */
const stepOfUndo = 10;

describe("the tables of sweeps", () => {
  test("are created from the tables of the version before, with their rows", async () => {
    const before = temporaryState();
    const state = await before.open();
    const { id } = await state.keys.create({ name: "kept", grant: { roles: ["read"], mailboxes: undefined, connections: undefined } });
    await before.close();
    const old = await openDatabase(before);
    await takeBack(old, 5);
    await old.close();
    const again = await before.open();
    expect((await again.keys.list()).map((key) => key.id)).toEqual([id]);
    expect(await again.sweeps.list(10)).toEqual([]);
    await before.remove();
  });

  test("give each mailbox to one process", async () => {
    const { chunk } = await running();
    const claimed = await Promise.all([sweeps, others, sweeps, others].map(({ work }) => work.claimMailbox(chunk)));
    expect(claimed.flatMap((box) => box?.address ?? []).sort()).toEqual(["ann@example.com", "bob@example.com"]);
  });

  test("let only the owner of a mailbox act, and only while the sweep runs", async () => {
    const { id, chunk } = await running();
    const box = await sweeps.work.claimMailbox(chunk);
    expect(box).toMatchObject({ number: 0 });
    expect([...(await others.work.recordIntent(chunk, 0, "act", [0, 1]))]).toEqual([]);
    expect([...(await sweeps.work.recordIntent(chunk, 0, "act", [0]))]).toEqual([0]);
    // What was begun is not begun again.
    expect([...(await sweeps.work.recordIntent(chunk, 0, "act", [0]))]).toEqual([]);
    await others.work.recordActed(id, 0, [{ number: 0, state: "done", outcome: "{}" }]);
    expect(await sweeps.tally(id)).toEqual({ planned: 3, acting: 1 });
    await sweeps.pause(id);
    expect([...(await sweeps.work.recordIntent(chunk, 0, "act", [1]))]).toEqual([]);
    // What was begun is ended.
    await sweeps.work.recordActed(id, 0, [{ number: 0, state: "done", outcome: "{}" }]);
    expect(await sweeps.tally(id)).toEqual({ planned: 3, done: 1 });
    // An outcome is not written twice.
    await sweeps.work.recordActed(id, 0, [{ number: 0, state: "failed", outcome: "{}" }]);
    expect(await sweeps.tally(id)).toEqual({ planned: 3, done: 1 });
  });

  test("keep the end and the starter of the run separate from those of its undo", async () => {
    const { id } = await running();
    await sweeps.cancel(id);
    const cancelled = await sweeps.get(id);
    const { round } = await sweeps.begin(id, "undo", { id: "eve" });
    expect(await sweeps.get(id)).toMatchObject({
      state: "running",
      direction: "undo",
      endedState: "cancelled",
      endedAt: cancelled.endedAt,
    });
    await database.execute("UPDATE mailcordon.sweep_mailboxes SET open = false WHERE sweep = $1", [id]);
    await sweeps.work.finishSweep(id, round);
    const undone = await sweeps.get(id);
    expect(undone).toMatchObject({ state: "finished", endedState: "cancelled", begunBy: "bob", undoBegunBy: "eve" });
    expect(undone.endedAt).toEqual(cancelled.endedAt);
    expect(undone.undoEndedAt?.getTime()).toBeGreaterThanOrEqual(undone.undoBegunAt?.getTime() ?? Number.NaN);
    // A second undo is not the first ending either.
    await sweeps.begin(id, "undo", { id: "ann" });
    await sweeps.cancel(id);
    expect(await sweeps.get(id)).toMatchObject({
      state: "cancelled",
      endedState: "cancelled",
      endedAt: cancelled.endedAt,
      undoBegunBy: "ann",
    });
  });

  test("of the version before an undo had facts of its own keep what an undo wrote as facts of the undo", async () => {
    const before = temporaryState();
    const old = await openDatabase(before);
    await takeBack(old, stepOfUndo - 1);
    await old.execute(
      `INSERT INTO mailcordon.sweeps (id, state, direction, connection, plan, plan_hash, planned_by, begun_by, begun_at, ended_at)
       VALUES ('s', 'finished', 'undo', 'main', '{}', 'hash', 'ann', 'eve', '2026-11-30T10:00Z', '2026-11-30T11:00Z')`,
      [],
    );
    await old.close();
    const again = await before.open();
    const sweep = await again.sweeps.get("s");
    expect(sweep).toMatchObject({ undoBegunBy: "eve", undoEndedAt: new Date("2026-11-30T11:00Z"), begunAt: new Date("2026-11-30T10:00Z") });
    expect([sweep.begunBy, sweep.endedAt, sweep.endedState]).toEqual([undefined, undefined, undefined]);
    await before.remove();
  });

  test("free the mailboxes of a process that is dead, and of no other", async () => {
    const { chunk } = await running();
    const third = await openDatabase(folder);
    await openSweepStore(third).work.claimMailbox(chunk);
    expect(await sweeps.work.findDeadProcesses([third.instance, other.instance])).not.toContain(third.instance);
    await sweeps.work.freeMailboxesOf(third.instance);
    expect(await sweeps.work.claimMailbox(chunk)).toMatchObject({ number: 1 });
    expect(await sweeps.work.claimMailbox(chunk)).toBeUndefined();
    const { instance } = third;
    await third.close();
    expect(await sweeps.work.findDeadProcesses([])).toContain(instance);
    await sweeps.work.freeMailboxesOf(instance);
    expect(await sweeps.work.claimMailbox(chunk)).toMatchObject({ number: 0 });
  });

  test("free a mailbox whose claim's reply was lost, or which could not be given back", async () => {
    const { chunk } = await running();
    let loses = "";
    const lossy = openSweepStore({
      ...database,
      async query(row, text, values = []) {
        const rows = await database.query(row, text, values);
        if (loses === "claim" && text.includes("SET owner = $4")) throw new Failure("unreachable", "Its answer was lost.");
        return rows;
      },
      execute: (text, values) =>
        loses === "release" && text.includes("retry_at = CASE")
          ? Promise.reject(new Failure("unreachable", "It went away."))
          : database.execute(text, values),
    });
    loses = "claim";
    await expect(lossy.work.claimMailbox(chunk)).rejects.toMatchObject({ code: "unreachable" });
    loses = "release";
    const box = await lossy.work.claimMailbox(chunk);
    expect(box).toMatchObject({ number: 1 });
    await lossy.work.freeForgottenMailboxes();
    // What it works on stays its own.
    expect(await others.work.claimMailbox(chunk)).toMatchObject({ number: 0 });
    expect(await others.work.claimMailbox(chunk)).toBeUndefined();
    await expect(lossy.work.releaseMailbox(chunk.sweep, 1, "act")).rejects.toMatchObject({ code: "unreachable" });
    await lossy.work.freeForgottenMailboxes();
    expect(await others.work.claimMailbox(chunk)).toMatchObject({ number: 1 });
  });

  test("leave a mailbox with a temporary failure until it is due, and end the sweep when nothing is open", async () => {
    const { id, chunk } = await running();
    await sweeps.work.claimMailbox(chunk);
    await sweeps.work.releaseMailbox(id, 0, "act", { ms: 60_000, reason: "timeout: no reply" });
    expect(await sweeps.work.claimMailbox(chunk)).toMatchObject({ number: 1 });
    expect(await sweeps.work.claimMailbox(chunk)).toBeUndefined();
    expect(await sweeps.work.msUntilDue(chunk)).toBeGreaterThan(50_000);
    await sweeps.work.recordIntent(chunk, 1, "act", [2, 3]);
    await sweeps.work.recordActed(
      id,
      1,
      [2, 3].map((target) => ({ number: target, state: "done" as const, outcome: "{}" })),
    );
    await sweeps.work.releaseMailbox(id, 1, "act");
    await sweeps.work.finishSweep(id, chunk.round);
    expect(await sweeps.get(id)).toMatchObject({ state: "running" });
    await database.query(z.unknown(), "UPDATE mailcordon.sweep_targets SET state = 'failed' WHERE sweep = $1 AND mailbox = 0", [id]);
    await database.query(z.unknown(), "UPDATE mailcordon.sweep_mailboxes SET open = false WHERE sweep = $1", [id]);
    await sweeps.work.finishSweep(id, chunk.round);
    expect(await sweeps.get(id)).toMatchObject({ state: "finished" });
    // Whoever begins it again tries what failed, and nothing else.
    const { round } = await sweeps.begin(id, "act", { id: "bob" });
    expect(await sweeps.tally(id)).toEqual({ planned: 2, done: 2 });
    expect(await sweeps.work.findWaitingChunks(10)).toContainEqual({ sweep: id, round, chunk: 0 });
  });

  test("end a sweep whose last mailbox was given back by a process that died before it could end the sweep", async () => {
    const { id } = await running();
    const open = await running();
    await database.execute("UPDATE mailcordon.sweep_mailboxes SET open = false WHERE sweep = $1", [id]);
    await sweeps.work.finishSweeps();
    expect(await sweeps.get(id)).toMatchObject({ state: "finished", endedAt: expect.any(Date) });
    expect(await sweeps.get(open.id)).toMatchObject({ state: "running" });
  });

  test("refuse a change of state that does not follow", async () => {
    const { id } = await running();
    await expect(sweeps.begin(id, "act", { id: "bob" })).rejects.toMatchObject({ code: "changed" });
    await expect(sweeps.begin(id, "undo", { id: "bob" })).rejects.toMatchObject({ code: "changed" });
    await expect(sweeps.approve(id, "hash", { id: "bob" })).rejects.toMatchObject({ code: "changed" });
    await expect(sweeps.get("none")).rejects.toMatchObject({ code: "not-found" });
    await sweeps.cancel(id);
    await expect(sweeps.pause(id)).rejects.toMatchObject({ code: "changed" });
    await expect(sweeps.begin(id, "act", { id: "bob" })).rejects.toMatchObject({ code: "changed" });
    expect(await sweeps.begin(id, "undo", { id: "bob" })).toMatchObject({ state: "running", direction: "undo" });
  });
});
