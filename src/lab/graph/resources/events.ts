import type { LabItem } from "../../store/mailbox.ts";
import { cancellationOf, declineOf, isEntry, isOrganizer } from "../../store/meetings.ts";
import { badRequest, itemNotFound } from "../errors.ts";
import { eventRow, readEvent } from "../items/event-json.ts";
import { parameterOf } from "../json.ts";
import { type Call, jsonOf, type Operation } from "../operation.ts";
import { accepted, contextOf, itemReply, listReply, noContent, replyFormatOf } from "../reply.ts";
import { itemNamed } from "../sign-in/access.ts";
import { checkParameters } from "./message-changes.ts";

export const readingCalendars = ["Calendars.Read", "Calendars.ReadWrite"];
const writing = ["Calendars.ReadWrite"];
const path = "/users/{user}/events/{event}";

/** Throws GraphError. */
function eventAt(call: Call): LabItem {
  const item = itemNamed(call.parameter("event"), call);
  if (!isEntry(item) || !item.folder.isBelow(call.mailbox.root)) throw itemNotFound();
  return item;
}

/** Lists the events of the default calendar. @see https://learn.microsoft.com/en-us/graph/api/user-list-events */
export const listEvents: Operation = {
  name: "user-list-events",
  method: "GET",
  paths: ["/users/{user}/events"],
  permissions: readingCalendars,
  of: "exchange",
  handle(call) {
    const rows = [...call.mailbox.known("calendar").items.values()].filter(isEntry).map((item) => eventRow(item, replyFormatOf(call)));
    return listReply(call, rows, "event", contextOf(call, "events"));
  },
};

/** @see https://learn.microsoft.com/en-us/graph/api/event-get */
export const getEvent: Operation = {
  name: "event-get",
  method: "GET",
  paths: [path],
  permissions: readingCalendars,
  of: "exchange",
  handle: (call) => itemReply(call, eventRow(eventAt(call), replyFormatOf(call)), "event", contextOf(call, "events")),
};

/** @see https://learn.microsoft.com/en-us/graph/api/user-post-events */
export const createEvent: Operation = {
  name: "user-post-events",
  method: "POST",
  paths: ["/users/{user}/events"],
  permissions: writing,
  of: "exchange",
  handle(call) {
    const made = call.mailbox.add(call.mailbox.known("calendar"), readEvent(jsonOf(call.request)));
    return itemReply(call, eventRow(made, replyFormatOf(call)), "event", contextOf(call, "events"), 201);
  },
};

/**
 * An organizer's deletion cancels the meeting. Microsoft does not say whether an attendee's deletion notifies the organizer: the lab assumes the worse case,
 * unless the meeting was declined before. @see https://learn.microsoft.com/en-us/graph/api/event-delete
 */
export const deleteEvent: Operation = {
  name: "event-delete",
  method: "DELETE",
  paths: [path],
  permissions: writing,
  of: "exchange",
  handle(call) {
    const item = eventAt(call);
    const told = isOrganizer(item) ? cancellationOf(item) : item.meeting?.response === "Decline" ? undefined : declineOf(item);
    if (told !== undefined) call.store.submit(told, call.mailbox);
    call.mailbox.move(item, call.mailbox.known("deleteditems"));
    return noContent;
  },
};

/** @see https://learn.microsoft.com/en-us/graph/api/event-decline */
export const declineEvent: Operation = {
  name: "event-decline",
  method: "POST",
  paths: [`${path}/decline`],
  permissions: writing,
  of: "exchange",
  handle(call) {
    const item = eventAt(call);
    const body = jsonOf(call.request);
    checkParameters(body, "decline", ["Comment", "SendResponse", "ProposedNewTime"]);
    const sends = parameterOf(body, "SendResponse") ?? true;
    if (typeof sends !== "boolean") throw badRequest("SendResponse is true or false.", "ErrorInvalidParameter");
    if (isOrganizer(item)) {
      const text = "Your request can't be completed. You can't respond to this meeting because you're the meeting organizer.";
      throw badRequest(text, "ErrorInvalidRequest");
    }
    if (item.meeting !== undefined) call.mailbox.update(item, { meeting: { ...item.meeting, response: "Decline" } });
    const told = sends ? declineOf(item) : undefined;
    if (told !== undefined) call.store.submit(told, call.mailbox);
    if (call.habits.keepsDeclined !== true) call.mailbox.move(item, call.mailbox.known("deleteditems"));
    return accepted;
  },
};
