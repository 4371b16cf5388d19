import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { HttpResponse } from "../../../src/wire/http/request-and-response.ts";
import { guardOf, type SignInGuard } from "../../../src/wire/sign-in/sign-in-guard.ts";

/** Sign-ins that a test answers, in the order in which they were sent. */
function stage() {
  const guard: SignInGuard = guardOf("https://mail.example.com", "Basic", "ann", `secret ${Math.random()}`);
  const sent: ((status: number) => void)[] = [];
  const probed: ((status: number) => void)[] = [];
  const response = (status: number): HttpResponse => ({
    status,
    connection: { certificate: undefined } as HttpResponse["connection"],
    ended: Promise.resolve(),
    isFramed: true,
    headers: new Map(),
    body: (async function* () {})(),
    text: async () => "",
    discard: () => {},
  });
  const send = () => new Promise<HttpResponse>((resolve) => sent.push((status) => resolve(response(status))));
  const probe = () => new Promise<HttpResponse>((resolve) => probed.push((status) => resolve(response(status))));
  const ask = (signal?: AbortSignal) =>
    guard.tried(send, probe, signal).then(
      ({ status }) => status,
      (thrown) => thrown.code,
    );
  return { sent, probed, ask };
}

describe("credentials that no server has taken yet", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
  afterEach(() => void vi.useRealTimers());

  test("are sent by one request at a time, and by none after a refusal", async () => {
    const { sent, ask } = stage();
    const asked = [ask(), ask(), ask()];
    await vi.advanceTimersByTimeAsync(2900);
    expect(sent).toHaveLength(1);
    sent[0]?.(401);
    expect(await Promise.all(asked)).toEqual(["unauthenticated", "unauthenticated", "unauthenticated"]);
    expect(sent).toHaveLength(1);
  });

  test("are shown in an empty request when the first is not answered for three seconds, and are sent by all once they are taken", async () => {
    const { sent, probed, ask } = stage();
    const silent = ask();
    const asked = [ask(), ask(), ask(), ask()];
    await vi.advanceTimersByTimeAsync(3001);
    expect([sent.length, probed.length]).toEqual([1, 1]);
    probed[0]?.(400);
    await vi.advanceTimersByTimeAsync(0);
    expect([sent.length, probed.length]).toEqual([5, 1]);
    for (const answer of sent.slice(1)) answer(200);
    expect(await Promise.all(asked)).toEqual([200, 200, 200, 200]);
    sent[0]?.(200);
    expect(await silent).toBe(200);
  });

  test("are not sent if the empty request is refused", async () => {
    const { sent, probed, ask } = stage();
    void ask();
    const asked = [ask(), ask()];
    await vi.advanceTimersByTimeAsync(3001);
    probed[0]?.(401);
    expect(await Promise.all(asked)).toEqual(["unauthenticated", "unauthenticated"]);
    expect([sent.length, probed.length]).toEqual([1, 1]);
  });

  test("are never in more than three requests that are not answered", async () => {
    const { sent, probed, ask } = stage();
    const asked = Array.from({ length: 6 }, () => ask());
    await vi.advanceTimersByTimeAsync(120_000);
    expect([sent.length, probed.length]).toEqual([1, 2]);
    probed[1]?.(401);
    await vi.advanceTimersByTimeAsync(0);
    expect([sent.length, probed.length]).toEqual([1, 2]);
    sent[0]?.(401);
    expect(new Set(await Promise.all(asked))).toEqual(new Set(["unauthenticated"]));
  });

  test("are not waited for by a request that was cancelled", async () => {
    const { ask } = stage();
    void ask();
    const stop = new AbortController();
    const waiting = ask(stop.signal);
    stop.abort();
    expect(await waiting).toBe("cancelled");
  });
});
