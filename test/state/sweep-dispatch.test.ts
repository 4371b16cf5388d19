import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { errorCode } from "../../src/failure.ts";
import { verifyAudit } from "../../src/perform/audit/verify-audit.ts";
import { openDatabase } from "../../src/state/postgres.ts";
import { openQueues } from "../../src/state/queues.ts";
import { openSweepDispatch } from "../../src/state/sweep-dispatch.ts";
import type { Chunk } from "../../src/state/sweep-work.ts";
import { type Backend, backends } from "../actions/lab-host.ts";
import { build } from "../built.ts";
import { random } from "../random.ts";
import { soon } from "../soon.ts";
import { openSweepFixture, type SweepFixture } from "../sweeps/sweep-fixture.ts";
import { loadOwnDbos } from "./dbos-copies.ts";
import { type DebianPostgres, serverPrograms, startDebianPostgres } from "./debian-postgres.ts";
import { temporaryState } from "./temporary.ts";

const people = Array.from({ length: 10 }, (_, at) => `user${String(at + 1).padStart(2, "0")}@example.com`);
const copies = 3;
const messageId = "<campaign.1@mailer.example.net>";

/** The seeds of one database: a sample in `npm test`, and together 52 in `npm run soak`. */
const seeds = Array.from({ length: process.env.SOAK === "1" ? 13 : 1 }, (_, at) => Number(process.env.KILL_SEED ?? 1) + at);

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** The mailboxes, workers and database of one round. */
interface Round {
  readonly fixture: SweepFixture;
  readonly next: () => number;
  start(...words: readonly string[]): ChildProcess;
  killDatabase(): Promise<void>;
}

/**
 * Kills the command that waits for the sweep `kills` times, each after a random time, and with it a worker (another starts at once) or the database.
 * Some of the times the sweep is paused and resumed in between.
 */
async function killAtRandom(
  { fixture, next, start, killDatabase }: Round,
  workers: ChildProcess[],
  command: readonly string[],
  kills: number,
): Promise<void> {
  for (let count = 0; count < kills; count += 1) {
    const waiting = start(...command);
    await pause(200 + next() * 2500);
    const victim = Math.floor(next() * 4);
    const at = Math.floor(next() * workers.length);
    if (victim === 0) {
      workers[at]?.kill("SIGKILL");
      workers[at] = start("worker");
    } else if (victim === 1) await killDatabase();
    else if (victim === 2) {
      // Refused where the sweep has ended by then.
      await fixture.sweep("pause", command[2] ?? "");
      await fixture.sweep("resume", command[2] ?? "", "--detach");
    }
    // The command also works on the sweep: what it has begun is left as a dead process leaves it.
    waiting.kill("SIGKILL");
  }
}

/** Repeats a command while the database that was killed comes back. */
async function untilDone(fixture: SweepFixture, ...words: readonly string[]) {
  return vi.waitFor(
    async () => {
      const printed = await fixture.sweep(...words);
      expect(printed.error).toBeUndefined();
      expect(printed.state).toBe("finished");
      return printed;
    },
    { timeout: 5 * 60_000, interval: 500 },
  );
}

test.each([
  // As the database has it whose reply was lost.
  ["whose process was told of it in a reply that was lost is run by that process", "status = 'PENDING', executor_id = $1"],
  // As a process of the version before left it that was ended by an update.
  [
    "that waits in an entry of another version is run by a process of this version",
    "status = 'ENQUEUED', executor_id = NULL, application_version = left($1, 0)",
  ],
])("a chunk %s", async (_, left) => {
  const folder = temporaryState();
  const state = await folder.open();
  const runs: Chunk[] = [];
  const chunk = { sweep: "s", round: 1, chunk: 0 };
  let isWaiting = true;
  const database = await openDatabase(folder);
  const work = {
    findWaitingChunks: async () => (isWaiting ? [chunk] : []),
    findDeadProcesses: async () => [],
    freeMailboxesOf: async () => undefined,
    freeForgottenMailboxes: async () => undefined,
    finishSweeps: async () => undefined,
    recordPresence: async () => undefined,
  };
  const dispatch = await openSweepDispatch(
    database,
    openQueues(database, [], loadOwnDbos),
    1,
    async (taken) => {
      isWaiting = false;
      runs.push(taken);
    },
    work,
    () => undefined,
  );
  await soon(() => expect(runs).toEqual([chunk]));
  const status = () => database.execute("SELECT status FROM mailcordon_dbos.workflow_status", []);
  await soon(async () => expect((await status()).rows).toEqual([{ status: "SUCCESS" }]));
  await database.execute("DELETE FROM mailcordon_dbos.operation_outputs", []);
  await database.execute(`UPDATE mailcordon_dbos.workflow_status SET output = NULL, ${left}`, [`mailcordon-${database.instance}`]);
  isWaiting = true;
  await soon(() => expect(runs).toEqual([chunk, chunk]));
  await dispatch.close(1000);
  await database.close();
  await state.close();
  await folder.remove();
});

const databases = [
  ["the PostgreSQL that mailcordon brings", false],
  ["Debian's PostgreSQL", true],
] as const;

describe.each(databases)("a sweep in %s", (_, isDebian) => {
  let debian: DebianPostgres | undefined;
  let program = "";
  let fixture: SweepFixture | undefined;
  const children: ChildProcess[] = [];
  // Before the lab is there: a build calls the program, and would call it with the lab's environment while this process waits for it.
  beforeAll(async () => {
    program = build().program;
    if (isDebian && serverPrograms !== undefined) debian = await startDebianPostgres();
  });
  afterAll(() => debian?.remove());
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill("SIGKILL");
    await fixture?.close();
    fixture = undefined;
  });

  const cases = backends.flatMap((backend) => seeds.map((seed) => [[1, 2, 4][seed % 3] ?? 1, backend, seed] as const));
  test.skipIf(isDebian && serverPrograms === undefined).each(cases)(
    "acts once on each message and undoes it once, whatever is killed: %i workers over %s (seed %i)",
    async (count, backend, seed) => {
      const opened = await openSweepFixture(backend, {}, await debian?.database());
      fixture = opened;
      const round: Round = {
        fixture: opened,
        next: random(seed),
        start(...words) {
          const child = spawn(process.execPath, [program, ...words, "--config", opened.config], {
            env: { ...process.env, ...opened.environment },
            stdio: "ignore",
          });
          children.push(child);
          return child;
        },
        async killDatabase() {
          if (debian !== undefined) return await debian.killAndRestart(500);
          // One of the processes that use it starts it again.
          try {
            const [pid] = readFileSync(join(opened.folder, "state/postgres/data/postmaster.pid"), "utf8").split("\n");
            process.kill(Number(pid), "SIGKILL");
          } catch (thrown) {
            // It runs only while a process uses it.
            if (!["ENOENT", "ESRCH"].includes(errorCode(thrown) ?? "")) throw thrown;
          }
        },
      };
      const acts = countActs(opened, backend);
      const planned = await opened.sweep(
        ...["plan", "--internet-message-id", messageId, "--mailboxes", people.join(",")],
        ...["--then", "delete-email", "--keep-evidence"],
      );
      const { sweep, plan_hash: hash } = planned;
      const all = people.length * copies;
      expect(planned.counts).toMatchObject({ messages: all });

      const workers = Array.from({ length: count }, () => round.start("worker"));
      await untilStarted(opened, "run", sweep, "--plan", hash, "--yes", "--detach");
      await killAtRandom(round, workers, ["sweep", "run", sweep, "--yes"], 4);
      const ended = await untilDone(opened, "run", sweep, "--yes");
      expect(ended.counts).toMatchObject({ waiting: 0, unknown: 0, failed: 0, changed: 0, gone: 0, done: all });
      const wanted = people.flatMap((person) => Array.from({ length: copies }, (_, copy) => `${person} Your invoice ${copy} to Deletions`));
      expect([...acts].sort()).toEqual([...wanted].sort());

      acts.length = 0;
      await killAtRandom(round, workers, ["sweep", "undo", sweep, "--yes"], 3);
      const undone = await untilDone(opened, "undo", sweep, "--yes");
      expect(undone.counts).toMatchObject({ undone: all });
      const back = wanted.map((act) => act.replace("Deletions", "Inbox")).sort();
      expect([...acts].sort()).toEqual(back);
      await killAtRandom(round, workers, ["sweep", "undo", sweep, "--yes"], 1);
      await untilDone(opened, "undo", sweep, "--yes");
      expect([...acts].sort()).toEqual(back);
      const { broken, gaps } = await verifyAudit(join(opened.folder, "audit.jsonl"));
      expect([broken, gaps]).toEqual([undefined, []]);
    },
  );
});

describe.each(backends)("an undo from evidence over %s", (backend) => {
  let program = "";
  let fixture: SweepFixture | undefined;
  const children: ChildProcess[] = [];
  beforeAll(() => {
    program = build().program;
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill("SIGKILL");
    await fixture?.close();
    fixture = undefined;
  });

  test.each(seeds)("creates one copy of each message, whenever its process is killed (seed %i)", async (seed) => {
    const opened = await openSweepFixture(backend);
    fixture = opened;
    const next = random(seed);
    for (const person of people) opened.host.put(person, { internetMessageId: messageId, subject: "Your invoice" });
    const planned = await opened.sweep(
      ...["plan", "--internet-message-id", messageId, "--mailboxes", people.join(",")],
      ...["--then", "delete-email", "--delete-type", "hard", "--confirm-hard", "--keep-evidence"],
    );
    const { sweep, plan_hash: hash } = planned;
    expect((await opened.sweep("run", sweep, "--plan", hash, "--yes")).counts).toMatchObject({ done: people.length });
    const operation = backend === "ews" ? "CreateItem" : "user-post-messages";
    opened.host.lab.addFault({ kind: "delay", operation, times: 1000, delayMs: 400 });
    for (let count = 0; count < 3; count += 1) {
      const child = spawn(process.execPath, [program, "sweep", "undo", sweep, "--yes", "--config", opened.config], {
        env: { ...process.env, ...opened.environment },
        stdio: "ignore",
      });
      children.push(child);
      await pause(1000 + next() * 1500);
      child.kill("SIGKILL");
    }
    expect((await untilDone(opened, "undo", sweep, "--yes")).counts).toMatchObject({ undone: people.length });
    const copies = people.map((person) => {
      const items = [...opened.host.mailbox(person).known("inbox").items.values()];
      return items.filter(({ internetMessageId }) => internetMessageId === messageId).length;
    });
    expect(copies).toEqual(people.map(() => 1));
  });
});

/** Begins a sweep although the database may be away. */
async function untilStarted(fixture: SweepFixture, ...words: readonly string[]): Promise<void> {
  await vi.waitFor(async () => expect((await fixture.sweep(...words)).error).toBeUndefined(), { timeout: 5 * 60_000, interval: 500 });
}

/** Puts the campaign into the mailboxes, and returns the list of every move of one of its messages, as the lab's store makes it. */
function countActs({ host }: SweepFixture, backend: Backend): string[] {
  const acts: string[] = [];
  for (const person of people) {
    const mailbox = host.mailbox(person);
    for (let copy = 0; copy < copies; copy += 1) {
      const receivedAt = new Date(Date.UTC(2026, 5, copy + 1));
      host.put(person, { internetMessageId: messageId, subject: `Your invoice ${copy}`, receivedAt });
    }
    const move = mailbox.move.bind(mailbox);
    mailbox.move = (item, folder) => {
      if (item.internetMessageId === messageId) acts.push(`${person} ${item.subject} to ${folder.name}`);
      return move(item, folder);
    };
  }
  // Each act takes a while, so that there is something to kill.
  host.lab.addFault({ kind: "delay", operation: backend === "ews" ? "MoveItem" : "message-move", times: 1000, delayMs: 300 });
  return acts;
}
