import type { Context } from "hono";
import { Failure } from "../../../failure.ts";
import type { Metrics } from "../metrics.ts";
import { isLoopbackHost } from "../network.ts";
import type { Env } from "../respond.ts";

/** Loopback addresses as a socket says them. */
export function isOwnAddress(address: string): boolean {
  return address === "::1" || /^(?:::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(address);
}

/**
 * Whoever has no key is answered only when this machine is asked by a name of its own, and not by a page: a browser on it can be led here by a
 * name of the page's (DNS rebinding), and would read what this machine may. Throws Failure `unauthenticated`.
 */
export function metricsReply(metrics: Metrics) {
  return async (c: Context<Env>) => {
    const isKeyless = c.get("caller") === undefined;
    if (isKeyless && !(isLoopbackHost(new URL(c.req.url).hostname) && c.req.header("origin") === undefined)) {
      throw new Failure(
        "unauthenticated",
        "Without a key, metrics are for programs of this machine, which ask it as 127.0.0.1 or localhost.",
        {
          hint: "Ask for http://127.0.0.1 or http://localhost, without an Origin header.",
        },
      );
    }
    return c.body(await metrics.text(), 200, { "content-type": metrics.contentType });
  };
}
