import { PassThrough } from "node:stream";
import { afterEach, describe, expect, test, vi } from "vitest";
import { runWorker } from "../../src/commands/sweep/worker-command.ts";
import { backends } from "../actions/lab-host.ts";
import { openSweepFixture, type SweepFixture } from "./sweep-fixture.ts";

const messageId = "<campaign.1@mailer.example.net>";
const people = ["user01@example.com", "user02@example.com"] as const;

describe.each(backends)("over %s", (backend) => {
  let fixture: SweepFixture;
  afterEach(() => fixture.close());

  test("the undo of a cancelled sweep keeps that and when it was cancelled", async () => {
    fixture = await openSweepFixture(backend);
    for (const person of people) fixture.host.put(person, { internetMessageId: messageId });
    const planned = await fixture.sweep(
      "plan",
      "--internet-message-id",
      messageId,
      "--mailboxes",
      people.join(","),
      "--then",
      "delete-email",
    );
    await fixture.sweep("approve", planned.sweep, "--plan", planned.plan_hash);
    const cancelled = await fixture.sweep("cancel", planned.sweep);
    const undone = await fixture.sweep("undo", planned.sweep, "--yes");
    expect(undone).toMatchObject({ state: "finished", direction: "undo", ended_state: "cancelled", ended_at: cancelled.ended_at });
    expect(undone.message).toContain("The sweep itself was cancelled.");
    expect(undone.undo_ended_at >= undone.undo_begun_at).toBe(true);
  });

  test("a look for later arrivals that the end of its process cuts off is no failed look", async () => {
    fixture = await openSweepFixture(backend);
    const planned = await fixture.sweep(
      ...["plan", "--internet-message-id", messageId, "--mailboxes", people.join(","), "--then", "delete-email"],
      ...["--for", "1h", "--look-every", "1s"],
    );
    const operation = backend === "ews" ? "FindItem" : "user-list-messages";
    fixture.host.lab.addFault({ kind: "delay", operation, times: 1000, delayMs: 3000 });
    await fixture.sweep("run", planned.sweep, "--plan", planned.plan_hash, "--yes");
    const stop = new AbortController();
    const screen = { stdin: new PassThrough(), stdout: { write: () => true }, stderr: { write: () => true }, signal: stop.signal };
    const before = fixture.host.asked(operation);
    const worker = runWorker(["--config", fixture.config], screen);
    await vi.waitFor(() => expect(fixture.host.asked(operation)).toBeGreaterThan(before), { timeout: 60_000 });
    stop.abort();
    await worker;
    const { watch, message } = await fixture.sweep("status", planned.sweep);
    expect([watch.failing, watch.problem]).toEqual([undefined, undefined]);
    expect(message).not.toContain("cancelled");
  });
});
