// src/graph/sending/: Sends messages and replies once, and finds a sent message again.

import type { Failure } from "../../failure.ts";
import { hadNoReply } from "../../wire/http/http-failure.ts";
import { reasonOf } from "../../wire/throttling/retry-safety.ts";
import { certainlyNotDone } from "../failures.ts";

/**
 * Graph's own codes, in lower case, for an order to send after which the message certainly was not sent. The list is short on purpose: after any
 * other code, the mark shows what became of the message. Not on the list: codes that Graph may return for a draft that it has already sent (not
 * found, changed), quotas, which may concern the copy, and internal failures.
 * @see https://learn.microsoft.com/en-us/graph/errors
 */
const refusedBefore: ReadonlySet<string> = new Set([
  // The token and its permissions are checked before Exchange receives the request.
  "invalidauthenticationtoken",
  "compacttokenparsingfailed",
  "authorization_requestdenied",
  // Whether the application may open the mailbox and the draft, which Exchange checks before it submits.
  "erroraccessdenied",
  // Checked when the draft is submitted: the sender, the recipients, the size, and how much an account may send.
  "errorsendasdenied",
  "errorinvalidrecipients",
  "errormissingrecipients",
  "errormessagesizeexceeded",
  "errormessagesubmissionblocked",
  "errorexceededmessagelimit",
]);

/** A gateway reports with these that it got no reply from Exchange; Graph's own gateway returns only `UnknownError`. */
const gatewayCodes: ReadonlySet<string> = new Set(["HTTP 502", "HTTP 503", "HTTP 504", "UnknownError"]);

/** Tells whether the message of a failed order certainly was not sent. */
export function certainlyNotSent(failure: Failure): boolean {
  const { wireCode } = failure;
  // Throttled, not attempted or never sent: the server reports that it has not begun, or nothing has reached it.
  if (certainlyNotDone(failure)) return true;
  // mailcordon refused it itself: the order was never written.
  if (wireCode === undefined) return failure.code === "invalid-input" || failure.code === "invalid-settings";
  return refusedBefore.has(wireCode.toLowerCase());
}

/** Tells whether no reply to the order came. A reply with a success status is a reply, even if parts are missing. */
export function hasNoReply(failure: Failure): boolean {
  return hadNoReply(reasonOf(failure)) || gatewayCodes.has(failure.wireCode ?? "");
}
