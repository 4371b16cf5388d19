// src/ews/moving/: Copies, moves, deletes and imports messages, and finds what became of them.

import type { Message } from "../../exchange/message.ts";
import { Failure, throwDefect } from "../../failure.ts";
import { attempt, done, failed, type Outcome } from "../../outcome.ts";
import type { FolderRef } from "../folders/folder-ref.ts";
import { getFolder } from "../operations/get-folder.ts";
import { getItem } from "../operations/get-item.ts";
import type { Relocated } from "../operations/move-item.ts";
import type { EwsMailbox } from "../session/mailbox.ts";
import { listByMessageId } from "./find-new-copies.ts";

/** The Message-IDs of the messages read in a mailbox, by item id. After a move, the old id can no longer be used to read it. */
export type MessageIds = ReadonlyMap<string, string | undefined>;

/** One batch that goes into one folder of the same mailbox. */
export interface RelocationBatch {
  readonly ids: readonly string[];
  readonly to: FolderRef;
  readonly isMove: boolean;
  readonly known: MessageIds;
}

/**
 * Checks once for what the server did not report: the place of a message whose move was confirmed without a new id, and whether a message was moved
 * whose reply was lost. All other Outcomes are returned unchanged, without a request.
 */
export async function confirmMoves(
  mailbox: EwsMailbox,
  relocating: RelocationBatch,
  outcomes: readonly Outcome<Relocated>[],
): Promise<readonly Outcome<Relocated>[]> {
  const { ids, isMove, known } = relocating;
  const open = [...outcomes.entries()].flatMap(([index, outcome]) => (isUnconfirmed(outcome, isMove) ? [index] : []));
  if (open.length === 0) return outcomes;
  const folderId = await attempt(() => idOf(mailbox, relocating.to));
  if (!folderId.ok) {
    throwDefect(folderId.failure);
    return outcomes;
  }
  const reads = await readAgain(
    mailbox,
    open.map((index) => ids[index] ?? ""),
  );
  const settled = [...outcomes];
  /** The Message-ID of each message to search for in the folder. */
  const wanted = new Map<number, string>();
  for (const [at, index] of open.entries()) {
    const read = reads[at];
    const outcome = outcomes[index];
    if (read === undefined || outcome === undefined) continue;
    if (read.ok && read.value.parentFolderId === folderId.value && isMove) settled[index] = done({ newItemId: read.value.itemId });
    else if (read.ok && !outcome.ok)
      settled[index] = failed(withObservation(outcome.failure, "A check afterwards found it in its former folder."));
    else if (read.ok || read.failure.code === "not-found") {
      const messageId = read.ok ? read.value.internetMessageId : known.get(ids[index] ?? "");
      if (messageId !== undefined) wanted.set(index, messageId);
    }
  }
  if (wanted.size === 0) return settled;
  const { copies, isWhole } = await listByMessageId(mailbox, { id: folderId.value }, [...wanted.values()]);
  const there = copies.filter(({ itemId }) => !known.has(itemId));
  for (const [index, messageId] of wanted) {
    const alike = [...wanted.values()].filter((other) => other === messageId).length;
    const candidates = there.filter((found) => found.messageId === messageId);
    const outcome = outcomes[index];
    if (candidates.length > 0) {
      // If there are more candidates than there should be, none can be identified.
      const which =
        candidates.length <= alike
          ? there.splice(
              there.findIndex((found) => found.messageId === messageId),
              1,
            )[0]
          : undefined;
      settled[index] = done({ newItemId: which?.itemId });
    } else if (outcome !== undefined && !outcome.ok && isWhole)
      settled[index] = failed(
        withObservation(outcome.failure, "A check afterwards found it neither in its former folder nor in the target folder."),
      );
  }
  return settled;
}

/**
 * Tells whether an Outcome needs a check. For a copy whose reply was lost a check shows nothing, since the earlier content of the folder is not
 * known.
 */
function isUnconfirmed(outcome: Outcome<Relocated>, isMove: boolean): boolean {
  return outcome.ok ? outcome.value.newItemId === undefined : isMove && outcome.failure.code === "unknown-outcome";
}

async function idOf(mailbox: EwsMailbox, folder: FolderRef): Promise<string> {
  return "id" in folder ? folder.id : (await mailbox.ask(getFolder, [folder])).folderId;
}

async function readAgain(mailbox: EwsMailbox, ids: readonly string[]): Promise<readonly Outcome<Message>[]> {
  const reads: Outcome<Message>[] = [];
  for await (const read of mailbox.each(getItem, ids, (some) => ({ ids: some.map((id) => ({ id })), detail: {} }))) {
    if (!read.ok) throwDefect(read.failure);
    reads.push(read);
  }
  return reads;
}

function withObservation({ code, message, hint, wireCode, requestId, cause }: Failure, what: string): Failure {
  return new Failure(code, `${message} ${what}`, { hint, wireCode, requestId, cause });
}
