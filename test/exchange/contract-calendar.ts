import { expect } from "vitest";
import { invitationMime } from "../../src/lab/seed/invitation.ts";
import { takeOnly } from "../../src/outcome.ts";
import { mail } from "./contract-mail.ts";
import { all, have, type PromiseOf, type Stage } from "./contract-stage.ts";

const at = new Date(Date.UTC(2026, 0, 1, 10));
const invitation = { messageId: "<meeting@example.org>", uid: "meeting@example.org", subject: "Review", organizer: "mallory@example.org" };
const start = new Date(Date.UTC(2026, 0, 5, 9));

const calendarOf = ({ ann }: Stage) => [...ann.known("calendar").items.values()];
/** What anybody was told, inside or outside. */
const told = ({ practice, ann, bob }: Stage) => [
  ...practice.store.outside.map(({ to }) => to),
  ...[ann, bob].flatMap((one) => [...one.known("sentitems").items.values()].map(({ subject }) => subject)),
  ...[...bob.known("inbox").items.values()].map(({ subject }) => subject),
];
const invite = (stage: Stage, organizer = invitation.organizer) =>
  stage.deliver(invitationMime([stage.ann.address], at, { ...invitation, organizer, start }));

async function entryIdOf(stage: Stage, itemId: string): Promise<string> {
  const entry = await takeOnly(stage.mailbox.invited([itemId]));
  if (entry === undefined) throw new Error("The invitation has no entry.");
  return entry.entryId;
}

/** The calendar entries of invitations. */
export function calendar(promise: PromiseOf): void {
  promise("the calendar entry of an invitation is found and read, and a mail has none", async (stage) => {
    const ids = [invite(stage), stage.deliver(mail("no meeting"))];
    const [meeting, none] = await all(stage.mailbox.invited(ids));
    const entry = have(meeting);
    expect(entry).toMatchObject({
      subject: "Review",
      start: "2026-01-05T09:00:00.000Z",
      end: "2026-01-05T09:30:00.000Z",
      location: "https://meet.example.net/4711",
      organizer: { address: "mallory@example.org" },
      isOrganizer: false,
      isRecurring: false,
    });
    expect(have(none)).toBeUndefined();
    expect(have((await all(stage.mailbox.calendarEntries([entry?.entryId ?? ""])))[0])).toEqual(entry);
  });

  promise("a removed calendar entry is gone, and nobody is told", async (stage) => {
    // The organiser is a colleague, who would notice.
    const entryId = await entryIdOf(stage, invite(stage, stage.bob.address));
    expect((await all(stage.mailbox.removeCalendarEntries([entryId])))[0]).toMatchObject({ ok: true });
    expect(calendarOf(stage)).toEqual([]);
    expect(told(stage)).toEqual([]);
    for (const outcomes of [stage.mailbox.calendarEntries([entryId]), stage.mailbox.removeCalendarEntries([entryId])])
      expect((await all(outcomes))[0]).toMatchObject({ ok: false, failure: { code: "not-found" } });
  });

  promise("the entry of the owner's own meeting is not removed, and nobody is told", async (stage) => {
    const id = invite(stage);
    const [entry] = calendarOf(stage);
    if (entry?.meeting === undefined) throw new Error("There is no entry.");
    stage.ann.update(entry, { meeting: { ...entry.meeting, response: "Organizer" } });
    const entryId = await entryIdOf(stage, id);
    expect((await all(stage.mailbox.removeCalendarEntries([entryId])))[0]).toMatchObject({ ok: false, failure: { code: "refused" } });
    expect(calendarOf(stage)).toHaveLength(1);
    expect(told(stage)).toEqual([]);
  });

  promise("an appointment is entered once for its mark, without attendees", async (stage) => {
    const entry = {
      subject: "Review & <confirm>",
      body: "Restored.",
      start: "2026-01-05T09:00:00.000Z",
      end: "2026-01-05T09:30:00.000Z",
      location: "Room 1",
      mark: "sweep-1.7",
    };
    const made = await stage.mailbox.addCalendarEntry(entry);
    expect(await stage.mailbox.addCalendarEntry(entry)).toEqual(made);
    const [only, ...others] = calendarOf(stage);
    expect(others).toEqual([]);
    expect(only).toMatchObject({ subject: "Review & <confirm>", to: [], cc: [], meeting: { start, location: "Room 1", isMeeting: false } });
    expect(told(stage)).toEqual([]);
    expect(await takeOnly(stage.mailbox.calendarEntries([made.entryId]))).toMatchObject({ start: entry.start, isOrganizer: true });
  });

  promise("a lost reply enters no appointment twice", async (stage) => {
    stage.practice.addFault({ kind: "reset-after", operation: stage.practice.entering });
    const entry = { subject: "Review", body: "", start: "2026-01-05T09:00:00.000Z", end: "2026-01-05T09:30:00.000Z", mark: "sweep-1.8" };
    await stage.mailbox.addCalendarEntry(entry);
    await stage.mailbox.addCalendarEntry(entry);
    expect(calendarOf(stage)).toHaveLength(1);
  });

  promise("an account without rights gets a failure, and not the answer that there is no entry", async (stage) => {
    const id = invite(stage);
    const powerless = stage.practice.powerless.mailbox(stage.ann.address);
    const [seen] = await all(powerless.invited([id]));
    expect(seen?.ok).toBe(false);
  });
}
