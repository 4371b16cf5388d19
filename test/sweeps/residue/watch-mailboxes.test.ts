import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { PassThrough } from "node:stream";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { runWorker } from "../../../src/commands/sweep/worker-command.ts";
import { verifier } from "../../../src/sweeps/report/verifier.ts";
import { backends } from "../../actions/lab-host.ts";
import { build } from "../../built.ts";
import { openSweepFixture, type Printed, type SweepFixture } from "../sweep-fixture.ts";

const messageId = "<campaign.1@mailer.example.net>";
const people = ["user01@example.com", "user02@example.com"] as const;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe.each(backends)("messages that arrive after the plan over %s", (backend) => {
  let fixture: SweepFixture;
  const stopping: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const stop of stopping.splice(0)) await stop();
    await fixture.close();
  });

  let arrivals = 0;
  const arrive = (person: string) => {
    arrivals += 1;
    fixture.host.put(person, {
      internetMessageId: messageId,
      subject: `Invoice ${arrivals}`,
      receivedAt: new Date(Date.UTC(2026, 5, 1, 9, arrivals)),
    });
  };
  const inboxOf = (person: string) =>
    [...fixture.host.mailbox(person).known("inbox").items.values()].filter(({ internetMessageId }) => internetMessageId === messageId);
  const plan = (...more: readonly string[]) =>
    fixture.sweep(
      ...["plan", "--internet-message-id", messageId, "--mailboxes", people.join(","), "--then", "delete-email"],
      ...["--for", "1h", "--look-every", "1s", ...more],
    );
  const run = ({ sweep, plan_hash }: Printed) => fixture.sweep("run", sweep, "--plan", plan_hash, "--yes");
  /** A worker in this process. */
  const work = () => {
    const stop = new AbortController();
    const screen = { stdin: new PassThrough(), stdout: { write: () => true }, stderr: { write: () => true }, signal: stop.signal };
    const worker = runWorker(["--config", fixture.config], screen);
    stopping.push(async () => {
      stop.abort();
      await worker;
    });
  };
  async function until(sweep: string, isSo: (status: Printed) => boolean): Promise<Printed> {
    for (let tries = 0; ; tries += 1) {
      const status = await fixture.sweep("status", sweep);
      if (isSo(status)) return status;
      if (tries > 150) throw new Error(`It did not come to that: ${JSON.stringify(status.watch)} ${JSON.stringify(status.counts)}`);
      await pause(200);
    }
  }

  test("are treated as those of the plan were, up to the limit, and are restored by undo", async () => {
    fixture = await openSweepFixture(backend);
    arrive(people[0]);
    const planned = await plan("--later-limit", "2", "--delete-type", "trash");
    expect(planned).toMatchObject({ later: { seconds: 3600, every_seconds: 1, limit: 2, mailboxes: 2 }, counts: { messages: 1 } });
    const ran = await run(planned);
    expect(ran).toMatchObject({ state: "finished", counts: { done: 1 }, watch: { arrived: 0 } });
    arrive(people[1]);
    const idle = await fixture.sweep("status", planned.sweep);
    expect(idle.watch.no_worker_since).toBeDefined();
    expect(idle.message).toContain("start mailcordon worker");
    work();
    const first = await until(planned.sweep, ({ state, counts }) => state === "finished" && counts.done === 2);
    expect(first.watch).toMatchObject({ arrived: 1 });
    expect(first.watch.no_worker_since).toBeUndefined();
    expect(inboxOf(people[1])).toEqual([]);
    // One of these is beyond the limit.
    arrive(people[0]);
    arrive(people[0]);
    const full = await until(planned.sweep, ({ state, watch }) => state === "finished" && watch.ended !== undefined);
    expect(full).toMatchObject({ counts: { done: 3 }, watch: { arrived: 2, ended: "limit" } });
    expect(inboxOf(people[0])).toHaveLength(1);
    const { targets } = await fixture.sweep("report", planned.sweep);
    expect(targets.map((target: Printed) => target.arrived_at !== undefined)).toEqual([false, true, true]);
    expect(await fixture.sweep("archive", planned.sweep, "--output", `${fixture.folder}/case.zip`)).toMatchObject({ sweep: planned.sweep });
    const checked = spawnSync("python3", ["-c", verifier, `${fixture.folder}/case.zip`], { encoding: "utf8" });
    expect(checked.error === undefined ? checked.stdout : "The archive is as it was written.").toContain(
      "The archive is as it was written.",
    );
    // One process has one worker.
    for (const stop of stopping.splice(0)) await stop();
    const undone = await fixture.sweep("undo", planned.sweep, "--yes");
    expect(undone).toMatchObject({ counts: { undone: 3 } });
    expect(people.map((person) => inboxOf(person).length)).toEqual([3, 1]);
  });

  test("are left alone once the sweep is cancelled, and without --for", async () => {
    fixture = await openSweepFixture(backend);
    arrive(people[0]);
    const without = await fixture.sweep(
      "plan",
      "--internet-message-id",
      messageId,
      "--mailboxes",
      people.join(","),
      "--then",
      "delete-email",
    );
    expect(without.left_alone.join(" ")).toContain("Messages that arrive after the plan are not changed.");
    const planned = await plan();
    expect(planned.left_alone.join(" ")).not.toContain("arrive after the plan");
    await run(planned);
    const cancelled = await fixture.sweep("cancel", planned.sweep);
    expect(cancelled).toMatchObject({ state: "finished", watch: { ended: "cancel" } });
    arrive(people[1]);
    work();
    await pause(3000);
    expect(await fixture.sweep("status", planned.sweep)).toMatchObject({ counts: { done: 1 }, watch: { arrived: 0, ended: "cancel" } });
    expect(inboxOf(people[1])).toHaveLength(1);
  });
});

describe.each(backends)("workers that are killed while messages arrive over %s", (backend) => {
  let fixture: SweepFixture;
  const children: ChildProcess[] = [];
  let program = "";
  beforeAll(() => {
    program = build().program;
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill("SIGKILL");
    await fixture.close();
  });

  test("act once on each", async () => {
    fixture = await openSweepFixture(backend);
    const acts: string[] = [];
    for (const person of people) {
      const mailbox = fixture.host.mailbox(person);
      const move = mailbox.move.bind(mailbox);
      mailbox.move = (item, folder) => {
        if (item.internetMessageId === messageId) acts.push(`${person} ${item.subject} to ${folder.name}`);
        return move(item, folder);
      };
    }
    const put = (person: string, subject: string) => {
      const receivedAt = new Date(Date.UTC(2026, 5, 1, 9, acts.length, wanted.length));
      fixture.host.put(person, { internetMessageId: messageId, subject, receivedAt });
      wanted.push(`${person} ${subject} to Deletions`);
    };
    const wanted: string[] = [];
    put(people[0], "planned");
    const planned = await fixture.sweep(
      ...["plan", "--internet-message-id", messageId, "--mailboxes", people.join(","), "--then", "delete-email"],
      ...["--for", "1h", "--look-every", "1s"],
    );
    await fixture.sweep("run", planned.sweep, "--plan", planned.plan_hash, "--yes");
    const operation = backend === "ews" ? "MoveItem" : "message-move";
    fixture.host.lab.addFault({ kind: "delay", operation, times: 1000, delayMs: 300 });
    const start = () => {
      const child = spawn(process.execPath, [program, "worker", "--config", fixture.config], {
        env: { ...process.env, ...fixture.environment },
        stdio: ["ignore", "ignore", "ignore"],
      });
      children.push(child);
      return child;
    };
    for (const round of [1, 2, 3]) {
      const worker = start();
      for (const person of people) for (const copy of [1, 2]) put(person, `round ${round} copy ${copy}`);
      await pause(2500 + round * 400);
      worker.kill("SIGKILL");
    }
    start();
    let status = await fixture.sweep("status", planned.sweep);
    for (let tries = 0; tries < 200 && !(status.state === "finished" && status.counts.done === wanted.length); tries += 1) {
      await pause(200);
      status = await fixture.sweep("status", planned.sweep);
    }
    expect(status).toMatchObject({ state: "finished", counts: { done: wanted.length, failed: 0, unknown: 0, waiting: 0 } });
    expect([...acts].sort()).toEqual([...wanted].sort());
    expect(status.watch).toMatchObject({ arrived: wanted.length - 1 });
  });
});
