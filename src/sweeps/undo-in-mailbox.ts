import { omitUndefined } from "../catalogue/common-fields.ts";
import { isSameFlag } from "../exchange/copy-losses.ts";
import type { Mailbox } from "../exchange/exchange.ts";
import type { Message } from "../exchange/message.ts";
import { Failure } from "../failure.ts";
import { attempt, takeOnly } from "../outcome.ts";
import { perform } from "../perform/perform.ts";
import type { UndoState } from "../state/sweep-states.ts";
import type { ClaimedMailbox } from "../state/sweep-work.ts";
import { settleUnclear } from "./act-on-mailbox.ts";
import { changeAudited } from "./audited-change.ts";
import { type KeptOutcome, keptForms, readKeptOutcome, stateBefore } from "./kept-outcome.ts";
import { locateTarget, messagesInFolder } from "./locate-target.ts";
import { isCalendarEntry } from "./residue/remove-calendar-entries.ts";
import { restoreCalendarEntry } from "./residue/restore-calendar-entry.ts";
import { restoreFromEvidence } from "./restore/restore-from-evidence.ts";
import { isRetryable, type PlannedTarget, readTarget, retryWhileDatabaseIsAway, type SweepRun } from "./sweep-run.ts";
import { isSameMessage } from "./target-facts.ts";

const mostTries = 5;

/** Undoes the action in one mailbox, target by target. Returns a failure after which the caller must retry the other targets later. */
export async function undoInMailbox(claimed: ClaimedMailbox, run: SweepRun): Promise<Failure | undefined> {
  const { chunk, work, host } = run;
  const isLast = claimed.tries + 1 >= mostTries;
  const open = (await work.openTargets(chunk.sweep, claimed.number, "undo")).map(readTarget);
  // A target with an intent and without an outcome may have been acted on.
  let retryFailure = await settleUnclear(
    open.filter(({ state }) => state === "acting"),
    claimed,
    run,
    isLast,
  );
  for (const target of (await work.openTargets(chunk.sweep, claimed.number, "undo")).map(readTarget)) {
    if (target.state !== "done") continue;
    const wasBegun = target.undoState === "undoing";
    const intended = await work.recordIntent(chunk, claimed.number, "undo", [target.number]);
    if (!intended.has(target.number)) return retryFailure;
    const undone = await attempt(() => undoOne(target, wasBegun, claimed, run));
    const failure = undone.ok ? undefined : undone.failure;
    if (failure !== undefined && isRetryable(failure.code) && (!isLast || failure.code === "cancelled")) {
      retryFailure ??= failure;
      continue;
    }
    const [state, kept]: readonly [UndoState, KeptOutcome] = undone.ok
      ? undone.value
      : ["failed", { error: omitUndefined({ code: undone.failure.code, message: undone.failure.message, hint: undone.failure.hint }) }];
    const outcome = JSON.stringify({ ...kept, worker: run.worker });
    await retryWhileDatabaseIsAway(
      () => work.recordUndone(chunk.sweep, claimed.number, [{ number: target.number, state, outcome }]),
      host.signal,
    );
  }
  return retryFailure;
}

/** Undoes one target. `wasBegun`: an earlier worker may have undone it already. Throws Failure. */
async function undoOne(
  target: PlannedTarget,
  wasBegun: boolean,
  claimed: ClaimedMailbox,
  run: SweepRun,
): Promise<readonly [UndoState, KeptOutcome]> {
  if (isCalendarEntry(target)) return restoreCalendarEntry(target, claimed, run);
  const { host } = run;
  const kept = readKeptOutcome(target.outcome);
  const { undo } = kept;
  const { folder_id: to } = target.frozen;
  const mailbox = host.exchange.mailbox(claimed.address, { signal: host.signal });
  const restore = async () => {
    if (to === undefined || !isKept(kept)) return undefined;
    return await restoreFromEvidence(target, kept, to, mailbox, run, claimed);
  };
  if (undo === undefined || typeof undo.item_id !== "string" || to === undefined) {
    const isGone = isKept(kept) && (await locateTarget(target.frozen, new Set(), mailbox)).at !== "place";
    return (isGone ? await restore() : undefined) ?? ["impossible", { message: whyImpossible(kept) }];
  }
  const before = wasBegun ? await findMovedBack(target, undo.item_id, to, mailbox, run, claimed) : undefined;
  if (before !== undefined)
    return ["undone", { new_item_id: before.itemId, settled_by_look: "It was found in its folder.", ...differencesSince(kept, before) }];
  const { item_id, to: _, ...fields } = undo;
  // If the undo has fields of its own, moving the message back is not enough: the action itself must undo it.
  const moved = Object.keys(fields).length === 0 ? item_id : await undoByAction(item_id, fields, claimed, run);
  const now = await moveBack(target, moved, to, mailbox, run);
  if (now === undefined) {
    const restoredCopy = await restore();
    if (restoredCopy !== undefined) return restoredCopy;
    throw new Failure("not-found", "Exchange has it no more: it is neither in the mailbox nor in the Deletions of the Recoverable Items.", {
      hint: "No evidence of it was kept from which it could be restored.",
    });
  }
  return ["undone", { new_item_id: now.itemId, verified: true, ...differencesSince(kept, now) }];
}

/** Returns the message if it is back in its original folder already. */
async function findMovedBack(
  target: PlannedTarget,
  itemId: string,
  to: string,
  mailbox: Mailbox,
  run: SweepRun,
  claimed: ClaimedMailbox,
): Promise<Message | undefined> {
  const opened = await attempt(() => takeOnly(mailbox.get([itemId], {})));
  if (opened.ok && opened.value.parentFolderId !== to) return undefined;
  if (!opened.ok && opened.failure.code !== "not-found") throw opened.failure;
  const { work, chunk } = run;
  const others = (await work.recordedOutcomes(chunk.sweep, claimed.number)).map(
    ({ facts }) => readTarget({ number: -1, state: "done", facts }).frozen.item_id,
  );
  const there = await messagesInFolder(target.frozen, to, mailbox);
  return there.find((message) => isSameMessage(target.frozen, message) && (message.itemId === itemId || !others.includes(message.itemId)));
}

/** Undoes by the action itself. Returns the new id of the message. Throws Failure. */
async function undoByAction(
  itemId: string,
  fields: Readonly<Record<string, unknown>>,
  claimed: ClaimedMailbox,
  run: SweepRun,
): Promise<string> {
  const answer = await perform(run.action, { ...fields, mailbox: claimed.address, item_id: [itemId] }, run.host);
  const [result] = answer.results ?? [];
  const error = result?.error ?? answer.error;
  if (error !== undefined) throw new Failure(error.code, error.message, { hint: error.hint });
  return typeof result?.new_item_id === "string" ? result.new_item_id : itemId;
}

/** Moves the message back with audit entries, and verifies its folder. Returns undefined if Exchange no longer has the message. Throws Failure. */
async function moveBack(target: PlannedTarget, itemId: string, to: string, mailbox: Mailbox, run: SweepRun): Promise<Message | undefined> {
  const seen = await attempt(() => takeOnly(mailbox.get([itemId], { flag: true })));
  if (!seen.ok && seen.failure.code === "not-found") {
    await demandGone(target, itemId, mailbox);
    return undefined;
  }
  if (!seen.ok) throw seen.failure;
  if (seen.value.parentFolderId === to) return seen.value;
  const moved = await changeAudited(
    "sweep undo",
    target,
    mailbox,
    run,
    async () => {
      const { newItemId = itemId } = await takeOnly(mailbox.move([itemId], { folder: to }));
      const now = await takeOnly(mailbox.get([newItemId], { flag: true }));
      if (now.parentFolderId !== to) throw new Failure("not-verified", "Exchange said that it was moved back, and it lies elsewhere.");
      return now;
    },
    { to },
  );
  if (!moved.ok) throw moved.failure;
  return moved.value;
}

/** Throws Failure `changed` if a message that may be the target is anywhere in the mailbox; the message says where. */
async function demandGone(target: PlannedTarget, itemId: string, mailbox: Mailbox): Promise<void> {
  const seen = await locateTarget(target.frozen, new Set(), mailbox);
  if (seen.at === "nowhere") return;
  const where =
    seen.at === "contained" ? seen.folder : seen.at === "elsewhere" ? (seen.message.folderPath ?? "another folder") : "its folder";
  throw new Failure("changed", `Somebody has moved it: a message of the same Message-ID lies in ${where}. It was left there.`, {
    hint: `It had the id ${itemId}.`,
  });
}

function isKept(kept: KeptOutcome): boolean {
  return keptForms(kept).length > 0;
}

/** Returns what differs from the state immediately before the sweep. */
function differencesSince({ before }: KeptOutcome, now: Message): Pick<KeptOutcome, "differs"> {
  const { flag } = stateBefore(before);
  const differs = [
    ...(before?.is_read !== undefined && now.isRead !== undefined && before.is_read !== now.isRead ? ["is_read"] : []),
    ...(before?.categories !== undefined && before.categories.join("\n") !== (now.categories ?? []).join("\n") ? ["categories"] : []),
    ...(flag !== undefined && now.flag !== undefined && !isSameFlag(flag, now.flag) ? ["flag"] : []),
  ];
  return differs.length === 0 ? {} : { differs };
}

function whyImpossible({ action, evidence, attachments = [] }: KeptOutcome): string {
  const ofMessage = evidence === undefined ? "No evidence was kept." : `Its evidence has the SHA-256 ${evidence.sha256}.`;
  const kept = attachments.some((one) => one.evidence !== undefined) ? "Copies of the attachments are kept as evidence." : ofMessage;
  return `mailcordon cannot undo this action${action === undefined ? "" : ` (${action})`}. ${kept}`;
}
