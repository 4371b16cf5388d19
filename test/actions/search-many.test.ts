import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { searchEmailsExtended } from "../../src/actions/search-emails-extended.ts";
import { type MailboxToSearch, searchesAtATime, searchMany } from "../../src/actions/search-many.ts";
import type { MailboxFor } from "../../src/exchange/port-methods.ts";
import type { SearchPage } from "../../src/exchange/search/search-query.ts";
import { Failure } from "../../src/failure.ts";
import { backends, openLabHost } from "./lab-host.ts";

const search = { filters: {}, folder: undefined, recursive: true, includeRecoverable: false, limit: 50, detail: {} } as const;
const empty: SearchPage = { messages: [], folders: 1, applied: {} };

/** Places of which some never answer; each search that was begun is noted. */
function placesOf(silent: readonly string[], answering: readonly string[], begun: string[], aborted: string[] = []): MailboxToSearch[] {
  return [...silent, ...answering].map((address) => {
    const until = (signal: AbortSignal | undefined): MailboxFor<"search"> => ({
      address,
      search: async () => {
        begun.push(address);
        if (!silent.includes(address)) return empty;
        return await new Promise<never>(() => signal?.addEventListener("abort", () => aborted.push(address)));
      },
    });
    return { mailbox: until(undefined), cursor: undefined, until };
  });
}

describe("a search of many mailboxes", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
  afterEach(() => void vi.useRealTimers());
  const ways = { signal: undefined, deadline: undefined, onProgress: () => {} };

  test("is not delayed by mailboxes that never reply beyond their own time limit, whatever their number", async () => {
    const [begun, aborted]: [string[], string[]] = [[], []];
    const silent = Array.from({ length: 70 }, (_, at) => `silent${at}@example.com`);
    const answering = Array.from({ length: 6 }, (_, at) => `ann${at}@example.com`);
    const found = searchMany(placesOf(silent, answering, begun, aborted), search, ways);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(begun).toEqual(expect.arrayContaining(answering));
    // The last of the silent ones began twenty seconds after the first.
    await vi.advanceTimersByTimeAsync(231_000);
    const { mailboxes } = await found;
    expect(mailboxes.map(({ address, failure }) => [address, failure?.code])).toEqual([
      ...silent.map((address) => [address, "timeout"]),
      ...answering.map((address) => [address, undefined]),
    ]);
    expect(mailboxes[0]?.failure?.message).toBe("The search of silent0@example.com did not end within 240 s.");
    expect(aborted.sort()).toEqual([...silent].sort());
  });

  test("returns before the time limit of the call, and reports each mailbox that was not searched in time", async () => {
    const begun: string[] = [];
    const silent = Array.from({ length: 80 }, (_, at) => `silent${at}@example.com`);
    const found = searchMany(placesOf(silent, ["ann@example.com"], begun), search, { ...ways, deadline: performance.now() + 20_000 });
    await vi.advanceTimersByTimeAsync(19_000);
    const { mailboxes } = await found;
    expect(new Set(mailboxes.map(({ failure }) => failure?.code))).toEqual(new Set(["timeout"]));
    expect(begun).not.toContain("ann@example.com");
    expect(mailboxes.at(-1)?.failure?.message).toBe("The time limit of the call ended before ann@example.com was searched.");
  });

  test("searches as many at a time as Exchange allows an account, and fewer if each could fill the memory", async () => {
    const runningAt = async (limit: number, detail = {}) => {
      let [running, most] = [0, 0];
      const until = (): MailboxFor<"search"> => ({
        address: "ann@example.com",
        search: async () => {
          running += 1;
          most = Math.max(most, running);
          await new Promise((resolve) => setTimeout(resolve, 10));
          running -= 1;
          return empty;
        },
      });
      const places = Array.from({ length: 200 }, () => ({ mailbox: until(), cursor: undefined, until }));
      const found = searchMany(places, { ...search, limit, detail }, ways);
      await vi.advanceTimersByTimeAsync(1000);
      await found;
      return most;
    };
    expect(await runningAt(50)).toBe(32);
    expect(await runningAt(10_000)).toBe(4);
    expect(await runningAt(50, { body: "html" })).toBe(4);
    expect(searchesAtATime({ limit: 2000 })).toBe(20);
  });

  test("keeps no more messages than its limit, in time proportional to the number of mailboxes", async () => {
    const place = (at: number): MailboxToSearch => {
      const messages = Array.from({ length: 50 }, (_, of) => ({
        itemId: `${at} ${of}`,
        receivedAt: new Date(at * 1000 + of).toISOString(),
      }));
      const until = (): MailboxFor<"search"> => ({ address: `user${at}@example.com`, search: async () => ({ ...empty, messages }) });
      return { mailbox: until(), cursor: undefined, until };
    };
    const timeOf = async (count: number) => {
      const begun = process.cpuUsage();
      const { messages } = await searchMany(
        Array.from({ length: count }, (_, at) => place(at)),
        search,
        ways,
      );
      expect(messages.map(({ message }) => message.itemId).slice(0, 2)).toEqual([`${count - 1} 49`, `${count - 1} 48`]);
      expect(messages.length).toBe(50);
      const { user, system } = process.cpuUsage(begun);
      return user + system;
    };
    await timeOf(500);
    // Ten times the mailboxes: with a look at every mailbox after each one it was a hundred times the work.
    expect((await timeOf(10_000)) / (await timeOf(1000))).toBeLessThan(30);
  });

  test("stopped by its caller fails as a whole, not as mailboxes that took too long", async () => {
    const stop = new AbortController();
    const until = (signal: AbortSignal | undefined): MailboxFor<"search"> => ({
      address: "ann@example.com",
      search: () =>
        new Promise((_, reject) => signal?.addEventListener("abort", () => reject(new Failure("cancelled", "The call was cancelled.")))),
    });
    const place = { mailbox: until(undefined), cursor: undefined, until };
    const found = searchMany([place, place], search, { ...ways, signal: stop.signal }).catch((thrown) => thrown);
    await vi.advanceTimersByTimeAsync(1000);
    stop.abort();
    expect(await found).toMatchObject({ code: "cancelled" });
  });
});

describe.each(backends)("over %s, a mailbox that never answers", (backend) => {
  test("is reported alone, and the results of the others are returned within the time limit", async () => {
    const lab = await openLabHost({}, backend);
    const [silent, ann, bob] = ["user03@example.com", "user04@example.com", "user05@example.com"];
    for (const address of [ann, bob]) lab.put(address, { subject: "marked 71" });
    lab.lab.addFault({ kind: "delay", mailbox: silent, delayMs: 60_000, times: 1000 });
    const began = performance.now();
    // The first request of a process shows whether the password is right; it is that of the silent mailbox.
    const answer = await lab.run(searchEmailsExtended, { mailboxes: [silent, ann, bob], subject: "marked 71" }, { timeLimitMs: 16_000 });
    expect(performance.now() - began).toBeLessThan(30_000);
    expect(answer).toMatchObject({ success: false, incomplete: true, counts: { requested: 3, succeeded: 2, failed: 1 } });
    expect(answer).toMatchObject({
      items: [{ subject: "marked 71" }, { subject: "marked 71" }],
      per_mailbox: [
        { mailbox: silent, status: "failed", error: { code: "timeout" } },
        { mailbox: ann, status: "done", count: 1 },
        { mailbox: bob, status: "done", count: 1 },
      ],
    });
    lab.lab.clearFaults();
    await lab.close();
  }, 60_000);
});

describe.each(backends)("a search over %s that is stopped on request", (backend) => {
  test("returns what it has found, and names each mailbox that was not searched", async () => {
    const lab = await openLabHost({}, backend);
    const [ann, silent, bob] = ["user03@example.com", "user04@example.com", "user05@example.com"];
    for (const address of [ann, bob]) lab.put(address, { subject: "marked 72" });
    lab.lab.addFault({ kind: "delay", mailbox: silent, delayMs: 60_000, times: 1000 });
    const stop = new AbortController();
    const progress = (text: string) => {
      if (text.includes("searched 2 of 3")) stop.abort();
    };
    const input = { mailboxes: [ann, silent, bob], subject: "marked 72" };
    const answer = await lab.run(searchEmailsExtended, input, { signal: stop.signal, progress });
    expect(answer).toMatchObject({
      success: false,
      incomplete: true,
      message: expect.stringContaining("2 messages found in 2 of 3 mailboxes; the call was stopped before 1 mailbox was searched"),
      items: [{ subject: "marked 72" }, { subject: "marked 72" }],
      per_mailbox: [{ status: "done" }, { mailbox: silent, status: "failed", error: { code: "cancelled" } }, { status: "done" }],
    });
    lab.lab.clearFaults();
    await lab.close();
  }, 60_000);
});
