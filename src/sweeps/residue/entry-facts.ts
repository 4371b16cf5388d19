import { omitUndefined } from "../../catalogue/common-fields.ts";
import type { CalendarEntry } from "../../exchange/calendar-entry.ts";
import type { Message } from "../../exchange/message.ts";
import type { Facts } from "../facts.ts";
import { why } from "./kinds.ts";

/** What a plan freezes of a calendar entry. */
export function entryFactsOf(mailbox: string, entry: CalendarEntry, invitation?: Pick<Message, "itemId" | "internetMessageId">): Facts {
  return omitUndefined({
    mailbox,
    item_id: entry.entryId,
    internet_message_id: invitation?.internetMessageId,
    folder_path: "Calendar",
    subject: entry.subject,
    from: entry.organizer?.address,
    residue: "calendar" as const,
    why: why.calendar,
    of: invitation?.itemId,
    starts_at: entry.start,
    ends_at: entry.end,
    location: entry.location,
    is_series: entry.isRecurring === true ? true : undefined,
  });
}

const compared = ["subject", "from", "starts_at", "ends_at", "location", "is_series"] as const;

/** Returns the names of the facts that have changed since the plan. */
export function entryDifferences(facts: Facts, entry: CalendarEntry): readonly string[] {
  const now = entryFactsOf(facts.mailbox, entry);
  return compared.filter((name) => facts[name] !== now[name]);
}
