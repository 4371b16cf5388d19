import { Failure } from "../failure.ts";
import type { Address } from "./message.ts";

/** A meeting or an appointment in a calendar. Times are UTC, ISO 8601. */
export interface CalendarEntry {
  /** As long as the entry stays where it is. */
  readonly entryId: string;
  readonly subject?: string | undefined;
  readonly start?: string | undefined;
  readonly end?: string | undefined;
  readonly isAllDay?: boolean | undefined;
  readonly location?: string | undefined;
  readonly organizer?: Address | undefined;
  /** Whether the owner of the calendar called the meeting, or it is an appointment of their own. Undefined where the server does not say. */
  readonly isOrganizer?: boolean | undefined;
  /** Whether it stands for a series of meetings, or is one of them. */
  readonly isRecurring?: boolean | undefined;
}

/** An appointment to enter. It has no attendees, so nobody is told. */
export interface NewCalendarEntry {
  readonly subject: string;
  /** Plain text. */
  readonly body: string;
  readonly start: string;
  readonly end: string;
  readonly location?: string | undefined;
  /** Distinguishes it from every other entry: another entry with the same mark is not entered. */
  readonly mark: string;
}

/** Returns why an entry is not removed; undefined if it may be. Only entries that other people have put into a calendar are residue of a message. */
export function refusalToRemove({ isOrganizer }: CalendarEntry): Failure | undefined {
  if (isOrganizer === false) return undefined;
  const message =
    isOrganizer === true
      ? "The calendar entry is the owner's own, not an invitation by somebody else: it was not changed."
      : "Exchange does not say whether the calendar entry is the owner's own: it was not changed.";
  return new Failure("refused", message);
}

/** Whether a message is about a meeting, so that an entry may belong to it. */
export function isMeetingRequest(itemClass: string | undefined): boolean {
  return /^IPM\.Schedule\.Meeting\.Request(\.|$)/i.test(itemClass ?? "");
}
