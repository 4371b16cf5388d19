// src/sweeps/residue/: What a message leaves behind, and what arrives after the plan: found, acted on once, undone.

import type { CalendarEntry } from "../../exchange/calendar-entry.ts";
import type { Mailbox } from "../../exchange/exchange.ts";
import { Failure } from "../../failure.ts";
import { attempt, type Outcome, takeOnly } from "../../outcome.ts";
import type { TargetState } from "../../state/sweep-states.ts";
import type { Claimed, Settled } from "../../state/sweep-work.ts";
import { type Acting, isLater, patiently, type Work } from "../acting.ts";
import { changeAudited } from "../audited-change.ts";
import type { Kept } from "../outcome.ts";
import { entryDifferences } from "./entry-facts.ts";

export function isEntry({ frozen }: Pick<Work, "frozen">): boolean {
  return frozen.residue === "calendar";
}

/** Removes calendar entries, one by one: each is read again before, and looked for afterwards. Gives the failure for which the rest is to be tried later. */
export async function actOnEntries(targets: readonly Work[], box: Claimed, acting: Acting, isLast: boolean): Promise<Failure | undefined> {
  const { chunk, work, host } = acting;
  const mailbox = host.exchange.mailbox(box.address, { signal: host.signal });
  let later: Failure | undefined;
  for (const target of targets) {
    const read = await attempt(() => takeOnly(mailbox.calendarEntries([target.frozen.item_id])));
    const before = beforeTouching(target, read);
    if (before !== undefined) {
      const again = before instanceof Failure && mayComeLater(before, isLast);
      if (again) later ??= before;
      else
        await work.act(chunk.sweep, box.number, [
          before instanceof Failure ? failedFor(target, before, acting) : settledAs(target, before, acting),
        ]);
      continue;
    }
    const allowed = await work.intend(chunk, box.number, "act", [target.number]);
    if (!allowed.has(target.number)) return later;
    const removed = await remove(target, mailbox, acting);
    if (removed.ok) {
      const kept: Kept = { action: "removed", verified: true, ...undoOf(target) };
      await patiently(() => work.act(chunk.sweep, box.number, [settledAs(target, { state: "done", kept }, acting)]), host.signal);
    } else if (removed.failure.code === "unknown-outcome") {
      later ??= await settleEntries([target], box, acting, isLast);
    } else if (mayComeLater(removed.failure, isLast)) {
      later ??= removed.failure;
      await patiently(() => work.act(chunk.sweep, box.number, [{ number: target.number, state: "planned" }]), host.signal);
    } else await patiently(() => work.act(chunk.sweep, box.number, [failedFor(target, removed.failure, acting)]), host.signal);
  }
  return later;
}

/** By what it can be entered again. */
function undoOf({ frozen }: Work): Pick<Kept, "undo"> {
  const { item_id: entry, starts_at, ends_at, is_series: isSeries } = frozen;
  return isSeries === true || starts_at === undefined || ends_at === undefined ? {} : { undo: { calendar_entry: entry } };
}

interface Seen {
  readonly state: TargetState;
  readonly kept: Kept;
}

/** Why an entry is not changed; undefined where it may be. */
function beforeTouching({ frozen }: Work, read: Outcome<CalendarEntry>): Seen | Failure | undefined {
  if (!read.ok) {
    if (read.failure.code !== "not-found") return read.failure;
    return { state: "gone", kept: { message: "The calendar entry was already gone when the sweep reached it." } };
  }
  const differs = entryDifferences(frozen, read.value);
  if (differs.length === 0) return undefined;
  return {
    state: "changed",
    kept: { differs: [...differs], message: `It is not as the plan says (${differs.join(", ")}), so it was not changed.` },
  };
}

async function remove(target: Work, mailbox: Mailbox, acting: Acting): Promise<Outcome<Record<never, never>>> {
  return changeAudited("sweep calendar", target, mailbox, acting, async () => {
    const id = target.frozen.item_id;
    await takeOnly(mailbox.removeCalendarEntries([id]));
    const seen = await attempt(() => takeOnly(mailbox.calendarEntries([id])));
    if (seen.ok) throw new Failure("not-verified", "Exchange said that the calendar entry was removed, and it is still there.");
    if (seen.failure.code !== "not-found") throw new Failure("unknown-outcome", seen.failure.message, { cause: seen.failure });
    return {};
  });
}

/** Looks in the calendar what became of entries of which nobody knows whether they were removed. */
export async function settleEntries(begun: readonly Work[], box: Claimed, acting: Acting, isLast: boolean): Promise<Failure | undefined> {
  const { chunk, work, host } = acting;
  const mailbox = host.exchange.mailbox(box.address, { signal: host.signal });
  let later: Failure | undefined;
  for (const target of begun) {
    const read = await attempt(() => takeOnly(mailbox.calendarEntries([target.frozen.item_id])));
    const settle = (settled: Settled<TargetState>) => patiently(() => work.act(chunk.sweep, box.number, [settled]), host.signal);
    if (read.ok) await settle({ number: target.number, state: "planned" });
    else if (read.failure.code === "not-found") {
      const kept: Kept = { action: "removed", settled_by_look: "The calendar has it no more.", ...undoOf(target) };
      await settle(settledAs(target, { state: "done", kept }, acting));
    } else if (isLast && read.failure.code !== "cancelled") {
      const message = "It may have been removed: its worker died or the reply was lost, and the calendar could not be looked into.";
      await settle(failedFor(target, read.failure, acting, message));
    } else later ??= read.failure;
  }
  return later;
}

function mayComeLater({ code }: Failure, isLast: boolean): boolean {
  return isLater(code) && !(isLast && code !== "cancelled");
}

function settledAs({ number }: Work, { state, kept }: Seen, { worker }: Acting): Settled<TargetState> {
  return { number, state, outcome: JSON.stringify({ ...kept, worker }) };
}

function failedFor({ number }: Work, { code, message, hint }: Failure, { worker }: Acting, said?: string): Settled<TargetState> {
  return { number, state: "failed", outcome: JSON.stringify({ message: said, error: { code, message, hint }, worker }) };
}
