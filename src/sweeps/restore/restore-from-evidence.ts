import { createHash } from "node:crypto";
import type { OpenedFile } from "../../catalogue/action-definition.ts";
import { omitUndefined } from "../../catalogue/common-fields.ts";
import type { Copied, Mailbox } from "../../exchange/exchange.ts";
import type { Message } from "../../exchange/message.ts";
import { Failure, type FailureCode } from "../../failure.ts";
import { attempt, type Outcome, takeOnly } from "../../outcome.ts";
import type { UndoState } from "../../state/sweep-states.ts";
import type { ClaimedMailbox } from "../../state/sweep-work.ts";
import { changeAudited } from "../audited-change.ts";
import { type KeptOutcome, keptForms, readKeptOutcome, stateBefore } from "../kept-outcome.ts";
import { messagesInFolder } from "../locate-target.ts";
import type { PlannedTarget, SweepRun } from "../sweep-run.ts";
import { readFacts } from "../target-facts.ts";

/** A server whose reply was lost may still be working. Milliseconds. */
const searchDelayMs = 1000;

/** Failures of an import that created nothing. The .eml may work instead. */
const refusedImports: ReadonlySet<FailureCode> = new Set<FailureCode>([
  ...(["unsupported", "access-denied", "role-missing", "refused", "unreadable", "too-large", "evidence-failed"] as const),
]);

/**
 * Creates a message that Exchange no longer has from its evidence, in its original folder. A message with the same Message-ID that appeared there since is
 * accepted as the copy: an interrupted undo may have created it. Throws Failure.
 */
export async function restoreFromEvidence(
  target: PlannedTarget,
  kept: KeptOutcome,
  to: string,
  mailbox: Mailbox,
  run: SweepRun,
  claimed: ClaimedMailbox,
): Promise<readonly [UndoState, KeptOutcome]> {
  const found = () => copyInFolder(target, to, mailbox, run, claimed);
  const already = await found();
  if (already !== undefined)
    return ["undone", { new_item_id: already.itemId, settled_by_look: "A message with its Message-ID was found in its folder." }];
  const { from, made, note: why } = await createCopy(target, kept, to, mailbox, run);
  if (made.ok) {
    const { newItemId, lost = [], note = why } = made.value;
    const verified = await isInFolder(newItemId, to, mailbox);
    // Not a failure: another undo would create another copy.
    const message = verified ? undefined : "Exchange created the copy, but a second look did not find it in its folder.";
    const copy = { new_item_id: newItemId, restored_copy: true, restored_from: from, verified, lost: [...lost], note, message };
    return ["undone", omitUndefined(copy)];
  }
  if (made.failure.code !== "unknown-outcome") throw made.failure;
  await new Promise((resolve) => setTimeout(resolve, searchDelayMs));
  const seen = await found();
  if (seen === undefined) throw made.failure;
  return [
    "undone",
    {
      ...{ new_item_id: seen.itemId, restored_copy: true, restored_from: from },
      settled_by_look: "The reply was lost; the copy was found in its folder.",
    },
  ];
}

/** Creates the copy from the most complete format that Exchange accepts. Throws Failure if no evidence can be read. */
async function createCopy(target: PlannedTarget, kept: KeptOutcome, to: string, mailbox: Mailbox, run: SweepRun) {
  let refused: Failure | undefined;
  for (const { form, piece } of keptForms(kept)) {
    const from = form === "export" ? ("export" as const) : ("eml" as const);
    const read = await attempt(() => checkedEvidence(piece.sha256, run));
    const made = read.ok ? await createFrom(read.value, form, piece.sha256, { target, kept, to, mailbox, acting: run }) : read;
    const note = refused && `Its export could not be imported, so it was restored from its .eml. ${refused.message}`;
    if (made.ok || form === "mime" || !refusedImports.has(made.failure.code)) return { from, made, note };
    refused = made.failure;
  }
  throw refused ?? new Failure("not-found", "No evidence of it was kept.");
}

interface Restoring {
  readonly target: PlannedTarget;
  readonly kept: KeptOutcome;
  readonly to: string;
  readonly mailbox: Mailbox;
  readonly acting: SweepRun;
}

function createFrom(bytes: OpenedFile, form: "export" | "mime", evidence: string, restoring: Restoring): Promise<Outcome<Copied>> {
  const { target, kept, to, mailbox, acting: run } = restoring;
  const source = { form, size: bytes.size, open: () => bytes.open(), folder: to };
  const state = { receivedAt: target.frozen.received_at, ...stateBefore(kept.before) };
  return changeAudited("sweep undo", target, mailbox, run, () => mailbox.restore({ ...source, ...state }), { to, evidence });
}

/** Finds a message in the folder that may be the copy: it is neither another target nor the copy of one. Throws Failure. */
async function copyInFolder(
  { frozen }: PlannedTarget,
  to: string,
  mailbox: Mailbox,
  { work, chunk }: SweepRun,
  claimed: ClaimedMailbox,
): Promise<Message | undefined> {
  const { internet_message_id: messageId, subject } = frozen;
  if (messageId === undefined) return undefined;
  const all = await work.recordedOutcomes(chunk.sweep, claimed.number);
  const known = new Set(
    all.flatMap(({ facts, outcome, undoOutcome }) => [
      readFacts(facts).item_id,
      ...[outcome, undoOutcome].flatMap((text) => readKeptOutcome(text).new_item_id ?? []),
    ]),
  );
  return (await messagesInFolder(frozen, to, mailbox)).find((message) => !known.has(message.itemId) && message.subject === subject);
}

/** Returns whether a second look finds the copy in the folder. */
async function isInFolder(itemId: string | undefined, to: string, mailbox: Mailbox): Promise<boolean> {
  if (itemId === undefined) return false;
  const seen = await attempt(() => takeOnly(mailbox.get([itemId], {})));
  return seen.ok && seen.value.parentFolderId === to;
}

/** Returns the evidence with this hash after hashing its bytes. Throws Failure `evidence-failed`. */
async function checkedEvidence(sha256: string, { host }: SweepRun): Promise<OpenedFile> {
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
