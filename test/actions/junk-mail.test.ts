import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { junkMail } from "../../src/actions/junk-mail.ts";
import { exitCodeOf } from "../../src/catalogue/answer-envelope.ts";
import { failures } from "../../src/failure.ts";
import { backends, type LabHost, openLabHost } from "./lab-host.ts";

const who = "user01@example.com";
describe.each(backends)("over %s", (backend) => {
  let at: LabHost;
  beforeAll(async () => {
    at = await openLabHost({}, backend);
  });
  afterAll(() => at.close());
  beforeEach(() => {
    at.lab.clearFaults();
    at.mailbox(who).blockedSenders.clear();
  });

  const folderOf = (id: unknown) => at.item(who, String(id))?.folder.distinguishedName;
  const blocked = () => [...at.mailbox(who).blockedSenders];

  // Splunk's microsoft365 "blocks" a sender by a rule that deletes what he sends.
  test.skipIf(backend === "graph")(
    "junk is moved to Junk Email, its sender is blocked, and the answer reports both (Graph blocks no sender)",
    async () => {
      const item = at.put(who);
      const answer = await at.run(junkMail, { mailbox: who, item_id: at.idOf(item) });
      const result = answer.results?.[0];
      expect(result).toMatchObject({
        status: "done",
        action: "marked_junk",
        moved: true,
        sender_blocked: true,
        blocked_sender: { address: "billing@example.net" },
        verified: true,
        undo: { item_id: result?.new_item_id, is_junk: false },
      });
      expect([folderOf(result?.new_item_id), blocked()]).toEqual(["junkemail", ["billing@example.net"]]);
    },
  );

  // Splunk's microsoft365 1.0.1 posted notJunk to the address that marks as junk.
  test.skipIf(backend === "graph")(
    "undo brings the message back to the Inbox and unblocks the sender (Graph unblocks no sender)",
    async () => {
      const item = at.put(who);
      const junked = await at.run(junkMail, { mailbox: who, item_id: at.idOf(item) });
      const undo = junked.results?.[0]?.undo;
      const answer = await at.run(junkMail, { mailbox: who, ...(typeof undo === "object" ? undo : {}) });
      expect(answer.results?.[0]).toMatchObject({ action: "marked_not_junk", moved: true, sender_blocked: false, verified: true });
      expect([folderOf(answer.results?.[0]?.new_item_id), blocked()]).toEqual(["inbox", []]);
    },
  );

  test.skipIf(backend === "graph")("without move the message stays and its sender is still blocked (Graph blocks no sender)", async () => {
    const item = at.put(who);
    const answer = await at.run(junkMail, { mailbox: who, item_id: at.idOf(item), move: "false" });
    expect(answer.results?.[0]).toMatchObject({
      status: "done",
      moved: false,
      verified: true,
      undo: { item_id: at.idOf(item), is_junk: false },
    });
    expect([folderOf(at.idOf(item)), blocked()]).toEqual(["inbox", ["billing@example.net"]]);
  });

  test.skipIf(backend === "ews")(
    "junk is moved and moved back, and the answer reports that no sender was blocked or unblocked (EWS does both)",
    async () => {
      const item = at.put(who);
      const junked = (await at.run(junkMail, { mailbox: who, item_id: at.idOf(item) })).results?.[0];
      expect(junked).toMatchObject({
        action: "marked_junk",
        moved: true,
        verified: true,
        note: expect.stringContaining("cannot block its sender"),
      });
      expect(junked).not.toHaveProperty("sender_blocked");
      expect([folderOf(junked?.new_item_id), blocked()]).toEqual(["junkemail", []]);
      const back = (await at.run(junkMail, { mailbox: who, ...(typeof junked?.undo === "object" ? junked.undo : {}) })).results?.[0];
      expect(back).toMatchObject({
        action: "marked_not_junk",
        moved: true,
        verified: true,
        note: expect.stringContaining("cannot unblock"),
      });
      expect(folderOf(back?.new_item_id)).toBe("inbox");
    },
  );

  test("every copy of a Message-ID is marked, and a missing one is not a failure", async () => {
    const id = "<junk-copies@example.net>";
    for (const folder of ["inbox", "inbox/Later"]) at.put(who, { internetMessageId: id }, folder);
    const answer = await at.run(junkMail, { mailbox: who, internet_message_id: `${id},<absent@example.net>` });
    expect(answer).toMatchObject({ success: true, counts: { requested: 3, succeeded: 2, not_found: 1 } });
  });

  test.skipIf(backend === "graph")("a message that Exchange refuses to mark fails alone (its fault is of an EWS operation)", async () => {
    const items = [at.put(who), at.put(who)];
    at.lab.addFault({ kind: "item-error", operation: "MarkAsJunk", item: 1, code: "ErrorAccessDenied" });
    const answer = await at.run(junkMail, { mailbox: who, item_id: items.map(({ id }) => id) });
    expect(answer.results?.map(({ status }) => status)).toEqual(["failed", "done"]);
    expect(exitCodeOf(answer)).toBe(6);
  });

  test("nothing is marked if another number is expected", async () => {
    const item = at.put(who);
    const answer = await at.run(junkMail, { mailbox: who, item_id: at.idOf(item), expected_count: 3 });
    expect(exitCodeOf(answer)).toBe(failures["unexpected-count"].exit);
    expect([folderOf(at.idOf(item)), blocked()]).toEqual(["inbox", []]);
  });

  test("a dry run blocks nobody and moves nothing", async () => {
    const item = at.put(who);
    const answer = await at.run(junkMail, { mailbox: who, item_id: at.idOf(item), dry_run: true });
    expect(answer.results).toMatchObject([{ item_id: at.idOf(item), status: "planned" }]);
    expect([folderOf(at.idOf(item)), blocked()]).toEqual(["inbox", []]);
  });
});
