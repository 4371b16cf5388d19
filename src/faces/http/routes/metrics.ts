import type { Context } from "hono";
import { isLoopbackHost } from "../callers/client-network.ts";
import type { Metrics } from "../metrics.ts";
import type { Env } from "../respond.ts";

/** Returns whether an address is a loopback address, as sockets report it. */
function isOwnAddress(address: string): boolean {
  return address === "::1" || /^(?:::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(address);
}

/**
 * Returns whether the request comes from a program on this machine, by a name of this machine. A web page could make a browser send it by a name of
 * its own (DNS rebinding), to read what this machine may read.
 */
export function isOwnProgram(c: Context<Env>, address: string): boolean {
  return isOwnAddress(address) && isLoopbackHost(new URL(c.req.url).hostname) && c.req.header("origin") === undefined;
}

export function metricsReply(metrics: Metrics) {
  return async (c: Context<Env>) => c.body(await metrics.text(), 200, { "content-type": metrics.contentType });
}
