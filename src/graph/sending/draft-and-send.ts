import type { NewAttachment } from "../../exchange/attachment.ts";
import type { Sent } from "../../exchange/sending/draft.ts";
import { copyOf, type RetryDelays, type SentState, sendOnce } from "../../exchange/sending/send-once.ts";
import { asFailure, Failure, throwDefect } from "../../failure.ts";
import { attempt } from "../../outcome.ts";
import { moveAway } from "../requests/message-move.ts";
import { sendDraft } from "../requests/message-send.ts";
import { getMessage } from "../requests/messages.ts";
import type { GraphMailbox } from "../session/mailbox.ts";
import { certainlyNotSent, hasNoReply } from "./certainly-not-sent.ts";
import { deleteDraft, draftCleanup } from "./delete-draft.ts";
import { findSentByMark } from "./find-sent-by-mark.ts";
import { uploadAttachment } from "./upload-attachment.ts";

type MessageEnvelope = Pick<Sent, "subject" | "to" | "cc" | "bcc">;

/** One message to send: how to make its draft, and the content to add. */
export interface Delivery {
  /** Only this draft has this mark. */
  readonly mark: string;
  /** Creates the draft and returns its id, which changes when the draft is moved or sent. */
  make(): Promise<string>;
  /** Changes the draft before the attachments are added. Returns the facts to report about the message. */
  finish(draft: string): Promise<MessageEnvelope>;
  readonly attachments: readonly NewAttachment[];
  readonly saveToSent: boolean;
}

/**
 * Sends one message exactly once (`sendOnce`). A draft is sent again only after a move gave it another id and nothing was found under the id in the
 * first order, so an order that is still under way finds nothing either. Throws Failure: `unknown-outcome` where the outcome is not known; otherwise
 * nothing was sent.
 */
export async function deliver(mailbox: GraphMailbox, delivery: Delivery, delays: RetryDelays): Promise<Sent> {
  // Once there is a draft, sending is brought to an end even if the caller disconnects.
  const steady = mailbox.during({ ...mailbox.call, signal: undefined });
  let about: MessageEnvelope | undefined;
  await sendOnce(
    {
      make: delivery.make,
      async complete(draft) {
        about = await delivery.finish(draft);
        for (const attachment of delivery.attachments) await uploadAttachment(mailbox, draft, attachment);
        mailbox.call.signal?.throwIfAborted();
        return draft;
      },
      order: (draft) => mailbox.ask(sendDraft, draft),
      certainlyNotSent,
      isLost: hasNoReply,
      looking: (ordered, fence) => () => findSentState(steady, delivery.mark, fence ? ordered : undefined),
      folders: "Sent Items, Outbox, Drafts and Deleted Items",
      ...draftCleanup(steady, delivery.mark),
    },
    delays,
  );
  if (about === undefined) throw new Failure("internal", "A message was sent that was never finished.");
  const copy = await copyOf(() => findCopy(steady, delivery.mark), delays, mailbox.call.progress);
  if (delivery.saveToSent) return { ...about, ...copy };
  return { ...about, ...(await removeCopy(steady, delivery.mark, copy)) };
}

/** Finds the state of the message. Returns the draft with its new id, once nothing is found under that of `ordered`. */
async function findSentState(mailbox: GraphMailbox, mark: string, ordered: string | undefined): Promise<SentState<string>> {
  if ((await findSentByMark(mailbox, mark, ["sentitems"], "rest")).length > 0) return "sent";
  // Each move changes the id: to Deleted Items the first time, and back the second.
  for (const [folder, to] of [
    ["drafts", "deleteditems"],
    ["deleteditems", "drafts"],
  ] as const) {
    // A sent message may have been moved out of Sent Items meanwhile, but it is not a draft any more.
    const unsent = (await findSentByMark(mailbox, mark, [folder], "rest")).find(({ isDraft }) => isDraft === true);
    if (unsent === undefined) continue;
    if (ordered === undefined) return "draft";
    const fenced = await fence(mailbox, unsent.itemId, to);
    if (fenced !== undefined) return (await isOrderRefused(mailbox, ordered)) ? { draft: fenced } : "draft";
  }
  return undefined;
}

/** Returns whether the id in the order no longer opens anything. */
async function isOrderRefused(mailbox: GraphMailbox, ordered: string): Promise<boolean> {
  const opened = await attempt(() => mailbox.ask(getMessage, { itemId: ordered, detail: {} }));
  if (!opened.ok && opened.failure.code !== "not-found") throw opened.failure;
  return !opened.ok;
}

/** Moves the draft, which changes its id. Undefined when it is no longer where it was seen, or its id did not change: it is being sent. */
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

async function findCopy(mailbox: GraphMailbox, mark: string): Promise<Partial<Sent> | undefined> {
  const [copy] = await findSentByMark(mailbox, mark, ["sentitems"], "immutable");
  if (!copy) return undefined;
  const { itemId, internetMessageId, conversationId, sentAt, subject, to = [], cc = [], bcc = [] } = copy;
  return { itemId, internetMessageId, conversationId, sentAt, subject, to, cc, bcc };
}

/** Deletes the copy that Graph keeps of every sent draft, if no copy is wanted. */
async function removeCopy(mailbox: GraphMailbox, mark: string, { itemId }: Partial<Sent>): Promise<Pick<Sent, "copyLeft">> {
  try {
    if (itemId !== undefined) await deleteDraft(mailbox, itemId);
    if (itemId !== undefined && (await findSentByMark(mailbox, mark, ["sentitems"], "immutable")).length === 0) return {};
    const why = itemId === undefined ? "was not found there, so it was not deleted" : "is still there after its deletion";
    mailbox.call.progress?.(`The message was sent. Its copy in Sent Items ${why}.`);
  } catch (thrown) {
    const failure = asFailure(thrown);
    throwDefect(failure, "The message was sent.");
    mailbox.call.progress?.(`The message was sent. Its copy may still be in Sent Items: ${failure.message}`);
  }
  return { copyLeft: true };
}
