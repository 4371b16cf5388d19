import type { DraftCleanup } from "../../exchange/sending/send-once.ts";
import { asFailure, type LeftDraft } from "../../failure.ts";
import { deleteMessage } from "../requests/message-delete.ts";
import { noSuchRequest, permanentDelete } from "../requests/message-permanentdelete.ts";
import type { GraphMailbox } from "../session/mailbox.ts";
import { findSentByMark } from "./find-sent-by-mark.ts";

/**
 * Returns how to delete our draft and find drafts with this mark. A search for one may have moved it to Deleted Items, and so may a deletion whose
 * reply was lost.
 */
export function draftCleanup(mailbox: GraphMailbox, mark: string): DraftCleanup<string> {
  return {
    discard: (draft) => deleteDraft(mailbox, draft),
    async left() {
      const left: LeftDraft[] = [];
      for (const folder of ["drafts", "outbox", "deleteditems"]) {
        const found = (await findSentByMark(mailbox, mark, [folder], "immutable")).filter(({ isDraft }) => isDraft === true);
        for (const one of found.map(({ itemId }) => ({ mailbox: mailbox.address, folder, itemId }))) left.push(one);
      }
      return left;
    },
    leftIn: `Drafts or Deleted Items of ${mailbox.address}`,
  };
}

/** Deletes a message that mailcordon made, as permanently as this cloud can. Throws Failure, except for a message that no longer exists. */
export async function deleteDraft(mailbox: GraphMailbox, id: string): Promise<void> {
  try {
    if (!mailbox.behaviour.permanentDelete || !(await tryPermanentDelete(mailbox, id))) await mailbox.ask(deleteMessage, id);
  } catch (thrown) {
    if (asFailure(thrown).code !== "not-found") throw thrown;
  }
}

/** Returns false where the cloud has no permanentDelete. */
async function tryPermanentDelete(mailbox: GraphMailbox, id: string): Promise<boolean> {
  try {
    await mailbox.ask(permanentDelete, id);
    return true;
  } catch (thrown) {
    if (asFailure(thrown).wireCode === noSuchRequest) return false;
    throw thrown;
  }
}
