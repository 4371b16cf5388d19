import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { JobOrder } from "../../src/state/jobs.ts";
import { openDatabase } from "../../src/state/postgres.ts";
import { soon } from "../soon.ts";
import { takeBack, temporaryState } from "./temporary.ts";

const folder = temporaryState();
afterAll(() => folder.remove());

test("a table of API keys from before they could be limited to an interface keeps its keys, without a limit, and takes limited ones", async () => {
  const before = await folder.open();
  const grant = { roles: ["read"] as const, mailboxes: ["ann@example.com"], connections: undefined };
  const { id, secret } = await before.keys.create({ name: "old", grant });
  // Back to the tables of the version that knew four steps.
  const database = await openDatabase(folder);
  await takeBack(database, 4);
  await database.close();
  await folder.close();

  const after = await folder.open();
  expect(await after.keys.find(secret)).toEqual({ id, name: "old", grant });
  const limited = await after.keys.create({ name: "new", grant: { ...grant, interfaces: ["mcp"] } });
  expect((await after.keys.find(limited.secret))?.grant.interfaces).toEqual(["mcp"]);
  expect((await after.keys.list()).map((entry) => entry.grant.interfaces)).toEqual([undefined, ["mcp"]]);
  await expect(after.keys.create({ name: "none", grant: { ...grant, interfaces: [] } })).rejects.toMatchObject({ code: "invalid-input" });
});

describe("the queue of pg-boss", () => {
  const tables = readFileSync(join(import.meta.dirname, "pg-boss-10.sql"), "utf8");
  const schemas = "SELECT nspname FROM pg_namespace WHERE nspname = 'mailcordon_queue'";
  const order: JobOrder = { caller: "key:1", action: "count", repeatable: true, call: '{"n":1}' };

  /** Leaves the database as a process of the version before leaves it that is killed. Each job is in the state that its name says. */
  async function versionBefore() {
    const own = temporaryState();
    const state = await own.open();
    const names = ["queued", "taken", "running", "runningRead", "finished"] as const;
    const ids = { queued: "", taken: "", running: "", runningRead: "", finished: "" };
    for (const name of names) ids[name] = await state.jobs.put({ ...order, repeatable: name === "runningRead", action: name });
    await own.close();
    const database = await openDatabase(own);
    const run = (text: string, ...values: unknown[]) => database.execute(text, values);
    await takeBack(database, 12);
    await run(tables);
    await run(`SELECT mailcordon_queue.create_queue('calls', '{"policy":"standard"}')`);
    const states = { queued: "created", taken: "active", running: "completed", runningRead: "completed", finished: "completed" };
    for (const name of names)
      await run(
        "INSERT INTO mailcordon_queue.job (name, data, state) VALUES ('calls', jsonb_build_object('id', $1::text), $2)",
        ids[name],
        states[name],
      );
    // No living process has this number.
    const begun = "UPDATE mailcordon.jobs SET status = 'running', owner = 2000000000 WHERE id = ANY ($1)";
    await run(begun, [ids.running, ids.runningRead]);
    await run(
      `UPDATE mailcordon.jobs SET status = 'finished', answer = '{}', answer_status = 200, finished_at = now() WHERE id = $1`,
      ids.finished,
    );
    return { own, ids, run, close: () => database.close() };
  }

  test("is left by an update without a job lost: those queued run, those running run again or are lost, and its tables are gone", async () => {
    const { own, ids, run, close } = await versionBefore();
    expect((await run(schemas)).rows).toHaveLength(1);
    const state = await own.open();
    expect((await run(schemas)).rows).toEqual([]);
    const seen: string[] = [];
    const worker = async ({ action }: JobOrder) => {
      seen.push(action);
      return { status: 200, body: '{"success":true}' };
    };
    await state.jobs.work(2, worker, () => undefined);
    const statusOf = async (name: keyof typeof ids) => (await state.jobs.get(ids[name]))?.status;
    await soon(async () => {
      expect(await Promise.all((["queued", "taken", "running", "runningRead", "finished"] as const).map(statusOf))).toEqual([
        ...["finished", "finished", "lost", "finished", "finished"],
      ]);
    });
    expect(seen.sort()).toEqual(["queued", "runningRead", "taken"]);
    await close();
    await own.remove();
  });

  test("keeps its tables if it has a job that mailcordon does not know", async () => {
    const { own, ids, run, close } = await versionBefore();
    await run("DELETE FROM mailcordon.jobs WHERE id = $1", ids.queued);
    const state = await own.open();
    await state.ready();
    expect((await run(schemas)).rows).toHaveLength(1);
    await close();
    await own.remove();
  });
});
