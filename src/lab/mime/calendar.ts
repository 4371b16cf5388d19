import type { MeetingFields } from "../store/contact.ts";
import type { NewAttachment } from "../store/item.ts";
import { decodeBase64 } from "./transfer-encoding.ts";

// RFC 5546 methods and the classes that Exchange gives them: MS-OXOCAL 2.2.
const classes: Readonly<Record<string, string>> = {
  request: "IPM.Schedule.Meeting.Request",
  cancel: "IPM.Schedule.Meeting.Canceled",
  reply: "IPM.Schedule.Meeting.Resp.Pos",
};

/** Returns the facts of a meeting's calendar part (RFC 5545); undefined if Exchange would not make a meeting message from it. */
export function meetingOf(
  calendar: string,
  method: string | undefined,
): { readonly itemClass: string; readonly fields: MeetingFields } | undefined {
  const lines = calendar.replace(/\r?\n[ \t]/g, "").split(/\r?\n/);
  const value = (name: string): string | undefined => {
    const line = lines.find((one) => new RegExp(`^${name}[;:]`, "i").test(one));
    return line?.slice(line.indexOf(":") + 1).trim();
  };
  const from = lines.findIndex((line) => /^BEGIN:VEVENT/i.test(line));
  const said = (method ?? value("METHOD") ?? "").toLowerCase();
  const itemClass = Object.hasOwn(classes, said) ? classes[said] : undefined;
  const start = timeOf(lines.slice(from).find((line) => /^DTSTART[;:]/i.test(line)));
  if (itemClass === undefined || from < 0 || !start) return undefined;
  const end = timeOf(lines.slice(from).find((line) => /^DTEND[;:]/i.test(line))) ?? start;
  const organizer = value("ORGANIZER")?.replace(/^mailto:/i, "");
  return {
    itemClass: said === "reply" ? answerClass(lines) : itemClass,
    fields: {
      start: start.date,
      end: end.date,
      isAllDay: start.isDay,
      location: value("LOCATION")?.replace(/\\([,;\\])/g, "$1"),
      uid: value("UID"),
      organizer: organizer === undefined ? undefined : { address: organizer },
    },
  };
}

function answerClass(lines: readonly string[]): string {
  const attendee = lines.find((line) => /^ATTENDEE[;:]/i.test(line)) ?? "";
  if (/PARTSTAT=DECLINED/i.test(attendee)) return "IPM.Schedule.Meeting.Resp.Neg";
  return /PARTSTAT=TENTATIVE/i.test(attendee) ? "IPM.Schedule.Meeting.Resp.Tent" : "IPM.Schedule.Meeting.Resp.Pos";
}

/** Reads a time; one without a zone, or in a zone other than UTC, is read as UTC: the lab has no time zones. */
function timeOf(line: string | undefined): { readonly date: Date; readonly isDay: boolean } | undefined {
  const found = line === undefined ? null : /:(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d))?/.exec(line);
  if (!found) return undefined;
  const [year, month, day, hour, minute, second] = found.slice(1).map((digits) => (digits === undefined ? 0 : Number(digits)));
  const date = new Date(Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second));
  return { date, isDay: found[4] === undefined };
}

/**
 * Returns the files inside a calendar's ATTACH properties (RFC 5545 3.8.1.1), which Exchange turns into attachments (MS-OXCICAL 2.1.3.1.1.20.2). Links are
 * left out.
 */
export function filesOf(calendar: string): NewAttachment[] {
  const lines = calendar.replace(/\r?\n[ \t]/g, "").split(/\r?\n/);
  return lines.filter((line) => /^ATTACH[;:]/i.test(line)).flatMap((line) => fileOf(line) ?? []);
}

function fileOf(line: string): NewAttachment | undefined {
  const colon = /^(?:[^":]|"[^"]*")*:/.exec(line)?.[0].length ?? line.length;
  const parameters = new Map(
    (line.slice(0, colon - 1).match(/;[^=;]+=(?:"[^"]*"|[^;"]*)/g) ?? []).map((one) => {
      const equals = one.indexOf("=");
      return [one.slice(1, equals).toUpperCase(), one.slice(equals + 1).replace(/^"|"$/g, "")];
    }),
  );
  const value = line.slice(colon);
  const inline = /^data:([^,;]*)[^,]*;base64,/i.exec(value);
  if (!inline && parameters.get("ENCODING")?.toUpperCase() !== "BASE64") return undefined;
  return {
    kind: "file",
    name: parameters.get("X-FILENAME") ?? parameters.get("FILENAME") ?? parameters.get("X-APPLE-FILENAME"),
    contentType: (parameters.get("FMTTYPE") ?? inline?.[1] ?? "").toLowerCase() || "application/octet-stream",
    content: decodeBase64(Buffer.from(inline ? value.slice(inline[0].length) : value, "latin1")),
  };
}
