import { type CalendarEntry, refusalToRemove } from "../../exchange/calendar-entry.ts";
import { Failure } from "../../failure.ts";
import { attempt, done, type Outcome } from "../../outcome.ts";
import { declineEvent, deleteEvent, getEvent, getInvited } from "../requests/events.ts";
import type { GraphMailbox } from "../session/mailbox.ts";
import { oneByOne } from "../session/one-by-one.ts";

export async function* invited(mailbox: GraphMailbox, itemIds: readonly string[]): AsyncIterable<Outcome<CalendarEntry | undefined>> {
  for await (const outcome of mailbox.each(getInvited, itemIds)) yield outcome.ok ? done(outcome.value.entry) : outcome;
}

export function entries(mailbox: GraphMailbox, entryIds: readonly string[]): AsyncIterable<Outcome<CalendarEntry>> {
  return mailbox.each(getEvent, entryIds);
}

export function removeEntries(mailbox: GraphMailbox, entryIds: readonly string[]): AsyncIterable<Outcome<Record<never, never>>> {
  return oneByOne(entryIds, (id) => removeEntry(mailbox, id));
}

/** Declines without an answer, and deletes an entry that remains in the calendar. Throws Failure. */
async function removeEntry(mailbox: GraphMailbox, id: string): Promise<Record<never, never>> {
  const refusal = refusalToRemove(await mailbox.ask(getEvent, id));
  if (refusal !== undefined) throw refusal;
  const declined = await attempt(() => mailbox.ask(declineEvent, id));
  if (!declined.ok && declined.failure.code !== "unknown-outcome") throw declined.failure;
  if (await isGone(mailbox, id)) return {};
  if (!declined.ok) throw declined.failure;
  await mailbox.ask(deleteEvent, id);
  if (await isGone(mailbox, id)) return {};
  throw new Failure("not-verified", "Exchange said that the calendar entry was deleted, and it is still in the calendar.");
}

/** Throws Failure where it cannot be seen. */
async function isGone(mailbox: GraphMailbox, id: string): Promise<boolean> {
  const seen = await attempt(() => mailbox.ask(getEvent, id));
  if (seen.ok) return false;
  if (seen.failure.code === "not-found") return true;
  throw seen.failure;
}
