import type { Context } from "../catalogue/action-definition.ts";
import type { Message } from "../exchange/message.ts";
import { isAbsent } from "../exchange/search/absence.ts";
import { Failure } from "../failure.ts";
import { done, failed, type Outcome } from "../outcome.ts";

/** A message that should no longer be in its former folder. */
export interface FormerLocation {
  /** The message when it was chosen. */
  readonly before: Message;
  /** Its current id, where the server returned one. */
  readonly newItemId?: string | undefined;
}

/** The result of a second search: the message has left the folder. `now` is the message in its new place, where that was seen. */
export interface Disappearance {
  readonly now?: Message | undefined;
}

/**
 * Checks that messages have left their former folders. Returns one Outcome for each, in their order. Failure `not-verified` means that the message is
 * still there; any other Failure means that the check was not possible. Opening an id proves nothing alone: an id may open nothing although the
 * message exists, and some servers open a deleted message by its old id. So the message must be seen elsewhere, or its former folder is searched.
 */
export async function verifyGone(
  all: readonly FormerLocation[],
  context: Pick<Context<"get" | "locate">, "mailbox">,
): Promise<readonly Outcome<Disappearance>[]> {
  const seen = await readByIds(all, context);
  const outcomes: Outcome<Disappearance>[] = [];
  const open: number[] = [];
  for (const [index, { before, newItemId }] of all.entries()) {
    const old = seen.get(before.itemId) ?? missingOutcome();
    const now = newItemId === undefined ? undefined : seen.get(newItemId);
    const isElsewhere = ({ parentFolderId }: Message) => before.parentFolderId !== undefined && parentFolderId !== before.parentFolderId;
    outcomes.push(old.ok ? (isElsewhere(old.value) ? done({ now: old.value }) : failed(stillThere())) : old);
    if (old.ok ? isElsewhere(old.value) : old.failure.code !== "not-found") continue;
    if (!old.ok && now?.ok === true && isElsewhere(now.value)) outcomes[index] = done({ now: now.value });
    else open.push(index);
  }
  // One search in each folder for all messages of the call that were in it: a search of several folders together says of none of them that it was
  // opened, and this is the observation that the answer rests on.
  for (const [folder, indexes] of byFolder(all, open)) {
    const names = indexes.map((index) => nameOf(all[index]?.before));
    let next = 0;
    for await (const outcome of context.mailbox.locate(names, { folderId: folder })) {
      const index = indexes[next++];
      if (index === undefined) break;
      const id = all[index]?.before.itemId;
      if (!outcome.ok) outcomes[index] = outcome;
      else if (isAbsent(outcome.value) || !outcome.value.messages.some(({ itemId }) => itemId === id)) {
        outcomes[index] = done({ now: messageOf(seen.get(all[index]?.newItemId ?? "")) ?? messageOf(seen.get(id ?? "")) });
      } else outcomes[index] = failed(stillThere());
    }
  }
  return outcomes;
}

/** Reads all former and new ids together. */
async function readByIds(
  all: readonly FormerLocation[],
  { mailbox }: Pick<Context<"get">, "mailbox">,
): Promise<ReadonlyMap<string, Outcome<Message>>> {
  const ids = [
    ...new Set(all.flatMap(({ before, newItemId }) => (newItemId === undefined ? [before.itemId] : [before.itemId, newItemId]))),
  ];
  const seen = new Map<string, Outcome<Message>>();
  let next = 0;
  for await (const outcome of mailbox.get(ids, {})) {
    const id = ids[next++];
    if (id !== undefined) seen.set(id, outcome);
  }
  return seen;
}

function messageOf(outcome: Outcome<Message> | undefined): Message | undefined {
  return outcome?.ok === true ? outcome.value : undefined;
}

function byFolder(all: readonly FormerLocation[], indexes: readonly number[]): ReadonlyMap<string | undefined, readonly number[]> {
  const groups = new Map<string | undefined, number[]>();
  for (const index of indexes) {
    const folder = all[index]?.before.parentFolderId;
    const group = groups.get(folder);
    if (group === undefined) groups.set(folder, [index]);
    else group.push(index);
  }
  return groups;
}

/** Names a message by its Message-ID, so the folder is searched; without one, the folder is at least opened. */
function nameOf(before: Message | undefined) {
  return before?.internetMessageId === undefined ? { itemId: before?.itemId ?? "" } : { internetMessageId: before.internetMessageId };
}

function stillThere(): Failure {
  return new Failure("not-verified", "The message is still there under its old id.");
}

function missingOutcome(): Outcome<never> {
  return failed(new Failure("internal", "An id was asked for and has no answer."));
}
