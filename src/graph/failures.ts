// src/graph/: The `Exchange` port over Microsoft Graph. The files directly in this folder serve all its parts.

import { Failure, type FailureCode } from "../failure.ts";
import { neverSent, oneLine } from "../wire/http/http-failure.ts";
import { readRetryAfter } from "../wire/throttling/backoff-delay.ts";
import { openRepetition, type RepeatSafety } from "../wire/throttling/retry-safety.ts";
import { type JsonObject, objectIn, textIn } from "./session/read-json.ts";

/** The meaning of one error code. */
interface Meaning {
  readonly code: FailureCode;
  readonly hint?: string;
}

const consent =
  "Ask an administrator to grant the application the permission for Microsoft Graph, with consent. It takes effect with a new token.";
const scopeOfAccess =
  "Check the application's permission for Microsoft Graph, and whether RBAC for Applications lets it into this mailbox (Test-ServicePrincipalAuthorization).";
const notAnId = "Check the id, or name the message by internet_message_id.";
const unlocated = {
  code: "mailbox-not-found",
  hint: "Name the mailbox by its user principal name or object id: for Microsoft Graph another address of the same person may not be enough.",
} as const;

/**
 * Graph's error codes and their meaning here, ignoring case. A code that is not listed is converted by its HTTP status.
 * @see https://learn.microsoft.com/en-us/graph/errors
 */
const meanings: ReadonlyMap<string, Meaning> = new Map(
  Object.entries({
    // Throttling.
    applicationthrottled: { code: "busy" },
    toomanyrequests: { code: "busy" },
    activitylimitreached: { code: "busy" },
    errorserverbusy: { code: "busy" },
    errorexceededconnectioncount: { code: "busy" },
    // Temporary trouble inside Exchange.
    errorinternalservertransienterror: { code: "busy" },
    errormailboxstoreunavailable: { code: "busy" },
    errormailboxmoveinprogress: { code: "busy" },
    serviceunavailable: { code: "busy" },
    servicenotavailable: { code: "busy" },
    errortimeoutexpired: { code: "timeout" },
    // Rights.
    erroraccessdenied: { code: "access-denied", hint: scopeOfAccess },
    authorization_requestdenied: { code: "role-missing", hint: consent },
    accessdenied: { code: "access-denied", hint: scopeOfAccess },
    forbidden: { code: "access-denied", hint: scopeOfAccess },
    errorsendasdenied: { code: "access-denied", hint: "Send from an address that the application may use." },
    errorcannotdeleteobject: { code: "access-denied" },
    errormessagesubmissionblocked: { code: "access-denied", hint: "Ask an administrator to unblock sending for this mailbox." },
    invalidauthenticationtoken: { code: "unauthenticated" },
    compacttokenparsingfailed: { code: "unauthenticated" },
    // Mailboxes.
    mailboxnotenabledforrestapi: {
      code: "mailbox-not-found",
      hint: "Check whether this mailbox is inactive, soft-deleted or without a licence. If it is on an Exchange Server of the organisation, use EWS.",
    },
    mailboxnotsupportedforrestapi: {
      code: "mailbox-not-found",
      hint: "Use EWS: this kind of mailbox cannot be reached over Microsoft Graph.",
    },
    errornonexistentmailbox: unlocated,
    errorinvaliduser: unlocated,
    resourcenotfound: unlocated,
    request_resourcenotfound: unlocated,
    // Items and folders.
    erroritemnotfound: { code: "not-found" },
    errorinvalidmailboxitemid: {
      code: "invalid-input",
      hint: "Name the mailbox that this id came from, or name the message by internet_message_id.",
    },
    errorinvalidid: { code: "not-found" },
    errorinvalidattachmentid: { code: "not-found" },
    errorfoldernotfound: { code: "folder-not-found" },
    errorinvalidfolderid: { code: "folder-not-found" },
    errorparentfoldernotfound: { code: "folder-not-found" },
    errortofoldernotfound: { code: "folder-not-found" },
    errorfolderexists: { code: "changed", hint: "Use the existing folder of this name." },
    errorirresolvableconflict: { code: "changed" },
    errorstaleobject: { code: "changed" },
    errorinvalidchangekey: { code: "changed" },
    // Content that Exchange cannot return.
    errorcannotopenfileattachment: { code: "unreadable" },
    errormimecontentconversionfailed: { code: "unreadable" },
    errorcontentconversionfailed: { code: "unreadable" },
    errorcorruptdata: { code: "unreadable" },
    erroritemcorrupt: { code: "unreadable" },
    errorvirusdetected: { code: "unreadable", hint: "Check the server's virus scanner, which holds this content back." },
    // Sizes.
    errormessagesizeexceeded: { code: "too-large" },
    errorattachmentsizelimitexceeded: { code: "too-large" },
    errorsendquotaexceeded: { code: "quota-exceeded" },
    errorquotaexceeded: { code: "quota-exceeded" },
    errorquotaexceededondelete: {
      code: "quota-exceeded",
      hint: "Ask an administrator to make room in the Recoverable Items of the mailbox, which are full.",
    },
    // Input that makes no sense to the server.
    errorinvalididmalformed: { code: "invalid-input", hint: notAnId },
    errorinvalididempty: { code: "invalid-input", hint: notAnId },
    errorinvalidrecipients: { code: "invalid-input" },
    errormissingrecipients: { code: "invalid-input" },
    errorinvalidurlqueryfilter: { code: "invalid-input" },
    inefficientfilter: { code: "invalid-input" },
  } satisfies Record<string, Meaning>),
);

/**
 * Converts an error to a Failure; `now` in milliseconds since 1970. The server's text is shortened, because it is untrusted. A reply without Graph's
 * form was written by something else (`notOfGraph`).
 */
export function failureOf(status: number, headers: ReadonlyMap<string, string>, body: JsonObject | undefined, now = Date.now()): Failure {
  const error = objectIn(body, "error");
  const graphCode = textIn(error, "code") ?? "";
  if (graphCode === "" || status < 400) return notOfGraph(status, headers, now);
  const wireCode = graphCode.slice(0, 100);
  const meaning = meanings.get(graphCode.toLowerCase());
  const text = oneLine(textIn(error, "message") ?? "");
  const failure = new Failure(
    // Status 429 means throttling, whatever the code.
    status === 429 ? "busy" : (meaning?.code ?? codeOf(status)),
    text === "" ? `Microsoft Graph answered ${wireCode}.` : `${text} (${wireCode})`,
    {
      wireCode,
      requestId: headers.get("request-id") ?? textIn(objectIn(error, "innerError"), "request-id"),
      backOffMs: readRetryAfter(headers.get("retry-after"), now),
      hint: meaning?.hint ?? hintOf(status),
    },
  );
  // A 429 rejects the request before processing, and so does a 503 with Retry-After (RFC 9110, 15.6.4).
  if (status === 429 || (status === 503 && failure.backOffMs !== undefined)) notProcessed.add(failure);
  return failure;
}

const notProcessed = new WeakSet<Failure>();
const notWrittenByGraph = new WeakSet<Failure>();

/**
 * Returns the Failure for a reply that Graph did not write: a page of a proxy, an empty body, a redirect. It shows nothing about the mailbox, nor
 * whether the request was carried out before its reply was replaced.
 */
export function notOfGraph(status: number, headers: ReadonlyMap<string, string>, now = Date.now()): Failure {
  const type = /^[\w.+-]{1,40}\/[\w.+-]{1,40}/.exec(headers.get("content-type") ?? "")?.[0];
  const failure = new Failure(
    codeOfForeignReply(status),
    `The reply is not one that Microsoft Graph returns to this request (HTTP ${status}${type === undefined ? "" : `, ${type}`}).`,
    {
      wireCode: `HTTP ${status}`,
      requestId: headers.get("request-id"),
      backOffMs: readRetryAfter(headers.get("retry-after"), now),
      hint: "Retry. If it persists, check the address of Microsoft Graph and the proxies in between: a proxy or its sign-in page may have replied.",
    },
  );
  notWrittenByGraph.add(failure);
  // The sender of a 429 has counted requests and has not passed this one on (RFC 6585, 4).
  if (status === 429) notProcessed.add(failure);
  return failure;
}

/** Returns the code for statuses that mean the same from any sender: missing credentials, a request that is too large, or a time-out. */
function codeOfForeignReply(status: number): FailureCode {
  switch (status) {
    case 401:
      return "unauthenticated";
    case 408:
    case 504:
      return "timeout";
    case 413:
      return "too-large";
    case 429:
    case 503:
      return "busy";
    default:
      return "broken-reply";
  }
}

/** Returns the code for an error code that is not in the table. Only codes in the table can mean that something does not exist. */
function codeOf(status: number): FailureCode {
  switch (status) {
    case 401:
      return "unauthenticated";
    case 403:
      return "access-denied";
    case 405:
    case 501:
      return "unsupported";
    case 408:
    case 504:
      return "timeout";
    case 409:
    case 412:
      return "changed";
    case 413:
      return "too-large";
    case 429:
    case 503:
      return "busy";
    case 507:
      return "quota-exceeded";
    default:
      return status >= 500 ? "broken-reply" : "refused";
  }
}

function hintOf(status: number): string | undefined {
  if (status === 401) return "Check the application's credential, and that its token is for Microsoft Graph.";
  return status === 403 ? scopeOfAccess : undefined;
}

/** Tells whether the server certainly did nothing, so any request may be repeated. */
export function certainlyNotDone(failure: Failure): boolean {
  return failure.code === "not-attempted" || neverSent(failure) || notProcessed.has(failure);
}

const repeating = openRepetition(certainlyNotDone);
export const { isThrottled, mayRepeat } = repeating;

/** Reports a failure as `repetition` does. After a reply that Graph did not write, anything but a read may have been carried out. */
export function reported(failure: Failure, safety: RepeatSafety): Failure {
  const isUnknown = safety === "idempotent" && notWrittenByGraph.has(failure) && failure.retryable && !certainlyNotDone(failure);
  const reportedFailure = repeating.reported(failure, isUnknown ? "never" : safety);
  if (reportedFailure !== failure) repliesLost.add(reportedFailure);
  return reportedFailure;
}

const repliesLost = new WeakSet<Failure>();

/** Tells whether `reported` made this Failure for a lost reply: the request may have been carried out. */
export function mayBeDone(failure: Failure): boolean {
  return repliesLost.has(failure);
}

/** Returns the Failure for a missing reply: broken-reply, which becomes `unknown-outcome` where the request must not be repeated. */
export function unanswered(safety: RepeatSafety): Failure {
  return reported(new Failure("broken-reply", "The server returned no reply for this item."), safety);
}
