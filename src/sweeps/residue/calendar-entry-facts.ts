// src/sweeps/residue/: The traces of a message, and later arrivals: both are found, changed once, and undone.

import { omitUndefined } from "../../catalogue/common-fields.ts";
import type { CalendarEntry } from "../../exchange/calendar-entry.ts";
import type { Message } from "../../exchange/message.ts";
import type { TargetFacts } from "../target-facts.ts";
import { whyPlanned } from "./residue-kinds.ts";

/** Returns the facts about a calendar entry that a plan keeps. */
export function calendarEntryFacts(
  mailbox: string,
  entry: CalendarEntry,
  invitation?: Pick<Message, "itemId" | "internetMessageId">,
): TargetFacts {
  return omitUndefined({
    mailbox,
    item_id: entry.entryId,
    internet_message_id: invitation?.internetMessageId,
    folder_path: "Calendar",
    subject: entry.subject,
    from: entry.organizer?.address,
    residue: "calendar" as const,
    why: whyPlanned.calendar,
    of: invitation?.itemId,
    starts_at: entry.start,
    ends_at: entry.end,
    location: entry.location,
    is_series: entry.isRecurring === true ? true : undefined,
  });
}

const compared = ["subject", "from", "starts_at", "ends_at", "location", "is_series"] as const;

/** Returns the names of the facts that have changed since the plan. */
export function calendarEntryDifferences(facts: TargetFacts, entry: CalendarEntry): readonly string[] {
  const now = calendarEntryFacts(facts.mailbox, entry);
  return compared.filter((name) => facts[name] !== now[name]);
}
