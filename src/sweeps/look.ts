import type { Mailbox } from "../exchange/exchange.ts";
import type { Message } from "../exchange/message.ts";
import { isAbsent } from "../exchange/search/absence.ts";
import { Failure } from "../failure.ts";
import { attempt } from "../outcome.ts";
import { type Facts, isSame } from "./facts.ts";

/** What a look shows of a target that may or may not have been acted on. */
export type Seen =
  /** It lies where the plan found it: it was not moved. */
  | { readonly at: "place" }
  /** It lies where actions take messages to. */
  | { readonly at: "contained"; readonly folder: string; readonly message: Message }
  | { readonly at: "elsewhere"; readonly message: Message }
  /** It is in no folder of the mailbox, nor in the Deletions of the Recoverable Items. */
  | { readonly at: "nowhere" };

type Looking = Pick<Mailbox, "address" | "locate">;

/** Where actions that contain a message take it to. */
const containers = [
  ["recoverableitemsdeletions", "the Recoverable Items"],
  ["deleteditems", "Deleted Items"],
  ["junkemail", "Junk Email"],
] as const;

/**
 * Looks where a target is now. `others`: the ids of messages that are known to be other targets: a copy of the same Message-ID is not taken for it.
 * Throws Failure when a place could not be opened: then nothing is known.
 */
export async function lookFor(facts: Facts, others: ReadonlySet<string>, mailbox: Looking): Promise<Seen> {
  if ((await inFolder(facts, facts.folder_id, mailbox)).some(({ itemId }) => itemId === facts.item_id)) return { at: "place" };
  const isIt = (message: Message) =>
    !others.has(message.itemId) &&
    isSame(facts, message) &&
    !(message.parentFolderId === facts.folder_id && message.itemId !== facts.item_id);
  for (const [folder, name] of containers) {
    const there = await attempt(() => located(facts, { folder }, mailbox));
    // A mailbox need not have the folder: the look over all of it says whether it may be there.
    if (!there.ok && there.failure.code !== "folder-not-found") throw there.failure;
    const message = there.ok ? there.value.find(isIt) : undefined;
    if (message !== undefined) return { at: "contained", folder: name, message };
  }
  const anywhere = (await located(facts, { includeRecoverable: true }, mailbox)).find(isIt);
  return anywhere === undefined ? { at: "nowhere" } : { at: "elsewhere", message: anywhere };
}

/** The messages of this Message-ID in the folder. Throws Failure. */
export async function inFolder(facts: Facts, folderId: string | undefined, mailbox: Looking): Promise<readonly Message[]> {
  return located(facts, { folderId }, mailbox);
}

async function located(facts: Facts, within: Parameters<Mailbox["locate"]>[1], mailbox: Looking): Promise<readonly Message[]> {
  const { internet_message_id: internetMessageId, item_id: itemId } = facts;
  for await (const outcome of mailbox.locate([internetMessageId === undefined ? { itemId } : { internetMessageId }], within)) {
    if (!outcome.ok) throw outcome.failure;
    if (isAbsent(outcome.value)) return [];
    if (outcome.value.unopened !== undefined) throw outcome.value.unopened;
    return outcome.value.messages;
  }
  throw new Failure("internal", "A look without an outcome.");
}
