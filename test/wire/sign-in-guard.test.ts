import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { HttpResponse } from "../../src/wire/http.ts";
import { guardOf, type SignInGuard } from "../../src/wire/sign-in-guard.ts";

/** Sign-ins that a test answers, in the order in which they were sent. */
function stage() {
  const guard: SignInGuard = guardOf("https://mail.example.com", "Basic", "ann", `secret ${Math.random()}`);
  const sent: ((status: number) => void)[] = [];
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
  const ask = (signal?: AbortSignal) =>
    guard.tried(send, signal).then(
      ({ status }) => status,
      (thrown) => thrown.code,
    );
  return { sent, ask };
}

describe("credentials that no server has taken yet", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
  afterEach(() => void vi.useRealTimers());

  test("are sent by one request at a time, and by none after a refusal", async () => {
    const { sent, ask } = stage();
    const asked = [ask(), ask(), ask()];
    await vi.advanceTimersByTimeAsync(9000);
    expect(sent).toHaveLength(1);
    sent[0]?.(401);
    expect(await Promise.all(asked)).toEqual(["unauthenticated", "unauthenticated", "unauthenticated"]);
    expect(sent).toHaveLength(1);
  });

  test("are sent by another request when the first is not answered for ten seconds, and by all once they are taken", async () => {
    const { sent, ask } = stage();
    const silent = ask();
    const asked = [ask(), ask(), ask(), ask()];
    await vi.advanceTimersByTimeAsync(10_001);
    expect(sent).toHaveLength(2);
    sent[1]?.(200);
    await vi.advanceTimersByTimeAsync(0);
    expect(sent).toHaveLength(5);
    for (const answer of sent.slice(2)) answer(200);
    expect(await Promise.all(asked)).toEqual([200, 200, 200, 200]);
    sent[0]?.(200);
    expect(await silent).toBe(200);
  });

  test("are never sent by more than three requests that are not answered", async () => {
    const { sent, ask } = stage();
    const asked = Array.from({ length: 6 }, () => ask());
    await vi.advanceTimersByTimeAsync(120_000);
    expect(sent).toHaveLength(3);
    sent[2]?.(401);
    await vi.advanceTimersByTimeAsync(0);
    expect(sent).toHaveLength(3);
    for (const answer of sent.slice(0, 2)) answer(401);
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
