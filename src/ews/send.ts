import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { checkDraft } from "../exchange/check-draft.ts";
import type { Draft, Sent } from "../exchange/draft.ts";
import { asFailure, type Failure } from "../failure.ts";
import { type Delivery, deliver, discarded, nothingSent, type Pace, usualPace } from "./deliver.ts";
import { type Answers, messageElement } from "./draft.ts";
import type { ItemRef } from "./ids.ts";
import { findMarked } from "./marked.ts";
import { createItem } from "./operations/create-item.ts";
import type { EwsMailbox } from "./session.ts";

/** Sends a message. Throws Failure: `unknown-outcome` where it cannot be told whether it was sent, and otherwise nothing was. */
export async function send(mailbox: EwsMailbox, draft: Draft, pace: Pace = usualPace): Promise<Sent> {
  checkDraft(draft);
  return deliver(mailbox, newMessage(mailbox, draft, pace), pace);
}

/** A message that Exchange does not make for us. */
export function newMessage(mailbox: EwsMailbox, draft: Draft, pace: Pace, answers?: Answers): Delivery {
  const mark = randomUUID();
  const item = messageElement(draft, mark, answers);
  return {
    mark,
    make: () => makeMarked(mailbox, mark, pace, () => mailbox.ask(createItem, { item, folder: mailbox.folders.distinguished("drafts") })),
    attachments: draft.attachments ?? [],
    saveToSent: draft.saveToSent ?? true,
    about: { subject: draft.subject, to: draft.to, cc: draft.cc ?? [], bcc: draft.bcc ?? [] },
  };
}

/** Makes a draft; when the answer is lost, looks for it by its mark before making another. */
async function makeMarked(mailbox: EwsMailbox, mark: string, pace: Pace, make: () => Promise<ItemRef>): Promise<ItemRef> {
  try {
    return await make();
  } catch (thrown) {
    const lost = asFailure(thrown);
    if (lost.code !== "unknown-outcome" && lost.code !== "cancelled") throw nothingSent(lost);
    const steady = mailbox.during({ ...mailbox.call, signal: undefined });
    const found = await lookForDraft(steady, mark, pace, lost);
    if (lost.code === "cancelled") throw found ? await discarded(steady, found, lost) : lost;
    if (found) return found;
  }
  try {
    // The first may still appear: it is never sent, since only the one we hold is.
    return await make();
  } catch (thrown) {
    throw nothingSent(asFailure(thrown));
  }
}

async function lookForDraft(mailbox: EwsMailbox, mark: string, { settle }: Pace, lost: Failure): Promise<ItemRef | undefined> {
  // Half of the looks that a lost order to send is worth: here nothing is at stake but a draft too many.
  for (const wait of settle.slice(0, Math.ceil(settle.length / 2))) {
    await sleep(wait);
    try {
      const [found] = await findMarked(mailbox, mark, ["drafts"]);
      if (found) return found;
    } catch (thrown) {
      throw nothingSent(asFailure(thrown).retryable ? lost : asFailure(thrown));
    }
  }
  return undefined;
}
