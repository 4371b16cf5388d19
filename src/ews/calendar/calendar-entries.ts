import { type CalendarEntry, refusalToRemove } from "../../exchange/calendar-entry.ts";
import { attempt, done, failed, type Outcome, runForSome } from "../../outcome.ts";
import { deleteItem } from "../operations/delete-item.ts";
import type { EwsMailbox } from "../session/mailbox.ts";
import { getAssociatedEntries, getCalendarItems } from "./get-calendar-item.ts";

/** Returns the entry of each invitation. A message that is not about a meeting has none. */
export async function* invited(mailbox: EwsMailbox, itemIds: readonly string[]): AsyncIterable<Outcome<CalendarEntry | undefined>> {
  const found: Outcome<string | undefined>[] = [];
  for await (const outcome of mailbox.each(getAssociatedEntries, itemIds, refs)) {
    // A property of meeting messages, which others do not have.
    const isNone = !outcome.ok && outcome.failure.wireCode === "ErrorInvalidPropertyRequest";
    found.push(outcome.ok ? done(outcome.value.entryId) : isNone ? done(undefined) : outcome);
  }
  yield* runForSome(
    found,
    (one) => one.ok && one.value !== undefined,
    (some) =>
      unlessGone(
        entries(
          mailbox,
          some.map((one) => (one.ok ? (one.value ?? "") : "")),
        ),
      ),
    (one) => (one.ok ? done(undefined) : one),
  );
}

/** An invitation still names its entry when that is gone. */
async function* unlessGone(outcomes: AsyncIterable<Outcome<CalendarEntry>>): AsyncIterable<Outcome<CalendarEntry | undefined>> {
  for await (const outcome of outcomes) yield !outcome.ok && outcome.failure.code === "not-found" ? done(undefined) : outcome;
}

export function entries(mailbox: EwsMailbox, entryIds: readonly string[]): AsyncIterable<Outcome<CalendarEntry>> {
  return mailbox.each(getCalendarItems, entryIds, refs);
}

/** Moves entries to the Recoverable Items. DeleteItem tells the attendees nothing (`SendToNone`). */
export async function* removeEntries(mailbox: EwsMailbox, entryIds: readonly string[]): AsyncIterable<Outcome<Record<never, never>>> {
  const looked: { readonly id: string; readonly outcome: Outcome<CalendarEntry> }[] = [];
  let at = 0;
  for await (const outcome of entries(mailbox, entryIds)) looked.push({ id: entryIds[at++] ?? "", outcome });
  const refusalOf = (outcome: Outcome<CalendarEntry>) => (outcome.ok ? refusalToRemove(outcome.value) : outcome.failure);
  const removed = runForSome(
    looked,
    ({ outcome }) => refusalOf(outcome) === undefined,
    (some) =>
      mailbox.each(
        deleteItem,
        some.map(({ id }) => id),
        (ids) => ({ ids: ids.map((id) => ({ id })), type: "SoftDelete" as const }),
      ),
    ({ outcome }): Outcome<Record<never, never>> => {
      const refusal = refusalOf(outcome);
      return refusal === undefined ? done({}) : failed(refusal);
    },
  );
  at = 0;
  for await (const outcome of removed) {
    const id = entryIds[at++] ?? "";
    yield !outcome.ok && outcome.failure.code === "unknown-outcome" ? await look(mailbox, id, outcome) : outcome;
  }
}

/** After a lost reply: an entry that no longer exists was removed. */
async function look(mailbox: EwsMailbox, id: string, unknown: Outcome<Record<never, never>>): Promise<Outcome<Record<never, never>>> {
  const seen = await attempt(() => mailbox.ask(getCalendarItems, [{ id }]));
  if (!seen.ok && seen.failure.code === "cancelled") throw seen.failure;
  return !seen.ok && seen.failure.code === "not-found" ? done({}) : unknown;
}

const refs = (ids: readonly string[]) => ids.map((id) => ({ id }));
