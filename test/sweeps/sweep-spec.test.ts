import { afterEach, describe, expect, test } from "vitest";
import { backends } from "../actions/lab-host.ts";
import { pictureOf } from "./organisation.ts";
import { openSweepFixture, type SweepFixture } from "./sweep-fixture.ts";

const messageId = "<campaign.1@mailer.example.net>";
const person = "user01@example.com";

describe.each(backends)("a sweep over %s", (backend) => {
  let fixture: SweepFixture;
  afterEach(() => fixture.close());

  test.each([
    ["moves messages to Deleted Items", ["delete-email", "--delete-type", "trash"], "Deleted Items", "undone"],
    ["moves messages to Junk Email", ["junk-mail"], "Junk Email", "undone"],
    ["copies messages", ["copy-email", "--destination-folder", "Inbox/Cases"], "Cases", "impossible"],
  ] as const)("that %s says beforehand whether its undo brings back the mailbox, and it does so", async (_, then, folder, undo) => {
    fixture = await openSweepFixture(backend);
    const mailbox = fixture.host.mailbox(person);
    mailbox.createFolder(mailbox.known("inbox"), "Cases");
    const receivedAt = new Date("2026-05-01T10:00Z");
    fixture.host.put(
      person,
      { internetMessageId: messageId, subject: "Bill", receivedAt, isRead: true, categories: ["Red category"] },
      "inbox/Bills",
    );
    const before = pictureOf(mailbox);
    const planned = await fixture.sweep("plan", "--internet-message-id", messageId, "--mailboxes", person, "--then", ...then);
    expect(planned.cannot_be_undone).toHaveLength(undo === "impossible" ? 1 : 0);
    const ran = await fixture.sweep("run", planned.sweep, "--plan", planned.plan_hash, "--yes");
    expect(ran.counts).toMatchObject({ done: 1, failed: 0 });
    const places = () => [...mailbox.items()].filter((item) => item.internetMessageId === messageId).map((item) => item.folder.name);
    expect(places().sort()).toEqual(undo === "impossible" ? ["Bills", folder] : [folder]);
    await fixture.sweep("undo", planned.sweep, "--yes");
    const [target] = (await fixture.sweep("report", planned.sweep)).targets;
    expect(target.undo).toBe(undo);
    if (undo === "undone") expect(pictureOf(mailbox)).toEqual(before);
    else expect(places().sort()).toEqual(["Bills", folder]);
  });
});
