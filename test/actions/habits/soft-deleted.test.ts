import { afterEach, describe, expect, test } from "vitest";
import { deleteEmail } from "../../../src/actions/delete-email.ts";
import { socAddress } from "../../../src/lab/seed.ts";
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
    ])("of a message %s is verified: its folder does not hold it", async (_, name) => {
      const here = await open(habit);
      const item = here.put(mailbox, { internetMessageId: "<soft@example.net>" });
      const answer = await here.run(deleteEmail, { mailbox, ...name(item) });
      expect(answer).toMatchObject({ success: true, results: [{ action: "soft_deleted", verified: true }] });
      expect(here.mailbox(mailbox).known("recoverableitemsdeletions").items.size).toBe(1);
    });

    test("of a message without a Message-ID is not called verified where nothing shows that it is gone", async () => {
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
