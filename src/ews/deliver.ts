import { setTimeout as sleep } from "node:timers/promises";
import type { NewAttachment } from "../exchange/attachment.ts";
import type { Sent } from "../exchange/draft.ts";
import { asFailure, Failure } from "../failure.ts";
import { sendAttempt, setProperty } from "./draft.ts";
import type { ItemRef } from "./ids.ts";
import { findMarked, type Marked } from "./marked.ts";
import { createAttachment } from "./operations/create-attachment.ts";
import { deleteItem } from "./operations/delete-item.ts";
import { getItem } from "./operations/get-item.ts";
import { sendItem } from "./operations/send-item.ts";
import { updateItem } from "./operations/update-item.ts";
import type { EwsMailbox } from "./session.ts";

/** One message to send: how its draft is made, and what else belongs to it. */
export interface Delivery {
  /** Carried by this draft and by nothing else. */
  readonly mark: string;
  make(): Promise<ItemRef>;
  /** What is done to the draft before the attachments are put on it. */
  finish?(draft: ItemRef): Promise<ItemRef>;
  readonly attachments: readonly NewAttachment[];
  readonly saveToSent: boolean;
  /** What is told of it when no copy is kept or found. */
  readonly about: Pick<Sent, "subject" | "to" | "cc" | "bcc">;
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
 * Sends one message once, whatever fails: a draft with a mark, its attachments, and only then the order to send it. When the answer to that
 * order is lost, the mark tells whether it was sent; a draft is sent again only after it was given a new change key, with which an order that
 * is still under way is refused. What failed for certain leaves no draft behind. Throws Failure: `unknown-outcome` where it cannot be told, and
 * otherwise nothing was sent.
 */
export async function deliver(mailbox: EwsMailbox, delivery: Delivery, pace: Pace): Promise<Sent> {
  // Once there is a draft, what was begun is brought to an end, also when the caller goes away.
  const steady = mailbox.during({ ...mailbox.call, signal: undefined });
  const draft = await delivery.make();
  let ready = draft;
  try {
    if (delivery.finish) ready = await delivery.finish(ready);
    for (const attachment of delivery.attachments) ready = await attach(mailbox, ready, attachment);
    mailbox.call.signal?.throwIfAborted();
  } catch (thrown) {
    throw await discarded(steady, draft, nothingSent(asFailure(thrown)));
  }
  await submit(mailbox, steady, ready, delivery, pace);
  return { ...delivery.about, ...(delivery.saveToSent ? await findCopy(steady, delivery.mark, pace) : {}) };
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

async function attach(mailbox: EwsMailbox, draft: ItemRef, attachment: NewAttachment): Promise<ItemRef> {
  const { changeKey } = await mailbox.ask(createAttachment, { parent: draft, attachment });
  if (changeKey !== undefined) return { id: draft.id, changeKey };
  return { id: draft.id, changeKey: (await mailbox.ask(getItem, { ids: [draft], detail: {} })).changeKey };
}

/** Returns when it was sent for certain. */
async function submit(mailbox: EwsMailbox, steady: EwsMailbox, ready: ItemRef, { mark, saveToSent }: Delivery, pace: Pace): Promise<void> {
  const copyTo = saveToSent ? mailbox.folders.distinguished("sentitems") : undefined;
  let draft = ready;
  for (let sends = 1; ; sends++) {
    try {
      await mailbox.ask(sendItem, { draft, copyTo });
      return;
    } catch (thrown) {
      const failure = asFailure(thrown);
      // The second order may find that the first was carried out after all.
      const mayBeSent = isLost(failure) || (sends > 1 && (failure.code === "not-found" || failure.code === "changed"));
      if (!mayBeSent) throw await discarded(steady, draft, nothingSent(failure));
      const settled = await settle(steady, mark, saveToSent, pace);
      if (settled === "sent") return;
      if (settled === "unknown") throw unknown(failure);
      draft = settled;
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
    hint: "Look into Sent Items, Outbox and Drafts before you send it again.",
    wireCode: failure.wireCode,
    requestId: failure.requestId,
    cause: failure,
  });
}

/** Looks what became of a message: sent, or a draft that no earlier order can send any more (given with its new change key). */
async function settle(
  mailbox: EwsMailbox,
  mark: string,
  saveToSent: boolean,
  { settle: waits }: Pace,
): Promise<"sent" | "unknown" | ItemRef> {
  let vanished = 0;
  for (const wait of waits) {
    await sleep(wait);
    try {
      if (saveToSent && (await findMarked(mailbox, mark, ["sentitems"])).length > 0) return "sent";
      const [unsent] = await findMarked(mailbox, mark, ["drafts", "outbox"]);
      if (unsent) {
        vanished = 0;
        const fenced = unsent.isSubmitted ? undefined : await fence(mailbox, unsent);
        if (fenced) return fenced;
      } else {
        vanished += 1;
        // Without a copy the draft goes when it is sent. Twice, since a message under way is in no folder for a moment.
        if (!saveToSent && vanished === 2) return "sent";
      }
    } catch (thrown) {
      // The next look may succeed; when none does, it cannot be told.
      if (!asFailure(thrown).retryable) return "unknown";
    }
  }
  return "unknown";
}

/** Gives the draft a new change key. Undefined when it is no longer the draft that was seen: it is being sent. */
async function fence(mailbox: EwsMailbox, { id, changeKey }: Marked): Promise<ItemRef | undefined> {
  try {
    const attempt = setProperty(sendAttempt, new Date().toISOString());
    return await mailbox.ask(updateItem, { item: { id, changeKey }, conflict: "NeverOverwrite", set: [attempt] });
  } catch (thrown) {
    const failure = asFailure(thrown);
    if (failure.code === "changed" || failure.code === "not-found" || failure.code === "refused") return undefined;
    throw failure;
  }
}

/** Deletes our draft for good and gives the failure back; when that fails too, the failure says what is left. */
export async function discarded(mailbox: EwsMailbox, draft: ItemRef, failure: Failure): Promise<Failure> {
  try {
    await mailbox.ask(deleteItem, { ids: [{ id: draft.id }], type: "HardDelete" });
    return failure;
  } catch (thrown) {
    if (asFailure(thrown).code === "not-found") return failure;
    const { code, message, hint, wireCode, requestId, backOffMs } = failure;
    return new Failure(code, `${message} The draft is still in Drafts.`, { hint, wireCode, requestId, backOffMs, cause: thrown });
  }
}

/** What Exchange made of the message, read from its copy. Nothing when it does not appear in time, or may not be read: it was sent all the same. */
async function findCopy(mailbox: EwsMailbox, mark: string, { find: waits }: Pace): Promise<Partial<Sent>> {
  for (const wait of waits) {
    await sleep(wait);
    try {
      const [copy] = await findMarked(mailbox, mark, ["sentitems"]);
      if (!copy) continue;
      const read = await mailbox.ask(getItem, { ids: [{ id: copy.id }], detail: { recipients: true } });
      const { itemId, internetMessageId, conversationId, sentAt, subject, to = [], cc = [], bcc = [] } = read;
      return { itemId, internetMessageId, conversationId, sentAt, subject, to, cc, bcc };
    } catch (thrown) {
      const failure = asFailure(thrown);
      mailbox.call.progress?.(`The copy in Sent Items could not be read: ${failure.message}`);
      // Moved by a rule between the look and the reading, perhaps; anything else will not get better, or is not worth another minute of waiting.
      if (failure.code === "busy" || (!failure.retryable && failure.code !== "not-found")) return {};
    }
  }
  return {};
}
