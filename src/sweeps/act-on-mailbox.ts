// src/sweeps/: Plans one action for many mailboxes, runs it once on each message, undoes it and reports it.

import type { Action } from "../catalogue/action-definition.ts";
import type { Result } from "../catalogue/answer-envelope.ts";
import { omitUndefined } from "../catalogue/common-fields.ts";
import type { Mailbox } from "../exchange/exchange.ts";
import type { Message } from "../exchange/message.ts";
import { asFailure, Failure } from "../failure.ts";
import { attempt, type Outcome } from "../outcome.ts";
import { type Host, perform } from "../perform/perform.ts";
import type { TargetState } from "../state/sweep-states.ts";
import type { ClaimedMailbox, TargetUpdate } from "../state/sweep-work.ts";
import { attachmentsLeft, inputFor, resultOf } from "./attachment-targets.ts";
import { beforeOf, type KeptOutcome, readKeptOutcome } from "./kept-outcome.ts";
import { locateTarget, type TargetLocation } from "./locate-target.ts";
import { isCalendarEntry, removeCalendarEntries, settleCalendarEntries } from "./residue/remove-calendar-entries.ts";
import { type HardDeletion, noteEvidence } from "./restore/note-evidence.ts";
import { isRetryable, type PlannedTarget, readTarget, retryWhileDatabaseIsAway, type SweepRun } from "./sweep-run.ts";
import { isAboutAttachments, isRestorable } from "./sweep-spec.ts";
import { differences, readFacts, type TargetFacts } from "./target-facts.ts";

/** Messages that one call acts on. Between calls the worker checks whether the sweep was paused. */
const batchSize = 20;
/** Tries of a mailbox before its open targets fail. */
const mostTries = 5;

/** Runs the action in one mailbox. Returns a failure after which the caller must retry some targets later. */
export async function actOnMailbox(claimed: ClaimedMailbox, run: SweepRun): Promise<Failure | undefined> {
  const { chunk, work } = run;
  const open = (await work.openTargets(chunk.sweep, claimed.number, "act")).map(readTarget);
  const isLast = claimed.tries + 1 >= mostTries;
  const begun = open.filter(({ state }) => state === "acting");
  const unclear = await settleUnclear(begun, claimed, run, isLast);
  // Targets that an earlier worker began and did not finish are planned again: act on them now.
  const left = (await work.openTargets(chunk.sweep, claimed.number, "act")).filter(({ state }) => state === "planned").map(readTarget);
  const fresh = left.filter((target) => !isCalendarEntry(target));
  for (let at = 0; at < fresh.length; at += batchSize) {
    const failure = await actOnBatch(fresh.slice(at, at + batchSize), claimed, run, isLast);
    if (failure !== undefined) return failure;
  }
  const entries = await removeCalendarEntries(left.filter(isCalendarEntry), claimed, run, isLast);
  return unclear ?? entries;
}

/** Searches the mailbox for targets whose outcome is unknown, and records what the search shows. Returns the failure of a search that did not succeed. */
export async function settleUnclear(
  begun: readonly PlannedTarget[],
  claimed: ClaimedMailbox,
  run: SweepRun,
  isLast: boolean,
): Promise<Failure | undefined> {
  if (begun.length === 0) return undefined;
  const { chunk, work, host } = run;
  const mailbox = host.exchange.mailbox(claimed.address, { signal: host.signal });
  const known = await idsOfOthers(chunk.sweep, claimed, run);
  let failure = await settleCalendarEntries(begun.filter(isCalendarEntry), claimed, run, isLast);
  const notes = new Map((await work.openTargets(chunk.sweep, claimed.number, "act")).map(({ number, note }) => [number, note]));
  for (const one of begun.filter((target) => !isCalendarEntry(target))) {
    const target = { ...one, note: notes.get(one.number) };
    const seen = await attempt(() => locateTarget(target.frozen, known(target.frozen), mailbox));
    if (seen.ok) {
      const settled = seen.value.at === "place" ? await attempt(() => settledInPlace(target, mailbox, run)) : undefined;
      if (settled?.ok === false) failure ??= settled.failure;
      else await work.recordActed(chunk.sweep, claimed.number, [settled?.value ?? settledAs(target, seen.value, run)]);
    } else if (isLast && seen.failure.code !== "cancelled") {
      const error = { code: seen.failure.code, message: seen.failure.message, hint: seen.failure.hint };
      const message = "It may have been done: its worker died or the reply was lost, and the mailbox could not be looked into.";
      await work.recordActed(chunk.sweep, claimed.number, [
        { number: target.number, state: "failed", outcome: JSON.stringify({ message, error }) },
      ]);
    } else failure ??= seen.failure;
  }
  return failure;
}

/** Item ids of the other targets in the mailbox, before and after the action. */
async function idsOfOthers(sweep: string, claimed: ClaimedMailbox, { work }: SweepRun): Promise<(of: TargetFacts) => ReadonlySet<string>> {
  const known = (await work.recordedOutcomes(sweep, claimed.number)).map(({ facts, outcome }) => ({
    facts: readFacts(facts),
    kept: readKeptOutcome(outcome),
  }));
  return (of) =>
    new Set(
      known.flatMap(({ facts, kept }) =>
        facts.item_id === of.item_id ? [] : [facts.item_id, ...(kept.new_item_id === undefined ? [] : [kept.new_item_id])],
      ),
    );
}

/** Settles a target that was not moved. An action about attachments leaves it there, so its attachments show whether they were deleted. Throws Failure. */
async function settledInPlace(
  target: PlannedTarget,
  mailbox: Mailbox,
  { action, worker }: SweepRun,
): Promise<TargetUpdate<TargetState> | undefined> {
  if (!isAboutAttachments(action)) return undefined;
  const { number, frozen } = target;
  const left = await attachmentsLeft(frozen, mailbox);
  if (left === "all") return undefined;
  const as = (state: TargetState, kept: KeptOutcome) => ({ number, state, outcome: JSON.stringify({ ...kept, worker }) });
  if (left === "none") return as("done", { settled_by_look: "None of its attachments of the plan is there any more." });
  return as("failed", { message: "Some of its attachments of the plan are gone and others are not. Plan a sweep for what is left." });
}

function settledAs(target: PlannedTarget, seen: TargetLocation, { worker }: SweepRun): TargetUpdate<TargetState> {
  const { number, frozen } = target;
  const noted = readKeptOutcome(target.note);
  const as = (state: TargetState, kept: KeptOutcome) => ({ number, state, outcome: JSON.stringify({ ...noted, ...kept, worker }) });
  switch (seen.at) {
    case "place":
      return { number, state: "planned" };
    case "contained": {
      const { itemId } = seen.message;
      const undo = frozen.folder_id === undefined ? undefined : { item_id: itemId, to: frozen.folder_id };
      return as("done", omitUndefined({ new_item_id: itemId, undo, settled_by_look: `It was found in ${seen.folder}.` }));
    }
    case "elsewhere":
      return as("changed", {
        differs: ["folder_id"],
        settled_by_look: `It lies in ${seen.message.folderPath ?? "another folder"} now, and was left there.`,
      });
    case "nowhere":
      if (noted.evidence !== undefined)
        return as("done", {
          settled_by_look: "It was to be deleted for good, its evidence was kept, and it is nowhere in the mailbox now.",
        });
      return as("gone", { settled_by_look: "It is in no folder of the mailbox, nor in the Deletions of the Recoverable Items." });
  }
}

async function actOnBatch(
  batch: readonly PlannedTarget[],
  claimed: ClaimedMailbox,
  run: SweepRun,
  isLast: boolean,
): Promise<Failure | undefined> {
  const { chunk, work, host, action, input, worker } = run;
  const { sweep } = chunk;
  const looked = await readBeforeActing(batch, claimed, host);
  const settled: TargetUpdate<TargetState>[] = [];
  const equal: { readonly target: PlannedTarget; readonly message: Message }[] = [];
  let retryFailure: Failure | undefined;
  const fail = (target: PlannedTarget, failure: Failure, kept: KeptOutcome = {}) => {
    if (isRetryable(failure.code) && !(isLast && failure.code !== "cancelled")) {
      retryFailure ??= failure;
      return { number: target.number, state: "planned" as const };
    }
    const error = { code: failure.code, message: failure.message, hint: failure.hint };
    return { number: target.number, state: "failed" as const, outcome: JSON.stringify({ error, ...kept, worker }) };
  };
  for (const [at, target] of batch.entries()) {
    const outcome = looked[at];
    if (outcome === undefined) continue;
    if (!outcome.ok) {
      const lost = outcome.failure.code === "not-found" ? await locateMissing(target, claimed, run) : fail(target, outcome.failure);
      if (lost instanceof Failure) settled.push(fail(target, lost));
      else settled.push(lost);
      continue;
    }
    const differs = differences(target.frozen, outcome.value);
    if (differs.length === 0) equal.push({ target, message: outcome.value });
    else {
      const message = `It is not as the plan says (${differs.join(", ")}), so it was not changed.`;
      settled.push({ number: target.number, state: "changed", outcome: JSON.stringify({ differs, message, worker }) });
    }
  }
  await work.recordActed(sweep, claimed.number, settled);
  const allowed = await work.recordIntent(
    chunk,
    claimed.number,
    "act",
    equal.map(({ target }) => target.number),
  );
  const going = equal.filter(({ target }) => allowed.has(target.number));
  if (going.length === 0) return retryFailure;
  const frozen = going.map(({ target }) => target.frozen);
  // This process may die between here and the record of the outcome. The next worker then searches the mailbox for the target.
  const answer = await perform(
    action,
    { ...inputFor(action, input, frozen), mailbox: claimed.address, ...(confirms(action) ? { confirm: true } : {}) },
    isRestorable(action, input) ? { ...host, evidence: noteEvidence(host.evidence, goingOn(going), claimed.number, run) } : host,
  );
  const found = new Map(frozen.map((facts) => [facts, resultOf(facts, answer.results ?? [], action)]));
  const outcomes: TargetUpdate<TargetState>[] = [];
  const unclear: PlannedTarget[] = [];
  for (const { target, message } of going) {
    const { result, kept: actionOutcome = {} } = found.get(target.frozen) ?? {};
    const kept = omitUndefined({ ...actionOutcome, before: beforeOf(message), backend: answer.backend, worker });
    const failure = failureOf(result, answer.error);
    if (failure?.code === "unknown-outcome") unclear.push(target);
    else if (failure !== undefined) outcomes.push(fail(target, failure, kept));
    else if (result?.status === "done") outcomes.push({ number: target.number, state: "done", outcome: JSON.stringify(kept) });
    else {
      const message = "Exchange did not find it when it was to be acted on, and a look did not find it either.";
      outcomes.push({ number: target.number, state: "gone", outcome: JSON.stringify({ ...kept, message }) });
    }
  }
  await retryWhileDatabaseIsAway(() => work.recordActed(sweep, claimed.number, outcomes), host.signal);
  const unsettled = await settleUnclear(unclear, claimed, run, isLast);
  return retryFailure ?? unsettled;
}

function goingOn(going: readonly { readonly target: PlannedTarget; readonly message: Message }[]): readonly HardDeletion[] {
  return going.map(({ target: { number, frozen }, message }) => ({ number, message: { ...message, itemId: frozen.item_id } }));
}

function confirms(action: Action): boolean {
  return "confirm" in action.input.shape;
}

/** Returns why a target was not acted on. If the whole call was refused, its results have the status `planned`. */
function failureOf(result: Result | undefined, whole: Result["error"]): Failure | undefined {
  if (result?.error !== undefined) return failureFrom(result.error);
  if (result !== undefined && result.status !== "planned") return undefined;
  return whole === undefined ? new Failure("internal", "The action did not say what became of it.") : failureFrom(whole);
}

function failureFrom({ code, message, hint }: NonNullable<Result["error"]>): Failure {
  return new Failure(code, message, { hint });
}

/** Reads each target immediately before the action. */
async function readBeforeActing(batch: readonly PlannedTarget[], claimed: ClaimedMailbox, host: Host): Promise<Outcome<Message>[]> {
  const outcomes: Outcome<Message>[] = [];
  const mailbox = host.exchange.mailbox(claimed.address, { signal: host.signal });
  const ids = batch.map(({ frozen }) => frozen.item_id);
  try {
    for await (const outcome of mailbox.get(ids, { flag: true })) outcomes.push(outcome);
  } catch (thrown) {
    const failure = asFailure(thrown);
    while (outcomes.length < batch.length) outcomes.push({ ok: false, failure });
  }
  return outcomes;
}

/** Searches for a target that Exchange did not find by its id before the action. Returns the failure of a search that did not succeed. */
async function locateMissing(target: PlannedTarget, claimed: ClaimedMailbox, run: SweepRun): Promise<TargetUpdate<TargetState> | Failure> {
  const { host, chunk, worker } = run;
  const known = await idsOfOthers(chunk.sweep, claimed, run);
  const mailbox = host.exchange.mailbox(claimed.address, { signal: host.signal });
  const seen = await attempt(() => locateTarget(target.frozen, known(target.frozen), mailbox));
  if (!seen.ok) return seen.failure;
  if (seen.value.at === "place") return new Failure("refused", "Its folder lists it, and Exchange does not open it: it was not changed.");
  const as = (state: TargetState, message: string, differs: readonly string[]) => ({
    number: target.number,
    state,
    outcome: JSON.stringify({ message, differs, worker }),
  });
  if (seen.value.at === "nowhere") return as("gone", "It was already gone when the sweep reached it.", []);
  const where = seen.value.at === "contained" ? seen.value.folder : (seen.value.message.folderPath ?? "another folder");
  return as("changed", `Somebody has moved it to ${where} since the plan, so it was not changed.`, ["folder_id"]);
}
