import { afterEach, describe, expect, test } from "vitest";
import { deliverInvitation } from "../../../src/lab/seed/invitation.ts";
import type { LabItem, LabMailbox } from "../../../src/lab/store/mailbox.ts";
import { backends } from "../../actions/lab-host.ts";
import { openSweepFixture, type SweepFixture } from "../sweep-fixture.ts";

const messageId = "<meeting.1@mailer.example.net>";
const uid = "meeting.1@mailer.example.net";
const organizer = "payroll@example.net";
const start = new Date(Date.UTC(2026, 6, 1, 9));
const people = ["user01@example.com", "user02@example.com"];

/** What counts after an undo: where each thing lies, and its flags; of the calendar, when and where. */
function stateOf(mailbox: LabMailbox): string[] {
  const shown = ({ folder, subject, isRead, categories, flag, meeting, itemClass }: LabItem) =>
    JSON.stringify(
      /^IPM\.Appointment/.test(itemClass)
        ? [folder.name, subject, meeting?.start, meeting?.end, meeting?.location]
        : [folder.name, subject, isRead, categories, flag.status],
    );
  const isKept = ({ folder }: LabItem) => folder === mailbox.root || folder.isBelow(mailbox.root);
  // A removed entry lies among what was deleted, as the exceptions say.
  return [...mailbox.items()]
    .filter((item) => isKept(item) && !(item.folder.name === "Deleted Items" && item.meeting?.isMeeting))
    .map(shown)
    .sort();
}

const calendarOf = (mailbox: LabMailbox) => [...mailbox.known("calendar").items.values()];

describe.each(backends)("residue of an invitation over %s", (backend) => {
  let fixture: SweepFixture;
  afterEach(() => fixture.close());

  const plan = (...more: readonly string[]) =>
    fixture.sweep("plan", "--internet-message-id", messageId, "--mailboxes", people.join(","), "--then", "delete-email", ...more);
  const invite = (from = organizer) =>
    deliverInvitation(fixture.host.lab.store, people, { messageId, uid, organizer: from, subject: "Review", start, location: "Room 1" });
  const boxes = () => people.map((person) => fixture.host.mailbox(person));
  const told = () => fixture.host.lab.store.outside.length;

  test("is a row of the plan, is removed once without telling anybody, and comes back with undo", async () => {
    fixture = await openSweepFixture(backend);
    invite();
    const before = boxes().map(stateOf);
    expect(boxes().map((box) => calendarOf(box).length)).toEqual([1, 1]);
    const planned = await plan("--keep-evidence");
    expect(planned).toMatchObject({
      success: true,
      counts: { messages: 2, calendar_entries: 2, waiting: 4 },
      residue: ["calendar", "sender"],
    });
    const rows = planned.targets.filter(({ residue }: { residue?: string }) => residue === "calendar");
    expect(rows[0]).toMatchObject({
      mailbox: people[0],
      subject: "Review",
      from: organizer,
      starts_at: start.toISOString(),
      location: "Room 1",
    });
    expect(rows[0].why).toContain("invitation");
    const ran = await fixture.sweep("run", planned.sweep, "--plan", planned.plan_hash, "--yes");
    expect(ran).toMatchObject({ success: true, counts: { done: 4, failed: 0, changed: 0 } });
    expect(boxes().map((box) => calendarOf(box).length)).toEqual([0, 0]);
    expect(boxes().map((box) => box.known("inbox").items.size)).toEqual(
      boxes().map((box) => [...box.known("inbox").items.values()].filter(({ subject }) => subject !== "Review").length),
    );
    expect(told()).toBe(0);
    const entries = fixture.audit().filter(({ action }) => action === "sweep calendar");
    expect(entries.map(({ phase }) => phase).sort()).toEqual(["began", "began", "ended", "ended"]);
    expect(entries.every(({ sweep }) => sweep === planned.sweep)).toBe(true);

    const archived = await fixture.sweep("archive", planned.sweep, "--output", `${fixture.folder}/case.zip`);
    expect(archived).toMatchObject({ exit: 0, success: true });

    const undone = await fixture.sweep("undo", planned.sweep, "--yes");
    expect(undone).toMatchObject({ success: true, counts: { undone: 4 } });
    expect(boxes().map(stateOf)).toEqual(before);
    expect(calendarOf(fixture.host.mailbox(people[0] ?? ""))[0]).toMatchObject({ to: [], meeting: { isMeeting: false } });
    expect(told()).toBe(0);
    const again = await fixture.sweep("undo", planned.sweep, "--yes");
    expect(again).toMatchObject({ counts: { undone: 4 } });
    expect(boxes().map(stateOf)).toEqual(before);
  });

  test("is left alone with --residue none, and the plan says so", async () => {
    fixture = await openSweepFixture(backend);
    invite();
    const planned = await plan("--residue", "none");
    expect(planned.error).toBeUndefined();
    expect(planned.counts).toMatchObject({ messages: 2, waiting: 2 });
    expect(planned.left_alone.join(" ")).toContain("Calendar entries of meeting invitations are not removed.");
    await fixture.sweep("run", planned.sweep, "--plan", planned.plan_hash, "--yes");
    expect(boxes().map((box) => calendarOf(box).length)).toEqual([1, 1]);
  });

  test("is not changed where the meeting was changed since the plan", async () => {
    fixture = await openSweepFixture(backend);
    invite();
    const planned = await plan();
    const [box] = boxes();
    const [entry] = box === undefined ? [] : calendarOf(box);
    if (box === undefined || entry?.meeting === undefined) throw new Error("There is no entry.");
    box.update(entry, { meeting: { ...entry.meeting, start: new Date(start.getTime() - 3_600_000) } });
    const ran = await fixture.sweep("run", planned.sweep, "--plan", planned.plan_hash, "--yes");
    expect(ran).toMatchObject({ success: false, counts: { done: 3, changed: 1 } });
    expect(calendarOf(box)).toHaveLength(1);
  });

  test("does not count the organiser's own meeting, whose copy of the mail is a row of its own", async () => {
    fixture = await openSweepFixture(backend);
    const sender = "user03@example.com";
    invite(sender);
    const own = fixture.host.mailbox(sender);
    own.add(own.known("calendar"), {
      itemClass: "IPM.Appointment",
      subject: "Review",
      meeting: { start, end: start, isAllDay: false, uid, isMeeting: true, response: "Organizer" },
    });
    fixture.host.put(sender, { internetMessageId: messageId, subject: "Review", from: { address: sender } }, "sentitems");
    const planned = await plan();
    expect(planned.counts).toMatchObject({ messages: 2, calendar_entries: 2, sent_copies: 1 });
    const ran = await fixture.sweep("run", planned.sweep, "--plan", planned.plan_hash, "--yes");
    expect(ran).toMatchObject({ success: true, counts: { done: 5 } });
    expect(calendarOf(own)).toHaveLength(1);
    expect([...own.known("sentitems").items.values()].filter(({ subject }) => subject === "Review")).toEqual([]);
    expect(told()).toBe(0);
    expect(await fixture.sweep("undo", planned.sweep, "--yes")).toMatchObject({ counts: { undone: 5 } });
    expect([...own.known("sentitems").items.values()].filter(({ subject }) => subject === "Review")).toHaveLength(1);
  });

  test("includes copies in the Recoverable Items of a hard delete, and of no other", async () => {
    fixture = await openSweepFixture(backend);
    invite();
    for (const person of people) fixture.host.put(person, { internetMessageId: messageId, subject: "Review" }, "recoverableitemsdeletions");
    expect((await plan()).counts).toMatchObject({ messages: 2, waiting: 4 });
    const planned = await plan("--delete-type", "hard", "--confirm-hard");
    expect(planned.counts).toMatchObject({ messages: 2, recoverable_copies: 2, calendar_entries: 2, waiting: 6 });
    expect(planned.left_alone.join(" ")).toContain("Purges");
    const ran = await fixture.sweep("run", planned.sweep, "--plan", planned.plan_hash, "--yes");
    expect(ran).toMatchObject({ success: true, counts: { done: 6 } });
    for (const box of boxes()) {
      const left = [...box.items()].filter(({ internetMessageId }) => internetMessageId === messageId).map(({ folder }) => folder.name);
      expect(left).toEqual(["Purges", "Purges"]);
      expect(calendarOf(box)).toEqual([]);
    }
  });
});
