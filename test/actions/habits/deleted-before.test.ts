import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deleteEmail } from "../../../src/actions/delete-email.ts";
import { backends, type LabHost, openLabHost } from "../lab-host.ts";

const who = "user01@example.com";

describe.each(backends)("delete-email over %s", (backend) => {
  let at: LabHost;
  beforeAll(async () => {
    at = await openLabHost({}, backend);
  });
  afterAll(() => at.close());

  describe.each(["soft", "trash"])("by the id of a message among the Recoverable Items, %s", (delete_type) => {
    const lying = (internetMessageId: string | undefined) => {
      const itemClass = internetMessageId === undefined ? "IPM.Appointment" : "IPM.Note";
      return at.put(who, { internetMessageId, itemClass }, "recoverableitemsdeletions");
    };
    const placeOf = (item: { readonly identity: Uint8Array }) => at.mailbox(who).itemByIdentity(item.identity)?.folder.distinguishedName;

    test("changes nothing, keeps no second evidence, and reports that the message was already deleted", async () => {
      const item = lying(`<stays-${delete_type}@example.net>`);
      const id = at.idOf(item);
      const input = { mailbox: who, item_id: id, delete_type, keep_evidence: true };
      const note = "It is in the Recoverable Items already.";
      const row = { action: "already_gone", shown_by: "recoverable_items", recoverable: true, new_item_id: id, note };
      const planned = await at.run(deleteEmail, { ...input, dry_run: true });
      expect(planned).toMatchObject({ success: true, counts: { not_found: 1 }, results: [row] });
      const answer = await at.run(deleteEmail, input);
      expect(answer).toMatchObject({ success: true, counts: { succeeded: 0, not_found: 1 }, results: [row] });
      expect([answer.results?.[0]?.evidence, placeOf(item), at.idOf(item)]).toEqual([undefined, "recoverableitemsdeletions", id]);
    });

    test.each([
      ["has another copy", "<two-lie@example.net>"],
      ["cannot be looked for it, which has no Message-ID", undefined],
    ])("changes nothing in a mailbox that %s", async (_, internetMessageId) => {
      const item = lying(internetMessageId);
      if (internetMessageId !== undefined) at.put(who, { internetMessageId });
      const answer = await at.run(deleteEmail, { mailbox: who, item_id: at.idOf(item), delete_type });
      expect(answer.results).toMatchObject([{ status: "done", action: "already_gone", recoverable: true, verified: true }]);
      expect(placeOf(item)).toBe("recoverableitemsdeletions");
    });

    test("changes nothing if that folder is given", async () => {
      const item = lying(`<named-${delete_type}@example.net>`);
      const input = { mailbox: who, internet_message_id: item.internetMessageId, folder: "recoverableitemsdeletions", delete_type };
      expect((await at.run(deleteEmail, input)).results).toMatchObject([{ action: "already_gone", verified: true }]);
      expect(placeOf(item)).toBe("recoverableitemsdeletions");
    });
  });
});
