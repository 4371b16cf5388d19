import { Failure } from "../failure.ts";

/** What of a call the back-off needs: its cancellation and somebody to tell. */
export interface Waiting {
  readonly signal?: AbortSignal | undefined;
  readonly progress?: ((text: string) => void) | undefined;
}

/** Pauses that all calls under one key (a mailbox, a server) share. */
export interface BackOff {
  /** How often one item is tried at most, the first time included. */
  readonly attempts: number;
  /** Waits as long as a pause of this key lasts and tells progress. Failure `cancelled` when the call is cancelled meanwhile. */
  ready(key: string, call?: Waiting): Promise<void>;
  /** Asks everybody who uses this key to wait so many milliseconds from now, at most the limit. */
  pause(key: string, ms: number): void;
}

/** `maxWaitMs`: the longest pause that is kept, in milliseconds. */
export function openBackOff(limits: { readonly maxWaitMs: number; readonly attempts: number }): BackOff {
  const until = new Map<string, number>();
  return {
    attempts: limits.attempts,
    async ready(key, call = {}) {
      // A pause may be made longer while we wait.
      for (;;) {
        const ms = (until.get(key) ?? 0) - performance.now();
        if (ms <= 0) {
          until.delete(key);
          if (call.signal?.aborted) throw cancelled();
          return;
        }
        call.progress?.(`waiting ${Math.ceil(ms / 1000)} s: Exchange is throttling`);
        await sleep(ms, call.signal);
      }
    },
    pause(key, ms) {
      const wanted = performance.now() + Math.min(Math.max(ms, 0), limits.maxWaitMs);
      until.set(key, Math.max(until.get(key) ?? 0, wanted));
    },
  };
}

/** The first wait when the server names none, in milliseconds: doubled with every attempt. */
const firstMs = 500;
/** No wait of our own choice is longer, in milliseconds: the budgets of Exchange refill within 30 s. */
const longestMs = 30_000;

/**
 * Milliseconds to wait after the `attempt`-th failed attempt (1 is the first): the server's own number when it is above 0, else
 * exponential with jitter, so that callers that were turned away together do not come back together.
 */
export function waitFor(attempt: number, serverMs: number | undefined): number {
  if (serverMs !== undefined && serverMs > 0) return serverMs;
  const full = Math.min(firstMs * 2 ** (attempt - 1), longestMs);
  return Math.round(full / 2 + (Math.random() * full) / 2);
}

function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(cancelled());
    const stop = () => {
      clearTimeout(timer);
      reject(cancelled());
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

function cancelled(): Failure {
  return new Failure("cancelled", "The call was cancelled while waiting for Exchange.");
}
