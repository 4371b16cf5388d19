import type { CalendarEntry, NewCalendarEntry } from "../../exchange/calendar-entry.ts";
import { accepted, found, made, noContent } from "../session/expected-reply.ts";
import { type Page, pageOf } from "../session/paging.ts";
import { flagIn, type JsonObject, objectIn, textIn } from "../session/read-json.ts";
import { type Request, required, segment } from "../session/request-description.ts";

const fields = "id,subject,start,end,isAllDay,location,organizer,isOrganizer,type";
/** The mark of an entry of ours, as over EWS. */
const entryMark = "String {6f1d2c0e-93b4-4f0e-8a57-2d1b7f3c9e64} Name mailcordon-calendar-entry";

/**
 * The entry that belongs to an invitation. Default ids, here and below: they change when Exchange moves an entry out of the calendar, so a removed entry is
 * not found.
 * @see https://learn.microsoft.com/en-us/graph/api/eventmessage-get
 */
export const getInvited: Request<string, { readonly entry: CalendarEntry | undefined }> = {
  name: "message-get",
  safety: "read",
  reply: found("id"),
  write: (id) => ({
    method: "GET",
    path: `/messages/${segment(id)}`,
    query: { $select: "id", $expand: `microsoft.graph.eventMessage/event($select=${fields})` },
    ids: "rest",
  }),
  read: (reply) => {
    const event = objectIn(reply, "event");
    // An invitation that was declined has an empty one.
    return { entry: textIn(event, "id") === undefined ? undefined : entryOf(event) };
  },
};

/** @see https://learn.microsoft.com/en-us/graph/api/event-get */
export const getEvent: Request<string, CalendarEntry> = {
  name: "event-get",
  safety: "read",
  reply: found("id"),
  write: (id) => ({ method: "GET", path: `/events/${segment(id)}`, query: { $select: fields }, ids: "rest" }),
  read: entryOf,
};

/**
 * Removes a meeting from the calendar of an attendee. Microsoft promises that Graph sends nothing with `sendResponse` false; for the deletion of an
 * attendee's meeting there is no such promise. Graph refuses this request for an organizer. A mailbox can be set to keep declined meetings in the calendar.
 * @see https://learn.microsoft.com/en-us/graph/api/event-decline
 */
export const declineEvent: Request<string, Record<never, never>> = {
  name: "event-decline",
  safety: "idempotent",
  reply: accepted,
  gone: {},
  write: (id) => ({ method: "POST", path: `/events/${segment(id)}/decline`, body: { sendResponse: false } }),
  read: () => ({}),
};

/** Deletes an event that was declined before, so there is no answer left to send. @see https://learn.microsoft.com/en-us/graph/api/event-delete */
export const deleteEvent: Request<string, Record<never, never>> = {
  name: "event-delete",
  safety: "idempotent",
  reply: noContent,
  gone: {},
  write: (id) => ({ method: "DELETE", path: `/events/${segment(id)}` }),
  read: () => ({}),
};

/** The events with a mark of ours. @see https://learn.microsoft.com/en-us/graph/api/user-list-events */
export const listMarkedEvents: Request<string, Page<string>> = {
  name: "user-list-events",
  safety: "read",
  reply: found("value"),
  write: (mark) => ({
    method: "GET",
    path: "/events",
    query: {
      $filter: `singleValueExtendedProperties/any(ep: ep/id eq '${entryMark}' and ep/value eq '${mark.replaceAll("'", "''")}')`,
      $select: "id",
      $top: "10",
    },
    ids: "rest",
  }),
  read: (reply) => pageOf(reply, (event) => textIn(event, "id") ?? ""),
};

/**
 * Creates an event without attendees. Not repeated: `addEntry` searches for its mark first.
 * @see https://learn.microsoft.com/en-us/graph/api/user-post-events
 */
export const postEvent: Request<NewCalendarEntry, string> = {
  name: "user-post-events",
  safety: "never",
  reply: made("id"),
  write: ({ subject, body, start, end, location, mark }) => ({
    method: "POST",
    path: "/events",
    ids: "rest",
    body: {
      subject,
      body: { contentType: "text", content: body },
      start: utc(start),
      end: utc(end),
      ...(location === undefined ? {} : { location: { displayName: location } }),
      showAs: "tentative",
      isReminderOn: false,
      singleValueExtendedProperties: [{ id: entryMark, value: mark }],
    },
  }),
  read: (reply) => required(textIn(reply, "id"), "id"),
};

const utc = (time: string) => ({ dateTime: time.replace(/Z$/, ""), timeZone: "UTC" });

/** @see https://learn.microsoft.com/en-us/graph/api/resources/event */
function entryOf(json: JsonObject | undefined): CalendarEntry {
  const organizer = objectIn(objectIn(json, "organizer"), "emailAddress");
  const type = textIn(json, "type");
  return {
    entryId: required(textIn(json, "id"), "id"),
    subject: textIn(json, "subject"),
    start: timeOf(objectIn(json, "start")),
    end: timeOf(objectIn(json, "end")),
    isAllDay: flagIn(json, "isAllDay"),
    location: textIn(objectIn(json, "location"), "displayName") || undefined,
    organizer: organizer && { name: textIn(organizer, "name"), address: textIn(organizer, "address") },
    isOrganizer: flagIn(json, "isOrganizer"),
    isRecurring: type === undefined ? undefined : type !== "singleInstance",
  };
}

/** Graph gives UTC unless a request names another time zone. */
function timeOf(json: JsonObject | undefined): string | undefined {
  const at = Date.parse(`${textIn(json, "dateTime") ?? ""}Z`);
  return textIn(json, "timeZone") !== "UTC" || Number.isNaN(at) ? undefined : new Date(at).toISOString();
}
