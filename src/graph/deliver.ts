import { setTimeout as sleep } from "node:timers/promises";
import type { NewAttachment } from "../exchange/attachment.ts";
import type { Sent } from "../exchange/draft.ts";
import { asFailure, Failure } from "../failure.ts";
import { discard, discarded } from "./discard.ts";
import { findMarked } from "./marked.ts";
import { moveAway } from "./requests/message-move.ts";
import { sendDraft } from "./requests/message-send.ts";
import type { GraphMailbox } from "./session.ts";
import { upload } from "./upload.ts";

type About = Pick<Sent, "subject" | "to" | "cc" | "bcc">;

/** One message to send: how its draft is made, and what else belongs to it. */
export interface Delivery {
  /** Carried by this draft and by nothing else. */
  readonly mark: string;
  /** Gives the id of the draft, in the form that changes when the draft is moved or sent. */
  make(): Promise<string>;
  /** What is done to the draft before the attachments are put on it. Gives what is to be told of the message. */
  finish(draft: string): Promise<About>;
  readonly attachments: readonly NewAttachment[];
  readonly saveToSent: boolean;
}

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

/**
 * Sends one message once, whatever fails: a draft with a mark, its attachments, and only then the order to send it. When the answer to that order
 * is lost, the mark tells whether it was sent; a draft is sent again only after it was moved, which gives it another id, so that an order that is
 * still under way finds nothing. What failed for certain leaves no draft behind. Throws Failure: `unknown-outcome` where it cannot be told, and
 * otherwise nothing was sent.
 */
export async function deliver(mailbox: GraphMailbox, delivery: Delivery, pace: Pace): Promise<Sent> {
  // Once there is a draft, what was begun is brought to an end, also when the caller goes away.
  const steady = mailbox.during({ ...mailbox.call, signal: undefined });
  const draft = await delivery.make();
  let about: About;
  try {
    about = await delivery.finish(draft);
    for (const attachment of delivery.attachments) await upload(mailbox, draft, attachment);
    mailbox.call.signal?.throwIfAborted();
  } catch (thrown) {
    throw await discarded(steady, draft, nothingSent(asFailure(thrown)));
  }
  await submit(mailbox, steady, draft, delivery, pace);
  const copy = await findCopy(steady, delivery.mark, pace);
  if (delivery.saveToSent) return { ...about, ...copy };
  return { ...about, ...(await removeCopy(steady, copy)) };
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

/** Returns when it was sent for certain. */
async function submit(mailbox: GraphMailbox, steady: GraphMailbox, ready: string, { mark }: Delivery, pace: Pace): Promise<void> {
  let draft = ready;
  for (let sends = 1; ; sends++) {
    try {
      await mailbox.ask(sendDraft, draft);
      return;
    } catch (thrown) {
      const failure = asFailure(thrown);
      // The second order may find that the first was carried out after all.
      const mayBeSent = isLost(failure) || (sends > 1 && (failure.code === "not-found" || failure.code === "changed"));
      if (!mayBeSent) throw await discarded(steady, draft, nothingSent(failure));
      const settled = await settle(steady, mark, pace);
      if (settled === "sent") return;
      if (settled === "unknown") throw unknown(failure);
      draft = settled.draft;
      if (sends >= maxSends || failure.code === "cancelled") throw await discarded(steady, draft, nothingSent(failure));
    }
  }
}

/** Whether the order may have been carried out although it failed here. A cancelled one may have been on its way. */
function isLost({ code }: Failure): boolean {
  return code === "unknown-outcome" || code === "cancelled";
}

function unknown(failure: Failure): Failure {
  return new Failure("unknown-outcome", `The answer was lost, and it could not be seen whether the message was sent. ${failure.message}`, {
    hint: "Look into Sent Items, Outbox, Drafts and Deleted Items before you send it again.",
    wireCode: failure.wireCode,
    requestId: failure.requestId,
    cause: failure,
  });
}

/** Looks what became of a message: sent, or a draft that no earlier order can send any more (given with its new id). */
async function settle(
  mailbox: GraphMailbox,
  mark: string,
  { settle: waits }: Pace,
): Promise<"sent" | "unknown" | { readonly draft: string }> {
  for (const wait of waits) {
    await sleep(wait);
    try {
      if ((await findMarked(mailbox, mark, ["sentitems"], "rest")).length > 0) return "sent";
      // Each move gives another id: to Deleted Items the first time, and back the second.
      for (const [folder, to] of [
        ["drafts", "deleteditems"],
        ["deleteditems", "drafts"],
      ] as const) {
        // What was sent may have been moved out of Sent Items meanwhile: it is no draft any more.
        const unsent = (await findMarked(mailbox, mark, [folder], "rest")).find(({ isDraft }) => isDraft === true);
        const fenced = unsent === undefined ? undefined : await fence(mailbox, unsent.itemId, to);
        if (fenced !== undefined) return { draft: fenced };
      }
    } catch (thrown) {
      // The next look may succeed; when none does, it cannot be told.
      const { code, retryable } = asFailure(thrown);
      if (!retryable && code !== "unknown-outcome") return "unknown";
    }
  }
  return "unknown";
}

/** Moves the draft, so that its id is another. Undefined when it is no longer where it was seen, or did not become another: it is being sent. */
async function fence(mailbox: GraphMailbox, id: string, destinationId: string): Promise<string | undefined> {
  try {
    const moved = await mailbox.ask(moveAway, { id, destinationId });
    return moved === id ? undefined : moved;
  } catch (thrown) {
    const failure = asFailure(thrown);
    if (failure.code === "changed" || failure.code === "not-found" || failure.code === "refused") return undefined;
    throw failure;
  }
}

/** What Exchange made of the message, read from its copy. Nothing when it does not appear in time, or may not be read: it was sent all the same. */
async function findCopy(mailbox: GraphMailbox, mark: string, { find: waits }: Pace): Promise<Partial<Sent>> {
  for (const wait of waits) {
    await sleep(wait);
    try {
      const [copy] = await findMarked(mailbox, mark, ["sentitems"], "immutable");
      if (!copy) continue;
      const { itemId, internetMessageId, conversationId, sentAt, subject, to = [], cc = [], bcc = [] } = copy;
      return { itemId, internetMessageId, conversationId, sentAt, subject, to, cc, bcc };
    } catch (thrown) {
      const failure = asFailure(thrown);
      mailbox.call.progress?.(`The copy in Sent Items could not be read: ${failure.message}`);
      if (failure.code === "busy" || !failure.retryable) return {};
    }
  }
  return {};
}

/** Graph keeps a copy of every draft that it sends; where none is wanted, it is taken away afterwards. */
async function removeCopy(mailbox: GraphMailbox, { itemId }: Partial<Sent>): Promise<Pick<Sent, "copyLeft">> {
  try {
    if (itemId !== undefined) {
      await discard(mailbox, itemId);
      return {};
    }
    mailbox.call.progress?.("It was sent, but its copy in Sent Items was not found, so it is still there.");
  } catch (thrown) {
    mailbox.call.progress?.(`It was sent, but its copy is still in Sent Items: ${asFailure(thrown).message}`);
  }
  return { copyLeft: true };
}
