import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { deliverInvitation } from "../../src/lab/seed/invitation.ts";
import type { NewItem } from "../../src/lab/store/item.ts";
import type { LabItem } from "../../src/lab/store/mailbox.ts";
import { openOrganisation, organisations, pictureOf } from "./organisation.ts";
import type { SweepFixture } from "./sweep-fixture.ts";

const messageId = "<campaign.1@mailer.example.net>";
const invitationId = "<meeting.1@mailer.example.net>";
const people = Array.from({ length: 6 }, (_, at) => `user0${at + 1}@example.com`);
const sender = "user09@example.com";
const colleague = { name: "A colleague", address: sender };
const at = (day: number) => new Date(Date.UTC(2026, 4, day, 8));

/** States that a message can have in a mailbox. */
const states: readonly NewItem[] = [
  { isRead: false },
  { isRead: true, categories: ["Red category", "Blue category"] },
  { isRead: true, flag: { status: "Flagged", startAt: at(20), dueAt: at(22) } },
  { isRead: false, flag: { status: "Complete", completeAt: at(21) }, categories: ["Green category"] },
  { isRead: true, flag: { status: "Flagged" } },
  { isRead: false, categories: ["Straße & <b>"] },
];

/** Puts the message and everything that messages leave behind into the mailboxes. */
function plant({ host }: SweepFixture): void {
  for (const [number, person] of people.entries()) {
    const message = { internetMessageId: messageId, from: colleague, sender: colleague, isDraft: false, ...states[number] };
    host.put(person, { ...message, subject: `Bill ${number}`, receivedAt: at(1) }, number % 2 === 0 ? "inbox" : "inbox/Bills/Old");
    host.put(person, { ...message, subject: `Bill ${number}, again`, receivedAt: at(2) }, "inbox/Bills");
    host.put(person, { ...message, subject: `Deleted bill ${number}`, receivedAt: at(3) }, "recoverableitemsdeletions");
    // Neighbours that stay.
    host.put(person, { internetMessageId: `<other.${number}@example.org>`, subject: "Minutes", receivedAt: at(4), isDraft: false });
    host.put(person, { subject: "A deleted note", receivedAt: at(5), isDraft: false }, "recoverableitemsdeletions");
  }
  host.put(
    sender,
    { internetMessageId: messageId, from: colleague, subject: "Bill", isRead: true, isDraft: false, receivedAt: at(1) },
    "sentitems",
  );
  deliverInvitation(host.lab.store, people, {
    ...{ messageId: invitationId, uid: "meeting.1@mailer.example.net", organizer: "payroll@example.net" },
    ...{ subject: "Review", start: new Date(Date.UTC(2026, 6, 1, 9)), location: "Room 1" },
  });
}

const ids: ReadonlySet<string | undefined> = new Set([messageId, invitationId]);
/** What is left of the campaign where people, or Exchange for them, can get it. */
function leftIn({ host }: SweepFixture): readonly string[] {
  const isLeft = ({ internetMessageId, folder, itemClass, subject }: LabItem) =>
    (ids.has(internetMessageId) && folder.distinguishedName !== "recoverableitemspurges") ||
    (itemClass.startsWith("IPM.Appointment") && subject === "Review" && folder.distinguishedName === "calendar");
  return [...people, sender].flatMap((person) =>
    [...host.mailbox(person).items()].filter(isLeft).map(({ folder, subject }) => `${person} ${folder.path} ${subject}`),
  );
}

describe.each(organisations)("a sweep over %s", (organisation) => {
  let fixture: SweepFixture;
  afterEach(() => fixture.close());

  test.each([
    ["for good", ["--delete-type", "hard", "--confirm-hard", "--keep-evidence", "--keep-export"], true],
    ["softly", [], false],
  ] as const)(
    "that deletes %s leaves nothing of the messages and their residue, and its undo brings back the store as it was",
    async (_, how, isForGood) => {
      fixture = await openOrganisation(organisation, people.slice(0, 3));
      plant(fixture);
      const everyone = [...people, sender];
      const before = everyone.map((person) => pictureOf(fixture.host.mailbox(person)));
      const planned = await fixture.sweep(
        ...["plan", "--internet-message-id", messageId, "--internet-message-id", invitationId, "--mailboxes", people.join(",")],
        ...["--then", "delete-email", ...how],
      );
      const messages = 3 * people.length;
      const recoverable = isForGood ? { recoverable_copies: people.length } : {};
      expect(planned.counts).toMatchObject({ messages, calendar_entries: people.length, sent_copies: 1, ...recoverable });
      const all = planned.targets.length;
      expect(planned.unexamined).toEqual([]);

      const ran = await fixture.sweep("run", planned.sweep, "--plan", planned.plan_hash, "--yes");
      expect(ran).toMatchObject({ success: true, counts: { done: all, failed: 0, changed: 0, gone: 0 } });
      const left = leftIn(fixture);
      // A soft deletion is one to the Recoverable Items.
      expect(isForGood ? left : left.filter((place) => !/\/Deletions /.test(place))).toEqual([]);
      expect(fixture.host.lab.store.outside).toEqual([]);

      const undone = await fixture.sweep("undo", planned.sweep, "--yes");
      expect(undone).toMatchObject({ success: true, counts: { undone: all } });
      expect(everyone.map((person) => pictureOf(fixture.host.mailbox(person)))).toEqual(before);
      // What is a copy is listed, and nothing else is.
      const { targets } = await fixture.sweep("report", planned.sweep);
      const copies = targets.filter(
        ({ undo_outcome }: { undo_outcome: { restored_copy?: boolean } }) => undo_outcome.restored_copy === true,
      );
      expect(copies).toHaveLength(isForGood ? all - people.length : 0);
      for (const { undo_outcome } of copies) expect(undo_outcome).toMatchObject({ restored_from: "export", lost: [] });
      for (const { residue, undo_outcome } of targets)
        expect(undo_outcome.differs).toEqual(residue === "calendar" ? ["organizer", "attendees", "body", "item_id"] : undefined);
      const archive = await fixture.sweep("archive", planned.sweep, "--output", join(fixture.folder, "case.zip"));
      expect(archive).toMatchObject({ success: true, not_known: [] });
    },
  );
});
