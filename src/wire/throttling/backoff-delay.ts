// src/wire/throttling/: Number of concurrent requests, waits of throttled requests, and the requests that may be sent again.

import type { Failure } from "../../failure.ts";
import type { QueueLimits } from "./request-queue.ts";

/** In milliseconds: the first wait if the server names none. It doubles with every attempt. */
const firstMs = 500;
/** In milliseconds: the longest wait that we choose ourselves. Exchange's budgets refill within 30 s. */
const longestMs = 30_000;

/**
 * Returns the milliseconds to wait after failed attempt number `attempt` (from 1) if the server names none: exponential with jitter, so callers
 * that were refused together do not return together.
 */
export function backoffDelay(attempt: number): number {
  const full = Math.min(firstMs * 2 ** (attempt - 1), longestMs);
  return Math.round(full / 2 + (Math.random() * full) / 2);
}

/** Limits for one answer. */
export interface RetryLimits extends QueueLimits {
  /** Maximum number of tries per item, the first included. */
  readonly attempts: number;
}

/** Returns the limits of a call that waits for throttling until `patientUntil` (of `performance.now()`), where that is longer. */
export function limitsWithThrottlingWait(
  limits: RetryLimits,
  { patientUntil = 0 }: { readonly patientUntil?: number | undefined },
): RetryLimits {
  const left = patientUntil - performance.now();
  return left <= 0 ? limits : { ...limits, maxWaitMs: Math.max(limits.maxWaitMs, left), attempts: Number.POSITIVE_INFINITY };
}

/** Returns whether a failure that may be repeated deserves another try after `tries` tries, and the server asks for no longer wait than allowed. */
export function isWorthAnotherTry(failure: Failure, tries: number, { attempts, maxWaitMs }: RetryLimits): boolean {
  return tries < triesFor(failure, attempts) && (failure.backOffMs ?? 0) <= maxWaitMs;
}

/** Returns the maximum number of tries. Throttled requests get time; a broken reply gets one retry, since the network may be the cause. */
function triesFor(failure: Failure, attempts: number): number {
  if (failure.code === "busy" || failure.code === "not-attempted") return attempts;
  // Our own time-out: the user who set it does not want to wait twice as long.
  return failure.code === "timeout" && failure.wireCode === undefined ? 1 : 2;
}

/** Reads Retry-After (RFC 9110, 10.2.3), seconds or a date, as milliseconds; undefined if it has no usable value. */
export function readRetryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\s*\d{1,9}\s*$/.test(value)) return Number(value) * 1000 || undefined;
  const until = Date.parse(value);
  return Number.isNaN(until) || until <= now ? undefined : until - now;
}
