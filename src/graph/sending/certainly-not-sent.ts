// src/graph/sending/: Sends messages and replies once, and finds a sent message again.

import type { Failure } from "../../failure.ts";
import { hadNoReply } from "../../wire/http/http-failure.ts";
import { reasonOf } from "../../wire/throttling/retry-safety.ts";
import { certainlyNotDone } from "../failures.ts";

/**
 * Graph's own codes for an order to send after which the message certainly was not sent, in lower case. Short on purpose: after any other, the mark
 * tells what became of the message. Not on it: what Graph may say of a draft that it has sent already (not found, changed), quotas, which may be those
 * of the copy, and all that failed inside.
 * @see https://learn.microsoft.com/en-us/graph/errors
 */
const refusedBefore: ReadonlySet<string> = new Set([
  // The token and the permissions in it are checked before Exchange is asked.
  "invalidauthenticationtoken",
  "compacttokenparsingfailed",
  "authorization_requestdenied",
  // Whether the application may open the mailbox and the draft, which Exchange does before it submits.
  "erroraccessdenied",
  // Checked when the draft is submitted, which these refuse: the sender, the recipients, the size, and how much an account may send.
  "errorsendasdenied",
  "errorinvalidrecipients",
  "errormissingrecipients",
  "errormessagesizeexceeded",
  "errormessagesubmissionblocked",
  "errorexceededmessagelimit",
]);

/** A gateway says with these that it had no reply of Exchange; Graph's own gives no more than `UnknownError`. */
const gatewayCodes: ReadonlySet<string> = new Set(["HTTP 502", "HTTP 503", "HTTP 504", "UnknownError"]);

/** True when the message of an order to send that failed certainly was not sent. */
export function certainlyNotSent(failure: Failure): boolean {
  const { wireCode } = failure;
  // Throttled, not attempted, never on its way: the server says that it has not begun, or nothing has reached it.
  if (certainlyNotDone(failure)) return true;
  // Of our own making: the order was never written.
  if (wireCode === undefined) return failure.code === "invalid-input" || failure.code === "invalid-settings";
  return refusedBefore.has(wireCode.toLowerCase());
}

/** True when no reply to the order came: what is said with a success is a reply, whatever is missing in it. */
export function hasNoReply(failure: Failure): boolean {
  return hadNoReply(reasonOf(failure)) || gatewayCodes.has(failure.wireCode ?? "");
}
