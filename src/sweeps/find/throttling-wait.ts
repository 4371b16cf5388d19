import type { Call } from "../../exchange/exchange.ts";
import type { Host } from "../../perform/perform.ts";

/**
 * So long the requests about one mailbox, or one list, wait for throttling, in milliseconds: then the mailbox was not examined. Longer than the longest
 * window of a documented limit, ten minutes: https://learn.microsoft.com/en-us/graph/throttling-limits#outlook-service-limits
 */
export const patienceMs = 15 * 60_000;

/** The time until which requests that begin now wait. */
export function patientUntil(ms = patienceMs): number {
  return performance.now() + ms;
}

/** A call that begins now and waits as long as Exchange asks. */
export function patientCall({ signal, progress, patientUntil: until }: Pick<Host, "signal" | "progress" | "patientUntil">): Call {
  return { signal, progress, patientUntil: until ?? patientUntil() };
}
