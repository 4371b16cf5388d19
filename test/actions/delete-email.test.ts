import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import * as z from "zod";
import { copyEmail } from "../../src/actions/copy-email.ts";
import { deleteEmail } from "../../src/actions/delete-email.ts";
import { exitCodeOf } from "../../src/catalogue/answer-envelope.ts";
import { failures } from "../../src/failure.ts";
import { mimeOf } from "../../src/lab/mime/mime-of-item.ts";
import { verifyAudit } from "../../src/perform/audit/verify-audit.ts";
import { backends, type LabHost, openLabHost } from "./lab-host.ts";

const who = "user01@example.com";
describe.each(backends)("over %s", (backend) => {
  let at: LabHost;
  beforeAll(async () => {
    at = await openLabHost({}, backend);
  });
  afterAll(() => at.close());
  beforeEach(() => at.lab.clearFaults());

  function folderOf(id: unknown): string | undefined {
    return typeof id === "string" ? at.item(who, id)?.folder.distinguishedName : undefined;
  }

  test("by default a message moves to the Recoverable Items, and a move by the values of undo restores it", async () => {
    const item = at.put(who);
    const from = item.folder.id;
    const answer = await at.run(deleteEmail, { mailbox: who, item_id: at.idOf(item) });
    const result = answer.results?.[0];
    expect(answer).toMatchObject({ success: true, mailbox: who, counts: { requested: 1, succeeded: 1 } });
    expect(result).toMatchObject({ item_id: at.idOf(item), status: "done", action: "soft_deleted", recoverable: true, verified: true });
    expect(folderOf(result?.new_item_id)).toBe("recoverableitemsdeletions");
    expect(at.mailbox(who).known("inbox").items.has(item.id)).toBe(false);
    expect(result?.undo).toEqual({ item_id: result?.new_item_id, to: from });
    for await (const moved of at.host.exchange.mailbox(who).move([String(result?.new_item_id)], { folder: from })) {
      expect(moved.ok && folderOf(moved.value.newItemId)).toBe("inbox");
    }
  });

  // Without moving anything, which none of the twelve does: the copy is as good, and the deleted one stays where it is until it expires.
  test("copy-email with the values of undo puts a deleted message back into its folder", async () => {
    const item = at.put(who, { subject: "Deleted by mistake" }, "inbox/Kept");
    const [gone] = (await at.run(deleteEmail, { mailbox: who, item_id: at.idOf(item) })).results ?? [];
    const { item_id, to } = z.object({ item_id: z.string(), to: z.string() }).parse(gone?.undo);
    const answer = await at.run(copyEmail, { mailbox: who, item_id, destination_folder: to });
    expect(answer.results).toMatchObject([{ status: "done", verified: true }]);
    const back = at.item(who, String(answer.results?.[0]?.new_item_id));
    expect([back?.folder.name, back?.subject, back?.internetMessageId]).toEqual(["Kept", "Deleted by mistake", item.internetMessageId]);
  });

  // Splunk's README says "moved to Deleted Items" where its code sends HardDelete.
  test("trash moves a message to Deleted Items and deletes nothing permanently", async () => {
    const item = at.put(who);
    const deletes = at.asked("DeleteItem");
    const answer = await at.run(deleteEmail, { mailbox: who, item_id: at.idOf(item), delete_type: "Trash" });
    expect(answer.results?.[0]).toMatchObject({ action: "trash_deleted", recoverable: true, verified: true });
    expect([folderOf(answer.results?.[0]?.new_item_id), at.asked("DeleteItem") - deletes]).toEqual(["deleteditems", 0]);
  });

  test("a message that is already in Deleted Items is not moved there again", async () => {
    const item = at.put(who, {}, "deleteditems");
    const answer = await at.run(deleteEmail, { mailbox: who, item_id: at.idOf(item), delete_type: "trash" });
    expect(answer.results?.[0]).toMatchObject({ status: "done", action: "already_gone", verified: true });
    expect(folderOf(at.idOf(item))).toBe("deleteditems");
  });

  test("hard deletes nothing without confirm_hard, even if everything else is confirmed", async () => {
    const item = at.put(who);
    const answer = await at.run(deleteEmail, {
      mailbox: who,
      item_id: at.idOf(item),
      delete_type: "hard",
      confirm: true,
      confirm_hard: "",
    });
    expect(answer).toMatchObject({ success: false, error: { code: "confirmation-required" } });
    expect([exitCodeOf(answer), folderOf(at.idOf(item))]).toEqual([failures["confirmation-required"].exit, "inbox"]);
  });

  test("hard with confirm_hard deletes permanently and returns no undo", async () => {
    const item = at.put(who, { internetMessageId: "<hard@example.net>" });
    const answer = await at.run(deleteEmail, { mailbox: who, item_id: at.idOf(item), delete_type: "hard", confirm_hard: "true" });
    expect(answer.results?.[0]).toMatchObject({ action: "hard_deleted", recoverable: false, verified: true });
    expect(answer.results?.[0]).not.toHaveProperty("undo");
    // A permanently deleted message stays for a while in the Purges, which no user sees.
    const left = [...at.mailbox(who).items()].filter((each) => each.internetMessageId === "<hard@example.net>");
    expect(left.map(({ folder }) => folder.distinguishedName)).toEqual(["recoverableitemspurges"]);
  });

  test("an id without a message is a success after a search of every folder, and the answer names them", async () => {
    const item = at.put(who);
    at.mailbox(who).remove(item);
    const answer = await at.run(deleteEmail, { mailbox: who, item_id: at.idOf(item) });
    expect(answer).toMatchObject({ success: true, counts: { not_found: 1, failed: 0 } });
    expect(answer.results?.[0]).toMatchObject({
      item_id: at.idOf(item),
      status: "not_found",
      action: "not_found",
      looked: { mailbox: who, folders: expect.any(Number), places: ["mailbox"], by: "item_id" },
    });
    expect([exitCodeOf(answer), answer.message]).toEqual([
      0,
      expect.stringMatching(/^1 message not found in \d+ folders of user01@example\.com\.$/),
    ]);
  });

  // XSOAR raises for the whole batch on one bad id; Splunk on-prem reports ids that it already deleted as failed.
  test("a dead id and a malformed id are reported alone, and messages with good ids are deleted", async () => {
    const [first, dead, last] = [at.put(who), at.put(who), at.put(who)];
    at.mailbox(who).remove(dead);
    const answer = await at.run(deleteEmail, { mailbox: who, item_id: [at.idOf(first), at.idOf(dead), "no-id", at.idOf(last)] });
    expect(answer.results?.map(({ item_id, status }) => [item_id, status])).toEqual([
      [at.idOf(first), "done"],
      [at.idOf(dead), "not_found"],
      ["no-id", "failed"],
      [at.idOf(last), "done"],
    ]);
    expect(answer).toMatchObject({ success: false, counts: { requested: 4, succeeded: 2, failed: 1, not_found: 1 } });
    const inbox = at.mailbox(who).known("inbox").items;
    expect([inbox.has(first.id), inbox.has(last.id), exitCodeOf(answer)]).toEqual([false, false, 6]);
  });

  test.skipIf(backend === "graph")(
    "an item that Exchange refuses to delete fails alone with Exchange's code (its fault is of an EWS operation)",
    async () => {
      const items = [at.put(who), at.put(who), at.put(who)];
      at.lab.addFault({ kind: "item-error", operation: "MoveItem", item: 2, code: "ErrorMessageSizeExceeded" });
      const answer = await at.run(deleteEmail, { mailbox: who, item_id: items.map(({ id }) => id) });
      expect(answer.results?.map(({ status }) => status)).toEqual(["done", "failed", "done"]);
      expect(answer.results?.[1]?.error).toMatchObject({ code: "too-large", wire_code: "ErrorMessageSizeExceeded" });
      expect(folderOf(items[1]?.id)).toBe("inbox");
    },
  );

  test.skipIf(backend === "graph")(
    "a copy that Exchange refuses to delete fails, and the other copy is deleted and verified (its fault is of an EWS operation)",
    async () => {
      const id = "<half@example.net>";
      const copies = [at.put(who, { internetMessageId: id }), at.put(who, { internetMessageId: id })];
      at.lab.addFault({ kind: "item-error", operation: "MoveItem", itemId: copies[0]?.id, code: "ErrorMessageSizeExceeded" });
      const answer = await at.run(deleteEmail, { mailbox: who, internet_message_id: id });
      const rows = new Map(answer.results?.map((result) => [result.item_id, result]));
      expect(rows.get(copies[0]?.id)).toMatchObject({ status: "failed", error: { code: "too-large" } });
      expect(rows.get(copies[1]?.id)).toMatchObject({ status: "done", verified: true });
    },
  );

  // swimlane/pyews#22 and others: a deletion that was not verified.
  test("a copy that appears while others are deleted makes the result not-verified", async () => {
    const id = "<appears@example.net>";
    at.put(who, { internetMessageId: id });
    const exchange = at.host.exchange;
    const sneaky = {
      ...exchange,
      mailbox: (...asked: Parameters<typeof exchange.mailbox>) => {
        const mailbox = exchange.mailbox(...asked);
        return {
          ...mailbox,
          async *delete(...what: Parameters<typeof mailbox.delete>) {
            at.put(who, { internetMessageId: id });
            yield* mailbox.delete(...what);
          },
        };
      },
    };
    const answer = await at.run(deleteEmail, { mailbox: who, internet_message_id: id }, { exchange: sneaky });
    expect(answer.results).toMatchObject([{ status: "failed", action: "soft_deleted", verified: false, error: { code: "not-verified" } }]);
    expect(exitCodeOf(answer)).toBe(failures["not-verified"].exit);
  });

  test.skipIf(backend === "graph")(
    "a deletion of every copy is not verified while a folder cannot be searched, and the copies found are deleted (its fault is of an EWS operation)",
    async () => {
      const item = at.put(who, { internetMessageId: "<half-seen@example.net>" });
      // One folder, not the Inbox, is one that the account may not read.
      at.lab.addFault({ kind: "item-error", operation: "FindItem", item: 3, code: "ErrorAccessDenied", times: 99 });
      const answer = await at.run(deleteEmail, { mailbox: who, internet_message_id: "<half-seen@example.net>" });
      expect(answer.results?.[0]).toMatchObject({ item_id: at.idOf(item), status: "done", action: "soft_deleted", verified: false });
    },
  );

  test("deleting the same ids twice succeeds twice", async () => {
    const ids = [at.put(who).id, at.put(who).id];
    expect(await at.run(deleteEmail, { mailbox: who, item_id: ids })).toMatchObject({ success: true, counts: { succeeded: 2 } });
    expect(await at.run(deleteEmail, { mailbox: who, item_id: ids })).toMatchObject({
      success: true,
      counts: { succeeded: 0, not_found: 2 },
      // The audit log has the first time, with the ids that the back end gave.
      results: ids.map(() => (backend === "ews" ? { action: "already_gone", shown_by: "audit" } : { action: "not_found" })),
    });
  });

  test("the evidence has the exact bytes of the message", async () => {
    const item = at.put(who, { subject: "Tax \u2013 ../refund", body: { type: "Text", value: "caf\u00e9\r\n" } });
    const expected = Buffer.from(mimeOf(item));
    const answer = await at.run(deleteEmail, { mailbox: who, item_id: at.idOf(item), keep_evidence: true });
    const evidence = answer.results?.[0]?.evidence;
    expect(evidence?.safe_name).toBe("Tax \u2013 .._refund.eml");
    expect(readFileSync(evidence?.file_ref ?? "").equals(expected)).toBe(true);
  });

  /** Exchange cannot convert this item to MIME. */
  const unconvertible = (itemId: string) => {
    const operation = backend === "ews" ? "GetItem" : "outlook-get-mime-message";
    at.lab.addFault({ kind: "item-error", operation, itemId, code: "ErrorContentConversionFailed", times: 9 });
  };

  test("a message that Exchange cannot convert is kept in Exchange's export format, and the answer reports it", async () => {
    const item = at.put(who, { subject: "Damaged", body: { type: "Text", value: "x" } });
    unconvertible(item.id);
    const input = { mailbox: who, internet_message_id: item.internetMessageId ?? "", delete_type: "hard", confirm_hard: true };
    const answer = await at.run(deleteEmail, { ...input, keep_evidence: true });
    const evidence = answer.results?.[0]?.evidence;
    expect(answer).toMatchObject({ success: true, counts: { succeeded: 1 } });
    expect(evidence).toMatchObject({ safe_name: "Damaged.fts", note: expect.stringContaining("ErrorContentConversionFailed") });
    expect(readFileSync(evidence?.file_ref ?? "").length).toBe(evidence?.size);
    expect(evidence?.size).toBeGreaterThan(100);
  });

  test("a message whose export fails as well stays, and the hint names both causes", async () => {
    const item = at.put(who);
    unconvertible(item.id);
    const operation = backend === "ews" ? "ExportItems" : "mailbox-exportitems";
    at.lab.addFault({ kind: "item-error", operation, code: "ErrorAccessDenied", times: 9 });
    const answer = await at.run(deleteEmail, { mailbox: who, internet_message_id: item.internetMessageId ?? "", keep_evidence: true });
    expect(answer.results).toMatchObject([
      {
        status: "failed",
        error: {
          code: "evidence-failed",
          wire_code: "ErrorContentConversionFailed",
          message: expect.stringContaining("convert the message to MIME"),
          hint: expect.stringContaining("Its export failed as well"),
        },
      },
    ]);
    expect(folderOf(at.idOf(item))).toBe("inbox");
  });

  test.skipIf(backend === "graph")(
    "a message whose evidence Exchange cannot return is not deleted (its fault is of an EWS operation)",
    async () => {
      const [bad, good] = [at.put(who), at.put(who)];
      at.lab.addFault({ kind: "item-error", operation: "GetItem", itemId: bad.id, code: "ErrorMimeContentConversionFailed", times: 9 });
      at.lab.addFault({ kind: "item-error", operation: "ExportItems", itemId: bad.id, code: "ErrorItemCorrupt", times: 9 });
      const answer = await at.run(deleteEmail, {
        mailbox: who,
        internet_message_id: [bad, good].map((item) => item.internetMessageId ?? ""),
        keep_evidence: true,
      });
      expect(answer.results?.map(({ status, error }) => [status, error?.code, error?.wire_code])).toEqual([
        ["failed", "evidence-failed", "ErrorMimeContentConversionFailed"],
        ["done", undefined, undefined],
      ]);
      expect([folderOf(bad.id), folderOf(good.id)]).toEqual(["inbox", undefined]);
    },
  );

  test("a selection above the limit changes nothing", async () => {
    const id = "<too-many@example.net>";
    const copies = [at.put(who, { internetMessageId: id }), at.put(who, { internetMessageId: id })];
    const answer = await at.run(deleteEmail, { mailbox: who, internet_message_id: id, max_items: 1 });
    expect(answer).toMatchObject({ success: false, error: { code: "unexpected-count" } });
    expect(copies.map((copy) => folderOf(at.idOf(copy)))).toEqual(["inbox", "inbox"]);
  });

  test("a dry run reports the deletions and sends Exchange no change", async () => {
    const item = at.put(who, { subject: "Planned" });
    const before = at.lab.requests.length;
    const answer = await at.run(deleteEmail, { mailbox: who, item_id: at.idOf(item), dry_run: true, delete_type: "hard" });
    expect(answer.results?.[0]).toMatchObject({ item_id: at.idOf(item), subject: "Planned", status: "planned" });
    const operations = at.lab.requests.slice(before).map(({ operation }) => operation);
    expect(operations.filter((operation) => !/^(Get|Find)|-(get|list)/.test(operation ?? ""))).toEqual([]);
  });

  // XSOAR's move resolves the folder in the default mailbox, whatever target-mailbox says.
  test("the folders are those of the given mailbox, not of the default mailbox", async () => {
    const item = at.put(who);
    const answer = await at.run(deleteEmail, { mailbox: who, item_id: at.idOf(item), delete_type: "trash" });
    const moved = at.item(who, String(answer.results?.[0]?.new_item_id));
    expect(moved?.folder.mailbox.address).toBe(who);
  });

  test("the audit log of all deletions here is an unbroken chain that names the messages", async () => {
    const file = join(at.folder, "audit.jsonl");
    expect(await verifyAudit(file)).toMatchObject({ torn: [] });
    expect((await verifyAudit(file)).broken).toBe(undefined);
    expect(readFileSync(file, "utf8")).toContain("<hard@example.net>");
  });
});

describe("over Microsoft Graph in a cloud that deletes nothing permanently", () => {
  let at: LabHost;
  beforeAll(async () => {
    at = await openLabHost({ graph: { permanentDelete: false } }, "graph");
  });
  afterAll(() => at.close());

  test("hard deletes softly, the result, the message and the audit log report it, and undo restores the message", async () => {
    const item = at.put(who, { internetMessageId: "<soft@example.net>" });
    const audited: unknown[] = [];
    const input = { mailbox: who, item_id: at.idOf(item), delete_type: "hard", confirm_hard: true };
    const answer = await at.run(deleteEmail, input, { audit: { append: async (entry) => void audited.push(entry) } });
    expect(answer).toMatchObject({ success: true, message: "1 message moved to the Recoverable Items." });
    expect(answer.results?.[0]).toMatchObject({
      action: "soft_deleted",
      recoverable: true,
      verified: true,
      note: "This cloud has no permanent deletion over Microsoft Graph.",
      undo: { item_id: at.idOf(item) },
    });
    expect(at.item(who, at.idOf(item))?.folder.distinguishedName).toBe("recoverableitemsdeletions");
    expect(audited).toMatchObject([{ phase: "began" }, { phase: "ended", outcome: [{ action: "soft_deleted" }] }]);
    const back = answer.results?.[0]?.undo as { readonly item_id: string; readonly to: string };
    await at.run(copyEmail, { mailbox: who, item_id: back.item_id, destination_folder: back.to });
    expect([...at.mailbox(who).known("inbox").items.values()].some((one) => one.internetMessageId === "<soft@example.net>")).toBe(true);
  });

  test("hard still requires confirm_hard, and a deleted message is not found", async () => {
    const item = at.put(who);
    const input = { mailbox: who, item_id: at.idOf(item), delete_type: "hard" };
    expect(await at.run(deleteEmail, input)).toMatchObject({ success: false, error: { code: "confirmation-required" } });
    at.mailbox(who).remove(item);
    expect((await at.run(deleteEmail, { ...input, confirm_hard: true })).results?.[0]).toMatchObject({ action: "not_found" });
  });
});

describe("over Microsoft Graph", () => {
  let at: LabHost;
  beforeAll(async () => {
    at = await openLabHost({ graph: { movesToRecoverable: false } }, "graph");
  });
  afterAll(() => at.close());
  beforeEach(() => at.lab.clearFaults());

  // https://github.com/microsoftgraph/msgraph-sdk-dotnet/issues/3047
  test.each([
    ["hard", "message-permanentdelete"],
    ["soft", "message-delete"],
  ])("a forbidden %s deletion of a message that is gone is already_gone after a search", async (delete_type, operation) => {
    const item = at.put(who);
    at.lab.addFault({ kind: "item-error", operation, code: "ErrorCannotDeleteObject" });
    const input = { mailbox: who, item_id: at.idOf(item), delete_type, confirm_hard: true, keep_evidence: false };
    // The message is moved away after it was selected: no trace of it may be found after the refusal.
    const append = async () => void at.mailbox(who).move(item, at.mailbox(who).known("recoverableitemspurges"));
    const answer = await at.run(deleteEmail, input, { audit: { append } });
    expect(answer.results?.[0]).toMatchObject({ status: "done", action: "already_gone" });
  });

  test("a forbidden deletion of a message that still exists is a failure, not already gone", async () => {
    const item = at.put(who);
    at.lab.addFault({ kind: "item-error", operation: "message-permanentdelete", code: "ErrorCannotDeleteObject" });
    const input = { mailbox: who, item_id: at.idOf(item), delete_type: "hard", confirm_hard: true };
    expect((await at.run(deleteEmail, input)).results?.[0]).toMatchObject({ status: "failed", error: { code: "access-denied" } });
    expect(item.folder.distinguishedName).toBe("inbox");
  });

  test("a hard deletion that the service confirms but does not make is not verified", async () => {
    const item = at.put(who);
    const input = { mailbox: who, item_id: at.idOf(item), delete_type: "hard", confirm_hard: true };
    const exchange = {
      ...at.host.exchange,
      mailbox: (...named: Parameters<typeof at.host.exchange.mailbox>) => ({
        ...at.host.exchange.mailbox(...named),
        async *delete(ids: readonly string[]) {
          for (const _ of ids) {
            at.mailbox(who).move(item, at.mailbox(who).known("archive"));
            yield { ok: true as const, value: {} };
          }
        },
      }),
    };
    expect((await at.run(deleteEmail, input, { exchange })).results?.[0]).toMatchObject({
      status: "failed",
      error: { code: "not-verified", message: "The message can still be read." },
    });
  });
});
