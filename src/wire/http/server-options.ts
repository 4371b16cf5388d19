import type { RetryLimits } from "../throttling/backoff-delay.ts";
import type { HttpOptions } from "./http-client.ts";
import type { TlsOptions } from "./http-transport.ts";
import type { Observe } from "./observe-http.ts";
import type { ProxyRules } from "./proxy-rules.ts";

/** How to reach a server, and how long to wait for it, whatever its protocol. */
export interface ServerOptions {
  readonly tls?: Omit<TlsOptions, "ca"> | undefined;
  /** Certificates (PEM) of authorities to trust in addition to those of the system. */
  readonly ca?: string | undefined;
  /** Default: direct connections. */
  readonly proxy?: ProxyRules | undefined;
  /** Milliseconds. Each has a default. */
  readonly timeouts?:
    | {
        readonly connectMs?: number | undefined;
        readonly replyMs?: number | undefined;
        readonly idleMs?: number | undefined;
        readonly totalMs?: number | undefined;
      }
    | undefined;
  /** Maximum size of one reply, in bytes. Default: 1 GiB. */
  readonly maxReplyBytes?: number | undefined;
  readonly userAgent?: string | undefined;
  /** Connections with the same account or application of the same server share its pauses and its concurrency limit. Default: not shared. */
  readonly account?: string | undefined;
  readonly throttling?:
    | {
        /** Longest wait, in milliseconds. A longer wait becomes a failure that names its length. Default: 60 s. */
        readonly maxWaitMs?: number | undefined;
        /** Maximum number of requests at a time, over all mailboxes. Default: 27. The server may allow fewer, which mailcordon learns. */
        readonly maxConcurrency?: number | undefined;
      }
    | undefined;
  /** Called for every request and its reply; never gets a body or a secret. */
  readonly observe?: Observe | undefined;
}

export const defaultUserAgent = "mailcordon";
// Connecting takes one to three round trips. A server that has begun a reply is never silent for long.
const defaultTimeouts = { connectMs: 15_000, idleMs: 60_000 };
// Exchange's default limit for an account (EWSMaxConcurrency); over Graph enough for seven mailboxes at a time:
// https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/ews-throttling-in-exchange
const defaultMaxConcurrency = 27;
const defaultMaxWaitMs = 60_000;
// Number of tries for a throttled request: with the waits between them, they last about as long as an Exchange throttling budget needs to refill.
const attempts = 5;

/** Returns the limits for one answer. */
export function retryLimitsOf({ throttling }: ServerOptions): RetryLimits {
  const { maxWaitMs = defaultMaxWaitMs, maxConcurrency = defaultMaxConcurrency } = throttling ?? {};
  return { maxWaitMs, maxConcurrency, attempts };
}

/**
 * Returns the client's options, with one connection per concurrent request: requests wait in the request queue, where their wait is visible.
 * `replyMs`: default wait for a reply.
 */
export function httpOptionsOf(
  { ca, tls, proxy, timeouts = {}, maxReplyBytes, throttling, observe }: ServerOptions,
  replyMs: number,
): HttpOptions {
  return {
    ca,
    tls,
    proxy,
    timeouts: {
      connectMs: timeouts.connectMs ?? defaultTimeouts.connectMs,
      replyMs: timeouts.replyMs ?? replyMs,
      idleMs: timeouts.idleMs ?? defaultTimeouts.idleMs,
      totalMs: timeouts.totalMs,
    },
    maxReplyBytes,
    maxConnections: throttling?.maxConcurrency ?? defaultMaxConcurrency,
    observe,
  };
}
