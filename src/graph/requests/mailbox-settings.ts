import type { OutOfOffice } from "../../exchange/out-of-office.ts";
import { found } from "../session/expected-reply.ts";
import { type JsonObject, objectIn, textIn } from "../session/read-json.ts";
import { encodedSegment, type Request, required } from "../session/request-description.ts";

const states: ReadonlyMap<string, OutOfOffice["state"]> = new Map([
  ["disabled", "Disabled"],
  ["alwaysEnabled", "Enabled"],
  ["scheduled", "Scheduled"],
]);
const audiences: ReadonlyMap<string, NonNullable<OutOfOffice["externalAudience"]>> = new Map([
  ["none", "None"],
  ["contactsOnly", "Known"],
  ["all", "All"],
]);

/** @see https://learn.microsoft.com/en-us/graph/api/resources/automaticrepliessetting */
export const getAutomaticReplies: Request<undefined, OutOfOffice> = {
  name: "user-get-mailboxsettings",
  safety: "read",
  reply: found("status"),
  // Without this preference the schedule is in the mailbox's own time zone.
  write: () => ({ method: "GET", path: "/mailboxSettings/automaticRepliesSetting", prefer: ['outlook.timezone="UTC"'] }),
  read: (reply) => ({
    state: required(states.get(textIn(reply, "status") ?? ""), "status"),
    externalAudience: audiences.get(textIn(reply, "externalAudience") ?? ""),
    start: instantOf(objectIn(reply, "scheduledStartDateTime")),
    end: instantOf(objectIn(reply, "scheduledEndDateTime")),
    internalReply: textIn(reply, "internalReplyMessage"),
    externalReply: textIn(reply, "externalReplyMessage"),
  }),
};

/**
 * Reads a time with its zone; UTC was requested. A time in another zone cannot be converted safely, so it is left out rather than reported wrongly.
 * @see https://learn.microsoft.com/en-us/graph/api/resources/datetimetimezone
 */
function instantOf(time: JsonObject | undefined): string | undefined {
  const text = textIn(time, "dateTime");
  const zone = textIn(time, "timeZone") ?? "UTC";
  if (text === undefined || !/^(UTC|GMT|Etc\/(UTC|GMT)|tzone:\/\/Microsoft\/Utc)$/i.test(zone)) return undefined;
  const at = Date.parse(/[zZ]|[+-]\d\d:?\d\d$/.test(text) ? text : `${text.replace(/(\.\d{3})\d+$/, "$1")}Z`);
  return Number.isNaN(at) ? undefined : new Date(at).toISOString();
}

/** Reads the purpose of a mailbox: `user`, `shared`, `room` and others. @see https://learn.microsoft.com/en-us/graph/api/user-get-mailboxsettings */
export const getUserPurpose: Request<string, string | undefined> = {
  name: "user-get-mailboxsettings userPurpose",
  safety: "read",
  reply: found("value"),
  write: (user) => ({
    method: "GET",
    path: `/users/${encodedSegment(user)}/mailboxSettings/userPurpose`,
    ofOrganisation: true,
    ids: "rest",
  }),
  read: (reply) => textIn(reply, "value"),
};
