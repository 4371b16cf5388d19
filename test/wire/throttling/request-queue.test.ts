import { describe, expect, test, vi } from "vitest";
import {
  openRequestQueue,
  type QueueLimits,
  type RequestQueue,
  type RequestTurn,
  requestQueueOf,
} from "../../../src/wire/throttling/request-queue.ts";

const patience: QueueLimits = { maxWaitMs: 60_000, maxConcurrency: 27 };
const throttled = { text: "Exchange is throttling", asked: true, wireCode: "ErrorServerBusy" };

/** Lets everything happen that waits for nothing but promises. */
const soon = () => new Promise((resolve) => setImmediate(resolve));

/** Asks for turns under names; the names of those that got one, in their order. */
function asking(schedule: RequestQueue) {
  const got: string[] = [];
  const turns = new Map<string, RequestTurn>();
  return {
    got,
    async ask(name: string, mailbox: string, how: Partial<QueueLimits> = {}) {
      const turn = await schedule.waitForTurn(mailbox, { ...patience, ...how });
      got.push(name);
      turns.set(name, turn);
    },
    end: (name: string) => turns.get(name)?.end(true),
  };
}

describe("pauses", () => {
  test("a request for a mailbox without a pause goes on immediately and reports no wait", async () => {
    const schedule = openRequestQueue();
    schedule.pause("one", 60_000, throttled);
    const told: string[] = [];
    await schedule.waitForTurn("two", patience, { progress: (text) => told.push(text), waited: (ms) => told.push(String(ms)) });
    expect(told).toEqual([]);
  });

  test("all requests for the paused mailbox wait, report it, and count the wait", async () => {
    const schedule = openRequestQueue();
    schedule.pause("one", 30, throttled);
    const told: string[] = [];
    const waited: number[] = [];
    await Promise.all(
      [1, 2, 3].map(() => schedule.waitForTurn("one", patience, { progress: (text) => told.push(text), waited: (ms) => waited.push(ms) })),
    );
    expect(told).toEqual(Array.from({ length: 3 }, () => "waiting 1 s: Exchange is throttling"));
    expect(waited.every((ms) => ms > 0)).toBe(true);
    expect(waited).toHaveLength(3);
  });

  test("concurrent waits of several requests of one call count once", async () => {
    const schedule = openRequestQueue();
    schedule.pause(undefined, 30, throttled);
    let reports = 0;
    const call = {
      waited: () => {
        reports += 1;
      },
    };
    await Promise.all(["one", "two", "three"].map((mailbox) => schedule.waitForTurn(mailbox, patience, call)));
    expect(reports).toBe(1);
  });

  test("a pause that ends during the check is over, and no request is forgotten", async () => {
    let looks = 0;
    const clock = vi.spyOn(performance, "now").mockImplementation(() => looks++);
    try {
      for (let ms = 0; ms < 12; ms++) {
        const schedule = openRequestQueue();
        schedule.pause("one", ms, throttled);
        await schedule.waitForTurn("one", patience);
      }
    } finally {
      clock.mockRestore();
    }
  }, 2000);

  test("a pause of the account stops every mailbox", async () => {
    const schedule = openRequestQueue();
    schedule.pause(undefined, 60_000, throttled);
    await expect(schedule.waitForTurn("one", { ...patience, maxWaitMs: 1 })).rejects.toMatchObject({ code: "busy" });
  });

  test("a wait of our own caution is reported, but not counted as the server's", async () => {
    const schedule = openRequestQueue();
    schedule.pause("one", 10, { text: "the last answer was lost", asked: false });
    const told: string[] = [];
    await schedule.waitForTurn("one", patience, { progress: (text) => told.push(text), waited: (ms) => told.push(String(ms)) });
    expect(told).toEqual(["waiting 1 s: the last answer was lost"]);
  });

  test("a pause that is extended meanwhile lasts to its new end and is reported again", async () => {
    const schedule = openRequestQueue();
    schedule.pause("one", 20, throttled);
    const told: string[] = [];
    const turn = schedule.waitForTurn("one", patience, { progress: (text) => told.push(text) });
    schedule.pause("one", 5, throttled);
    schedule.pause("one", 1100, throttled);
    await turn;
    expect(told).toEqual(["waiting 1 s: Exchange is throttling", "waiting 2 s: Exchange is throttling"]);
  });

  test("a caller with a shorter limit learns the length of the wait immediately, and nothing was sent", async () => {
    const schedule = openRequestQueue();
    schedule.pause("one", 90_000, throttled);
    const refused = schedule.waitForTurn("one", patience);
    await expect(refused).rejects.toMatchObject({ code: "busy", wireCode: "ErrorServerBusy" });
    await expect(refused).rejects.toSatisfy(({ backOffMs }) => backOffMs > 80_000 && backOffMs <= 90_000);
  });

  test("a waiting request is refused when the pause grows beyond its limit", async () => {
    const schedule = openRequestQueue();
    schedule.pause("one", 30_000, throttled);
    const waiting = schedule.waitForTurn("one", patience);
    schedule.pause("one", 200_000, throttled);
    await expect(waiting).rejects.toMatchObject({ code: "busy" });
  });

  test("a server that asks for a day is given five minutes", async () => {
    const schedule = openRequestQueue();
    schedule.pause("one", 86_400_000, throttled);
    await expect(schedule.waitForTurn("one", patience)).rejects.toSatisfy(({ backOffMs }) => backOffMs <= 300_000);
  });

  test("a cancelled call ends its wait, which is counted, and begins no other", async () => {
    const schedule = openRequestQueue();
    const controller = new AbortController();
    schedule.pause("one", 60_000, throttled);
    const waited: number[] = [];
    const waiting = schedule.waitForTurn("one", patience, { signal: controller.signal, waited: (ms) => waited.push(ms) });
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: "cancelled" });
    await expect(schedule.waitForTurn("two", patience, { signal: controller.signal })).rejects.toMatchObject({ code: "cancelled" });
    expect(waited).toHaveLength(1);
  });

  test("a caller may cancel from within its progress callback", async () => {
    const schedule = openRequestQueue();
    const controller = new AbortController();
    schedule.pause("one", 60_000, throttled);
    const call = { signal: controller.signal, progress: () => controller.abort() };
    await expect(schedule.waitForTurn("one", patience, call)).rejects.toMatchObject({ code: "cancelled" });
  });
});

describe("places", () => {
  test("no more requests run at a time than the caller's own limit, and each end starts one", async () => {
    const { ask, end, got } = asking(openRequestQueue());
    const asked = ["a", "b", "c"].map((name) => ask(name, "one", { maxConcurrency: 2 }));
    await soon();
    expect(got).toEqual(["a", "b"]);
    end("a");
    await asked[2];
    expect(got).toEqual(["a", "b", "c"]);
  });

  test("a place that is given back twice is one place", async () => {
    const { ask, end, got } = asking(openRequestQueue());
    void ["a", "b", "c"].map((name) => ask(name, "one", { maxConcurrency: 1 }));
    await soon();
    end("a");
    end("a");
    await soon();
    expect(got).toEqual(["a", "b"]);
  });

  test("mailboxes take turns: one that asks for much does not keep the others waiting", async () => {
    const { ask, end, got } = asking(openRequestQueue());
    const names = ["a1", "a2", "a3", "a4", "b1", "c1"];
    void names.map((name) => ask(name, name.slice(0, 1), { maxConcurrency: 1 }));
    for (const name of ["a1", "a2", "b1", "c1", "a3"]) {
      await soon();
      end(name);
    }
    await soon();
    expect(got).toEqual(["a1", "a2", "b1", "c1", "a3", "a4"]);
  });

  test("a throttled mailbox runs fewer requests at a time, and others keep theirs", async () => {
    const schedule = openRequestQueue();
    const { ask, got } = asking(schedule);
    await Promise.all(["a1", "a2", "a3"].map((name) => ask(name, "a")));
    schedule.recordThrottled("a", undefined);
    void ask("a4", "a");
    await ask("b1", "b");
    expect(got).toEqual(["a1", "a2", "a3", "b1"]);
  });

  test("a wait for the server's limit is reported and counted", async () => {
    const schedule = openRequestQueue();
    const { ask, end } = asking(schedule);
    schedule.recordThrottled("a", 5);
    await ask("a1", "a");
    const told: unknown[] = [];
    const turn = schedule.waitForTurn("a", patience, { progress: (text) => told.push(text), waited: (ms) => told.push(typeof ms) });
    end("a1");
    await turn;
    expect(told).toEqual(["waiting: Exchange allows 1 request at once", "number"]);
  });

  test("a request that waits too long for the server's limit is refused", async () => {
    const schedule = openRequestQueue();
    schedule.recordThrottled("a", 1);
    const { ask } = asking(schedule);
    await ask("a1", "a");
    await expect(schedule.waitForTurn("a", { ...patience, maxWaitMs: 10 })).rejects.toMatchObject({ code: "busy" });
  });

  test("a cancelled request leaves the queue to the others", async () => {
    const schedule = openRequestQueue();
    const { ask, end, got } = asking(schedule);
    const one = { maxConcurrency: 1 };
    await ask("a", "m", one);
    const controller = new AbortController();
    const cancelled = schedule.waitForTurn("m", { ...patience, ...one }, { signal: controller.signal });
    const last = ask("c", "m", one);
    controller.abort();
    await expect(cancelled).rejects.toMatchObject({ code: "cancelled" });
    end("a");
    await last;
    expect(got).toEqual(["a", "c"]);
  });
});

test("no more requests run at a time for one mailbox than the caller allows, and others go on meanwhile", async () => {
  const { got, ask, end } = asking(openRequestQueue());
  const turns = [
    ask("a1", "a", { maxPerMailbox: 2 }),
    ask("a2", "a", { maxPerMailbox: 2 }),
    ask("a3", "a", { maxPerMailbox: 2 }),
    ask("b1", "b"),
  ];
  await soon();
  expect(got).toEqual(["a1", "a2", "b1"]);
  end("a1");
  await Promise.all(turns);
  expect(got).toEqual(["a1", "a2", "b1", "a3"]);
});

test("the same account of the same server is one schedule for the whole process, another is not", () => {
  const server = "https://mail.example.com";
  expect(requestQueueOf(server, "soc@example.com")).toBe(requestQueueOf(server, "soc@example.com"));
  expect(requestQueueOf(server, "soc@example.com")).not.toBe(requestQueueOf(server, "ops@example.com"));
  expect(requestQueueOf(server, "soc@example.com")).not.toBe(requestQueueOf("https://other.example.com", "soc@example.com"));
});

describe("a server that does not say whose budget was used up", () => {
  const allowed = (schedule: RequestQueue) => schedule.atATime(patience);
  /** Runs so many requests of other mailboxes, and lets the mailboxes be turned away meanwhile. */
  async function turnedAway(...names: readonly string[]) {
    const schedule = openRequestQueue();
    const { ask } = asking(schedule);
    await Promise.all(Array.from({ length: 9 }, (_, at) => ask(`other${at}`, `other${at}`)));
    for (const name of names) schedule.recordThrottledMailbox(name);
    return schedule;
  }

  test("is asked for as much as before when it turns away one mailbox, however often", async () => {
    expect(allowed(await turnedAway("a", "a", "a"))).toBe(27);
  });

  test("is asked for half when it turns away two mailboxes, once for all that it turns away together", async () => {
    expect(allowed(await turnedAway("a", "b", "c", "d", "e"))).toBe(5);
  });

  test("is not blamed again for a mailbox that it never served since", async () => {
    const schedule = await turnedAway("a", "b");
    vi.spyOn(performance, "now").mockReturnValue(performance.now() + 3000);
    for (const name of ["a", "b", "a", "b"]) schedule.recordThrottledMailbox(name);
    vi.restoreAllMocks();
    expect(allowed(schedule)).toBe(5);
  });
});
