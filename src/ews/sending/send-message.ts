import { randomUUID } from "node:crypto";
import { checkDraft } from "../../exchange/sending/check-draft.ts";
import type { Draft, Sent } from "../../exchange/sending/draft.ts";
import { defaultRetryDelays, makeOnce, type RetryDelays } from "../../exchange/sending/send-once.ts";
import { createItem } from "../operations/create-item.ts";
import type { EwsMailbox } from "../session/mailbox.ts";
import { type Delivery, deliver, draftCleanup } from "./draft-and-send.ts";
import { messageElement, type ReplyThreading } from "./draft-xml.ts";
import { findSentByMark } from "./find-sent-by-mark.ts";

/** Sends a message. Throws Failure: `unknown-outcome` where it is not known whether it was sent; otherwise nothing was sent. */
export async function send(mailbox: EwsMailbox, draft: Draft, delays: RetryDelays = defaultRetryDelays): Promise<Sent> {
  checkDraft(draft);
  return deliver(mailbox, newMessage(mailbox, draft, delays), delays);
}

/** Returns the delivery of a message that Exchange does not compose itself. */
export function newMessage(mailbox: EwsMailbox, draft: Draft, delays: RetryDelays, threading?: ReplyThreading): Delivery {
  const mark = randomUUID();
  const item = messageElement(draft, mark, threading);
  const steady = mailbox.during({ ...mailbox.call, signal: undefined });
  const make = () => mailbox.ask(createItem, { item, folder: mailbox.folders.distinguished("drafts") });
  const find = async () => (await findSentByMark(steady, mark, ["drafts"]))[0];
  return {
    mark,
    make: () => makeOnce({ make, find, ...draftCleanup(steady, mark) }, delays),
    attachments: draft.attachments ?? [],
    saveToSent: draft.saveToSent ?? true,
    about: { subject: draft.subject, to: draft.to, cc: draft.cc ?? [], bcc: draft.bcc ?? [] },
  };
}
