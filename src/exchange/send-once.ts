import { setTimeout as sleep } from "node:timers/promises";
import { asFailure, Failure, throwDefect } from "../failure.ts";
import type { Sent } from "./draft.ts";

/** How long to wait before each look, in milliseconds. */
export interface Pace {
  /** For a message whose answer was lost. */
  readonly settle: readonly number[];
  /** For the copy in Sent Items: Exchange submits after it has answered. */
  readonly find: readonly number[];
}

// A server that lost us is still at work for some seconds, a copy is there within one; a person is waiting, so both give up in time.
export const usualPace: Pace = { settle: [1000, 2000, 4000, 8000, 8000], find: [0, 250, 500, 1000, 2000, 4000] };

/** Beyond this, the trouble is not a lost answer. */
const maxSends = 3;

/** What a back end does with one message that is to be sent. Each throws Failure. */
export interface Steps<D> {
  make(): Promise<D>;
  /** All that must be on the draft before it is sent. Gives it as the order to send names it. */
  complete(draft: D): Promise<D>;
  /** The order to send. Failure `unknown-outcome` when its answer was lost. */
  order(draft: D): Promise<void>;
  /** Begins a series of looks at what became of the message. A look gives the draft only when no earlier order can send it any more. */
  looking(): () => Promise<"sent" | { readonly draft: D } | undefined>;
  /** Deletes the draft. */
  discard(draft: D): Promise<void>;
  /** The folders in which a person finds what became of it. */
  readonly folders: string;
  /** The folders in which a draft may lie that could not be deleted. */
  readonly leftIn: string;
}

/**
 * Sends one message once, whatever fails: a draft that carries a mark, all that belongs to it, and only then the order to send it. When the answer
 * to that order is lost, the mark tells whether it was sent; it is sent again only when no order that is still under way can send it. What failed
 * for certain leaves no draft behind. Throws Failure: `unknown-outcome` where it cannot be told, and otherwise nothing was sent.
 */
export async function sendOnce<D>(steps: Steps<D>, pace: Pace): Promise<void> {
  const made = await steps.make();
  let draft: D;
  try {
    draft = await steps.complete(made);
  } catch (thrown) {
    throw await discarded(() => steps.discard(made), nothingSent(asFailure(thrown)), steps.leftIn);
  }
  for (let sends = 1; ; sends++) {
    try {
      await steps.order(draft);
      return;
    } catch (thrown) {
      const failure = asFailure(thrown);
      // The second order may find that the first was carried out after all.
      const mayBeSent = isLost(failure) || (sends > 1 && (failure.code === "not-found" || failure.code === "changed"));
      const withoutIt = () => discarded(() => steps.discard(draft), nothingSent(failure), steps.leftIn);
      if (!mayBeSent) throw await withoutIt();
      const settled = await settle(steps, pace);
      if (settled === "sent") return;
      if (settled === "unknown") throw unknown(failure, steps.folders);
      draft = settled.draft;
      if (sends >= maxSends || failure.code === "cancelled") throw await withoutIt();
    }
  }
}

/** Makes a draft; when the answer is lost, looks for it by its mark before making another. Throws Failure: then nothing was sent. */
export async function makeOnce<D>(
  { make, find, discard, leftIn }: Pick<Steps<D>, "make" | "discard" | "leftIn"> & { find(): Promise<D | undefined> },
  pace: Pace,
): Promise<D> {
  try {
    return await make();
  } catch (thrown) {
    const lost = asFailure(thrown);
    if (!isLost(lost)) throw nothingSent(lost);
    const found = await lookFor(find, pace, lost);
    if (lost.code === "cancelled") throw found === undefined ? lost : await discarded(() => discard(found), lost, leftIn);
    if (found !== undefined) return found;
  }
  try {
    // The first may still appear: it is never sent, since only the one we hold is.
    return await make();
  } catch (thrown) {
    throw nothingSent(asFailure(thrown));
  }
}

async function lookFor<D>(find: () => Promise<D | undefined>, { settle: waits }: Pace, lost: Failure): Promise<D | undefined> {
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
  { find: waits }: Pace,
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

/** Deletes our draft and gives the failure back; when that fails too, the failure says what may be left, and in which folders (`leftIn`). */
export async function discarded(discard: () => Promise<void>, failure: Failure, leftIn: string): Promise<Failure> {
  try {
    await discard();
    return failure;
  } catch (thrown) {
    if (asFailure(thrown).code === "not-found") return failure;
    const { code, message, hint, wireCode, requestId, backOffMs } = failure;
    return new Failure(code, `${message} The draft may be left in ${leftIn}.`, { hint, wireCode, requestId, backOffMs, cause: thrown });
  }
}

/** Whether what was asked may have been done although it failed here. What was cancelled may have been on its way. */
function isLost({ code }: Failure): boolean {
  return code === "unknown-outcome" || code === "cancelled";
}

function unknown(failure: Failure, folders: string): Failure {
  return new Failure("unknown-outcome", `The answer was lost, and it could not be seen whether the message was sent. ${failure.message}`, {
    hint: `Look into ${folders} before you send it again.`,
    wireCode: failure.wireCode,
    requestId: failure.requestId,
    cause: failure,
  });
}

/** Looks what became of a message. */
async function settle<D>({ looking }: Steps<D>, { settle: waits }: Pace): Promise<"sent" | "unknown" | { readonly draft: D }> {
  const look = looking();
  for (const wait of waits) {
    await sleep(wait);
    try {
      const settled = await look();
      if (settled !== undefined) return settled;
    } catch (thrown) {
      // The next look may succeed; when none does, it cannot be told.
      const { code, retryable } = asFailure(thrown);
      if (!retryable && code !== "unknown-outcome") return "unknown";
    }
  }
  return "unknown";
}
