import type { RetryLimits } from "../throttling/backoff-delay.ts";
import type { HttpOptions } from "./http-client.ts";
import type { TlsOptions } from "./http-transport.ts";
import type { Observe } from "./observe-http.ts";
import type { ProxyRules } from "./proxy-rules.ts";

/** How a server is reached, and with how much patience, whatever it speaks. */
export interface ServerOptions {
  readonly tls?: Omit<TlsOptions, "ca"> | undefined;
  /** Certificates (PEM) of authorities to trust besides those of the system. */
  readonly ca?: string | undefined;
  /** Without, the server is reached directly. */
  readonly proxy?: ProxyRules | undefined;
  /** Milliseconds; each has a default. */
  readonly timeouts?:
    | {
        readonly connectMs?: number | undefined;
        readonly replyMs?: number | undefined;
        readonly idleMs?: number | undefined;
        readonly totalMs?: number | undefined;
      }
    | undefined;
  /** Bytes of one reply; default 1 GiB. */
  readonly maxReplyBytes?: number | undefined;
  readonly userAgent?: string | undefined;
  /** Whoever names the same account, or application, of the same server shares its pauses and its places with us. Default: nobody does. */
  readonly account?: string | undefined;
  readonly throttling?:
    | {
        /** A longer wait than this is not waited, in milliseconds; the failure says how long it is. Default 60 s. */
        readonly maxWaitMs?: number | undefined;
        /** Requests that may be under way at once, over all mailboxes; default 27. The server may allow fewer: that is learned. */
        readonly maxConcurrency?: number | undefined;
      }
    | undefined;
  /** Told of every request and its reply; never of a body or a secret. */
  readonly observe?: Observe | undefined;
}

export const defaultUserAgent = "mailcordon";
// To connect takes a round trip or three; between two pieces of a reply that has begun a server is never silent for long.
const defaultTimeouts = { connectMs: 15_000, idleMs: 60_000 };
// What Exchange allows an account by default (EWSMaxConcurrency), and over Graph enough for seven mailboxes at a time:
// https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/ews-throttling-in-exchange
const defaultMaxConcurrency = 27;
const defaultMaxWaitMs = 60_000;
// How often what is turned away is tried: with the waits between it is about as long as a throttling budget of Exchange needs to refill.
const attempts = 5;

/** How far we go for one answer. */
export function retryLimitsOf({ throttling }: ServerOptions): RetryLimits {
  const { maxWaitMs = defaultMaxWaitMs, maxConcurrency = defaultMaxConcurrency } = throttling ?? {};
  return { maxWaitMs, maxConcurrency, attempts };
}

/** A connection for each place in the schedule: requests wait there, where everybody sees it. `replyMs`: how long a reply is waited for by default. */
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
