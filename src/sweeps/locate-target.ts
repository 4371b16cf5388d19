import type { Mailbox } from "../exchange/exchange.ts";
import type { Message } from "../exchange/message.ts";
import { isAbsent } from "../exchange/search/absence.ts";
import { Failure } from "../failure.ts";
import { attempt } from "../outcome.ts";
import { isSameMessage, type TargetFacts } from "./target-facts.ts";

/** The location of a target that the worker may or may not have changed. */
export type TargetLocation =
  /** It is in the folder of the plan: it was not moved. */
  | { readonly at: "place" }
  /** It is in one of the folders that actions move messages to. */
  | { readonly at: "contained"; readonly folder: string; readonly message: Message }
  | { readonly at: "elsewhere"; readonly message: Message }
  /** It is in no folder of the mailbox, nor in the Deletions of the Recoverable Items. */
  | { readonly at: "nowhere" };

type LocatingMailbox = Pick<Mailbox, "address" | "locate">;

/** The folders that actions move messages to. */
const containers = [
  ["recoverableitemsdeletions", "the Recoverable Items"],
  ["deleteditems", "Deleted Items"],
  ["junkemail", "Junk Email"],
] as const;

/**
 * Finds the folder of a target. `others`: item ids of other targets, which may have the same Message-ID. Throws Failure if a folder could not be opened:
 * then nothing is known about the target.
 */
export async function locateTarget(facts: TargetFacts, others: ReadonlySet<string>, mailbox: LocatingMailbox): Promise<TargetLocation> {
  if ((await messagesInFolder(facts, facts.folder_id, mailbox)).some(({ itemId }) => itemId === facts.item_id)) return { at: "place" };
  const isIt = (message: Message) =>
    !others.has(message.itemId) &&
    isSameMessage(facts, message) &&
    !(message.parentFolderId === facts.folder_id && message.itemId !== facts.item_id);
  for (const [folder, name] of containers) {
    const there = await attempt(() => locateById(facts, { folder }, mailbox));
    // The mailbox may lack this folder. The search of the whole mailbox below covers it.
    if (!there.ok && there.failure.code !== "folder-not-found") throw there.failure;
    const message = there.ok ? there.value.find(isIt) : undefined;
    if (message !== undefined) return { at: "contained", folder: name, message };
  }
  const anywhere = (await locateById(facts, { includeRecoverable: true }, mailbox)).find(isIt);
  return anywhere === undefined ? { at: "nowhere" } : { at: "elsewhere", message: anywhere };
}

/** Finds the messages with the Message-ID of the target in one folder. Throws Failure. */
export async function messagesInFolder(
  facts: TargetFacts,
  folderId: string | undefined,
  mailbox: LocatingMailbox,
): Promise<readonly Message[]> {
  return locateById(facts, { folderId }, mailbox);
}

async function locateById(
  facts: TargetFacts,
  within: Parameters<Mailbox["locate"]>[1],
  mailbox: LocatingMailbox,
): Promise<readonly Message[]> {
  const { internet_message_id: internetMessageId, item_id: itemId } = facts;
  for await (const outcome of mailbox.locate([internetMessageId === undefined ? { itemId } : { internetMessageId }], within)) {
    if (!outcome.ok) throw outcome.failure;
    if (isAbsent(outcome.value)) return [];
    if (outcome.value.unopened !== undefined) throw outcome.value.unopened;
    return outcome.value.messages;
  }
  throw new Failure("internal", "A look without an outcome.");
}
