import type { Call } from "../../exchange/exchange.ts";
import { asFailure, type Failure } from "../../failure.ts";
import { backoffDelay, isWorthAnotherTry, limitsWithThrottlingWait, type RetryLimits } from "../../wire/throttling/backoff-delay.ts";
import type { RequestQueue, RequestTurn } from "../../wire/throttling/request-queue.ts";
import type { RepeatSafety } from "../../wire/throttling/retry-safety.ts";
import { certainlyNotDone, isThrottled, mayRepeat, reported } from "../failures.ts";
import type { UnpromisedBehaviour } from "../unpromised.ts";
import type { GraphHttp } from "./graph-http.ts";

/** What one mailbox sends requests with. */
export interface RequestSender {
  readonly rest: GraphHttp;
  readonly mailbox: string;
  readonly call: Call;
  readonly requestQueue: RequestQueue;
  /** All callers of the same mailbox wait together: Outlook counts requests per application and mailbox. */
  readonly key: string;
  readonly limits: RetryLimits;
  readonly behaviour: UnpromisedBehaviour;
}

/** Waits until a request may be sent. Throws Failure `cancelled`, or `busy` for a wait that is too long: then nothing was sent. */
export function waitForTurn({ requestQueue, key, limits, call }: RequestSender): Promise<RequestTurn> {
  return requestQueue.waitForTurn(key, limitsWithThrottlingWait(limits, call), call);
}

/** Tells whether a failed request may be sent again after `tries` tries. */
export function isRepeatable(failure: Failure, safety: RepeatSafety, tries: number, { limits, call }: RequestSender): boolean {
  if (tries >= (call.tries ?? Number.POSITIVE_INFINITY) && !certainlyNotDone(failure)) return false;
  return (
    mayRepeat(failure, safety) && isWorthAnotherTry(failure, tries, isThrottled(failure) ? limitsWithThrottlingWait(limits, call) : limits)
  );
}

/**
 * Makes every caller of this mailbox wait as long as these failures say: throttling applies to the whole mailbox.
 * @see https://learn.microsoft.com/en-us/graph/throttling-limits#outlook-service-limits
 */
export function slowDown(failures: readonly Failure[], tries: number, { requestQueue, key, limits }: RequestSender): void {
  for (const failure of failures) {
    // Items that were not attempted need no wait, and waiting does not fix a problem that needs a person.
    if (!failure.retryable || failure.code === "not-attempted" || failure.code === "cancelled") continue;
    const requested = failure.code === "busy";
    // Graph does not say whether the budget of the mailbox or that of the application is used up, and Microsoft's pages contradict each other.
    if (isThrottled(failure)) requestQueue.recordThrottledMailbox(key);
    requestQueue.pause(key, failure.backOffMs ?? Math.min(backoffDelay(tries), limits.maxWaitMs), {
      text: requested ? "Microsoft Graph is throttling" : "the last answer was lost",
      asked: requested,
      wireCode: failure.wireCode,
    });
  }
}

/** Sends one request until it succeeds or must not be sent again. `lost` receives each failure that is followed by a retry. Throws Failure. */
export async function requestWithRetry<T>(
  sender: RequestSender,
  safety: RepeatSafety,
  ask: (turn: RequestTurn) => Promise<T>,
  lost?: (failure: Failure) => void,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    const turn = await waitForTurn(sender);
    try {
      return await ask(turn);
    } catch (thrown) {
      const failure = asFailure(thrown);
      turn.end(!isThrottled(failure));
      const again = isRepeatable(failure, safety, tries, sender);
      if (again || isThrottled(failure)) slowDown([failure], tries, sender);
      if (!again) throw reported(failure, safety);
      lost?.(failure);
    }
  }
}
