import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { errorCode, Failure } from "../../src/failure.ts";
import { verifyAudit } from "../../src/perform/audit/verify-audit.ts";
import { openJobs, type Worker } from "../../src/state/jobs.ts";
import { type Database, openDatabase } from "../../src/state/postgres.ts";
import { type LoadDbos, openQueues } from "../../src/state/queues.ts";
import type { State } from "../../src/state/state.ts";
import { backends } from "../actions/lab-host.ts";
import { build } from "../built.ts";
import { random } from "../random.ts";
import { soon } from "../soon.ts";
import { openSweepFixture, type SweepFixture } from "../sweeps/sweep-fixture.ts";
import { loadOwnDbos } from "./dbos-copies.ts";
import { complain, ended, order, reply } from "./job-order.ts";
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

  test("an accepted job without a notification, which the queue refused at first, is done once", async () => {
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

  test("a job whose entry only processes of another version may take is done once, by a process of this version", async () => {
    const jobs = failing(() => false);
    const id = await jobs.put({ ...order, repeatable: false });
    const seen: string[] = [];
    await jobs.work(
      2,
      async ({ id }) => {
        seen.push(id);
        return reply;
      },
      complain,
    );
    await ended(state, id);
    await soon(async () => expect(await entryOf(id)).toMatchObject([{ status: "SUCCESS" }]));
    await database.execute(
      "UPDATE mailcordon_dbos.workflow_status SET status = 'ENQUEUED', executor_id = NULL, application_version = '0' WHERE workflow_uuid LIKE $1",
      [`job.${id}.%`],
    );
    await database.execute("UPDATE mailcordon.jobs SET status = 'queued', call = '{}', finished_at = NULL WHERE id = $1", [id]);
    await ended(state, id);
    expect(seen).toEqual([id, id]);
    await soon(async () => expect(await entryOf(id)).toMatchObject([{ status: "ENQUEUED" }, { status: "SUCCESS" }]));
    await jobs.rest();
  });

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

/** A job, or what is said instead of one. */
const Asked = z.object({
  status: z.string().or(z.number()).transform(String).optional(),
  status_url: z.string().optional(),
  code: z.string().optional(),
  problem: z.object({ code: z.string() }).optional(),
  answer: z.object({ success: z.boolean() }).optional(),
});

/** Some rounds in `npm test`, more in `npm run soak`. */
const seeds = Array.from({ length: process.env.SOAK === "1" ? 10 : 1 }, (_, at) => Number(process.env.KILL_SEED ?? 1) + at);

describe.each(backends)("two servers that are killed at random with their database, over %s,", (backend) => {
  let program = "";
  let fixture: SweepFixture | undefined;
  const children = new Set<ChildProcess>();
  beforeAll(() => {
    program = build().program;
  });
  afterEach(async () => {
    const closed = [...children].map((child) => child.exitCode === null && child.signalCode === null && once(child, "close"));
    for (const child of children) child.kill("SIGKILL");
    await Promise.all(closed);
    children.clear();
    await fixture?.close();
    fixture = undefined;
  });

  test.each(seeds)("do each job once or report it as lost, and keep the audit log whole (seed %i)", async (seed) => {
    const opened = await openSweepFixture(backend);
    fixture = opened;
    const next = random(seed);
    const person = "user01@example.com";
    const subjects = Array.from({ length: 24 }, (_, at) => `job ${at}`);
    for (const subject of subjects)
      opened.host.put(person, { internetMessageId: `<${subject.replace(" ", ".")}@mailer.example.net>`, subject });
    const acts: string[] = [];
    const mailbox = opened.host.mailbox(person);
    const copy = mailbox.copy.bind(mailbox);
    mailbox.copy = (item, folder) => {
      acts.push(item.subject);
      return copy(item, folder);
    };
    opened.host.lab.addFault({ kind: "delay", operation: backend === "ews" ? "CopyItem" : "message-copy", times: 1000, delayMs: 500 });
    const start = (...words: readonly string[]) => {
      const child = spawn(process.execPath, [program, ...words, "--config", opened.config], {
        env: { ...process.env, ...opened.environment },
        stdio: ["ignore", "pipe", "ignore"],
      });
      let out = "";
      child.stdout.on("data", (text) => (out += text));
      return { child, said: () => (out.endsWith("\n") ? JSON.parse(out) : undefined) };
    };
    const keys = start("keys", "add", "--name", "soar", "--role", "admin", "--json");
    const { key } = await soon(() => keys.said() ?? Promise.reject(new Error("There is no key yet.")));
    const serve = () => {
      const server = start("serve", "--port", "0", "--json", "--quiet");
      children.add(server.child);
      return server;
    };
    const servers = [serve(), serve()];
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json", prefer: "respond-async" };
    /** Asks any of the servers until one answers: each may be dead, and the database away. */
    const ask = (
      path: string,
      body?: { readonly mailbox: string; readonly internet_message_id: readonly string[]; readonly destination_folder: string },
    ) =>
      soon(async (): Promise<z.output<typeof Asked>> => {
        for (const { said } of servers) {
          // It may have been killed before it said where it is.
          const url = said()?.url;
          if (url === undefined) continue;
          // A repeat after a lost reply is the same job.
          const again = { ...headers, "idempotency-key": body?.internet_message_id[0] ?? "" };
          const init = body === undefined ? { headers } : { method: "POST", headers: again, body: JSON.stringify(body) };
          const reply = await fetch(`${url}${path}`, init).catch(() => undefined);
          const said502 = reply?.status === 502 ? Asked.parse(await reply.json()) : undefined;
          // The server died before it had said that there is a job.
          if (said502?.code === "unknown-outcome") return { ...said502, status: "lost" };
          if (reply?.status === 400) throw new Error(`A wrong request: ${await reply.text()}`);
          if (reply !== undefined && reply.status < 300) return Asked.parse(await reply.json());
        }
        throw new Error("No server answers.");
      });
    const jobs: z.output<typeof Asked>[] = [];
    const putting = (async () => {
      for (const subject of subjects) {
        const ids = [`<${subject.replace(" ", ".")}@mailer.example.net>`];
        const body = { mailbox: person, internet_message_id: ids, destination_folder: "junkemail" };
        jobs.push(await ask("/v1/actions/copy-email", body));
      }
    })();
    for (let kills = 0; kills < 5; kills += 1) {
      await new Promise((resolve) => setTimeout(resolve, 300 + next() * 2000));
      const at = Math.floor(next() * 3);
      if (at < 2) {
        const { child } = servers[at] ?? serve();
        child.kill("SIGKILL");
        children.delete(child);
        servers[at] = serve();
        continue;
      }
      try {
        const [pid] = readFileSync(join(opened.folder, "state/postgres/data/postmaster.pid"), "utf8").split("\n");
        process.kill(Number(pid), "SIGKILL");
      } catch (thrown) {
        // It may be starting.
        if (!["ENOENT", "ESRCH"].includes(errorCode(thrown) ?? "")) throw thrown;
      }
    }
    await putting;
    for (const [at, { status_url: link, code }] of jobs.entries()) {
      const job = await soon(async () => {
        const document = link === undefined ? Asked.parse({ status: "lost", problem: { code } }) : await ask(link);
        expect(document.status).not.toMatch(/queued|running/);
        return document;
      });
      const times = acts.filter((subject) => subject === subjects[at]).length;
      if (job.status === "lost") expect([job.problem?.code, times <= 1]).toEqual(["unknown-outcome", true]);
      else expect([job.status, job.answer?.success, times]).toEqual(["finished", true, 1]);
    }
    await soon(() => expect(servers.map(({ said }) => said() !== undefined)).toEqual([true, true]));
    const closed = servers.map(({ child }) => once(child, "close"));
    for (const { child } of servers) child.kill("SIGTERM");
    expect(await Promise.all(closed)).toEqual([
      [0, null],
      [0, null],
    ]);
    children.clear();
    const { broken, gaps } = await verifyAudit(join(opened.folder, "audit.jsonl"));
    expect([broken, gaps]).toEqual([undefined, []]);
  });
});
