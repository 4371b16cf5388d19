import { Failure, type FailureCode } from "../../failure.ts";

/**
 * Whether an operation may be repeated when it is unknown whether the server did it (the reply was lost, or concerns the whole request). `read`:
 * freely. `idempotent`: also, since a repeat has no further effect. `never`: a lost reply is Failure `unknown-outcome`. Work that the server
 * reports as not done (busy, not attempted) is repeated in all three cases. Every operation that is not a read states its reason.
 */
export type RepeatSafety = "read" | "idempotent" | "never";

/** Causes that persist until a person acts: a password that a server or proxy refuses twice may lock an account. */
const permanentCodes: ReadonlySet<FailureCode> = new Set<FailureCode>([
  "unauthenticated",
  "access-denied",
  "invalid-settings",
  "tls-failed",
]);

/**
 * A redirect comes from a gateway, or from the server after a failure: the work may have been done before it. It is not retried, since the next
 * request would be redirected as well.
 */
function isRedirect({ wireCode }: Failure): boolean {
  return /^HTTP 3\d\d$/.test(wireCode ?? "");
}

/** Returns the original failure behind an `unknown-outcome` made by `reported`. */
export function reasonOf(failure: Failure): Failure {
  return failure.code === "unknown-outcome" && failure.cause instanceof Failure ? failure.cause : failure;
}

/** Decides what may be repeated. `certainlyNotDone` returns true for a failure after which the server certainly did nothing. */
export function openRepetition(certainlyNotDone: (failure: Failure) => boolean) {
  /** Returns true if a budget was used up (so the server did nothing): fewer requests at a time help. */
  const isThrottled = (failure: Failure): boolean => failure.code === "busy" && certainlyNotDone(failure);

  /** Returns true if the same request may be sent again. */
  const mayRepeat = (failure: Failure, safety: RepeatSafety): boolean => {
    if (failure.code === "cancelled" || permanentCodes.has(failure.code)) return false;
    return certainlyNotDone(failure) || (safety !== "never" && failure.retryable);
  };

  /**
   * Returns the failure to report for a lost reply. For an operation that must not be repeated: `unknown-outcome`. For others: the failure itself,
   * with a hint that it may have been done and can be repeated.
   */
  const reported = (failure: Failure, safety: RepeatSafety): Failure => {
    if (safety === "read" || failure.code === "cancelled" || certainlyNotDone(failure)) return failure;
    if (!failure.retryable && !isRedirect(failure)) return failure;
    const { code, wireCode, requestId, backOffMs } = failure;
    const message = `The answer was lost: ${failure.message}`;
    if (safety === "never") return new Failure("unknown-outcome", message, { wireCode, requestId, cause: failure });
    const hint = "It may have been done already. Retry: a repeat is safe and has no second effect.";
    return new Failure(code, message, { hint, wireCode, requestId, backOffMs, cause: failure });
  };

  /** The failure for a missing reply: `broken-reply`, or `unknown-outcome` if the operation must not be repeated. */
  const unanswered = (safety: RepeatSafety): Failure =>
    reported(new Failure("broken-reply", "The server returned no reply for this item."), safety);

  return { isThrottled, mayRepeat, reported, unanswered };
}
