import { type ChildProcess, spawn } from "node:child_process";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { verifyAudit } from "../../src/perform/audit/verify-audit.ts";
import { backends } from "../actions/lab-host.ts";
import { build } from "../built.ts";
import { openSweepDesk, type SweepDesk } from "./desk.ts";

const rounds = process.env.SOAK === "1" ? 25 : 1;

/** mulberry32: the same kills in each run of one seed. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe.each(backends)("workers that are killed over %s", (backend) => {
  let desk: SweepDesk;
  const children: ChildProcess[] = [];
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill("SIGKILL");
    await desk.close();
  });
  let program = "";
  // Before the lab is there: a build calls the program, and would call it with the lab's environment while this process waits for it.
  beforeAll(() => {
    program = build().program;
  });
  const start = (...words: readonly string[]) => {
    const child = spawn(process.execPath, [program, ...words, "--config", desk.config], {
      env: { ...process.env, ...desk.environment },
      stdio: ["ignore", "pipe", "inherit"],
    });
    children.push(child);
    return child;
  };
  const ready = (child: ChildProcess) => new Promise<void>((resolve) => child.stdout?.once("data", () => resolve()));

  test.each(Array.from({ length: rounds }, (_, at) => at + 1))(
    "leave each message with one act and one outcome (seed %i)",
    async (seed) => {
      const next = random(seed);
      desk = await openSweepDesk(backend);
      const id = "<campaign.1@mailer.example.net>";
      const acts: string[] = [];
      const people = Array.from({ length: 10 }, (_, at) => `user${String(at + 1).padStart(2, "0")}@example.com`);
      for (const person of people) {
        const mailbox = desk.host.mailbox(person);
        for (let copy = 0; copy < 3; copy += 1)
          desk.host.put(person, {
            internetMessageId: id,
            subject: `Your invoice ${copy}`,
            receivedAt: new Date(Date.UTC(2026, 5, copy + 1)),
          });
        const move = mailbox.move.bind(mailbox);
        mailbox.move = (item, folder) => {
          if (item.internetMessageId === id) acts.push(`${person} ${item.subject} to ${folder.name}`);
          return move(item, folder);
        };
      }
      // Each act takes a while, so that there is something to kill.
      const operation = backend === "ews" ? "MoveItem" : "message-move";
      desk.host.lab.addFault({ kind: "delay", operation, times: 1000, delayMs: 300 });
      const planned = await desk.sweep(
        "plan",
        "--internet-message-id",
        id,
        "--mailboxes",
        people.join(","),
        "--then",
        "delete-email",
        "--keep-evidence",
      );
      expect(planned.counts).toMatchObject({ messages: 30 });
      const sweep: string = planned.sweep;
      const workers = [start("worker"), start("worker")];
      await Promise.all(workers.map(ready));
      await desk.sweep("run", sweep, "--plan", planned.plan_hash, "--yes", "--detach");
      for (const worker of workers) {
        await pause(300 + next() * 2500);
        worker.kill("SIGKILL");
      }
      const ended = await desk.sweep("run", sweep, "--yes");
      expect(ended).toMatchObject({ state: "finished", counts: { waiting: 0, unknown: 0, failed: 0, done: 30 } });
      const wanted = people.flatMap((person) => [0, 1, 2].map((copy) => `${person} Your invoice ${copy} to Deletions`));
      expect([...acts].sort()).toEqual([...wanted].sort());
      acts.length = 0;
      const undoing = start("sweep", "undo", sweep, "--yes", "--json");
      await pause(2500 + next() * 2500);
      undoing.kill("SIGKILL");
      const undone = await desk.sweep("undo", sweep, "--yes");
      expect(undone).toMatchObject({ state: "finished", counts: { undone: 30 } });
      expect([...acts].sort()).toEqual(wanted.map((act) => act.replace("Deletions", "Inbox")).sort());
      const { broken, gaps } = await verifyAudit(`${desk.folder}/audit.jsonl`);
      expect([broken, gaps]).toEqual([undefined, []]);
    },
  );
});
