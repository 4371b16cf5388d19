import { Failure, type FailureCode } from "../failure.ts";
import { neverSent, oneLine } from "../wire/http/http-failure.ts";
import { openRepetition, type RepeatSafety } from "../wire/throttling/retry-safety.ts";
import { mayHideReply } from "./session/http-failures.ts";
import type { Status } from "./session/response-status.ts";

/** The meaning of one response code. */
interface Meaning {
  readonly code: FailureCode;
  /** The server reports that it did nothing, so any request may be repeated. */
  readonly notDone?: true;
  readonly hint?: string;
}

const impersonation =
  "Ask an administrator to give the account the role ApplicationImpersonation for this mailbox, or use delegate access (access: delegate).";
const applicationActsAs =
  "An application has no mailbox of its own: name the mailbox, and reach it by impersonation (access: impersonation).";
const notAnId = "Check the id, or name the message by internet_message_id.";
const notDone = { code: "busy", notDone: true } as const;
const transient = { code: "busy" } as const;
const invalidInput = { code: "invalid-input" } as const;
const invalidId = { code: "invalid-input", hint: notAnId } as const;
const unreadable = { code: "unreadable" } as const;

/**
 * Microsoft's response codes and their meaning here. A code that is not listed becomes `refused`: servers return codes that no schema lists.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/responsecode
 */
const meanings: ReadonlyMap<string, Meaning> = new Map<string, Meaning>([
  // Throttling: the budget is checked before the work (https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/ews-throttling-in-exchange).
  ["ErrorServerBusy", notDone],
  ["ErrorExceededConnectionCount", notDone],
  ["ErrorExceededFindCountLimit", notDone],
  ["ErrorInsufficientResources", notDone],
  ["ErrorTooManyObjectsOpened", notDone],
  ["ErrorBatchProcessingStopped", { code: "not-attempted", notDone: true }],
  // Seen both after and instead of the work, so how far Exchange got is not known.
  [
    "ErrorInternalServerError",
    {
      code: "broken-reply",
      hint: "Retry. If it persists, ask the administrator of the server: its event log has the reason.",
    },
  ],
  // Temporary trouble inside Exchange. How far it got is not known.
  ["ErrorInternalServerTransientError", transient],
  ["ErrorMailboxStoreUnavailable", transient],
  ["ErrorMailboxMoveInProgress", transient],
  ["ErrorMailboxFailover", transient],
  ["ErrorADUnavailable", transient],
  ["ErrorADOperation", transient],
  ["ErrorConnectionFailed", transient],
  ["ErrorServiceUnavailable", transient],
  ["ErrorNotEnoughMemory", transient],
  ["ErrorProxyCallFailed", transient],
  ["ErrorProxyRequestProcessingFailed", transient],
  ["ErrorNoRespondingCASInDestinationSite", transient],
  ["ErrorPublicFolderSyncException", transient],
  ["ErrorTimeoutExpired", { code: "timeout" }],
  ["ErrorRequestAborted", { code: "timeout" }],
  // Rights.
  ["ErrorAccessDenied", { code: "access-denied" }],
  [
    "ErrorAccessDeniedDueToCompliance",
    { code: "access-denied", hint: "Ask an administrator which hold or retention policy keeps this item." },
  ],
  [
    "ErrorRecoverableItemsAccessDenied",
    { code: "access-denied", hint: "Give the account the right to write in the Recoverable Items of this mailbox." },
  ],
  ["ErrorCreateItemAccessDenied", { code: "access-denied" }],
  ["ErrorCreateSubfolderAccessDenied", { code: "access-denied" }],
  ["ErrorCannotDeleteObject", { code: "access-denied" }],
  ["ErrorMailboxLogonFailed", { code: "access-denied" }],
  ["ErrorOrganizationAccessBlocked", { code: "access-denied" }],
  ["ErrorMessageSubmissionBlocked", { code: "access-denied", hint: "Ask an administrator to unblock sending for this account." }],
  ["ErrorSendAsDenied", { code: "access-denied", hint: "Give the account Send As for this address." }],
  ["ErrorImpersonateUserDenied", { code: "role-missing", hint: impersonation }],
  ["ErrorImpersonationDenied", { code: "role-missing", hint: impersonation }],
  ["ErrorImpersonationFailed", { code: "role-missing", hint: impersonation }],
  ["ErrorInvalidExchangeImpersonationHeaderData", { code: "mailbox-not-found", hint: applicationActsAs }],
  ["ErrorInvalidManagementRoleHeader", { code: "role-missing" }],
  ["ErrorDiscoverySearchesDisabled", { code: "role-missing" }],
  // The account itself.
  ["ErrorAccountDisabled", { code: "unauthenticated", hint: "Ask an administrator to enable the account." }],
  ["ErrorPasswordExpired", { code: "unauthenticated", hint: "Change the password of the account: it has expired." }],
  ["ErrorPasswordChangeRequired", { code: "unauthenticated", hint: "Change the password of the account first." }],
  ["ErrorProxyTokenExpired", { code: "unauthenticated" }],
  ["ErrorInvalidAuthorizationContext", { code: "unauthenticated" }],
  // Mailboxes.
  ["ErrorNonExistentMailbox", { code: "mailbox-not-found" }],
  ["ErrorCannotFindUser", { code: "mailbox-not-found" }],
  ["ErrorNameResolutionNoMailbox", { code: "mailbox-not-found" }],
  ["ErrorMissingEmailAddress", { code: "mailbox-not-found", hint: "Name a mailbox: the account has none of its own." }],
  ["ErrorNonPrimarySmtpAddress", { code: "mailbox-not-found" }],
  ["ErrorInvalidSmtpAddress", { code: "mailbox-not-found" }],
  ["ErrorMailRecipientNotFound", { code: "mailbox-not-found" }],
  ["ErrorArchiveMailboxNotEnabled", { code: "mailbox-not-found", hint: "Leave the archive out: this mailbox has none." }],
  [
    "ErrorNoPublicFolderReplicaAvailable",
    { code: "mailbox-not-found", hint: "Check whether the organisation has public folders, and the account's rights to them." },
  ],
  [
    "ErrorNoPublicFolderServerAvailable",
    { code: "mailbox-not-found", hint: "Check whether the organisation has public folders, and the account's rights to them." },
  ],
  [
    "ErrorPublicFolderMailboxDiscoveryFailed",
    { code: "mailbox-not-found", hint: "Check whether the organisation has public folders, and the account's rights to them." },
  ],
  // Items and folders. Exchange does not distinguish a missing object from one that the account may not see.
  ["ErrorItemNotFound", { code: "not-found" }],
  ["ErrorInvalidAttachmentId", { code: "not-found" }],
  ["ErrorCannotFindFileAttachment", { code: "not-found" }],
  ["ErrorInvalidReferenceItem", { code: "not-found" }],
  ["ErrorFolderNotFound", { code: "folder-not-found" }],
  ["ErrorToFolderNotFound", { code: "folder-not-found" }],
  ["ErrorParentFolderNotFound", { code: "folder-not-found" }],
  ["ErrorSavedItemFolderNotFound", { code: "folder-not-found" }],
  ["ErrorSyncFolderNotFound", { code: "folder-not-found" }],
  ["ErrorManagedFolderNotFound", { code: "folder-not-found" }],
  ["ErrorInvalidFolderId", { code: "folder-not-found" }],
  ["ErrorInvalidParentFolder", { code: "folder-not-found" }],
  ["ErrorCannotAccessDeletedPublicFolder", { code: "folder-not-found" }],
  // Somebody else changed the item meanwhile.
  ["ErrorStaleObject", { code: "changed" }],
  ["ErrorIrresolvableConflict", { code: "changed" }],
  ["ErrorInvalidChangeKey", { code: "changed" }],
  ["ErrorFolderExists", { code: "changed", hint: "Use the existing folder of this name." }],
  // Content that Exchange cannot return.
  ["ErrorCannotOpenFileAttachment", unreadable],
  ["ErrorMimeContentConversionFailed", unreadable],
  ["ErrorContentConversionFailed", unreadable],
  ["ErrorUnsupportedMimeConversion", unreadable],
  ["ErrorUnsupportedTypeForConversion", unreadable],
  ["ErrorCorruptData", unreadable],
  ["ErrorItemCorrupt", unreadable],
  ["ErrorFolderCorrupt", unreadable],
  ["ErrorMimeContentInvalid", unreadable],
  ["ErrorItemPropertyRequestFailed", unreadable],
  ["ErrorInvalidIdTooManyAttachmentLevels", unreadable],
  ["ErrorVirusDetected", { code: "unreadable", hint: "Check the server's virus scanner, which holds this content back." }],
  ["ErrorVirusMessageDeleted", { code: "unreadable", hint: "Check the log of the server's virus scanner, which deleted this message." }],
  // Sizes.
  ["ErrorMessageSizeExceeded", { code: "too-large" }],
  ["ErrorAttachmentSizeLimitExceeded", { code: "too-large" }],
  ["ErrorDataSizeLimitExceeded", { code: "too-large" }],
  ["ErrorRequestStreamTooBig", { code: "too-large" }],
  ["ErrorResultSetTooBig", { code: "too-large" }],
  ["ErrorExceededMaxRecipientLimit", { code: "too-large", hint: "Send to fewer recipients: there are too many for one message." }],
  ["ErrorAttachmentNestLevelLimitExceeded", { code: "too-large" }],
  ["ErrorQuotaExceeded", { code: "quota-exceeded" }],
  [
    "ErrorQuotaExceededOnDelete",
    { code: "quota-exceeded", hint: "Ask an administrator to make room in the Recoverable Items of the mailbox, which are full." },
  ],
  ["ErrorMessagePerFolderCountReceiveQuotaExceeded", { code: "quota-exceeded" }],
  ["ErrorSubmissionQuotaExceeded", { code: "quota-exceeded", hint: "Wait before you send again: the account has sent too many messages." }],
  ["ErrorExceededMessageLimit", { code: "quota-exceeded", hint: "Wait before you send again: the account has sent too many messages." }],
  // Input that makes no sense to the server. An invalid id does not mean that the item does not exist: the server does not accept the text as an id.
  ["ErrorInvalidId", invalidId],
  ["ErrorInvalidIdMalformed", invalidId],
  ["ErrorInvalidIdMalformedEwsLegacyIdFormat", invalidId],
  ["ErrorInvalidIdEmpty", invalidId],
  ["ErrorInvalidIdMonikerTooLong", invalidId],
  ["ErrorInvalidIdStoreObjectIdTooLong", invalidId],
  ["ErrorInvalidIdXml", invalidId],
  ["ErrorInvalidIdNotAnItemAttachmentId", invalidId],
  ["ErrorCannotUseFolderIdForItemId", invalidId],
  ["ErrorCannotUseItemIdForFolderId", invalidInput],
  ["ErrorInvalidRecipients", invalidInput],
  ["ErrorMissingRecipients", invalidInput],
  ["ErrorInvalidMailbox", invalidInput],
  ["ErrorInvalidValueForProperty", invalidInput],
  ["ErrorInvalidRoutingType", invalidInput],
  ["ErrorQueryFilterTooLong", invalidInput],
  ["ErrorRestrictionTooLong", invalidInput],
  ["ErrorRestrictionTooComplex", invalidInput],
  ["ErrorInvalidValueForFilter", invalidInput],
  ["ErrorMoveDistinguishedFolder", invalidInput],
  // Features that this server does not have.
  ["ErrorInvalidServerVersion", { code: "unsupported", hint: "Use Exchange 2013 SP1 or newer." }],
  ["ErrorIncorrectSchemaVersion", { code: "unsupported", hint: "Use Exchange 2013 SP1 or newer." }],
  ["ErrorInvalidSchemaVersionForMailboxVersion", { code: "unsupported", hint: "Use a mailbox on Exchange 2013 SP1 or newer." }],
  ["ErrorWrongServerVersion", { code: "unsupported" }],
  ["ErrorInvalidOperation", { code: "unsupported" }],
  ["ErrorContentIndexingNotEnabled", { code: "unsupported", hint: "Use the other filters instead of query: this mailbox is not indexed." }],
  ["ErrorCrossMailboxMoveCopy", { code: "unsupported" }],
]);

type ResponseText = Pick<Status, "responseCode" | "messageText" | "messageXml">;

/** Converts a response message or a fault to a Failure. The server's text is shortened, because it is untrusted. */
export function failureOf(responseText: ResponseText): Failure {
  const wireCode = responseText.responseCode ?? "";
  const inner = innerErrorOf(responseText);
  if (inner !== undefined && inner.responseCode !== wireCode) return withInnerError(failureOf(inner), responseText);
  const meaning = meanings.get(wireCode);
  const code = meaning?.code ?? "refused";
  const text = oneLine(responseText.messageText ?? "");
  return new Failure(code, text === "" ? `Exchange answered ${wireCode || "with an error"}.` : `${text} (${wireCode || "no code"})`, {
    wireCode: wireCode === "" ? undefined : wireCode,
    backOffMs: positiveNumber(responseText, "BackOffMilliseconds"),
    concurrency: positiveNumber(responseText, "MaxConcurrencyLimit"),
    hint: meaning?.hint,
  });
}

/**
 * Returns the error behind an error, `InnerErrorResponseCode` and `InnerErrorMessageText` of its MessageXml, such as full Recoverable Items behind a
 * general error of a deletion. Only a code that is known here is more specific than the outer one.
 */
function innerErrorOf({ messageXml = [] }: ResponseText): ResponseText | undefined {
  const responseText = (wanted: string) => messageXml.find(({ name }) => name?.trim() === wanted)?.text.trim();
  const responseCode = responseText("InnerErrorResponseCode") ?? "";
  return meanings.has(responseCode) ? { responseCode, messageText: responseText("InnerErrorMessageText") } : undefined;
}

/** Returns the inner failure with the outer one as its cause: the outer one decides whether the server did anything. */
function withInnerError({ code, message, wireCode, hint }: Failure, responseText: ResponseText): Failure {
  const cause = failureOf({
    ...responseText,
    messageXml: responseText.messageXml?.filter(({ name }) => name?.trim() !== "InnerErrorResponseCode"),
  });
  const { backOffMs, concurrency } = cause;
  return new Failure(code, `${message} Exchange reported it inside ${responseText.responseCode || "an error"}.`, {
    wireCode,
    hint,
    backOffMs,
    concurrency,
    cause,
  });
}

/** Returns a number of MessageXml, of a fault or of a response message. Absent and 0 mean that the server does not report it. */
function positiveNumber(responseText: Pick<Status, "messageXml">, wanted: string): number | undefined {
  const value = responseText.messageXml?.find(({ name }) => name?.trim() === wanted);
  const number = value === undefined ? Number.NaN : Number(value.text.trim());
  return Number.isFinite(number) && number > 0 ? number : undefined;
}

/** Tells whether the server certainly did nothing, so any request may be repeated. */
export function certainlyNotDone(failure: Failure): boolean {
  if (failure.code === "not-attempted" || neverSent(failure)) return true;
  const { wireCode = "", cause } = failure;
  if (cause instanceof Failure && cause.wireCode !== undefined && cause.wireCode !== wireCode) return certainlyNotDone(cause);
  // A 429 rejects the request before processing (RFC 6585, 4). A 503 may come from a proxy that lost the server after the work, whatever its
  // Retry-After.
  if (wireCode === "HTTP 429") return true;
  return meanings.get(wireCode)?.notDone === true;
}

const repeating = openRepetition(certainlyNotDone);
export const { isThrottled, mayRepeat, unanswered } = repeating;

/**
 * Reports a failure as `repetition` does. After a reply that EWS did not write, anything but a read may have been carried out, whatever the reply
 * says.
 */
export function reported(failure: Failure, safety: RepeatSafety): Failure {
  if (safety === "read" || failure.retryable || !mayHideReply(failure)) return repeating.reported(failure, safety);
  const { message, wireCode, requestId } = failure;
  return new Failure("unknown-outcome", `The answer was lost: ${message}`, { wireCode, requestId, cause: failure });
}
