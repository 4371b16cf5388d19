// src/wire/throttling/: How many requests go out at once, how long a throttled request waits, and what may be sent again.

import type { Failure } from "../../failure.ts";
import type { QueueLimits } from "./request-queue.ts";

/** The first wait when the server names none, in milliseconds: doubled with every attempt. */
const firstMs = 500;
/** No wait of our own choice is longer, in milliseconds: the budgets of Exchange refill within 30 s. */
const longestMs = 30_000;

/**
 * Milliseconds to wait after the `attempt`-th failed attempt (1 is the first) when the server names none: exponential with jitter, so that
 * callers that were turned away together do not come back together.
 */
export function backoffDelay(attempt: number): number {
  const full = Math.min(firstMs * 2 ** (attempt - 1), longestMs);
  return Math.round(full / 2 + (Math.random() * full) / 2);
}

/** How far we go for one answer. */
export interface RetryLimits extends QueueLimits {
  /** How often one item is tried at most, the first time included. */
  readonly attempts: number;
}

/** True when what failed for the `tries`-th time, and may be repeated, is worth another try; and when the server does not ask for too long a wait. */
export function isWorthAnotherTry(failure: Failure, tries: number, { attempts, maxWaitMs }: RetryLimits): boolean {
  return tries < triesFor(failure, attempts) && (failure.backOffMs ?? 0) <= maxWaitMs;
}

/** How often it is tried at most. What throttles is given time; what is broken is tried once more, since it may have been the network. */
function triesFor(failure: Failure, attempts: number): number {
  if (failure.code === "busy" || failure.code === "not-attempted") return attempts;
  // Our own time-out: the person who set it does not want to wait twice as long.
  return failure.code === "timeout" && failure.wireCode === undefined ? 1 : 2;
}

/** What Retry-After says (RFC 9110, 10.2.3): seconds, or a date. In milliseconds; undefined when it says nothing useful. */
export function readRetryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\s*\d{1,9}\s*$/.test(value)) return Number(value) * 1000 || undefined;
  const until = Date.parse(value);
  return Number.isNaN(until) || until <= now ? undefined : until - now;
}
