import type { NewAttachment } from "../../exchange/attachment.ts";
import type { Sent } from "../../exchange/sending/draft.ts";
import { copyOf, type DraftCleanup, type RetryDelays, type SentState, sendOnce } from "../../exchange/sending/send-once.ts";
import { asFailure, type LeftDraft } from "../../failure.ts";
import { createAttachment } from "../operations/create-attachment.ts";
import { deleteItem } from "../operations/delete-item.ts";
import { getItem } from "../operations/get-item.ts";
import { sendItem } from "../operations/send-item.ts";
import { updateItem } from "../operations/update-item.ts";
import type { ItemRef } from "../session/item-ids.ts";
import type { EwsMailbox } from "../session/mailbox.ts";
import { certainlyNotSent, hasNoReply } from "./certainly-not-sent.ts";
import { sendAttempt, setProperty } from "./draft-xml.ts";
import { findSentByMark, type MarkedItem } from "./find-sent-by-mark.ts";

/** One message to send: how to make its draft, and what to add to it. */
export interface Delivery {
  /** Only this draft has this mark. */
  readonly mark: string;
  make(): Promise<ItemRef>;
  /** Changes the draft before the attachments are added. */
  finish?(draft: ItemRef): Promise<ItemRef>;
  readonly attachments: readonly NewAttachment[];
  readonly saveToSent: boolean;
  /** Reported about the message when no copy is kept or found. */
  readonly about: Pick<Sent, "subject" | "to" | "cc" | "bcc">;
}

/**
 * Sends one message exactly once (`sendOnce`). A draft is sent again only after it got a new change key and the server has refused the one in the
 * first order, so an order that is still under way is refused as well. Throws Failure: `unknown-outcome` where the outcome is not known; otherwise
 * nothing was sent.
 */
export async function deliver(mailbox: EwsMailbox, delivery: Delivery, delays: RetryDelays): Promise<Sent> {
  // Once there is a draft, sending is brought to an end even if the caller disconnects.
  const steady = mailbox.during({ ...mailbox.call, signal: undefined });
  const { mark, saveToSent, about } = delivery;
  await sendOnce(
    {
      make: delivery.make,
      async complete(draft) {
        let ready = delivery.finish ? await delivery.finish(draft) : draft;
        for (const attachment of delivery.attachments) ready = await addAttachment(mailbox, ready, attachment);
        mailbox.call.signal?.throwIfAborted();
        return ready;
      },
      async order(draft) {
        await mailbox.ask(sendItem, { draft, copyTo: saveToSent ? mailbox.folders.distinguished("sentitems") : undefined });
      },
      certainlyNotSent,
      isLost: hasNoReply,
      // Without a copy, nothing would show that a server that leaves the draft has sent it, so the order is not repeated.
      looking: (ordered, fence) => sentStateFinder(steady, mark, saveToSent, fence && saveToSent ? ordered : undefined),
      folders: "Sent Items, Outbox and Drafts",
      ...draftCleanup(steady, mark),
    },
    delays,
  );
  return { ...about, ...(saveToSent ? await copyOf(() => findCopy(steady, mark), delays, mailbox.call.progress) : {}) };
}

async function addAttachment(mailbox: EwsMailbox, draft: ItemRef, attachment: NewAttachment): Promise<ItemRef> {
  const { changeKey } = await mailbox.ask(createAttachment, { parent: draft, attachment });
  if (changeKey !== undefined) return { id: draft.id, changeKey };
  return { id: draft.id, changeKey: (await mailbox.ask(getItem, { ids: [draft], detail: {} })).changeKey };
}

/** Returns a check that finds the draft with its new change key, once an order with that of `ordered` is refused. */
function sentStateFinder(
  mailbox: EwsMailbox,
  mark: string,
  saveToSent: boolean,
  ordered: ItemRef | undefined,
): () => Promise<SentState<ItemRef>> {
  let vanished = 0;
  return async () => {
    if (saveToSent && (await findSentByMark(mailbox, mark, ["sentitems"])).length > 0) return "sent";
    const [unsent] = await findSentByMark(mailbox, mark, ["drafts", "outbox"]);
    if (unsent) {
      vanished = 0;
      if (ordered === undefined || unsent.isSubmitted) return "draft";
      const fenced = await fence(mailbox, unsent);
      return fenced !== undefined && (await isOrderRefused(mailbox, ordered)) ? { draft: fenced } : "draft";
    }
    vanished += 1;
    if (saveToSent || vanished < 2) return undefined;
    // Without a copy, the draft disappears when it is sent. Two checks are needed, since a message under way is in no folder for a moment, and nobody
    // may have deleted it.
    return (await findSentByMark(mailbox, mark, ["deleteditems", "recoverableitemsdeletions"])).length === 0 ? "sent" : undefined;
  };
}

/** Gives the draft a new change key. Undefined when the draft has changed since it was seen: it is being sent. */
async function fence(mailbox: EwsMailbox, { id, changeKey }: MarkedItem): Promise<ItemRef | undefined> {
  const fenced = await updateUnderChangeKey(mailbox, { id, changeKey });
  return fenced === undefined || fenced.changeKey === changeKey ? undefined : fenced;
}

/** Tells whether the server refuses the change key of the order. Not every server checks it, and one that does not would send the message again. */
async function isOrderRefused(mailbox: EwsMailbox, ordered: ItemRef): Promise<boolean> {
  return ordered.changeKey !== undefined && (await updateUnderChangeKey(mailbox, ordered)) === undefined;
}

/** Updates the draft under this change key and returns the result. Undefined when the update is refused. */
async function updateUnderChangeKey(mailbox: EwsMailbox, item: ItemRef): Promise<ItemRef | undefined> {
  try {
    const set = [setProperty(sendAttempt, new Date().toISOString())];
    return await mailbox.ask(updateItem, { item, conflict: "NeverOverwrite", set });
  } catch (thrown) {
    const failure = asFailure(thrown);
    if (failure.code === "changed" || failure.code === "not-found" || failure.code === "refused") return undefined;
    throw failure;
  }
}

/** Returns how to delete our draft and find drafts with this mark. An order to send may have moved one to the Outbox. */
export function draftCleanup(mailbox: EwsMailbox, mark: string): DraftCleanup<ItemRef> {
  return {
    discard: (draft) => deleteDraft(mailbox, draft),
    async left() {
      const left: LeftDraft[] = [];
      for (const folder of ["drafts", "outbox", "deleteditems"]) {
        const found = await findSentByMark(mailbox, mark, [folder]);
        for (const one of found.map(({ id }) => ({ mailbox: mailbox.address, folder, itemId: id }))) left.push(one);
      }
      return left;
    },
    leftIn: `Drafts or Outbox of ${mailbox.address}`,
  };
}

/** Deletes our draft permanently. Throws Failure. */
async function deleteDraft(mailbox: EwsMailbox, { id }: ItemRef): Promise<void> {
  await mailbox.ask(deleteItem, { ids: [{ id }], type: "HardDelete" });
}

async function findCopy(mailbox: EwsMailbox, mark: string): Promise<Partial<Sent> | undefined> {
  const [copy] = await findSentByMark(mailbox, mark, ["sentitems"]);
  if (!copy) return undefined;
  const read = await mailbox.ask(getItem, { ids: [{ id: copy.id }], detail: { recipients: true } });
  const { itemId, internetMessageId, conversationId, sentAt, subject, to = [], cc = [], bcc = [] } = read;
  return { itemId, internetMessageId, conversationId, sentAt, subject, to, cc, bcc };
}
