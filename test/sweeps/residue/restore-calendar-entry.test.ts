import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { labToken } from "../../../src/lab/practice.ts";
import { deliverInvitation } from "../../../src/lab/seed/invitation.ts";
import { socAddress } from "../../../src/lab/seed/seed.ts";
import { isEntry } from "../../../src/lab/store/meetings.ts";
import { labPassword } from "../../../src/lab/store/store.ts";
import { backends } from "../../actions/lab-host.ts";
import { build } from "../../built.ts";
import { openSweepFixture, type SweepFixture } from "../sweep-fixture.ts";

const messageId = "<meeting.1@mailer.example.net>";
const invitation = { messageId, uid: "meeting.1@mailer.example.net", subject: "Review" };
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const people = Array.from({ length: 6 }, (_, at) => `user0${at + 1}@example.com`);

let fixture: SweepFixture;
const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await fixture.close();
});

const calendars = () => people.map((person) => [...fixture.host.mailbox(person).known("calendar").items.values()].length);
const told = () => fixture.host.lab.store.outside.length;
const plan = (...more: readonly string[]) =>
  fixture.sweep(...["plan", "--internet-message-id", messageId, "--mailboxes", people.join(","), "--then", "delete-email"], ...more);

describe.each(backends)("calendar entries, while workers are killed, over %s", (backend) => {
  let program = "";
  beforeAll(() => {
    program = build().program;
  });
  const start = (...words: readonly string[]) => {
    const child = spawn(process.execPath, [program, ...words, "--config", fixture.config], {
      env: { ...process.env, ...fixture.environment },
      stdio: "ignore",
    });
    children.push(child);
    return child;
  };

  test("are removed once, and entered again once by undo", async () => {
    fixture = await openSweepFixture(backend);
    deliverInvitation(fixture.host.lab.store, people, invitation);
    const removed: string[] = [];
    for (const person of people) {
      const mailbox = fixture.host.mailbox(person);
      const move = mailbox.move.bind(mailbox);
      mailbox.move = (item, folder) => {
        if (isEntry(item)) removed.push(person);
        return move(item, folder);
      };
    }
    const delay = (operation: string) => fixture.host.lab.addFault({ kind: "delay", operation, times: 1000, delayMs: 400 });
    for (const operation of backend === "ews" ? ["DeleteItem", "CreateItem"] : ["event-decline", "user-post-events"]) delay(operation);
    const planned = await plan();
    expect(planned.counts).toMatchObject({ messages: 6, calendar_entries: 6 });
    const workers = [start("worker"), start("worker")];
    await fixture.sweep("run", planned.sweep, "--plan", planned.plan_hash, "--yes", "--detach");
    for (const worker of workers) {
      await pause(3000);
      worker.kill("SIGKILL");
    }
    const ended = await fixture.sweep("run", planned.sweep, "--yes");
    expect(ended).toMatchObject({ state: "finished", counts: { done: 12, failed: 0, waiting: 0, unknown: 0 } });
    expect(removed.sort()).toEqual(people);
    expect(calendars()).toEqual([0, 0, 0, 0, 0, 0]);
    const undoing = start("sweep", "undo", planned.sweep, "--yes", "--json");
    await pause(4000);
    undoing.kill("SIGKILL");
    expect(await fixture.sweep("undo", planned.sweep, "--yes")).toMatchObject({ state: "finished", counts: { undone: 12 } });
    expect(calendars()).toEqual([1, 1, 1, 1, 1, 1]);
    expect(told()).toBe(0);
  });
});

describe("calendar entries of a hybrid organisation", () => {
  test("are removed and entered again where each mailbox is", async () => {
    const [premises = ""] = people;
    fixture = await openSweepFixture("graph", { onPremises: [premises, socAddress] });
    const graph = { url: fixture.host.lab.graphUrl };
    const ews = { url: fixture.host.lab.ewsUrl, auth: { basic: { username: socAddress, password: `env:HYBRID_PASSWORD` } } };
    const hybrid = { backend: "auto", graph, ews, auth: { bearer: { token: "env:HYBRID_TOKEN" } }, mailbox: socAddress };
    const variables = { HYBRID_PASSWORD: labPassword, HYBRID_TOKEN: labToken, MAILCORDON_BACKEND: "auto" };
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
    const settings = { ...JSON.parse(readFileSync(fixture.config, "utf8")), default: "hybrid", connections: { hybrid } };
    writeFileSync(fixture.config, JSON.stringify(settings));
    deliverInvitation(fixture.host.lab.store, people, invitation);
    const planned = await plan();
    expect([planned.error, planned.unexamined]).toEqual([undefined, []]);
    expect(planned).toMatchObject({ success: true, counts: { messages: 6, calendar_entries: 6 } });
    const ran = await fixture.sweep("run", planned.sweep, "--plan", planned.plan_hash, "--yes");
    expect(ran).toMatchObject({ success: true, counts: { done: 12 } });
    expect(calendars()).toEqual([0, 0, 0, 0, 0, 0]);
    const operations = new Set(fixture.host.lab.requests.map(({ operation }) => operation));
    expect([operations.has("DeleteItem"), operations.has("event-decline")]).toEqual([true, true]);
    expect(await fixture.sweep("undo", planned.sweep, "--yes")).toMatchObject({ counts: { undone: 12 } });
    expect(calendars()).toEqual([1, 1, 1, 1, 1, 1]);
    expect(told()).toBe(0);
  });
});
