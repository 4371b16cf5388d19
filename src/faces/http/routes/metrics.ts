import type { Context } from "hono";
import type { Metrics } from "../metrics.ts";
import type { Env } from "../respond.ts";

/** Loopback addresses as a socket says them. */
export function isOwnAddress(address: string): boolean {
  return address === "::1" || /^(?:::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(address);
}

export function metricsReply(metrics: Metrics) {
  return async (c: Context<Env>) => c.body(await metrics.text(), 200, { "content-type": metrics.contentType });
}
