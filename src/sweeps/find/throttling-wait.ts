import type { Call } from "../../exchange/exchange.ts";
import type { Host } from "../../perform/perform.ts";

/**
 * Longest total wait for throttling per mailbox or list, in milliseconds; after it the mailbox is unexamined. It exceeds the longest window of a documented
 * limit, ten minutes: https://learn.microsoft.com/en-us/graph/throttling-limits#outlook-service-limits
 */
export const maxThrottlingWaitMs = 15 * 60_000;

/** Returns the time until which a request that begins now may wait for throttling. */
export function throttlingDeadline(ms = maxThrottlingWaitMs): number {
  return performance.now() + ms;
}

/** Returns the options of a call that waits as long as Exchange asks, up to `maxThrottlingWaitMs`. */
export function throttledCallOptions({ signal, progress, patientUntil: until }: Pick<Host, "signal" | "progress" | "patientUntil">): Call {
  return { signal, progress, patientUntil: until ?? throttlingDeadline() };
}
