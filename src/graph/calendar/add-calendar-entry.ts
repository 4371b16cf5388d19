// src/graph/calendar/: The calendar entries of meeting invitations: found, removed without telling anybody, and entered again.

import type { NewCalendarEntry } from "../../exchange/calendar-entry.ts";
import { attempt } from "../../outcome.ts";
import { listMarkedEvents, postEvent } from "../requests/events.ts";
import type { GraphMailbox } from "../session/mailbox.ts";

/** Enters an appointment once, whatever replies were lost. Throws Failure. */
export async function addEntry(mailbox: GraphMailbox, entry: NewCalendarEntry): Promise<{ readonly entryId: string }> {
  const marked = async () => {
    for await (const { items } of mailbox.pages(listMarkedEvents, entry.mark)) {
      const id = items.find((one) => one !== "");
      if (id !== undefined) return id;
    }
    return undefined;
  };
  const known = await marked();
  if (known !== undefined) return { entryId: known };
  const posted = await attempt(() => mailbox.ask(postEvent, entry));
  if (posted.ok) return { entryId: posted.value };
  const found = posted.failure.code === "unknown-outcome" ? await marked() : undefined;
  if (found === undefined) throw posted.failure;
  return { entryId: found };
}
