import { expect, test } from "vitest";
import { Failure } from "../../../src/failure.ts";
import { backoffDelay, isWorthAnotherTry, readRetryAfter } from "../../../src/wire/throttling/backoff-delay.ts";

test("a wait of our own choice grows with every attempt, stays in its bounds and is not the same for all", () => {
  for (let attempt = 1; attempt <= 12; attempt++) {
    const waits = Array.from({ length: 200 }, () => backoffDelay(attempt));
    const full = Math.min(500 * 2 ** (attempt - 1), 30_000);
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(full / 2);
    expect(Math.max(...waits)).toBeLessThanOrEqual(full);
    expect(new Set(waits).size).toBeGreaterThan(10);
  }
});

test.each([
  ["what throttles", new Failure("busy", "Later."), 5],
  ["what was not attempted", new Failure("not-attempted", "Not yet."), 5],
  ["what is broken", new Failure("broken-reply", "Half of it."), 2],
  ["a server that was too slow by its own word", new Failure("timeout", "Too slow.", { wireCode: "HTTP 504" }), 2],
  ["our own time-out", new Failure("timeout", "Too slow."), 1],
  ["what asks for a longer wait than is waited", new Failure("busy", "Later.", { backOffMs: 60_001 }), 1],
] as const)("%s is tried so often", (_, failure, times) => {
  const limits = { attempts: 5, maxWaitMs: 60_000, maxConcurrency: 1, maxPerMailbox: 1 };
  const tries = [1, 2, 3, 4, 5, 6].filter((count) => isWorthAnotherTry(failure, count, limits));
  expect(tries.length + 1).toBe(times);
});

test.each([
  ["30", 30_000],
  ["Thu, 01 Jan 2026 00:00:10 GMT", 10_000],
  ["Wed, 31 Dec 2025 00:00:00 GMT", undefined],
  ["0", undefined],
  ["soon", undefined],
  [undefined, undefined],
])("Retry-After %s is %s ms", (value, ms) => {
  expect(readRetryAfter(value, Date.parse("2026-01-01T00:00:00Z"))).toBe(ms);
});
