import { type LabAddress, sameAddress } from "./address.ts";
import type { MeetingFields } from "./contact.ts";
import type { NewItem } from "./item.ts";
import type { LabItem, LabMailbox } from "./mailbox.ts";

const isRequest = (itemClass: string): boolean => /^IPM\.Schedule\.Meeting\.Request(\.|$)/i.test(itemClass);
export const isEntry = ({ itemClass }: { readonly itemClass: string }): boolean => /^IPM\.Appointment(\.|$)/i.test(itemClass);

/** Returns the entry of a meeting in the calendars of a mailbox, by the id of the meeting. */
export function entryWithUid(mailbox: LabMailbox, uid: string | undefined): LabItem | undefined {
  if (uid === undefined) return undefined;
  const isCalendar = ({ folder }: LabItem): boolean => (folder.folderClass ?? "").startsWith("IPF.Appointment");
  return [...mailbox.items()].find((item) => isEntry(item) && item.meeting?.uid === uid && isCalendar(item));
}

/** Returns the entry that belongs to a meeting message in the same mailbox. */
export function entryOf(message: LabItem): LabItem | undefined {
  return /^IPM\.Schedule\.Meeting/i.test(message.itemClass) ? entryWithUid(message.folder.mailbox, message.meeting?.uid) : undefined;
}

export function isOrganizer(entry: LabItem): boolean {
  return entry.meeting?.response === undefined || entry.meeting.response === "Organizer";
}

/**
 * Exchange enters a meeting as tentative when the invitation arrives, even if nobody has read it. Invitations in Junk Email are not entered. @see
 * https://learn.microsoft.com/en-us/graph/api/resources/eventmessage
 */
export function enterInvitation(mailbox: LabMailbox, item: NewItem): void {
  const { meeting } = item;
  if (meeting?.uid === undefined || !isRequest(item.itemClass ?? "") || entryWithUid(mailbox, meeting.uid) !== undefined) return;
  const organizer = meeting.organizer ?? item.from;
  if (sameAddress(organizer?.address ?? "", mailbox.address)) return;
  const invited: MeetingFields = { ...meeting, organizer, isMeeting: true, response: "NoResponseReceived" };
  mailbox.add(mailbox.known("calendar"), {
    itemClass: "IPM.Appointment",
    subject: item.subject,
    body: item.body,
    from: organizer,
    to: item.to,
    cc: item.cc,
    isRead: true,
    meeting: invited,
  });
}

/** Returns the message by which an attendee declines; undefined if there is no organizer to send it to. */
export function declineOf(entry: LabItem): NewItem | undefined {
  const to = entry.meeting?.organizer;
  return to?.address === undefined ? undefined : messageAbout(entry, "Declined", "IPM.Schedule.Meeting.Resp.Neg", [to]);
}

/** Returns the message by which an organizer cancels; undefined if there are no attendees. */
export function cancellationOf(entry: LabItem): NewItem | undefined {
  const to = [...entry.to, ...entry.cc];
  return to.length === 0 ? undefined : messageAbout(entry, "Canceled", "IPM.Schedule.Meeting.Canceled", to);
}

function messageAbout(entry: LabItem, prefix: string, itemClass: string, to: readonly LabAddress[]): NewItem {
  return { itemClass, subject: `${prefix}: ${entry.subject}`, to, body: { type: "Text", value: "" }, meeting: entry.meeting };
}
