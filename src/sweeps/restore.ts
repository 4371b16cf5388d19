import { createHash } from "node:crypto";
import type { OpenedFile } from "../catalogue/action-definition.ts";
import { omitUndefined } from "../catalogue/common-fields.ts";
import type { Mailbox } from "../exchange/exchange.ts";
import type { Message } from "../exchange/message.ts";
import { Failure } from "../failure.ts";
import { attempt, takeOnly } from "../outcome.ts";
import type { UndoState } from "../state/sweep-states.ts";
import type { Claimed } from "../state/sweep-work.ts";
import type { Acting, Work } from "./acting.ts";
import { changeAudited } from "./audited-change.ts";
import { readFacts } from "./facts.ts";
import { inFolder } from "./look.ts";
import { type Kept, readKept } from "./outcome.ts";

/** A server whose reply was lost may still be working. Milliseconds. */
const lookDelayMs = 1000;

/** Whether the evidence of a target is a whole message. */
export function isMessageKept({ evidence }: Kept): boolean {
  return evidence !== undefined && /\.eml$/i.test(evidence.safe_name);
}

/**
 * Creates a message that Exchange no longer has in its old folder from its evidence. A message of the same Message-ID that has come there since is taken
 * for it: an undo that was cut off may have created it. Throws Failure.
 */
export async function restoreFromEvidence(
  target: Work,
  kept: Kept,
  to: string,
  mailbox: Mailbox,
  acting: Acting,
  box: Claimed,
): Promise<readonly [UndoState, Kept]> {
  const { evidence, before } = kept;
  if (evidence === undefined) throw new Failure("not-found", "No evidence of it was kept.");
  const found = () => copyInFolder(target, to, mailbox, acting, box);
  const already = await found();
  if (already !== undefined)
    return ["undone", { new_item_id: already.itemId, settled_by_look: "A message with its Message-ID was found in its folder." }];
  const bytes = await checkedEvidence(evidence.sha256, acting);
  const made = await changeAudited(
    "sweep undo",
    target,
    mailbox,
    acting,
    () =>
      mailbox.restore({
        ...{ size: bytes.size, open: () => bytes.open(), folder: to },
        ...{ receivedAt: target.frozen.received_at, isRead: before?.is_read, categories: before?.categories },
      }),
    { to, evidence: evidence.sha256 },
  );
  if (made.ok) {
    const { newItemId, lost = [], note } = made.value;
    const verified = await isInFolder(newItemId, to, mailbox);
    // Not a failure: another undo would create another copy.
    const message = verified ? undefined : "Exchange created the copy, but a second look did not find it in its folder.";
    return ["undone", omitUndefined({ new_item_id: newItemId, restored_copy: true, verified, lost: [...lost], note, message })];
  }
  if (made.failure.code !== "unknown-outcome") throw made.failure;
  await new Promise((resolve) => setTimeout(resolve, lookDelayMs));
  const seen = await found();
  if (seen === undefined) throw made.failure;
  return [
    "undone",
    { new_item_id: seen.itemId, restored_copy: true, settled_by_look: "The reply was lost; the copy was found in its folder." },
  ];
}

/** Finds the message in the folder that may be the copy: it is no other target, and was not made for one. Throws Failure. */
async function copyInFolder(
  { frozen }: Work,
  to: string,
  mailbox: Mailbox,
  { work, chunk }: Acting,
  box: Claimed,
): Promise<Message | undefined> {
  const { internet_message_id: messageId, subject } = frozen;
  if (messageId === undefined) return undefined;
  const all = await work.outcomes(chunk.sweep, box.number);
  const known = new Set(
    all.flatMap(({ facts, outcome, undoOutcome }) => [
      readFacts(facts).item_id,
      ...[outcome, undoOutcome].flatMap((text) => readKept(text).new_item_id ?? []),
    ]),
  );
  return (await inFolder(frozen, to, mailbox)).find((message) => !known.has(message.itemId) && message.subject === subject);
}

/** Returns whether a second look finds the copy in the folder. */
async function isInFolder(itemId: string | undefined, to: string, mailbox: Mailbox): Promise<boolean> {
  if (itemId === undefined) return false;
  const seen = await attempt(() => takeOnly(mailbox.get([itemId], {})));
  return seen.ok && seen.value.parentFolderId === to;
}

/** Returns the evidence with this hash, after its bytes were hashed. Throws Failure `evidence-failed`. */
async function checkedEvidence(sha256: string, { host }: Acting): Promise<OpenedFile> {
  const fail = (message: string) =>
    new Failure("evidence-failed", `${message} Nothing was restored.`, {
      hint: "Run the undo on the machine that kept the evidence, or keep evidence where every worker finds it.",
    });
  const [copy] = (await host.evidenceIndex?.find(sha256)) ?? [];
  if (copy === undefined) throw fail("Its evidence is not in the evidence store of this machine.");
  const hash = createHash("sha256");
  const read = await attempt(async () => {
    for await (const piece of copy.open()) hash.update(piece);
  });
  if (!read.ok) throw fail("Its evidence could not be read.");
  if (hash.digest("hex") !== sha256.toLowerCase())
    throw fail("The evidence store has other bytes under its hash: somebody has changed them.");
  return copy;
}
