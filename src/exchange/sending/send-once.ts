import { setTimeout as sleep } from "node:timers/promises";
import { asFailure, Failure, type LeftDraft, throwDefect } from "../../failure.ts";
import { attempt } from "../../outcome.ts";
import type { Sent } from "./draft.ts";

/** How long to wait before each look, in milliseconds. */
export interface RetryDelays {
  /** For a message of which it is not known whether it was sent. */
  readonly settle: readonly number[];
  /** For the copy in Sent Items: Exchange submits after it has answered. */
  readonly find: readonly number[];
}

// A server that lost us is still at work for some seconds, a copy is there within one; a person is waiting, so both give up in time.
export const defaultRetryDelays: RetryDelays = { settle: [1000, 2000, 4000, 8000, 8000], find: [0, 250, 500, 1000, 2000, 4000] };

/** Beyond this, the trouble is not a lost answer. */
const maxSends = 3;

/** What a look for a message found: that it was sent; its draft, which no earlier order can send any more; or the draft, which may still be sent. */
export type SentState<D> = "sent" | { readonly draft: D } | "draft" | undefined;

/** How what became of a draft of ours is seen. */
export interface DraftCleanup<D> {
  /** Deletes the draft. */
  discard(draft: D): Promise<void>;
  /** The drafts with the mark of this message, where they lie now. */
  left(): Promise<readonly LeftDraft[]>;
  /** The folders in which a draft may lie, where it cannot be looked for. */
  readonly leftIn: string;
}

/** What a back end does with one message that is to be sent. Each throws Failure. */
export interface SendSteps<D> extends DraftCleanup<D> {
  make(): Promise<D>;
  /** All that must be on the draft before it is sent. Gives it as the order to send names it. */
  complete(draft: D): Promise<D>;
  /** The order to send. */
  order(draft: D): Promise<void>;
  /** True of a failure of the order after which the message certainly was not sent: a short list, with a reason for each entry. */
  certainlyNotSent(failure: Failure): boolean;
  /** True of a failure of the order for which no reply of the server came: the only one after which the order may be given again. */
  isLost(failure: Failure): boolean;
  /**
   * Begins a series of looks at what became of the message. With `fence` a look takes the draft that it finds out of the reach of the order that
   * was given, and gives it only when it has seen that the server now refuses that order.
   */
  looking(ordered: D, fence: boolean): () => Promise<SentState<D>>;
  /** The folders in which a person finds what became of it. */
  readonly folders: string;
}

/**
 * Sends one message once, whatever fails: a draft that carries a mark, all that belongs to it, and only then the order to send it. Unless the
 * failure of the order says that nothing was done, the mark tells whether it was sent. The order is given again only when no reply to it came and the
 * server was seen to refuse it from now on. What certainly was not sent leaves no draft behind. Throws Failure: `unknown-outcome` where it cannot
 * be told, and then the draft stays; otherwise nothing was sent.
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

/** Makes a draft; when the answer is lost, looks for it by its mark before making another. Throws Failure: then nothing was sent. */
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
    // The first may still appear: it is never sent, since only the one we hold is.
    return await make();
  } catch (thrown) {
    const failure = asFailure(thrown);
    throw mayBeMade(failure) ? await withLeftDrafts(nothingSent(failure), cleanup) : nothingSent(failure);
  }
}

async function findDraft<D>(find: () => Promise<D | undefined>, { settle: waits }: RetryDelays, lost: Failure): Promise<D | undefined> {
  // Half of the looks that a lost order to send is worth: here nothing is at stake but a draft too many.
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

/** What Exchange made of the message, read from its copy. Nothing when it does not appear in time, or may not be read: it was sent all the same. */
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
      // Moved by a rule between the look and the reading, perhaps; anything else will not get better, or is not worth another minute of waiting.
      if (failure.code === "busy" || (!failure.retryable && failure.code !== "not-found")) return {};
    }
  }
  return {};
}

/** Once there is a draft, a not-found is about it: it must not be taken for one about the message that is replied to. */
function aboutDraft(failure: Failure): Failure {
  if (failure.code !== "not-found") return failure;
  const { message, wireCode, requestId } = failure;
  return new Failure("changed", `The draft that was made is not there any more: ${message}`, {
    hint: "Look for a rule or a person that moves drafts in this mailbox, then send it again.",
    wireCode,
    requestId,
    cause: failure,
  });
}

/** A lost answer while the draft was being made ready has harmed nobody: it is the failure that it was, not `unknown-outcome`. */
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
 * Deletes our draft and returns the failure. Where a draft is left afterwards, the failure says where: a reply that says success shows no deletion, only
 * a second look does.
 */
export async function discardAfterFailure<D>(draft: D, failure: Failure, cleanup: DraftCleanup<D>): Promise<Failure> {
  const deletion = await attempt(() => cleanup.discard(draft));
  if (!deletion.ok) throwDefect(deletion.failure, failure.message);
  return await withLeftDrafts(failure, cleanup);
}

/** The failure with the drafts of ours that are left, as they are found now. */
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
    return new Failure(code, `${message} A draft may be left in ${leftIn}: it could not be looked for.`, details);
  }
}

const folderNames: Readonly<Record<string, string>> = { drafts: "Drafts", outbox: "Outbox", deleteditems: "Deleted Items" };

function foldersOf(drafts: readonly LeftDraft[]): string {
  return [...new Set(drafts.map(({ folder, mailbox }) => `${folderNames[folder] ?? folder} of ${mailbox}`))].join(" and ");
}

/** Whether what was asked may have been done although it failed here. What was cancelled may have been on its way. */
function mayBeMade({ code }: Failure): boolean {
  return code === "unknown-outcome" || code === "cancelled";
}

/** The draft stays as it is: whoever finds it out decides about it. */
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

/** A draft that is where it was in as many looks will not be found sent in the next: only a lost order may still be carried out. */
const sightingsOfDraft = 3;

type Settled<D> = "sent" | { readonly draft: D } | { readonly seen: string };

/** Looks what became of a message. */
async function settle<D>(
  { looking, folders }: SendSteps<D>,
  ordered: D,
  isLost: boolean,
  { settle: waits }: RetryDelays,
): Promise<Settled<D>> {
  const look = looking(ordered, isLost);
  let seen = "Nobody has looked for it.";
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
      // The next look may succeed; when none does, it cannot be told.
      const trouble = asFailure(thrown);
      throwDefect(trouble, "It is not known whether the message was sent.");
      const { code, retryable, message } = trouble;
      seen = `Looking for it failed: ${message}`;
      if (!retryable && code !== "unknown-outcome") break;
    }
  }
  return { seen };
}
