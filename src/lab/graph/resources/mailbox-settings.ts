import type { Oof } from "../../store/organisation.ts";
import { badRequest } from "../errors.ts";
import { objectIn, textIn, wrongType } from "../items/message-from-json.ts";
import { isObject, type Json, type JsonObject, memberOf } from "../json.ts";
import { type Call, jsonOf, type Operation } from "../operation.ts";
import { contextOf, valueReply } from "../reply.ts";

const states = { Disabled: "disabled", Enabled: "alwaysEnabled", Scheduled: "scheduled" } as const;
const audiences = { None: "none", Known: "contactsOnly", All: "all" } as const;

const time = (date: Date): JsonObject => ({ dateTime: date.toISOString().replace("Z", "0000"), timeZone: "UTC" });

/** @see https://learn.microsoft.com/en-us/graph/api/resources/automaticrepliessetting */
function repliesJson(oof: Oof): JsonObject {
  return {
    status: states[oof.state],
    externalAudience: audiences[oof.externalAudience],
    internalReplyMessage: oof.internalReply,
    externalReplyMessage: oof.externalReply,
    scheduledStartDateTime: time(oof.start),
    scheduledEndDateTime: time(oof.end),
  };
}

function settingsJson(call: Call): Readonly<Record<string, Json>> {
  return {
    archiveFolder: null,
    timeZone: "UTC",
    delegateMeetingMessageDeliveryOptions: "sendToDelegateOnly",
    dateFormat: "yyyy-MM-dd",
    timeFormat: "HH:mm",
    userPurpose: call.mailbox.user.purpose,
    automaticRepliesSetting: repliesJson(call.mailbox.oof),
    language: { locale: "en-US", displayName: "English (United States)" },
  };
}

const reading = ["MailboxSettings.Read", "MailboxSettings.ReadWrite"];

/** @see https://learn.microsoft.com/en-us/graph/api/user-get-mailboxsettings */
export const getMailboxSettings: Operation = {
  name: "user-get-mailboxsettings",
  method: "GET",
  paths: ["/users/{user}/mailboxSettings"],
  permissions: reading,
  of: "exchange",
  handle: (call) => valueReply(settingsJson(call), contextOf(call, "mailboxSettings")),
};

/** One of the settings: automatic replies, purpose of the mailbox, and so on. */
export const getMailboxSetting: Operation = {
  name: "user-get-mailboxsettings-part",
  method: "GET",
  paths: ["/users/{user}/mailboxSettings/{setting}"],
  permissions: reading,
  of: "exchange",
  handle(call) {
    const wanted = call.parameter("setting").toLowerCase();
    const found = Object.entries(settingsJson(call)).find(([name]) => name.toLowerCase() === wanted);
    if (found === undefined) throw badRequest(`Resource not found for the segment '${call.parameter("setting")}'.`);
    const [name, value] = found;
    return valueReply(isObject(value) ? value : { value }, contextOf(call, `mailboxSettings/${name}`));
  },
};

function keyOf<K extends string>(names: Readonly<Record<K, string>>, value: Json, name: string): K {
  const text = textIn(value, name).toLowerCase();
  for (const key in names) if (names[key].toLowerCase() === text) return key;
  return wrongType(name);
}

function dateIn(value: Json, name: string): Date {
  const object = objectIn(value, name);
  const zone = memberOf(object, "timeZone") ?? "UTC";
  if (zone !== "UTC") throw badRequest("This lab keeps times in UTC.", "ErrorInvalidTimeZone");
  const date = new Date(`${textIn(memberOf(object, "dateTime") ?? null, name).replace(/Z$/, "")}Z`);
  return Number.isNaN(date.getTime()) ? wrongType(name) : date;
}

function repliesIn(given: JsonObject, before: Oof): Oof {
  const known = Object.keys(repliesJson(before));
  const strange = Object.keys(given).find((name) => !name.includes("@") && !known.includes(name));
  if (strange !== undefined) {
    const text = `The property '${strange}' does not exist on type 'microsoft.graph.automaticRepliesSetting'. Make sure to only use property names that are defined by the type.`;
    throw badRequest(text, "RequestBodyRead");
  }
  const read = <T>(name: string, convert: (value: Json, name: string) => T, unchanged: T): T => {
    const value = memberOf(given, name);
    return value === undefined || value === null ? unchanged : convert(value, name);
  };
  return {
    state: read("status", (value, name) => keyOf(states, value, name), before.state),
    externalAudience: read("externalAudience", (value, name) => keyOf(audiences, value, name), before.externalAudience),
    internalReply: read("internalReplyMessage", textIn, before.internalReply),
    externalReply: read("externalReplyMessage", textIn, before.externalReply),
    start: read("scheduledStartDateTime", dateIn, before.start),
    end: read("scheduledEndDateTime", dateIn, before.end),
  };
}

/** Only the automatic replies can be changed here. @see https://learn.microsoft.com/en-us/graph/api/user-update-mailboxsettings */
export const updateMailboxSettings: Operation = {
  name: "user-update-mailboxsettings",
  method: "PATCH",
  paths: ["/users/{user}/mailboxSettings"],
  permissions: ["MailboxSettings.ReadWrite"],
  of: "exchange",
  handle(call) {
    const body = jsonOf(call.request);
    const other = Object.keys(body).find((name) => !name.includes("@") && name !== "automaticRepliesSetting");
    if (other !== undefined) throw badRequest(`The setting '${other}' cannot be changed.`, "ErrorInvalidRequest");
    const oof = repliesIn(objectIn(memberOf(body, "automaticRepliesSetting"), "automaticRepliesSetting"), call.mailbox.oof);
    if (oof.state === "Scheduled" && oof.end.getTime() <= oof.start.getTime())
      throw badRequest("The end of the schedule must be after its start.", "ErrorInvalidScheduledOofDuration");
    call.mailbox.oof = oof;
    return valueReply({ automaticRepliesSetting: repliesJson(oof) }, contextOf(call, "mailboxSettings"));
  },
};
