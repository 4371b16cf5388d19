import type { Call } from "../../exchange/exchange.ts";
import { asFailure, Failure } from "../../failure.ts";
import { failed, type Outcome } from "../../outcome.ts";
import { backoffDelay, isWorthAnotherTry, limitsWithThrottlingWait, type RetryLimits } from "../../wire/throttling/backoff-delay.ts";
import type { RequestQueue, RequestTurn } from "../../wire/throttling/request-queue.ts";
import type { RepeatSafety } from "../../wire/throttling/retry-safety.ts";
import { releaseTurnAtEnd } from "../../wire/throttling/turn-of-body.ts";
import type { QName } from "../../wire/xml/read-xml.ts";
import { certainlyNotDone, isThrottled, mayRepeat, reported } from "../failures.ts";
import type { Operation } from "../operation.ts";
import type { Soap, Target } from "./soap.ts";
import type { StreamedReply } from "./streamed-reply.ts";

/** The context in which one mailbox sends requests. */
export interface RequestSender {
  readonly soap: Soap;
  readonly target: Target;
  readonly call: Call;
  readonly requestQueue: RequestQueue;
  /** All callers of the same mailbox wait together. */
  readonly key: string;
  readonly limits: RetryLimits;
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
 * Makes every caller that these failures concern wait as long as the server says, and send fewer requests at a time where a budget was used up, even
 * if the failed request is not retried. `tries` is the number of tries so far.
 *
 * A budget belongs to the mailbox when the account acts as its owner, otherwise to the account. An HTTP status comes from a component in front of all
 * mailboxes: https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/ews-throttling-in-exchange
 */
export function slowDown(failures: readonly Failure[], tries: number, { requestQueue, key, target, limits }: RequestSender): void {
  for (const failure of failures) {
    // Items that were not attempted need no wait, and waiting does not fix a problem that needs a person.
    if (!failure.retryable || failure.code === "not-attempted" || failure.code === "cancelled") continue;
    const { wireCode } = failure;
    const throttled = isThrottled(failure);
    const isOfAccount = wireCode?.startsWith("HTTP ") || (throttled && target.impersonate === undefined);
    const scope = isOfAccount ? undefined : key;
    if (throttled) requestQueue.recordThrottled(scope, failure.concurrency);
    const requested = failure.code === "busy";
    requestQueue.pause(scope, failure.backOffMs ?? Math.min(backoffDelay(tries), limits.maxWaitMs), {
      text: requested ? "Exchange is throttling" : "the last answer was lost",
      asked: requested,
      wireCode,
    });
  }
}

/**
 * Sends a request for one large content. Until the content begins, the request may be retried; after that, failures are thrown while reading the
 * bytes.
 */
export async function requestStream<In, Out>(
  operation: Operation<In, Out>,
  input: In,
  content: readonly QName[],
  sender: RequestSender,
): Promise<StreamedReply<Out>> {
  for (let tries = 1; ; tries++) {
    const turn = await waitForTurn(sender);
    try {
      const reply = await sender.soap.stream(operation, input, content, sender.target, sender.call);
      const value = async (): Promise<Out> => onlyOf(await reply.value());
      if (reply.content !== undefined) return { bytes: releaseTurnAtEnd(whole(reply.content, value), turn), value };
      const only = await value();
      turn.end(true);
      return { bytes: undefined, value: async () => only };
    } catch (thrown) {
      const failure = asFailure(thrown);
      turn.end(!isThrottled(failure));
      const again = isRepeatable(failure, operation.safety, tries, sender);
      if (again || isThrottled(failure)) slowDown([failure], tries, sender);
      if (!again) throw reported(failure, operation.safety);
    }
  }
}

async function* whole(content: AsyncIterable<Uint8Array>, value: () => Promise<unknown>): AsyncGenerator<Uint8Array> {
  yield* content;
  await value();
}

function onlyOf<Out>(outcomes: readonly Outcome<Out>[]): Out {
  const outcome = outcomes[0] ?? failed(new Failure("broken-reply", "The reply has no response message."));
  if (outcome.ok) return outcome.value;
  throw outcome.failure;
}
