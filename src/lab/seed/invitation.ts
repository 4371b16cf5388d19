import { base64Lines } from "../mime/encode.ts";
import type { Store } from "../store/store.ts";

/** A meeting invitation as an external server sends it. Everything has a default. */
export interface Invitation {
  readonly messageId?: string | undefined;
  readonly uid?: string | undefined;
  readonly subject?: string | undefined;
  readonly organizer?: string | undefined;
  readonly start?: Date | undefined;
  readonly location?: string | undefined;
}

/** The Message-ID of the practice invitation. */
export const invitationId = "<20f7c4.4711@mailer.example.net>";

/** A practice invitation with its calendar part (RFC 5546). Its content is harmless. */
export function invitationMime(to: readonly string[], at: Date, given: Invitation = {}): Uint8Array {
  const { messageId = invitationId, uid = "4711-payroll@mailer.example.net", organizer = "payroll@example.net" } = given;
  const { subject = "Payroll review: confirm your account", location = "https://meet.example.net/4711" } = given;
  const start = given.start ?? new Date(Math.ceil(at.getTime() / 86_400_000) * 86_400_000 + 9 * 3_600_000);
  const stamp = (date: Date) => date.toISOString().replace(/[-:]|\.\d{3}/g, "");
  const calendar = [
    ...["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Practice//Mailer//EN", "METHOD:REQUEST", "BEGIN:VEVENT"],
    ...[`UID:${uid}`, `DTSTAMP:${stamp(at)}`, `DTSTART:${stamp(start)}`, `DTEND:${stamp(new Date(start.getTime() + 1_800_000))}`],
    ...[`SUMMARY:${subject}`, `LOCATION:${location}`, `ORGANIZER:mailto:${organizer}`],
    ...to.map((address) => `ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:${address}`),
    ...["END:VEVENT", "END:VCALENDAR", ""],
  ].join("\r\n");
  const head = [
    `From: Payroll <${organizer}>`,
    `To: ${to.join(", ")}`,
    `Subject: ${subject}`,
    `Date: ${at.toUTCString().replace("GMT", "+0000")}`,
    `Message-ID: ${messageId}`,
    ...["MIME-Version: 1.0", 'Content-Type: multipart/alternative; boundary="part"'],
  ];
  const text = ["--part", "Content-Type: text/plain; charset=us-ascii", "", "Please confirm your account before the meeting.", ""];
  const part = ["--part", 'Content-Type: text/calendar; charset="utf-8"; method=REQUEST', "Content-Transfer-Encoding: base64", ""];
  return Buffer.from([...head, "", ...text, ...part, base64Lines(Buffer.from(calendar)), "--part--", ""].join("\r\n"));
}

/** Delivers the practice invitation, which puts the meeting into each recipient's calendar. */
export function deliverInvitation(store: Store, to: readonly string[], given: Invitation = {}): void {
  const organizer = given.organizer ?? "payroll@example.net";
  store.deliver(invitationMime(to, store.now(), given), { from: organizer, to });
}
