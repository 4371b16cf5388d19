// src/ews/sending/: Sends messages and replies once, and finds a sent message again.

import type { Failure } from "../../failure.ts";
import { hadNoReply } from "../../wire/http/http-failure.ts";
import { reasonOf } from "../../wire/throttling/retry-safety.ts";
import { certainlyNotDone } from "../failures.ts";

/**
 * Response codes to SendItem after which the message certainly was not sent. Short on purpose: after any other, the mark tells what became of the
 * message. Not on it: what the server may say of a draft that it has sent already (not found, changed, no item to send), what a store may refuse when
 * the copy is saved (a quota), and all that failed inside.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/responsecode
 */
const refusedBefore: ReadonlySet<string> = new Set([
  // Checked before the operation begins: the request itself.
  "ErrorSchemaValidation",
  "ErrorInvalidServerVersion",
  "ErrorIncorrectSchemaVersion",
  // Whose mailbox the account acts for.
  "ErrorImpersonateUserDenied",
  "ErrorImpersonationDenied",
  "ErrorImpersonationFailed",
  // Whether the account may open the draft and the folder of the copy, which it does before it submits.
  "ErrorAccessDenied",
  // Checked when the draft is submitted, which these refuse: the sender, the recipients, the size, and how much an account may send.
  "ErrorSendAsDenied",
  "ErrorInvalidRecipients",
  "ErrorMissingRecipients",
  "ErrorExceededMaxRecipientLimit",
  "ErrorMessageSizeExceeded",
  "ErrorMessageSubmissionBlocked",
  "ErrorSubmissionQuotaExceeded",
  "ErrorExceededMessageLimit",
]);

/** Statuses of the web server before EWS: it checks the sign-in, and the length of a request, before it hands the request on. */
const refusedByWebServer: ReadonlySet<string> = new Set(["HTTP 401", "HTTP 440", "HTTP 413", "HTTP 404.13"]);

/** A gateway says with these that it had no reply of the server. */
const gatewayCodes: ReadonlySet<string> = new Set(["HTTP 502", "HTTP 503", "HTTP 504"]);

/** True when the message of an order to send that failed certainly was not sent. */
export function certainlyNotSent(failure: Failure): boolean {
  const { wireCode } = failure;
  // Busy, not attempted, never on its way: the server says that it has not begun, or nothing has reached it.
  if (certainlyNotDone(failure)) return true;
  // Of our own making: the order was never written.
  if (wireCode === undefined) return failure.code === "invalid-input" || failure.code === "invalid-settings";
  return refusedBefore.has(wireCode) || refusedByWebServer.has(wireCode);
}

/** True when no reply to the order came: what is said under HTTP 200 is a reply, whatever is missing in it. */
export function hasNoReply(failure: Failure): boolean {
  return hadNoReply(reasonOf(failure)) || gatewayCodes.has(failure.wireCode ?? "");
}
