// src/graph/moving/: Copies, moves, deletes and imports messages, and confirms what became of them.

import { attempt, done, type Outcome } from "../../outcome.ts";
import { mayBeDone } from "../failures.ts";
import type { FolderRef } from "../folders/folder-ref.ts";
import { getFolder } from "../requests/mail-folders.ts";
import type { Relocated } from "../requests/message-move.ts";
import { getMessage } from "../requests/messages.ts";
import type { GraphMailbox } from "../session/mailbox.ts";

/**
 * Checks once after a lost reply what became of an item. `look` returns the value if it sees that the request was carried out. Otherwise the failure
 * stays, because the request may still be on its way.
 */
export async function* confirmAfterLostReply<T>(
  ids: readonly string[],
  outcomes: AsyncIterable<Outcome<T>>,
  look: (id: string) => Promise<T | undefined>,
): AsyncIterable<Outcome<T>> {
  let index = 0;
  for await (const outcome of outcomes) {
    const id = ids[index++] ?? "";
    if (outcome.ok || !mayBeDone(outcome.failure)) {
      yield outcome;
      continue;
    }
    const seen = await attempt(() => look(id));
    if (!seen.ok && seen.failure.code === "cancelled") throw seen.failure;
    yield seen.ok && seen.value !== undefined ? done(seen.value) : outcome;
  }
}

/** Returns a check that a message is in a folder. A default id, which a move changes, opens nothing afterwards, and that shows nothing. */
export function checkInFolder(mailbox: GraphMailbox, folder: FolderRef): (id: string) => Promise<Relocated | undefined> {
  let goal: Promise<string> | undefined;
  return async (itemId) => {
    goal ??= "id" in folder ? Promise.resolve(folder.id) : mailbox.ask(getFolder, folder).then(({ folderId }) => folderId);
    const message = await mailbox.ask(getMessage, { itemId, detail: {} });
    return message.parentFolderId === (await goal) ? { newItemId: message.itemId } : undefined;
  };
}

/** Returns a check that Graph has no message with this id any more. */
export function checkGone(mailbox: GraphMailbox): (id: string) => Promise<Relocated | undefined> {
  return async (itemId) => {
    const there = await attempt(() => mailbox.ask(getMessage, { itemId, detail: {} }));
    if (there.ok) return undefined;
    if (there.failure.code === "not-found") return {};
    throw there.failure;
  };
}
