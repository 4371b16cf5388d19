import { afterEach, describe, expect, test } from "vitest";
import { copyEmail } from "../../../src/actions/copy-email.ts";
import { deleteEmail } from "../../../src/actions/delete-email.ts";
import { junkMail } from "../../../src/actions/junk-mail.ts";
import { socAddress } from "../../../src/lab/seed/seed.ts";
import { type LabHost, openLabHost } from "../lab-host.ts";

let at: LabHost | undefined;
afterEach(async () => {
  await at?.close();
  at = undefined;
});
const open = async (...habits: string[]): Promise<LabHost> => {
  at = await openLabHost({ habits });
  return at;
};
const mailbox = socAddress;

describe.each(["opens-deleted", "opens-deleted:in-place"])(
  "on a server that opens soft-deleted messages by their old id (%s), delete-email",
  (habit) => {
    test.each([
      ["by its id", (item: { id: string }) => ({ item_id: item.id })],
      ["by its Message-ID", () => ({ internet_message_id: "<soft@example.net>" })],
    ])("of a message %s is verified, because its folder does not contain it", async (_, name) => {
      const here = await open(habit);
      const item = here.put(mailbox, { internetMessageId: "<soft@example.net>" });
      const answer = await here.run(deleteEmail, { mailbox, ...name(item) });
      expect(answer).toMatchObject({ success: true, results: [{ action: "soft_deleted", verified: true }] });
      expect(here.mailbox(mailbox).known("recoverableitemsdeletions").items.size).toBe(1);
    });

    test("of a message without a Message-ID is not verified if nothing shows that it is gone", async () => {
      const here = await open(habit);
      const item = here.put(mailbox, { itemClass: "IPM.Appointment", internetMessageId: undefined });
      const answer = await here.run(deleteEmail, { mailbox, item_id: item.id });
      expect(JSON.stringify(answer)).toContain(habit === "opens-deleted" ? '"verified":true' : "not-verified");
    });

    test("of a second time finds nothing in the folders, and changes nothing", async () => {
      const here = await open(habit);
      const item = here.put(mailbox, { internetMessageId: "<soft@example.net>" });
      await here.run(deleteEmail, { mailbox, item_id: item.id });
      const again = await here.run(deleteEmail, { mailbox, internet_message_id: "<soft@example.net>" });
      expect(again).toMatchObject({ success: true, results: [{ action: "already_gone", shown_by: "recoverable_items" }] });
    });

    describe("of a second time by the same id", () => {
      test.each(["soft", "trash"])("(%s) reports that it was already deleted and keeps no second evidence", async (delete_type) => {
        const here = await open(habit);
        const item = here.put(mailbox, { internetMessageId: "<soft@example.net>" });
        const input = { mailbox, item_id: item.id, delete_type, keep_evidence: true };
        await here.run(deleteEmail, { mailbox, item_id: item.id });
        for (const again of [{ dry_run: true }, {}, { internet_message_id: "<soft@example.net>" }]) {
          const answer = await here.run(deleteEmail, { ...input, ...again });
          expect(answer).toMatchObject({
            success: true,
            counts: { succeeded: 0, failed: 0, not_found: 1 },
            results: [{ action: "already_gone", shown_by: "recoverable_items", recoverable: true }],
          });
          expect(answer.results?.[0]?.evidence).toBeUndefined();
        }
        expect(here.mailbox(mailbox).known("recoverableitemsdeletions").items.size).toBe(1);
      });

      test("(hard) deletes it from the Recoverable Items", async () => {
        const here = await open(habit);
        const item = here.put(mailbox, { internetMessageId: "<soft@example.net>" });
        await here.run(deleteEmail, { mailbox, item_id: item.id });
        const answer = await here.run(deleteEmail, { mailbox, item_id: item.id, delete_type: "hard", confirm_hard: true });
        expect(here.mailbox(mailbox).known("recoverableitemsdeletions").items.size).toBe(0);
        // Such a server also opens messages in the Purges.
        expect(answer).toMatchObject({ success: false, results: [{ status: "failed", error: { code: "not-verified" } }] });
        expect(answer.results?.[0]).not.toHaveProperty("action");
        expect(answer.results?.[0]).not.toHaveProperty("recoverable");
      });

      test("copy-email brings it back, and junk-mail finds it in no folder", async () => {
        const here = await open(habit);
        const item = here.put(mailbox, { internetMessageId: "<soft@example.net>" });
        await here.run(deleteEmail, { mailbox, item_id: item.id });
        const marked = await here.run(junkMail, { mailbox, item_id: item.id });
        expect(marked).toMatchObject({ results: [{ status: "not_found" }] });
        const answer = await here.run(copyEmail, { mailbox, item_id: item.id, destination_folder: "inbox" });
        expect(answer).toMatchObject({ success: true, results: [{ action: "copied", verified: true }] });
      });
    });

    test("by the old ids of messages of several folders changes nothing, and deletes the others", async () => {
      const here = await open(habit);
      const put = (name: string, folder: string) => here.put(mailbox, { internetMessageId: `<${name}@example.net>` }, folder);
      const gone = [put("a", "inbox/One"), put("b", "inbox/Two")];
      const others = [put("c", "inbox/One"), put("d", "inbox/Three")];
      await here.run(deleteEmail, { mailbox, item_id: gone.map(({ id }) => id) });
      const answer = await here.run(deleteEmail, { mailbox, item_id: [...gone, ...others].map(({ id }) => id) });
      expect(answer).toMatchObject({
        success: true,
        counts: { succeeded: 2, not_found: 2 },
        results: [
          ...gone.map(() => ({ action: "already_gone", shown_by: "recoverable_items" })),
          ...others.map(() => ({ action: "soft_deleted", verified: true })),
        ],
      });
      expect(here.mailbox(mailbox).known("recoverableitemsdeletions").items.size).toBe(4);
    });

    test("does not verify a message that stays in its folder", async () => {
      const here = await open(habit);
      const item = here.put(mailbox, { internetMessageId: "<soft@example.net>" });
      here.lab.addFault({ kind: "item-error", operation: "MoveItem", code: "ErrorItemNotFound" });
      const answer = await here.run(deleteEmail, { mailbox, item_id: item.id });
      expect(answer).toMatchObject({ success: false });
      expect(JSON.stringify(answer)).not.toContain('"verified":true');
    });
  },
);

describe("delete-email of messages in many folders by their ids", () => {
  const folders = ["One", "Two", "Three", "Four"];
  const putAll = (here: LabHost) =>
    folders.map((name) => here.put(mailbox, { internetMessageId: `<${name}@example.net>` }, `inbox/${name}`).id);

  test("looks into all of the folders with one request", async () => {
    const here = await open();
    const item_id = putAll(here);
    expect(await here.run(deleteEmail, { mailbox, item_id })).toMatchObject({ success: true, counts: { succeeded: 4 } });
    expect(here.asked("FindItem")).toBe(1);
  });

  test("finds old ids beside a folder that cannot be listed", async () => {
    const here = await open("opens-deleted:in-place");
    const item_id = putAll(here);
    await here.run(deleteEmail, { mailbox, item_id: item_id.slice(0, 2) });
    // It fails the request for all four folders; then each is requested alone.
    here.lab.addFault({ kind: "item-error", operation: "FindItem", code: "ErrorAccessDenied", item: 3 });
    const answer = await here.run(deleteEmail, { mailbox, item_id });
    expect(answer.results?.slice(0, 2)).toMatchObject(
      item_id.slice(0, 2).map(() => ({ action: "already_gone", shown_by: "recoverable_items" })),
    );
    expect(answer.results?.slice(2)).toMatchObject([{ action: "soft_deleted" }, { action: "soft_deleted" }]);
  });
});
