import type { LabAddress } from "../../store/address.ts";
import type { NewItem } from "../../store/item.ts";
import type { Store } from "../../store/store.ts";
import { el, type XmlElement } from "../../xml.ts";
import { ItemError } from "../operation.ts";
import { readMailbox } from "./address-xml.ts";

function timeOf(element: XmlElement, name: string): Date {
  const text = element.textAt(name);
  const date = new Date(text ?? "");
  if (text === undefined || Number.isNaN(date.getTime()))
    throw new ItemError(
      "ErrorRequiredPropertyMissing",
      "Required property is missing.",
      el("t:FieldURI", { FieldURI: `calendar:${name}` }),
    );
  return date;
}

function attendees(element: XmlElement, name: string, store: Store): LabAddress[] {
  const all = element.child(name)?.children ?? [];
  return all.flatMap((one) => {
    const mailbox = one.child("Mailbox");
    return mailbox === undefined ? [] : [readMailbox(mailbox, store)];
  });
}

/**
 * Reads the fields of t:CalendarItem that other items do not have. @see
 * https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/calendaritem
 */
export function readAppointment(element: XmlElement, store: Store): NewItem {
  const [start, end] = [timeOf(element, "Start"), timeOf(element, "End")];
  if (end < start) throw new ItemError("ErrorCalendarEndDateIsEarlierThanStartDate", "EndDate is earlier than StartDate");
  const to = attendees(element, "RequiredAttendees", store);
  const cc = attendees(element, "OptionalAttendees", store);
  return {
    to,
    cc,
    meeting: {
      start,
      end,
      isAllDay: /^(true|1)$/.test(element.textAt("IsAllDayEvent") ?? ""),
      location: element.textAt("Location"),
      uid: element.textAt("UID"),
      isMeeting: to.length + cc.length > 0,
      response: "Organizer",
    },
  };
}
