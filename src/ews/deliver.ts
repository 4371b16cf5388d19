import type { NewAttachment } from "../exchange/attachment.ts";
import type { Sent } from "../exchange/draft.ts";
import { copyOf, type Pace, sendOnce } from "../exchange/send-once.ts";
import { asFailure } from "../failure.ts";
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

/**
 * Sends one message once (`sendOnce`): a draft is sent again only after it was given a new change key, with which an order that is still under way
 * is refused. Throws Failure: `unknown-outcome` where it cannot be told, and otherwise nothing was sent.
 */
export async function deliver(mailbox: EwsMailbox, delivery: Delivery, pace: Pace): Promise<Sent> {
  // Once there is a draft, what was begun is brought to an end, also when the caller goes away.
  const steady = mailbox.during({ ...mailbox.call, signal: undefined });
  const { mark, saveToSent, about } = delivery;
  await sendOnce(
    {
      make: delivery.make,
      async complete(draft) {
        let ready = delivery.finish ? await delivery.finish(draft) : draft;
        for (const attachment of delivery.attachments) ready = await attach(mailbox, ready, attachment);
        mailbox.call.signal?.throwIfAborted();
        return ready;
      },
      async order(draft) {
        await mailbox.ask(sendItem, { draft, copyTo: saveToSent ? mailbox.folders.distinguished("sentitems") : undefined });
      },
      looking: () => looks(steady, mark, saveToSent),
      discard: (draft) => discard(steady, draft),
      folders: "Sent Items, Outbox and Drafts",
      leftIn,
    },
    pace,
  );
  return { ...about, ...(saveToSent ? await copyOf(() => findCopy(steady, mark), pace, mailbox.call.progress) : {}) };
}

async function attach(mailbox: EwsMailbox, draft: ItemRef, attachment: NewAttachment): Promise<ItemRef> {
  const { changeKey } = await mailbox.ask(createAttachment, { parent: draft, attachment });
  if (changeKey !== undefined) return { id: draft.id, changeKey };
  return { id: draft.id, changeKey: (await mailbox.ask(getItem, { ids: [draft], detail: {} })).changeKey };
}

/** A look gives the draft with its new change key. */
function looks(mailbox: EwsMailbox, mark: string, saveToSent: boolean): () => Promise<"sent" | { readonly draft: ItemRef } | undefined> {
  let vanished = 0;
  return async () => {
    if (saveToSent && (await findMarked(mailbox, mark, ["sentitems"])).length > 0) return "sent";
    const [unsent] = await findMarked(mailbox, mark, ["drafts", "outbox"]);
    if (unsent) {
      vanished = 0;
      const fenced = unsent.isSubmitted ? undefined : await fence(mailbox, unsent);
      return fenced && { draft: fenced };
    }
    vanished += 1;
    // Without a copy the draft goes when it is sent. Twice, since a message under way is in no folder for a moment.
    return !saveToSent && vanished === 2 ? "sent" : undefined;
  };
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

/** Where a draft may lie that could not be discarded: an order to send it may have brought it into the Outbox. */
export const leftIn = "Drafts or Outbox";

/** Deletes our draft for good. Throws Failure. */
export async function discard(mailbox: EwsMailbox, { id }: ItemRef): Promise<void> {
  await mailbox.ask(deleteItem, { ids: [{ id }], type: "HardDelete" });
}

async function findCopy(mailbox: EwsMailbox, mark: string): Promise<Partial<Sent> | undefined> {
  const [copy] = await findMarked(mailbox, mark, ["sentitems"]);
  if (!copy) return undefined;
  const read = await mailbox.ask(getItem, { ids: [{ id: copy.id }], detail: { recipients: true } });
  const { itemId, internetMessageId, conversationId, sentAt, subject, to = [], cc = [], bcc = [] } = read;
  return { itemId, internetMessageId, conversationId, sentAt, subject, to, cc, bcc };
}
