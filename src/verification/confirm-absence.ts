// src/verification/: Searches again for items that an action reports as gone, before the answer reports it.

import type { Context, Target } from "../catalogue/action-definition.ts";
import type { Message } from "../exchange/message.ts";
import { type Absent, isAbsent } from "../exchange/search/absence.ts";
import { asFailure, Failure } from "../failure.ts";
import { done, failed, type Outcome } from "../outcome.ts";

/** The port methods needed to confirm absence. */
type LookContext = Context<"locate" | "attachments">;

/**
 * Searches again for targets that the server reported as missing when an action was performed on them. Returns one Outcome for each, in their order.
 * Each was seen a moment before, and servers also report existing items as missing. `refusals` are the server's failures.
 */
export async function confirmAbsence(
  targets: readonly Target[],
  refusals: readonly Failure[],
  chosen: readonly Target[],
  context: LookContext,
): Promise<readonly Outcome<Absent>[]> {
  const outcomes: Outcome<Absent>[] = [];
  const known = new Set(chosen.flatMap(({ message }) => message?.itemId ?? []));
  for (const [at, target] of targets.entries()) {
    const refusal = refusals[at] ?? new Failure("not-found", "It is not there.");
    try {
      outcomes.push(await confirmTargetAbsent(target, refusal, known, context));
    } catch (thrown) {
      outcomes.push(failed(asFailure(thrown)));
    }
  }
  return outcomes;
}

async function confirmTargetAbsent(
  { message, attachment }: Target,
  refusal: Failure,
  known: ReadonlySet<string>,
  context: LookContext,
): Promise<Outcome<Absent>> {
  if (message === undefined) return failed(couldNotConfirm(refusal));
  const { itemId, internetMessageId, parentFolderId, folderPath } = message;
  // Search by Message-ID, so the folder is searched: some servers open a deleted message by its old id.
  const name = internetMessageId === undefined ? { itemId } : { internetMessageId };
  const there = await locateOne(name, parentFolderId, context);
  if (!there.ok) return there;
  // A message that its folder lists exists, whatever the server says about its id.
  if (!isAbsent(there.value) && there.value.messages.some((one) => one.itemId === itemId)) {
    return attachment === undefined
      ? failed(stillThere(refusal, folderPath))
      : confirmAttachmentAbsent(message, attachment.id, refusal, context);
  }
  // Over EWS a moved message has another id.
  const all = internetMessageId === undefined ? undefined : await locateOne({ internetMessageId }, undefined, context);
  if (all !== undefined) {
    if (!all.ok) return all;
    if (isAbsent(all.value)) return done(all.value);
    const copy = all.value.messages.find(
      (one) => one.parentFolderId !== parentFolderId && (one.itemId === itemId || !known.has(one.itemId)),
    );
    if (copy !== undefined) return failed(movedElsewhere(copy, refusal));
    // Other copies were found; this one may be in a place that could not be opened.
    if (all.value.unopened !== undefined) return failed(all.value.unopened);
  }
  if (isAbsent(there.value)) return done(there.value);
  const { mailbox } = context;
  return done({
    absentFrom: { mailbox: mailbox.address, folders: 1, places: ["folder"], folder: folderPath ?? "it lay in", by: "internet_message_id" },
  });
}

async function locateOne(
  name: Pick<Message, "internetMessageId"> & { itemId?: string },
  folderId: string | undefined,
  { mailbox }: LookContext,
) {
  for await (const outcome of mailbox.locate([name], { folderId })) return outcome;
  return failed(new Failure("internal", "A look without an outcome."));
}

async function confirmAttachmentAbsent(
  message: Message,
  attachmentId: string,
  refusal: Failure,
  { mailbox }: LookContext,
): Promise<Outcome<Absent>> {
  for await (const outcome of mailbox.attachments([message.itemId])) {
    if (!outcome.ok) return outcome.failure.code === "not-found" ? failed(couldNotConfirm(outcome.failure)) : outcome;
    if (outcome.value.some(({ id }) => id === attachmentId)) return failed(stillThere(refusal, message.folderPath));
    return done({ absentFrom: { mailbox: mailbox.address, folders: 0, places: ["attachments"], by: "attachment_id" } });
  }
  return failed(couldNotConfirm(refusal));
}

function couldNotConfirm({ message, wireCode, requestId }: Failure): Failure {
  return new Failure("could-not-look", `The server reports it as missing, and it could not be searched: ${message}`, {
    wireCode,
    requestId,
  });
}

function stillThere({ message, wireCode, requestId }: Failure, where: string | undefined): Failure {
  const place = where === undefined ? "where it was" : `in ${where}`;
  return new Failure("refused", `Exchange reports it as missing, but it is still ${place}: ${message}`, {
    wireCode,
    requestId,
    hint: "Check the item: the action was not carried out, or not completely. Then retry.",
  });
}

function movedElsewhere({ folderPath, itemId }: Message, { wireCode, requestId }: Failure): Failure {
  const where = folderPath === undefined ? "in another folder" : `in ${folderPath}`;
  return new Failure(
    "changed",
    `It is no longer in its folder, and a message with the same Message-ID is ${where}: it may have been moved.`,
    {
      wireCode,
      requestId,
      hint: `Check it, then retry with internet_message_id; its id is now ${itemId}.`,
    },
  );
}
