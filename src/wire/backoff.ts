/** The first wait when the server names none, in milliseconds: doubled with every attempt. */
const firstMs = 500;
/** No wait of our own choice is longer, in milliseconds: the budgets of Exchange refill within 30 s. */
const longestMs = 30_000;

/**
 * Milliseconds to wait after the `attempt`-th failed attempt (1 is the first) when the server names none: exponential with jitter, so that
 * callers that were turned away together do not come back together.
 */
export function waitFor(attempt: number): number {
  const full = Math.min(firstMs * 2 ** (attempt - 1), longestMs);
  return Math.round(full / 2 + (Math.random() * full) / 2);
}
