// src/ews/calendar/: The calendar entries of meeting invitations: found, removed without telling anybody, and entered again.

import type { NewCalendarEntry } from "../../exchange/calendar-entry.ts";
import { attempt } from "../../outcome.ts";
import { shape } from "../messages/item-shapes.ts";
import { findItemAs } from "../operations/find-item.ts";
import { propertyCondition, restrictionOf } from "../search/restriction.ts";
import { itemRefsReader } from "../session/item-ref.ts";
import type { EwsMailbox } from "../session/mailbox.ts";
import { createCalendarItem, entryMark } from "./create-calendar-item.ts";

const findMarked = findItemAs(itemRefsReader);

/** Enters an appointment once, whatever replies were lost. Throws Failure. */
export async function addEntry(mailbox: EwsMailbox, entry: NewCalendarEntry): Promise<{ readonly entryId: string }> {
  const folder = mailbox.folders.distinguished("calendar");
  const marked = async () => {
    const restriction = restrictionOf([propertyCondition(entryMark, entry.mark)]);
    const { items } = await mailbox.ask(findMarked, {
      ...{ folders: [folder], shape: shape("m:ItemShape", ["item:ItemId"]), pageSize: 2, offset: 0, restriction },
    });
    return items[0]?.id;
  };
  const known = await marked();
  if (known !== undefined) return { entryId: known };
  const made = await attempt(() => mailbox.ask(createCalendarItem, { entry, folder }));
  if (made.ok) return { entryId: made.value.id };
  const found = made.failure.code === "unknown-outcome" ? await marked() : undefined;
  if (found === undefined) throw made.failure;
  return { entryId: found };
}
