import { Failure, type FailureCode } from "../../failure.ts";

/**
 * What may be repeated when it is not known whether the server did it (the answer was lost, or is about the whole request).
 * `read`: freely. `idempotent`: also, since doing it twice is doing it once. `never`: a lost answer is Failure `unknown-outcome`.
 * What the server says it has not done (busy, not attempted) is repeated for all three. Whatever is not a read says why it is what it is.
 */
export type RepeatSafety = "read" | "idempotent" | "never";

/** What stays as it is until a person changes something: a password that is refused twice, by the server or by a proxy, may lock an account. */
const permanentCodes: ReadonlySet<FailureCode> = new Set<FailureCode>([
  "unauthenticated",
  "access-denied",
  "invalid-settings",
  "tls-failed",
]);

/**
 * A redirect is the reply of whatever stands before the server, or of the server after a failure: the work may have been done before it. It is not
 * retried by itself, since the next request would be sent elsewhere as well.
 */
function isRedirect({ wireCode }: Failure): boolean {
  return /^HTTP 3\d\d$/.test(wireCode ?? "");
}

/** The failure itself behind an `unknown-outcome` that `reported` made of it. */
export function reasonOf(failure: Failure): Failure {
  return failure.code === "unknown-outcome" && failure.cause instanceof Failure ? failure.cause : failure;
}

/** What may be repeated. `certainlyNotDone`: true of a failure after which the server certainly did nothing. */
export function openRepetition(certainlyNotDone: (failure: Failure) => boolean) {
  /** True when a budget was used up (and so the server did nothing): fewer requests at once help. */
  const isThrottled = (failure: Failure): boolean => failure.code === "busy" && certainlyNotDone(failure);

  /** True when the same may be asked again. */
  const mayRepeat = (failure: Failure, safety: RepeatSafety): boolean => {
    if (failure.code === "cancelled" || permanentCodes.has(failure.code)) return false;
    return certainlyNotDone(failure) || (safety !== "never" && failure.retryable);
  };

  /**
   * The failure to report of a lost answer: of something that must not be done twice, `unknown-outcome`; of something that may, the failure
   * itself, which says that it can be repeated, and that it may have been done.
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

  /** An answer that should be there and is not: broken-reply, which becomes `unknown-outcome` where it must not be repeated. */
  const unanswered = (safety: RepeatSafety): Failure =>
    reported(new Failure("broken-reply", "The server gave no answer for this item."), safety);

  return { isThrottled, mayRepeat, reported, unanswered };
}
