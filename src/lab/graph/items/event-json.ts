import type { LabAddress } from "../../store/address.ts";
import type { MeetingFields } from "../../store/contact.ts";
import type { NewItem } from "../../store/item.ts";
import type { LabItem } from "../../store/mailbox.ts";
import { isOrganizer } from "../../store/meetings.ts";
import { badRequest } from "../errors.ts";
import { isObject, type Json, type JsonObject, memberOf } from "../json.ts";
import type { Row } from "../row.ts";
import { extendedValueOf } from "./extended-properties.ts";
import { readMessage, textIn, wrongType } from "./message-from-json.ts";
import { outlookItemJson } from "./outlook-item-json.ts";
import type { ReplyFormat } from "./reply-format.ts";

const responses: Readonly<Record<NonNullable<MeetingFields["response"]>, string>> = {
  Organizer: "organizer",
  Tentative: "tentativelyAccepted",
  Accept: "accepted",
  Decline: "declined",
  NoResponseReceived: "notResponded",
};

const utc = (date: Date | undefined): Json =>
  date === undefined ? null : { dateTime: date.toISOString().replace("Z", "0000"), timeZone: "UTC" };
const person = ({ name, address }: LabAddress): JsonObject => ({ emailAddress: { name: name ?? address ?? "", address: address ?? "" } });

/** @see https://learn.microsoft.com/en-us/graph/api/resources/event */
export function eventRow(item: LabItem, format: ReplyFormat): Row {
  const { meeting } = item;
  const owner = item.folder.mailbox;
  const organizer = isOrganizer(item) ? { name: owner.user.displayName, address: owner.address } : (meeting?.organizer ?? {});
  const attendees = (type: string, all: readonly LabAddress[]): JsonObject[] =>
    all.map((one) => ({ type, status: { response: "none", time: "0001-01-01T00:00:00Z" }, ...person(one) }));
  return {
    properties: {
      ...outlookItemJson(item, format),
      subject: item.subject,
      body: { contentType: item.body.type === "HTML" ? "html" : "text", content: item.body.value },
      iCalUId: meeting?.uid ?? null,
      importance: item.importance.toLowerCase(),
      isAllDay: meeting?.isAllDay ?? false,
      isCancelled: false,
      isOrganizer: isOrganizer(item),
      showAs: meeting?.response === "NoResponseReceived" ? "tentative" : "busy",
      type: meeting?.isSeries === true ? "seriesMaster" : "singleInstance",
      hasAttachments: item.hasAttachments,
      responseStatus: {
        response: isOrganizer(item) ? "organizer" : responses[meeting?.response ?? "Organizer"],
        time: "0001-01-01T00:00:00Z",
      },
      start: utc(meeting?.start),
      end: utc(meeting?.end),
      location: { displayName: meeting?.location ?? "", locationType: "default" },
      attendees: [...attendees("required", item.to), ...attendees("optional", item.cc)],
      organizer: person(organizer),
    },
    extended: (id) => extendedValueOf(item, id),
  };
}

/** Only UTC: the lab keeps no time zones. */
function timeIn(value: Json | undefined, name: string): Date {
  if (!isObject(value)) throw badRequest(`The property '${name}' is required when creating the entity.`, "ErrorPropertyValidationFailure");
  const zone = memberOf(value, "timeZone");
  if (zone !== undefined && zone !== "UTC") throw badRequest("This lab knows no time zone but UTC.");
  const text = textIn(memberOf(value, "dateTime") ?? null, name);
  const date = new Date(/Z$/.test(text) ? text : `${text}Z`);
  return Number.isNaN(date.getTime()) ? wrongType(name) : date;
}

const own: ReadonlySet<string> = new Set([
  "start",
  "end",
  "location",
  "isAllDay",
  "attendees",
  "showAs",
  "isReminderOn",
  "responseRequested",
  "transactionId",
]);

/** A new event of the owner's own. @see https://learn.microsoft.com/en-us/graph/api/user-post-events */
export function readEvent(body: JsonObject): NewItem {
  const attendees = memberOf(body, "attendees");
  if (Array.isArray(attendees) && attendees.length > 0) throw badRequest("This lab does not send meeting invitations.");
  const rest = readMessage(Object.fromEntries(Object.entries(body).filter(([name]) => !own.has(name))));
  const [start, end] = [timeIn(memberOf(body, "start"), "start"), timeIn(memberOf(body, "end"), "end")];
  if (end < start) throw badRequest("The start time must be before the end time.", "ErrorPropertyValidationFailure");
  const isAllDay = memberOf(body, "isAllDay") === true;
  const isMidnight = (date: Date): boolean => date.getTime() % 86_400_000 === 0;
  if (isAllDay && !(isMidnight(start) && isMidnight(end) && end > start))
    throw badRequest(
      "The Event.Start and Event.End properties of an all-day event must be set to midnight.",
      "ErrorPropertyValidationFailure",
    );
  const location = memberOf(body, "location");
  const place = isObject(location) ? memberOf(location, "displayName") : undefined;
  return {
    ...rest,
    itemClass: "IPM.Appointment",
    isRead: true,
    meeting: { start, end, isAllDay, location: typeof place === "string" ? place : undefined, isMeeting: false, response: "Organizer" },
  };
}
