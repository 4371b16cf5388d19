import { asFailure } from "../failure.ts";
import { deleteMessage } from "./requests/message-delete.ts";
import { noSuchRequest, permanentDelete } from "./requests/message-permanentdelete.ts";
import type { GraphMailbox } from "./session.ts";

/** Where a draft may lie that could not be discarded: looking for it moves it, and so does a deletion of which the answer was lost. */
export const leftIn = "Drafts or Deleted Items";

/** Deletes a message of our own making, as far as this cloud can. Throws Failure; one that is gone already is none. */
export async function discard(mailbox: GraphMailbox, id: string): Promise<void> {
  try {
    if (!mailbox.habits.permanentDelete || !(await deletedForGood(mailbox, id))) await mailbox.ask(deleteMessage, id);
  } catch (thrown) {
    if (asFailure(thrown).code !== "not-found") throw thrown;
  }
}

/** False where the cloud turns out to have no permanentDelete. */
async function deletedForGood(mailbox: GraphMailbox, id: string): Promise<boolean> {
  try {
    await mailbox.ask(permanentDelete, id);
    return true;
  } catch (thrown) {
    if (asFailure(thrown).wireCode === noSuchRequest) return false;
    throw thrown;
  }
}
