import { setTimeout as sleep } from "node:timers/promises";
import { asFailure, Failure, type LeftDraft, throwDefect } from "../../failure.ts";
import { attempt } from "../../outcome.ts";
import type { Sent } from "./draft.ts";

/** Waits before each check, in milliseconds. */
export interface RetryDelays {
  /** For a message that may or may not have been sent. */
  readonly settle: readonly number[];
  /** For the copy in Sent Items: Exchange submits a message after it has replied. */
  readonly find: readonly number[];
}

// After a lost reply the server still works for some seconds; a copy appears within one second. A person is waiting, so both end in time.
export const defaultRetryDelays: RetryDelays = { settle: [1000, 2000, 4000, 8000, 8000], find: [0, 250, 500, 1000, 2000, 4000] };

/** More failures than this are not caused by a lost reply. */
const maxSends = 3;

/** The observed state of a message: sent; a draft that no earlier order can send any more; or a draft that may still be sent. */
export type SentState<D> = "sent" | { readonly draft: D } | "draft" | undefined;

/** How to find and delete our drafts of one message. */
export interface DraftCleanup<D> {
  /** Deletes the draft. */
  discard(draft: D): Promise<void>;
  /** Returns the drafts with the mark of this message, in their current folders. */
  left(): Promise<readonly LeftDraft[]>;
  /** Names of the folders that may contain a draft, for a failure of the search for it. */
  readonly leftIn: string;
}

/** The steps of a back end to send one message. Each throws Failure. */
export interface SendSteps<D> extends DraftCleanup<D> {
  make(): Promise<D>;
  /** Adds everything that must be on the draft before it is sent. Returns the draft as the order to send names it. */
  complete(draft: D): Promise<D>;
  /** Orders the server to send the draft. */
  order(draft: D): Promise<void>;
  /** Tells whether a failed order certainly sent nothing: a short list, with a reason for each entry. */
  certainlyNotSent(failure: Failure): boolean;
  /** Tells whether no reply to the order came from the server. Only then may the order be repeated. */
  isLost(failure: Failure): boolean;
  /**
   * Begins a series of checks of what became of the message. With `fence`, a check makes the draft that it finds unreachable for the order already
   * given, and returns it only after it has seen that the server now refuses that order.
   */
  looking(ordered: D, fence: boolean): () => Promise<SentState<D>>;
  /** Folders in which a person can find the message. */
  readonly folders: string;
}

/**
 * Sends one message exactly once, whatever fails: first a draft with a mark, then everything that belongs to it, then the order to send. Unless the
 * failure of the order shows that nothing was done, the mark shows whether the message was sent. The order is repeated only when no reply to it came
 * and the server was seen to refuse it from now on. A message that certainly was not sent leaves no draft. Throws Failure: `unknown-outcome` where
 * the outcome is not known, and then the draft stays; otherwise nothing was sent.
 */
export async function sendOnce<D>(steps: SendSteps<D>, delays: RetryDelays): Promise<void> {
  const made = await steps.make();
  let draft: D;
  try {
    draft = await steps.complete(made);
  } catch (thrown) {
    throw await discardAfterFailure(made, nothingSent(aboutDraft(asFailure(thrown))), steps);
  }
  for (let sends = 1; ; sends++) {
    try {
      await steps.order(draft);
      return;
    } catch (thrown) {
      const failure = asFailure(thrown);
      if (steps.certainlyNotSent(failure)) throw await discardAfterFailure(draft, nothingSent(failure), steps);
      const isLost = failure.code === "cancelled" || steps.isLost(failure);
      const settled = await settle(steps, draft, isLost, delays);
      if (settled === "sent") return;
      if ("seen" in settled) throw await unknownOutcome(failure, settled.seen, steps);
      draft = settled.draft;
      if (sends >= maxSends || failure.code === "cancelled")
        throw await discardAfterFailure(draft, nothingSent(aboutDraft(failure)), steps);
    }
  }
}

/** Makes a draft. After a lost reply, it searches for the draft by its mark before it makes another. Throws Failure: then nothing was sent. */
export async function makeOnce<D>(
  { make, find, ...cleanup }: DraftCleanup<D> & { make(): Promise<D>; find(): Promise<D | undefined> },
  delays: RetryDelays,
): Promise<D> {
  try {
    return await make();
  } catch (thrown) {
    const lost = asFailure(thrown);
    if (!mayBeMade(lost)) throw nothingSent(lost);
    const found = await findDraft(find, delays, lost);
    if (lost.code === "cancelled") throw found === undefined ? lost : await discardAfterFailure(found, lost, cleanup);
    if (found !== undefined) return found;
  }
  try {
    // The first draft may still appear. It is never sent, because only the draft returned here is.
    return await make();
  } catch (thrown) {
    const failure = asFailure(thrown);
    throw mayBeMade(failure) ? await withLeftDrafts(nothingSent(failure), cleanup) : nothingSent(failure);
  }
}

async function findDraft<D>(find: () => Promise<D | undefined>, { settle: waits }: RetryDelays, lost: Failure): Promise<D | undefined> {
  // Half as many checks as after a lost order to send: here only a surplus draft is at stake.
  for (const wait of waits.slice(0, Math.ceil(waits.length / 2))) {
    await sleep(wait);
    try {
      const found = await find();
      if (found !== undefined) return found;
    } catch (thrown) {
      throw nothingSent(asFailure(thrown).retryable ? lost : asFailure(thrown));
    }
  }
  return undefined;
}

/**
 * Reads the sent message from its copy. Returns nothing when the copy does not appear in time or may not be read: the message was sent all the same.
 */
export async function copyOf(
  find: () => Promise<Partial<Sent> | undefined>,
  { find: waits }: RetryDelays,
  progress: ((text: string) => void) | undefined,
): Promise<Partial<Sent>> {
  for (const wait of waits) {
    await sleep(wait);
    try {
      const copy = await find();
      if (copy !== undefined) return copy;
    } catch (thrown) {
      const failure = asFailure(thrown);
      throwDefect(failure, "The message was sent.");
      progress?.(`The copy in Sent Items could not be read: ${failure.message}`);
      // A rule may have moved the copy between the search and the read. Any other failure is permanent, or not worth another minute of waiting.
      if (failure.code === "busy" || (!failure.retryable && failure.code !== "not-found")) return {};
    }
  }
  return {};
}

/** Converts "not found" once there is a draft: it concerns the draft, not the original of a reply. */
function aboutDraft(failure: Failure): Failure {
  if (failure.code !== "not-found") return failure;
  const { message, wireCode, requestId } = failure;
  return new Failure("changed", `The draft is no longer there: ${message}`, {
    hint: "Check whether a rule or a person moves drafts in this mailbox, then send the message again.",
    wireCode,
    requestId,
    cause: failure,
  });
}

/** Converts a failure before the order to send: a lost reply there is not an `unknown-outcome`, because nothing was sent. */
export function nothingSent(failure: Failure): Failure {
  const { cause } = failure;
  const lost = cause instanceof Failure && (failure.code === "unknown-outcome" || failure.code === cause.code) ? cause : undefined;
  const known = lost ?? (failure.code === "unknown-outcome" ? new Failure("broken-reply", failure.message) : failure);
  return new Failure(known.code, `Nothing was sent. ${known.message}`, {
    hint: known.hint,
    wireCode: known.wireCode,
    requestId: known.requestId,
    backOffMs: known.backOffMs,
    cause: known,
  });
}

/**
 * Deletes our draft and returns the failure. If a draft is left afterwards, the failure names its folder. A reply that reports success does not prove
 * the deletion; only a second search does.
 */
export async function discardAfterFailure<D>(draft: D, failure: Failure, cleanup: DraftCleanup<D>): Promise<Failure> {
  const deletion = await attempt(() => cleanup.discard(draft));
  if (!deletion.ok) throwDefect(deletion.failure, failure.message);
  return await withLeftDrafts(failure, cleanup);
}

/** Adds the drafts that are still there to the failure. */
export async function withLeftDrafts(failure: Failure, { left, leftIn }: Pick<DraftCleanup<never>, "left" | "leftIn">): Promise<Failure> {
  const { code, message, hint, wireCode, requestId, backOffMs, cause } = failure;
  const details = { hint, wireCode, requestId, backOffMs, cause };
  try {
    const drafts = await left();
    if (drafts.length === 0) return failure;
    const explanation = `${message} ${drafts.length === 1 ? "A draft is" : `${drafts.length} drafts are`} left in ${foldersOf(drafts)}.`;
    return new Failure(code, explanation, { ...details, leftDrafts: drafts });
  } catch (thrown) {
    throwDefect(asFailure(thrown), message);
    return new Failure(code, `${message} A draft may be left in ${leftIn}: it could not be searched.`, details);
  }
}

const folderNames: Readonly<Record<string, string>> = { drafts: "Drafts", outbox: "Outbox", deleteditems: "Deleted Items" };

function foldersOf(drafts: readonly LeftDraft[]): string {
  return [...new Set(drafts.map(({ folder, mailbox }) => `${folderNames[folder] ?? folder} of ${mailbox}`))].join(" and ");
}

/** Tells whether a failed request may have been carried out. A cancelled request may have been on its way. */
function mayBeMade({ code }: Failure): boolean {
  return code === "unknown-outcome" || code === "cancelled";
}

/** Returns the Failure for an unknown outcome. The draft is left unchanged; the user decides about it. */
async function unknownOutcome(
  failure: Failure,
  seen: string,
  steps: Pick<SendSteps<never>, "left" | "leftIn" | "folders">,
): Promise<Failure> {
  const explanation = new Failure("unknown-outcome", `It is not known whether the message was sent. ${failure.message} ${seen}`, {
    hint: `Look in ${steps.folders} before you send it again. A draft that is left can be sent or deleted there.`,
    wireCode: failure.wireCode,
    requestId: failure.requestId,
    cause: failure,
  });
  return await withLeftDrafts(explanation, steps);
}

/** After this many checks that find the draft unchanged, another check will not find it sent: only a lost order may still be carried out. */
const sightingsOfDraft = 3;

type Settled<D> = "sent" | { readonly draft: D } | { readonly seen: string };

/** Finds out what became of a message. */
async function settle<D>(
  { looking, folders }: SendSteps<D>,
  ordered: D,
  isLost: boolean,
  { settle: waits }: RetryDelays,
): Promise<Settled<D>> {
  const look = looking(ordered, isLost);
  let seen = "It was not searched.";
  let stays = 0;
  for (const wait of waits) {
    await sleep(wait);
    try {
      const found = await look();
      if (found === "sent" || typeof found === "object") return found;
      seen =
        found === "draft"
          ? "Afterwards no copy of it was in Sent Items, and its draft was still there."
          : `Afterwards neither a copy nor the draft was found in ${folders}.`;
      stays = found === "draft" ? stays + 1 : 0;
      if (!isLost && stays >= sightingsOfDraft) break;
    } catch (thrown) {
      // The next check may succeed. If none does, the outcome is not known.
      const trouble = asFailure(thrown);
      throwDefect(trouble, "It is not known whether the message was sent.");
      const { code, retryable, message } = trouble;
      seen = `The search for it failed: ${message}`;
      if (!retryable && code !== "unknown-outcome") break;
    }
  }
  return { seen };
}
