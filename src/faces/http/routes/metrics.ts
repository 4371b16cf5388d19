import type { Context } from "hono";
import { isLoopbackHost } from "../callers/client-network.ts";
import type { Metrics } from "../metrics.ts";
import type { Env } from "../respond.ts";

/** Loopback addresses as a socket says them. */
function isOwnAddress(address: string): boolean {
  return address === "::1" || /^(?:::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(address);
}

/**
 * Whether a program of this machine asks, by a name of this machine: and not a page, which its browser can be led here with by a name of the page's
 * (DNS rebinding), to read what this machine may.
 */
export function isOwnProgram(c: Context<Env>, address: string): boolean {
  return isOwnAddress(address) && isLoopbackHost(new URL(c.req.url).hostname) && c.req.header("origin") === undefined;
}

export function metricsReply(metrics: Metrics) {
  return async (c: Context<Env>) => c.body(await metrics.text(), 200, { "content-type": metrics.contentType });
}
