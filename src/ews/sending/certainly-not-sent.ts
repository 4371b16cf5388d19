// src/ews/sending/: Sends messages and replies once, and finds a sent message again.

import type { Failure } from "../../failure.ts";
import { hadNoReply } from "../../wire/http/http-failure.ts";
import { reasonOf } from "../../wire/throttling/retry-safety.ts";
import { certainlyNotDone } from "../failures.ts";

/**
 * Response codes to SendItem after which the message certainly was not sent. The list is short on purpose: after any other code, the mark shows what
 * became of the message. Not on the list: codes that the server may return for a draft that it has already sent (not found, changed, no item to
 * send), codes for saving the copy (a quota), and internal failures.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/responsecode
 */
const refusedBefore: ReadonlySet<string> = new Set([
  // Checked before the operation begins: the request itself.
  "ErrorSchemaValidation",
  "ErrorInvalidServerVersion",
  "ErrorIncorrectSchemaVersion",
  // The mailbox that the account acts for.
  "ErrorImpersonateUserDenied",
  "ErrorImpersonationDenied",
  "ErrorImpersonationFailed",
  // Whether the account may open the draft and the folder of the copy, which Exchange checks before it submits.
  "ErrorAccessDenied",
  // Checked when the draft is submitted: the sender, the recipients, the size, and how much an account may send.
  "ErrorSendAsDenied",
  "ErrorInvalidRecipients",
  "ErrorMissingRecipients",
  "ErrorExceededMaxRecipientLimit",
  "ErrorMessageSizeExceeded",
  "ErrorMessageSubmissionBlocked",
  "ErrorSubmissionQuotaExceeded",
  "ErrorExceededMessageLimit",
]);

/** Statuses of the web server in front of EWS. It checks the sign-in and the length of a request before it passes the request on. */
const refusedByWebServer: ReadonlySet<string> = new Set(["HTTP 401", "HTTP 440", "HTTP 413", "HTTP 404.13"]);

/** A gateway reports with these that it got no reply from the server. */
const gatewayCodes: ReadonlySet<string> = new Set(["HTTP 502", "HTTP 503", "HTTP 504"]);

/** Tells whether the message of a failed order certainly was not sent. */
export function certainlyNotSent(failure: Failure): boolean {
  const { wireCode } = failure;
  // Busy, not attempted or never sent: the server reports that it has not begun, or nothing has reached it.
  if (certainlyNotDone(failure)) return true;
  // mailcordon refused it itself: the order was never written.
  if (wireCode === undefined) return failure.code === "invalid-input" || failure.code === "invalid-settings";
  return refusedBefore.has(wireCode) || refusedByWebServer.has(wireCode);
}

/** Tells whether no reply to the order came. A reply under HTTP 200 is a reply, even if parts are missing. */
export function hasNoReply(failure: Failure): boolean {
  return hadNoReply(reasonOf(failure)) || gatewayCodes.has(failure.wireCode ?? "");
}
