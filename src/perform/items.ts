// src/perform/: The one pipeline that every call passes: select, count, dry run, confirm, keep evidence, audit, act, verify.

import {
  type Action,
  type Context,
  type Digests,
  type EvidenceStore,
  effects,
  type Kept,
  type Prepared,
  type Row,
  type Selected,
  type Source,
  type Target,
} from "../catalogue/action-definition.ts";
import type { Result } from "../catalogue/answer-envelope.ts";
import { type Absent, isAbsent, type SearchExtent, searchExtentOf } from "../exchange/search/absence.ts";
import { asFailure, Failure, type FailureCode } from "../failure.ts";
import { attempt, failed, type Outcome } from "../outcome.ts";

/** One item of a call; `perform` fills it step by step. */
export interface Item {
  readonly row: Row;
  readonly target?: Target | undefined;
  status: Result["status"];
  /** Of `not_found`: where it was looked for. */
  looked?: SearchExtent | undefined;
  failure?: Failure | undefined;
  evidence?: Kept | undefined;
  /** The action's own columns. */
  answered?: Row | undefined;
  verified?: boolean | undefined;
}

/** Reads what an action would touch. What was named and is not there is `not_found`, and no error where that is fine. */
export async function selectItems(selected: AsyncIterable<Selected>, missingIsFine: boolean): Promise<Item[]> {
  const items: Item[] = [];
  for await (const { asked: requested, outcome } of selected) {
    if (!outcome.ok) items.push({ row: requested, status: "failed", failure: asUncheckedAbsence(outcome.failure) });
    else if (!isAbsent(outcome.value)) items.push({ row: outcome.value.row, target: outcome.value, status: "planned" });
    else items.push({ row: requested, ...missingItem(outcome.value, missingIsFine) });
  }
  return items;
}

/** What an item is of which a look has shown that it is not there. */
export function missingItem({ absentFrom }: Absent, isFine: boolean): Pick<Item, "status" | "looked" | "failure"> {
  const failure = isFine ? undefined : new Failure("not-found", `The item was not found ${searchExtentOf(absentFrom)}.`);
  return { status: "not_found", looked: absentFrom, failure };
}

/** A server's word that something is not there, after which nobody has looked, is no observation. */
export function asUncheckedAbsence(failure: Failure): Failure {
  if (failure.code !== "not-found") return failure;
  const { message, wireCode, requestId } = failure;
  return new Failure("could-not-look", `The server reports that it is not there, but mailcordon did not search for it: ${message}`, {
    wireCode,
    requestId,
    cause: failure,
  });
}

/** Keeps the bytes of each item. An item whose bytes could not be kept has failed, and is not touched. */
export async function preserveEach(items: readonly Item[], preserve: NonNullable<Prepared["preserve"]>, context: Context): Promise<void> {
  const sources = outcomesFor(items.length, preserve(targetsOf(items), context), "keep as evidence");
  let at = 0;
  for await (const source of sources) {
    const item = items[at++];
    if (item === undefined) break;
    const kept = source.ok ? await attempt(() => keepWhole(source.value, sourceOf(item, context), context.evidence)) : source;
    const note = source.ok ? source.value.note : undefined;
    if (kept.ok) item.evidence = note === undefined ? kept.value : { ...kept.value, note };
    else {
      item.status = "failed";
      item.failure =
        kept.failure.code === "evidence-failed" || kept.failure.code === "cancelled" ? kept.failure : evidenceUnreadable(kept.failure);
    }
  }
}

/** Keeps bytes on whose strength something is destroyed: only when they are read twice and show that they are whole. */
async function keepWhole({ name, bytes, again, message }: Source, source: Row, evidence: EvidenceStore): Promise<Kept> {
  const { checkFile, checkMessage, openDigestingReader } = await import("../message-content/check-whole.ts");
  if (message === undefined) {
    return await evidence.keep(bytes, { name, source, confirm: async (first) => checkFile(await again(), first) });
  }
  const reader = openDigestingReader();
  const confirm = async ({ sha256 }: Digests) => checkMessage(await again(), { ...reader.end(), sha256 }, message);
  return await evidence.keep(reader.through(bytes), { name, source, confirm });
}

/** For the index of the evidence: where the bytes come from. */
function sourceOf(item: Item, context: Context): Row {
  const { item_id, internet_message_id, attachment_id } = item.row;
  return { mailbox: context.mailbox.address, item_id, internet_message_id, attachment_id };
}

function evidenceUnreadable(why: Failure): Failure {
  const { wireCode, requestId, hint } = why;
  return new Failure("evidence-failed", `The evidence could not be read: ${why.message}`, { cause: why, hint, wireCode, requestId });
}

/** Does it. Afterwards every item is `done` or `failed`. */
export async function actOn(items: readonly Item[], act: NonNullable<Prepared["act"]>, action: Action, context: Context): Promise<void> {
  if (items.length === 0) return;
  const outcomes = outcomesFor(items.length, act(targetsOf(items), context), "act on", (failure) => unknownIfCancelled(failure, action));
  let at = 0;
  for await (const outcome of outcomes) {
    const item = items[at++];
    if (item === undefined) break;
    if (!outcome.ok) {
      item.status = "failed";
      item.failure = outcome.failure;
      continue;
    }
    item.answered = outcome.value;
    const row = action.each?.safeParse(outcome.value);
    if (row === undefined || row.success) item.status = "done";
    else {
      item.status = "failed";
      item.failure = new Failure("internal", `The item was processed, but the result of ${action.name} does not match its schema.`, {
        cause: row.error,
      });
    }
  }
}

/**
 * Looks for those of which the server said, when they were to be acted on, that they are not there: such a word alone is no proof. What a look does not
 * find any more is `not_found`.
 */
export async function settleMissing(items: readonly Item[], prepared: Prepared, action: Action, context: Context): Promise<void> {
  const statements = items.flatMap((item) => {
    const { failure, target } = item;
    return failure?.code === "not-found" && target !== undefined ? [{ item, failure, target }] : [];
  });
  if (statements.length === 0) return;
  const { confirmAbsence } = await import("../verification/confirm-absence.ts");
  const targets = statements.map(({ target }) => target);
  const failures = statements.map(({ failure }) => failure);
  const outcomes = await confirmAbsence(targets, failures, targetsOf(items), context);
  for (const [at, { item, failure }] of statements.entries()) {
    const outcome = outcomes[at] ?? failed(asUncheckedAbsence(failure));
    if (!outcome.ok) item.failure = asUncheckedAbsence(outcome.failure);
    else {
      Object.assign(item, missingItem(outcome.value, effects[action.effect].missingIsFine));
      // It was seen when it was chosen: for who wants it away, that is done.
      if (prepared.vanished !== undefined) Object.assign(item, { status: "done", answered: prepared.vanished });
    }
  }
}

/** What is known of an item whose Outcome was lost because the whole act was. */
function unknownIfCancelled(failure: Failure, action: Action): Failure {
  if (action.effect === "read" || failure.code !== "cancelled") return failure;
  return new Failure("unknown-outcome", "The call was stopped on request; this item may have been processed.", { cause: failure });
}

/** What a second look may say that makes a failure of the item; anything else says that it could not be looked at. */
const failingCodes: ReadonlySet<FailureCode> = new Set<FailureCode>(["not-verified", "internal"]);

/** Of what an action said it had done and has not: only the new id, by which to look at it. */
function keepNewIdOnly(answered: Row = {}): Row {
  return Object.fromEntries(Object.entries(answered).filter(([column]) => column === "new_item_id"));
}

/** A defect in the second look: the item is not to be repeated, since it was done. */
function checkDefect(failure: Failure): Failure {
  return new Failure("internal", `The item was processed, but a defect ended the check of the result: ${failure.message}`, {
    cause: failure,
  });
}

/** Looks again at what was done. `items` are all that were chosen, also those that failed. */
export async function verifyEach(items: readonly Item[], verify: NonNullable<Prepared["verify"]>, context: Context): Promise<void> {
  const doneItems = items.filter((item) => item.status === "done");
  if (doneItems.length === 0) return;
  const rows = doneItems.map((item) => item.answered ?? {});
  let at = 0;
  for await (const outcome of outcomesFor(doneItems.length, verify(targetsOf(doneItems), rows, context, targetsOf(items)), "verify")) {
    const item = doneItems[at++];
    if (item === undefined) break;
    item.verified = outcome.ok && outcome.value === true;
    const failure = outcome.ok ? outcome.value : outcome.failure;
    if (typeof failure === "boolean" || !failingCodes.has(failure.code)) continue;
    item.status = "failed";
    if (!outcome.ok && failure.code === "not-verified") item.answered = keepNewIdOnly(item.answered);
    item.failure = failure.code === "internal" ? checkDefect(failure) : failure;
  }
}

export function targetsOf(items: readonly Item[]): Target[] {
  return items.flatMap((item) => item.target ?? []);
}

/** Exactly so many Outcomes: what is missing, or what came after a throw, is filled in; what is too much is left out. */
async function* outcomesFor<T>(
  count: number,
  outcomes: AsyncIterable<Outcome<T>>,
  work: string,
  meaning: (failure: Failure) => Failure = (failure) => failure,
): AsyncGenerator<Outcome<T>> {
  let given = 0;
  let missing = new Failure("internal", `The action returned no outcome for this item when it was to ${work} it.`);
  try {
    for await (const outcome of outcomes) {
      if (given === count) break;
      given++;
      yield outcome;
    }
  } catch (thrown) {
    missing = meaning(asFailure(thrown));
  }
  for (; given < count; given++) yield failed(missing);
}
