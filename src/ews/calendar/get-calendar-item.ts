import type { CalendarEntry } from "../../exchange/calendar-entry.ts";
import type { Address } from "../../exchange/message.ts";
import { attribute, bool, dateTime, listOf, mapped, optional, type Reader, record, text, within } from "../../wire/xml/read-xml.ts";
import { element } from "../../wire/xml/write-xml.ts";
import { shape } from "../messages/item-shapes.ts";
import { itemElements } from "../messages/message-reader.ts";
import { m, t } from "../namespaces.ts";
import { type Operation, outcomeOf, responses } from "../operation.ts";
import { type ItemRef, itemIds, itemNames } from "../session/item-ids.ts";
import { status } from "../session/response-status.ts";

const idOf = attribute("Id");
const organizer: Reader<Address | undefined> = within(
  t("Mailbox"),
  record({ name: optional(t("Name"), text), address: optional(t("EmailAddress"), text), routingType: optional(t("RoutingType"), text) }),
);

/** The id of the calendar entry of each meeting message; undefined where it has none. */
export const getAssociatedEntries: Operation<readonly ItemRef[], { readonly entryId: string | undefined }> = {
  name: "GetItem",
  safety: "read",
  names: itemNames,
  write: (ids) => element("m:GetItem", undefined, shape("m:ItemShape", ["meeting:AssociatedCalendarItemId"]), itemIds(ids)),
  read: responses(
    "GetItem",
    mapped(
      record({
        ...status,
        items: optional(m("Items"), listOf(itemElements, record({ entryId: optional(t("AssociatedCalendarItemId"), idOf) }))),
      }),
      outcomeOf(({ items }) => items?.[0] && { entryId: items[0].entryId }),
    ),
  ),
};

const entryFields = [
  ...["item:ItemId", "item:Subject", "calendar:Start", "calendar:End", "calendar:IsAllDayEvent", "calendar:Location"],
  ...["calendar:IsMeeting", "calendar:CalendarItemType", "calendar:MyResponseType", "calendar:Organizer"],
];

const entryReader: Reader<CalendarEntry> = mapped(
  record({
    entryId: optional(t("ItemId"), idOf),
    subject: optional(t("Subject"), text),
    start: optional(t("Start"), dateTime),
    end: optional(t("End"), dateTime),
    isAllDay: optional(t("IsAllDayEvent"), bool),
    location: optional(t("Location"), text),
    isMeeting: optional(t("IsMeeting"), bool),
    type: optional(t("CalendarItemType"), text),
    myResponse: optional(t("MyResponseType"), text),
    organizer: optional(t("Organizer"), organizer),
  }),
  ({ entryId = "", isMeeting, type, myResponse, ...members }) => ({
    entryId,
    ...members,
    isRecurring: type === undefined ? undefined : type.trim() !== "Single",
    isOrganizer: isOwn(isMeeting, myResponse?.trim()),
  }),
);

/** An answer to somebody else's meeting. @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/myresponsetype */
const answers: ReadonlySet<string> = new Set(["Tentative", "Accept", "Decline", "NoResponseReceived"]);

function isOwn(isMeeting: boolean | undefined, myResponse: string | undefined): boolean | undefined {
  if (isMeeting === false || myResponse === "Organizer") return true;
  return isMeeting === true && answers.has(myResponse ?? "") ? false : undefined;
}

/** Reads calendar entries. @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/calendaritem */
export const getCalendarItems: Operation<readonly ItemRef[], CalendarEntry> = {
  name: "GetItem",
  safety: "read",
  names: itemNames,
  write: (ids) => element("m:GetItem", undefined, shape("m:ItemShape", entryFields), itemIds(ids)),
  read: responses(
    "GetItem",
    mapped(
      record({ ...status, items: optional(m("Items"), listOf(itemElements, entryReader)) }),
      outcomeOf(({ items }) => items?.[0]),
    ),
  ),
};
