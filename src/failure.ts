// src/: The root holds the two nouns that every layer shares (a failure, an outcome), the library's public names, and the start of the program.

/** The meaning of one failure code for every face. */
interface Meaning {
  /** HTTP status (RFC 9110). */
  readonly status: number;
  /** Exit code of the process. 0 is success, 1 is never used on purpose: it is what a crash of the runtime gives. */
  readonly exit: number;
  /** Whether the same call may succeed later without a change. Never true if the work may already have been done. */
  readonly retryable: boolean;
  /** What the person should do next. */
  readonly hint: string;
}

/** Every way a call can fail. The codes are part of the public interface; wire codes are mapped to them by each back end. */
export const failures = {
  "invalid-input": {
    status: 400,
    exit: 2,
    retryable: false,
    hint: "Correct the named field; its description says what it accepts.",
  },
  "invalid-settings": { status: 500, exit: 3, retryable: false, hint: "Correct the named setting in mailcordon.yaml or the environment." },
  "confirmation-required": {
    status: 428,
    exit: 4,
    retryable: false,
    hint: "Check the targets with dry_run, then repeat the call with confirm: true.",
  },
  "unexpected-count": {
    status: 409,
    exit: 5,
    retryable: false,
    hint: "Nothing was changed. Check what was found, then set the right expected_count.",
  },
  unauthenticated: {
    status: 401,
    exit: 10,
    retryable: false,
    hint: "Check the user name, password or token of this connection in the settings.",
  },
  "access-denied": {
    status: 403,
    exit: 11,
    retryable: false,
    hint: "Ask an administrator to grant the account impersonation or delegate rights for this mailbox.",
  },
  "role-missing": {
    status: 403,
    exit: 12,
    retryable: false,
    hint: "Ask an administrator to give the account the role that the message names.",
  },
  "not-found": {
    status: 404,
    exit: 13,
    retryable: false,
    hint: "Search again, or name the message by internet_message_id: it may have been deleted or moved, or the account may not see it.",
  },
  "could-not-look": {
    status: 502,
    exit: 32,
    retryable: false,
    hint: "Check the account's rights in the mailbox, then retry: a folder or mailbox that may contain the item could not be opened.",
  },
  "mailbox-not-found": {
    status: 404,
    exit: 14,
    retryable: false,
    hint: "Check the address. It must be the primary SMTP address of a mailbox.",
  },
  "folder-not-found": {
    status: 404,
    exit: 15,
    retryable: false,
    hint: "Check the folder. It must be a well-known name, a path such as Inbox/Reports, or a folder id.",
  },
  changed: { status: 409, exit: 16, retryable: false, hint: "Read the item again, then retry: somebody else changed it in the meantime." },
  "too-large": { status: 413, exit: 17, retryable: false, hint: "Send or request less, or raise the limit that the message names." },
  unreadable: {
    status: 422,
    exit: 18,
    retryable: false,
    hint: "Check the message in Outlook or with Exchange's own tools; Exchange could not return its content. Other items are not affected.",
  },
  "quota-exceeded": {
    status: 507,
    exit: 19,
    retryable: false,
    hint: "Ask an administrator to raise the quota or to free space: the mailbox is full.",
  },
  unsupported: {
    status: 501,
    exit: 20,
    retryable: false,
    hint: "Use another way that the message names, or another connection: this server or back end does not support it.",
  },
  busy: { status: 503, exit: 21, retryable: true, hint: "Retry later, or with fewer calls at a time: Exchange is throttling." },
  timeout: { status: 504, exit: 22, retryable: true, hint: "Retry, or raise timeout_seconds." },
  unreachable: {
    status: 502,
    exit: 23,
    retryable: true,
    hint: "Check the URL, name resolution, network and proxy: `mailcordon doctor` tests each.",
  },
  "tls-failed": {
    status: 502,
    exit: 24,
    retryable: false,
    hint: "Check the server's certificate. If a private authority signed it, set ca_file.",
  },
  "broken-reply": {
    status: 502,
    exit: 25,
    retryable: true,
    hint: "The reply ended early or breaks the protocol. Retry; if it persists, check the proxies in between.",
  },
  refused: {
    status: 502,
    exit: 26,
    retryable: false,
    hint: "Look up the server's own code (wire_code) in Microsoft's documentation; retrying as is will not help.",
  },
  "not-attempted": {
    status: 503,
    exit: 27,
    retryable: true,
    hint: "Repeat the call for this item: Exchange stopped before it, and nothing was done to it.",
  },
  "unknown-outcome": {
    status: 502,
    exit: 28,
    retryable: false,
    hint: "Check whether it was done before you repeat it: the reply was lost.",
  },
  "not-verified": {
    status: 500,
    exit: 29,
    retryable: false,
    hint: "Check the item: Exchange reported success, but a second look shows otherwise.",
  },
  "evidence-failed": {
    status: 507,
    exit: 30,
    retryable: false,
    hint: "Check the evidence folder and its free space. The item was not changed, because its evidence could not be kept.",
  },
  "audit-failed": {
    status: 500,
    exit: 31,
    retryable: false,
    hint: "Check the audit file. Nothing was changed, because the audit entry could not be written.",
  },
  cancelled: {
    status: 499,
    exit: 130,
    retryable: true,
    hint: "Repeat the call if you still want it; for a change, check first how far it came.",
  },
  internal: { status: 500, exit: 70, retryable: false, hint: "Report this defect of mailcordon, with the message." },
} as const satisfies Record<string, Meaning>;

/** A code of the closed table. */
export type FailureCode = keyof typeof failures;

/** Exit code when the call went through but at least one item of several failed. */
export const someItemsFailedExit = 6;

/** Further facts of a failure, beside its code and message. */
export interface FailureDetails {
  /** The wire's own code, such as `ErrorItemNotFound`. */
  readonly wireCode?: string | undefined;
  /** The server's id of the request, for its logs. */
  readonly requestId?: string | undefined;
  /** How long the server asked us to wait, in milliseconds. */
  readonly backOffMs?: number | undefined;
  /** How many concurrent requests the server allows, if it says so. */
  readonly concurrency?: number | undefined;
  /** Replaces the hint of the table if more is known. */
  readonly hint?: string | undefined;
  /** Drafts that mailcordon left in the mailbox, as they were found. */
  readonly leftDrafts?: readonly LeftDraft[] | undefined;
  /** Drafts found without our mark, one of which may be ours: a person must check them. */
  readonly possibleDrafts?: readonly LeftDraft[] | undefined;
  /** Text for the server's log and the command line only: a path of this machine, or the output of a program. Never in message or hint. */
  readonly local?: string | undefined;
  readonly cause?: unknown;
}

/** A draft of ours that is still in the mailbox: it was not sent, or the outcome is unknown. */
export interface LeftDraft {
  readonly mailbox: string;
  /** Its well-known name, or its path. */
  readonly folder: string;
  readonly itemId: string;
}

const brand = Symbol.for("mailcordon.Failure");

/** The only error class. Its message never contains a secret or a whole request; text from a server or message in it is untrusted. */
export class Failure extends Error {
  /** Recognises the copies of this class: each program of the package, and the library, has its own. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && brand in value;
  }

  override readonly name = "Failure";
  readonly [brand] = true;
  readonly code: FailureCode;
  readonly hint: string;
  readonly wireCode: string | undefined;
  readonly requestId: string | undefined;
  readonly backOffMs: number | undefined;
  readonly concurrency: number | undefined;
  readonly leftDrafts: readonly LeftDraft[] | undefined;
  readonly possibleDrafts: readonly LeftDraft[] | undefined;
  readonly local: string | undefined;

  constructor(code: FailureCode, message: string, details: FailureDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hint = details.hint ?? failures[code].hint;
    this.wireCode = details.wireCode;
    this.requestId = details.requestId;
    this.backOffMs = details.backOffMs;
    this.concurrency = details.concurrency;
    this.leftDrafts = details.leftDrafts;
    this.possibleDrafts = details.possibleDrafts;
    this.local = details.local;
  }

  get retryable(): boolean {
    return failures[this.code].retryable;
  }
}

/** Converts a thrown value into a Failure: itself, a cancellation, or `internal` with the value as its cause. */
export function asFailure(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  if (thrown instanceof Error && thrown.name === "AbortError")
    return new Failure("cancelled", "The call was cancelled.", { cause: thrown });
  return new Failure("internal", thrown instanceof Error ? messageOf(thrown) : "A value that is not an Error was thrown.", {
    cause: thrown,
  });
}

/** Returns the message without the path of a Node.js error, because a caller of a server sees it. */
function messageOf(thrown: Error): string {
  const code = errorCode(thrown);
  if (pathOf(thrown) !== undefined) return `A file could not be read or written (${code ?? "unknown error"}).`;
  // The text names the file that imported the module.
  if (code === "MODULE_NOT_FOUND" || code === "ERR_MODULE_NOT_FOUND") return `A part of mailcordon is missing (${code}).`;
  return thrown.message;
}

function pathOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && "path" in thrown && typeof thrown.path === "string" ? thrown.path : undefined;
}

/** Maximum number of nested causes. No failure is wrapped more often, and a cycle of causes must end. */
const mostCausesFollowed = 10;

/** Returns the text for the server's log and the command line of a failure or one of its causes. */
export function localOf(failure: Failure): string | undefined {
  let at: unknown = failure;
  for (let depth = 0; depth < mostCausesFollowed && at instanceof Error; depth++) {
    const local = (at instanceof Failure ? at.local : undefined) ?? pathOf(at);
    if (local !== undefined) return local;
    at = at.cause;
  }
  return undefined;
}

/** Returns the failure for the command line, which may show paths: it runs on the user's own machine. */
export function withLocal(failure: Failure): Failure {
  const local = localOf(failure);
  if (local === undefined || failure.message.includes(local)) return failure;
  return reworded(failure, `${failure.message} [${local}]`, failure.hint);
}

/** Returns the failure with another message and hint. Everything else is kept. */
export function reworded(failure: Failure, message: string, hint: string): Failure {
  const { code, wireCode, requestId, backOffMs, concurrency, leftDrafts, possibleDrafts } = failure;
  return new Failure(code, message, { wireCode, requestId, backOffMs, concurrency, hint, leftDrafts, possibleDrafts, cause: failure });
}

/**
 * Throws `failure` if it is a defect of ours. Call it before a caught failure becomes a note, a default or a second try: none of these may hide a
 * defect. `done`: one sentence on what was done before.
 */
export function throwDefect(failure: Failure, done?: string): void {
  if (failure.code !== "internal") return;
  if (done === undefined) throw failure;
  throw new Failure("internal", `${done} Then a defect of mailcordon stopped the call: ${failure.message}`, { cause: failure });
}

/** Returns the code of an error of Node.js or the operating system, such as `ENOENT`. @see https://nodejs.org/api/errors.html#errorcode */
export function errorCode(thrown: unknown): string | undefined {
  return thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" ? thrown.code : undefined;
}
