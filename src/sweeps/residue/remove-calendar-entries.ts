import type { CalendarEntry } from "../../exchange/calendar-entry.ts";
import type { Mailbox } from "../../exchange/exchange.ts";
import { Failure } from "../../failure.ts";
import { attempt, type Outcome, takeOnly } from "../../outcome.ts";
import type { TargetState } from "../../state/sweep-states.ts";
import type { ClaimedMailbox, TargetUpdate } from "../../state/sweep-work.ts";
import { changeAudited } from "../audited-change.ts";
import type { KeptOutcome } from "../kept-outcome.ts";
import { isRetryable, type PlannedTarget, retryWhileDatabaseIsAway, type SweepRun } from "../sweep-run.ts";
import { calendarEntryDifferences } from "./calendar-entry-facts.ts";

export function isCalendarEntry({ frozen }: Pick<PlannedTarget, "frozen">): boolean {
  return frozen.residue === "calendar";
}

/**
 * Removes calendar entries one by one: reads each again before its removal, and searches for it afterwards. Returns a failure after which the others should
 * be tried again later.
 */
export async function removeCalendarEntries(
  targets: readonly PlannedTarget[],
  claimed: ClaimedMailbox,
  run: SweepRun,
  isLast: boolean,
): Promise<Failure | undefined> {
  const { chunk, work, host } = run;
  const mailbox = host.exchange.mailbox(claimed.address, { signal: host.signal });
  const record = recorderOf(claimed, run);
  let retryFailure: Failure | undefined;
  for (const target of targets) {
    const read = await attempt(() => takeOnly(mailbox.calendarEntries([target.frozen.item_id])));
    const before = whyNotRemoved(target, read);
    if (before !== undefined) {
      const again = before instanceof Failure && mayRetry(before, isLast);
      if (again) retryFailure ??= before;
      else
        await work.recordActed(chunk.sweep, claimed.number, [
          before instanceof Failure ? failedFor(target, before, run) : settledAs(target, before, run),
        ]);
      continue;
    }
    const allowed = await work.recordIntent(chunk, claimed.number, "act", [target.number]);
    if (!allowed.has(target.number)) return retryFailure;
    const removed = await removeOne(target, mailbox, run);
    if (removed.ok) {
      const kept: KeptOutcome = { action: "removed", verified: true, ...undoOf(target) };
      await record(settledAs(target, { state: "done", kept }, run));
    } else if (removed.failure.code === "unknown-outcome") {
      retryFailure ??= await settleCalendarEntries([target], claimed, run, isLast);
    } else if (mayRetry(removed.failure, isLast)) {
      retryFailure ??= removed.failure;
      await record({ number: target.number, state: "planned" });
    } else await record(failedFor(target, removed.failure, run));
  }
  return retryFailure;
}

/** Returns the facts from which the entry can be entered again. */
function undoOf({ frozen }: PlannedTarget): Pick<KeptOutcome, "undo"> {
  const { item_id: entry, starts_at, ends_at, is_series: isSeries } = frozen;
  return isSeries === true || starts_at === undefined || ends_at === undefined ? {} : { undo: { calendar_entry: entry } };
}

interface SettledState {
  readonly state: TargetState;
  readonly kept: KeptOutcome;
}

/** Why an entry is not changed; undefined where it may be. */
function whyNotRemoved({ frozen }: PlannedTarget, read: Outcome<CalendarEntry>): SettledState | Failure | undefined {
  if (!read.ok) {
    if (read.failure.code !== "not-found") return read.failure;
    return { state: "gone", kept: { message: "The calendar entry was already gone when the sweep reached it." } };
  }
  const differs = calendarEntryDifferences(frozen, read.value);
  if (differs.length === 0) return undefined;
  return {
    state: "changed",
    kept: { differs: [...differs], message: `It is not as the plan says (${differs.join(", ")}), so it was not changed.` },
  };
}

async function removeOne(target: PlannedTarget, mailbox: Mailbox, run: SweepRun): Promise<Outcome<Record<never, never>>> {
  return changeAudited("sweep calendar", target, mailbox, run, async () => {
    const id = target.frozen.item_id;
    await takeOnly(mailbox.removeCalendarEntries([id]));
    const seen = await attempt(() => takeOnly(mailbox.calendarEntries([id])));
    if (seen.ok) throw new Failure("not-verified", "Exchange said that the calendar entry was removed, and it is still there.");
    if (seen.failure.code !== "not-found") throw new Failure("unknown-outcome", seen.failure.message, { cause: seen.failure });
    return {};
  });
}

/** Searches the calendar for entries that may or may not have been removed. */
export async function settleCalendarEntries(
  begun: readonly PlannedTarget[],
  claimed: ClaimedMailbox,
  run: SweepRun,
  isLast: boolean,
): Promise<Failure | undefined> {
  const { host } = run;
  const mailbox = host.exchange.mailbox(claimed.address, { signal: host.signal });
  const record = recorderOf(claimed, run);
  let retryFailure: Failure | undefined;
  for (const target of begun) {
    const read = await attempt(() => takeOnly(mailbox.calendarEntries([target.frozen.item_id])));
    if (read.ok) await record({ number: target.number, state: "planned" });
    else if (read.failure.code === "not-found") {
      const kept: KeptOutcome = { action: "removed", settled_by_look: "The calendar has it no more.", ...undoOf(target) };
      await record(settledAs(target, { state: "done", kept }, run));
    } else if (isLast && read.failure.code !== "cancelled") {
      const message = "It may have been removed: its worker died or the reply was lost, and the calendar could not be looked into.";
      await record(failedFor(target, read.failure, run, message));
    } else retryFailure ??= read.failure;
  }
  return retryFailure;
}

/** Returns a function that stores the outcome of one target of the mailbox. */
function recorderOf({ number: mailbox }: ClaimedMailbox, { chunk, work, host }: SweepRun) {
  return (update: TargetUpdate<TargetState>): Promise<void> =>
    retryWhileDatabaseIsAway(() => work.recordActed(chunk.sweep, mailbox, [update]), host.signal);
}

function mayRetry({ code }: Failure, isLast: boolean): boolean {
  return isRetryable(code) && !(isLast && code !== "cancelled");
}

function settledAs({ number }: PlannedTarget, { state, kept }: SettledState, { worker }: SweepRun): TargetUpdate<TargetState> {
  return { number, state, outcome: JSON.stringify({ ...kept, worker }) };
}

function failedFor(
  { number }: PlannedTarget,
  { code, message, hint }: Failure,
  { worker }: SweepRun,
  reason?: string,
): TargetUpdate<TargetState> {
  return { number, state: "failed", outcome: JSON.stringify({ message: reason, error: { code, message, hint }, worker }) };
}
