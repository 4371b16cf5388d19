import type { Flag } from "../../exchange/message.ts";
import { type JsonObject, objectIn, textIn } from "../session/read-json.ts";

const statuses = { not_flagged: "notFlagged", flagged: "flagged", complete: "complete" } as const satisfies Record<Flag["status"], string>;

/** Reads the flag of a message; undefined if it was not requested. @see https://learn.microsoft.com/en-us/graph/api/resources/followupflag */
export function flagOf(json: JsonObject | undefined): Flag | undefined {
  const status = textIn(json, "flagStatus")?.toLowerCase();
  if (json === undefined || status === undefined) return undefined;
  return {
    status: status === "flagged" ? "flagged" : status === "complete" ? "complete" : "not_flagged",
    startAt: timeOf(objectIn(json, "startDateTime")),
    dueAt: timeOf(objectIn(json, "dueDateTime")),
    completedAt: timeOf(objectIn(json, "completedDateTime")),
  };
}

/** A dateTimeTimeZone without a preference for another zone is in UTC, and does not end with Z. */
function timeOf(json: JsonObject | undefined): string | undefined {
  const time = textIn(json, "dateTime");
  if (time === undefined || textIn(json, "timeZone") !== "UTC") return undefined;
  const at = Date.parse(time.endsWith("Z") ? time : `${time}Z`);
  return Number.isNaN(at) ? undefined : new Date(at).toISOString();
}

/** Writes a flag. Graph refuses a due date without a start date. */
export function flagJson({ status, startAt, dueAt, completedAt }: Flag): JsonObject {
  const time = (name: string, text: string) => ({ [name]: { dateTime: text.replace(/Z$/, ""), timeZone: "UTC" } });
  return {
    flagStatus: statuses[status],
    ...(status === "flagged" && startAt !== undefined && dueAt !== undefined
      ? { ...time("startDateTime", startAt), ...time("dueDateTime", dueAt) }
      : {}),
    ...(status === "complete" && completedAt !== undefined ? time("completedDateTime", completedAt) : {}),
  };
}
