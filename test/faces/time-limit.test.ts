import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Answer } from "../../src/catalogue/answer-envelope.ts";
import { openTimeLimit } from "../../src/faces/time-limit.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const counts = { requested: 0, succeeded: 0, failed: 0, not_found: 0 };
const cancelled: Answer = {
  success: false,
  message: "It was stopped.",
  action: "count-sheep",
  counts,
  error: { code: "cancelled", message: "It was stopped.", hint: "Repeat it.", retryable: true },
};

test("an exceeded time limit ends the call and is reported instead of a cancellation", () => {
  const limit = openTimeLimit(2000, "sleep");
  expect(limit.asTimeout(cancelled)).toBe(cancelled);
  vi.advanceTimersByTime(1999);
  expect(limit.signal.aborted).toBe(false);
  vi.advanceTimersByTime(1);
  expect(limit.signal.aborted).toBe(true);
  expect(limit.asTimeout(cancelled)).toMatchObject({
    message: "The call took longer than 2 seconds.",
    error: { code: "timeout", message: "The call took longer than 2 seconds.", hint: "Request less in one call, or sleep." },
  });
});

test("a call that succeeded, or failed for another reason, keeps its outcome", () => {
  const limit = openTimeLimit(1, "sleep");
  vi.advanceTimersByTime(1);
  const done: Answer = { success: true, message: "Done.", action: "count-sheep", counts };
  const busy: Answer = { ...cancelled, error: { code: "busy", message: "No.", hint: "Wait.", retryable: true } };
  expect([limit.asTimeout(done), limit.asTimeout(busy)]).toEqual([done, busy]);
});

test("the time limit pauses while a person answers and then continues", async () => {
  const limit = openTimeLimit(1000, "sleep");
  vi.advanceTimersByTime(600);
  const asked = limit.pauseDuring(() => new Promise((resolve) => setTimeout(resolve, 3_600_000, "yes")));
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(await asked).toBe("yes");
  vi.advanceTimersByTime(399);
  expect(limit.signal.aborted).toBe(false);
  vi.advanceTimersByTime(1);
  expect(limit.signal.aborted).toBe(true);
});

test("a missing answer of a person is thrown, and the time limit continues", async () => {
  const limit = openTimeLimit(1000, "sleep");
  await expect(limit.pauseDuring(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
  vi.advanceTimersByTime(1000);
  expect(limit.signal.aborted).toBe(true);
});

test("a call that has ended or has no limit is not cancelled", () => {
  const ended = openTimeLimit(1000, "sleep");
  ended.end();
  const free = openTimeLimit(Number.POSITIVE_INFINITY, "sleep");
  expect(vi.getTimerCount()).toBe(0);
  vi.advanceTimersByTime(1e9);
  expect([ended.signal.aborted, free.signal.aborted]).toEqual([false, false]);
});
