import type { NewCalendarEntry } from "../../exchange/calendar-entry.ts";
import { mapped, optional, record } from "../../wire/xml/read-xml.ts";
import { element, type Xml } from "../../wire/xml/write-xml.ts";
import type { FolderRef } from "../folders/folder-ref.ts";
import type { TextProperty } from "../messages/extended-property.ts";
import { m } from "../namespaces.ts";
import { type Operation, outcomeOf, responses } from "../operation.ts";
import { property } from "../sending/draft-xml.ts";
import { folderId, folderName, type ItemRef } from "../session/item-ids.ts";
import { itemRefsReader } from "../session/item-ref.ts";
import { status } from "../session/response-status.ts";

/** The mark of an entry of ours: a property in our own property set, so nobody else writes it. */
export const entryMark: TextProperty = { set: "6f1d2c0e-93b4-4f0e-8a57-2d1b7f3c9e64", name: "mailcordon-calendar-entry" };

/**
 * Creates an appointment without attendees. Not repeated: each request creates another one; `addEntry` searches for its mark first.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/createitem-operation-calendar-item
 */
export const createCalendarItem: Operation<{ readonly entry: NewCalendarEntry; readonly folder: FolderRef }, ItemRef> = {
  name: "CreateItem",
  safety: "never",
  names: ({ folder }) => [folderName(folder)],
  write: ({ entry, folder }) =>
    element(
      "m:CreateItem",
      { SendMeetingInvitations: "SendToNone" },
      element("m:SavedItemFolderId", undefined, folderId(folder)),
      element("m:Items", undefined, calendarItem(entry)),
    ),
  read: responses(
    "CreateItem",
    mapped(
      record({ ...status, items: optional(m("Items"), itemRefsReader) }),
      outcomeOf(({ items }) => items?.[0]),
    ),
  ),
};

/** In the order of the schema: the properties of an item, then those of a calendar item. */
function calendarItem({ subject, body, start, end, location, mark }: NewCalendarEntry): Xml {
  return element(
    "t:CalendarItem",
    undefined,
    element("t:Subject", undefined, subject),
    element("t:Body", { BodyType: "Text" }, body),
    element("t:ReminderIsSet", undefined, false),
    property(entryMark, mark),
    element("t:Start", undefined, start),
    element("t:End", undefined, end),
    element("t:LegacyFreeBusyStatus", undefined, "Tentative"),
    location === undefined ? undefined : element("t:Location", undefined, location),
  );
}
