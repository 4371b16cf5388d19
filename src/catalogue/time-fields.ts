import * as z from "zod";
import { narrowing } from "./read-input.ts";

/** Returns the schema of a time that narrows a search. */
export function time(description: string) {
  return z
    .string()
    .max(longestTime)
    .refine((value) => utc(value) !== undefined, `not a time; write it as ${examples}`)
    .register(narrowing)
    .optional()
    .describe(`${description} As ${examples}. Without a zone, UTC.`);
}

/** Characters. A time with its zone has some thirty. */
const longestTime = 64;

const examples = "2026-01-31T12:00:00Z, 2026-01-31, 31 Jan 2026 14:00, yesterday, or 24h (24 hours ago; also 30m, 7d, 2w)";

/** Milliseconds. */
const units: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 };
/** A hundred years are more than any mailbox has. */
const longestAgo = 36_525 * 86_400_000;

/** `24h`, `30 minutes ago`. */
const ago = /^(\d{1,9})\s*(m|min|mins|minutes?|h|hours?|d|days?|w|weeks?)(?:\s+ago)?$/i;
const dayName = /^(now|today|yesterday)$/i;
/** A clock at the end: `14:00`, `2:30:00.5 pm`. */
const clockPattern = /[T,\s]+(\d{1,2}):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?\s*([ap]m)?$/i;
const zonePattern = /(?<=[\d\s])\s*(Z|UTC|GMT|[+-]\d\d:?\d\d)$/i;
const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const monthPattern =
  "(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|January|February|March|April|June|July|August|September|October|November|December)";
/** Each date of which nobody can take the day for the month, with the places of year, month and day. */
const dates: readonly { readonly pattern: RegExp; readonly order: readonly [number, number, number] }[] = [
  { pattern: /^(\d{4})[-/](\d\d)[-/](\d\d)$/, order: [1, 2, 3] },
  { pattern: /^(\d{1,2})\.(\d{1,2})\.(\d{4})$/, order: [3, 2, 1] },
  // The Date header of a message (RFC 5322 section 3.3), with or without the name of the day.
  { pattern: new RegExp(`^(?:[A-Z]{3},\\s*)?(\\d{1,2})\\.?[ -]${monthPattern}[ -](\\d{4})$`, "i"), order: [3, 2, 1] },
  { pattern: new RegExp(`^${monthPattern} (\\d{1,2}),? (\\d{4})$`, "i"), order: [3, 1, 2] },
];

/** Returns whether a time depends on the clock. */
export function isRelative(text: string): boolean {
  const words = text.slice(0, longestTime).trim();
  return ago.test(words) || /^(?:now|today|yesterday)\b/i.test(words);
}

/**
 * Returns a time in UTC as ISO 8601; undefined if the text is not a time, or if its day and month could be mistaken for each other (01/02/2026). A day
 * stands for its beginning. `now` decides times such as `24h` and `yesterday`.
 */
export function utc(text: string, now: Date = new Date()): string | undefined {
  // The schema reports a longer text, but still asks; the patterns below are not linear.
  if (text.length > longestTime) return undefined;
  // A comment ends many Date headers: `+0100 (CET)`.
  const words = text.trim().replace(/ \([A-Z]{1,5}\)$/, "");
  const [, number, unit = ""] = ago.exec(words) ?? [];
  if (number !== undefined) {
    const span = Number(number) * (units[unit.charAt(0).toLowerCase()] ?? Number.NaN);
    return span <= longestAgo ? new Date(now.getTime() - span).toISOString() : undefined;
  }
  if (/^now$/i.test(words)) return now.toISOString();
  const zone = zonePattern.exec(words);
  const clock = clockPattern.exec(zone === null ? words : words.slice(0, zone.index));
  const end = clock?.index ?? zone?.index ?? words.length;
  const day = dayOf(words.slice(0, end).replace(/,$/, ""), now);
  const time = timeOf(clock);
  // A zone without a clock says which day is meant.
  if (day === undefined || time === undefined) return undefined;
  const offset = offsetOf(zone?.[1] ?? "Z");
  return offset === undefined ? undefined : new Date(day + time - offset).toISOString();
}

/** Returns the beginning of a day in milliseconds since 1970. */
function dayOf(text: string, now: Date): number | undefined {
  const name = dayName.exec(text)?.[1]?.toLowerCase();
  if (name !== undefined)
    return Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()) - (name === "yesterday" ? (units.d ?? 0) : 0);
  for (const { pattern, order } of dates) {
    const parts = pattern.exec(text);
    if (parts === null) continue;
    const [year = Number.NaN, month = Number.NaN, day = Number.NaN] = order.map((at) => {
      const part = parts[at] ?? "";
      const named = months.indexOf(part.slice(0, 3).toLowerCase());
      return named >= 0 ? named + 1 : Number(part);
    });
    const date = new Date(Date.UTC(year, month - 1, day));
    // 31 February would be a day in March.
    return date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date.getTime() : undefined;
  }
  return undefined;
}

/** Returns the time of a day in milliseconds. */
function timeOf(clock: RegExpExecArray | null): number | undefined {
  if (clock === null) return 0;
  const [, hourText, minute, second = "0", fraction = "0", half] = clock;
  const hour = Number(hourText);
  if (Number(minute) > 59 || Number(second) > 59 || hour > 23 || (half !== undefined && (hour < 1 || hour > 12))) return undefined;
  const hours = half === undefined ? hour : (hour % 12) + (half.toLowerCase() === "pm" ? 12 : 0);
  return hours * 3_600_000 + Number(minute) * 60_000 + Number(second) * 1000 + Math.floor(Number(`0.${fraction}`) * 1000);
}

/** Returns how far a zone is from UTC, in milliseconds. */
function offsetOf(zone: string): number | undefined {
  const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)$/.exec(zone) ?? [];
  if (sign === undefined) return 0;
  if (Number(hours) > 23 || Number(minutes) > 59) return undefined;
  return (sign === "-" ? -1 : 1) * (Number(hours) * 3_600_000 + Number(minutes) * 60_000);
}
