import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { copyEmail } from "../../src/actions/copy-email.ts";
import { deleteAttachments } from "../../src/actions/delete-attachments.ts";
import { deleteEmail } from "../../src/actions/delete-email.ts";
import { downloadMailAsEml } from "../../src/actions/download-mail-as-eml.ts";
import { getAttachments } from "../../src/actions/get-attachments.ts";
import { junkMail } from "../../src/actions/junk-mail.ts";
import { replyToEmail } from "../../src/actions/reply-to-email.ts";
import type { Action } from "../../src/catalogue/action-definition.ts";
import { exitCodeOf } from "../../src/catalogue/answer-envelope.ts";
import { backends, type LabHost, openLabHost } from "../actions/lab-host.ts";

// The worst case that was reported: the move or the deletion itself answers ErrorItemNotFound, the message stays, and the answer was `done`, `verified: true`.

const who = "user01@example.com";
const hard = { delete_type: "hard", confirm_hard: true };
const attachment = { kind: "file" as const, name: "invoice.html", contentType: "text/html", content: Buffer.from("<p>pay</p>") };

/** As an audit log: the first entry is written when everything has been chosen and nothing was done. */
function once(work: () => void) {
  let isDone = false;
  return async () => {
    if (!isDone) work();
    isDone = true;
  };
}

type Case = readonly [action: Action, more: Readonly<Record<string, unknown>>, ews: string, graph: string];
const acts: readonly Case[] = [
  [deleteEmail, {}, "MoveItem", "message-move"],
  [deleteEmail, { delete_type: "trash" }, "MoveItem", "message-move"],
  [deleteEmail, hard, "DeleteItem", "message-permanentdelete"],
  [junkMail, {}, "MarkAsJunk", "message-move"],
  [copyEmail, { destination_folder: "drafts" }, "CopyItem", "message-copy"],
  [replyToEmail, { body_text: "Thank you." }, "CreateItem", "message-createreply"],
  [downloadMailAsEml, {}, "GetItem", "outlook-get-mime-message"],
  [deleteAttachments, { all: true, save_copy_first: false }, "DeleteAttachment", "attachment-delete"],
  [getAttachments, {}, "GetAttachment", "attachment-get-value"],
];

describe.each(backends)("over %s", (backend) => {
  let at: LabHost;
  beforeAll(async () => {
    at = await openLabHost({}, backend);
  });
  afterAll(() => at.close());
  beforeEach(() => at.lab.clearFaults());

  test.each(acts)(
    "%#: a target that the server reports as missing but that still exists is a failure",
    async (action, more, ews, graph) => {
      const item = at.put(who, {
        internetMessageId: `<stays-${ews}-${JSON.stringify(more).length}@example.net>`,
        attachments: [attachment],
      });
      const operation = backend === "ews" ? ews : graph;
      // Choosing by Message-ID reads no item; the bytes are the first that GetItem is asked for.
      at.lab.addFault({ kind: "item-error", operation, code: "ErrorItemNotFound" });
      const answer = await at.run(action, { mailbox: who, internet_message_id: item.internetMessageId, ...more });
      expect(answer).toMatchObject({
        success: false,
        counts: { requested: 1, succeeded: 0, failed: 1, not_found: 0 },
        results: [
          {
            status: "failed",
            error: { code: "refused", wire_code: "ErrorItemNotFound", message: expect.stringMatching(/still in Inbox/) },
          },
        ],
      });
      expect(exitCodeOf(answer)).not.toBe(0);
      expect(answer.results?.[0]?.verified).toBeUndefined();
      expect([item.folder.distinguishedName, item.attachments.length]).toEqual(["inbox", 1]);
    },
  );

  test.skipIf(backend === "graph")(
    "it is not said to be gone while a folder could not be looked into, though another copy was seen there (a fault of one folder of EWS)",
    async () => {
      const id = "<seen-in-part@example.net>";
      const [gone, stays] = [at.put(who, { internetMessageId: id }), at.put(who, { internetMessageId: id })];
      at.lab.addFault({ kind: "item-error", operation: "MoveItem", code: "ErrorIrresolvableConflict", itemId: at.idOf(stays) });
      // Chosen, looked for in its folder, then everywhere.
      at.lab.addFault({ kind: "item-error", operation: "FindItem", code: "ErrorAccessDenied", item: 3, nth: 3 });
      const append = once(() => at.mailbox(who).remove(gone));
      const answer = await at.run(deleteEmail, { mailbox: who, internet_message_id: id }, { audit: { append } });
      const codes = answer.results?.map(({ status, error }) => [status, error?.code]);
      expect(codes?.sort()).toEqual([
        ["failed", "changed"],
        ["failed", "could-not-look"],
      ]);
    },
  );

  test("of many targets, only the one reported as missing fails", async () => {
    const items = ["a", "b", "c"].map((name) => at.put(who, { internetMessageId: `<many-${name}@example.net>` }));
    // Of a $batch each request is one by itself.
    const second = backend === "ews" ? { operation: "MoveItem", item: 2 } : { operation: "message-move", nth: 2 };
    at.lab.addFault({ kind: "item-error", code: "ErrorItemNotFound", ...second });
    const answer = await at.run(deleteEmail, {
      mailbox: who,
      internet_message_id: items.map(({ internetMessageId }) => internetMessageId),
    });
    expect(answer.counts).toMatchObject({ succeeded: 2, failed: 1 });
    const left = answer.results?.filter(({ status }) => status === "failed");
    expect(left).toMatchObject([{ error: { code: "refused" } }]);
    expect(items.filter(({ id, folder }) => folder.items.has(id) && folder.distinguishedName === "inbox")).toHaveLength(1);
  });

  test("a message moved before its deletion is reported as changed, with the place of a message with its Message-ID", async () => {
    const item = at.put(who, { internetMessageId: "<moved-away@example.net>" });
    // It goes when it has been chosen. Over Graph an id stays, and the deletion finds it: there the refusal is a fault.
    if (backend === "graph") at.lab.addFault({ kind: "item-error", operation: "message-move", code: "ErrorItemNotFound" });
    const append = once(() => at.mailbox(who).move(item, at.mailbox(who).known("archive")));
    const answer = await at.run(deleteEmail, { mailbox: who, internet_message_id: "<moved-away@example.net>" }, { audit: { append } });
    expect(answer).toMatchObject({ success: false, results: [{ status: "failed", error: { code: "changed" } }] });
  });

  test("a message that somebody else deleted meanwhile is already_gone, after every folder was searched", async () => {
    const item = at.put(who, { internetMessageId: "<taken@example.net>" });
    const append = once(() => at.mailbox(who).remove(item));
    const answer = await at.run(deleteEmail, { mailbox: who, internet_message_id: "<taken@example.net>" }, { audit: { append } });
    expect(answer).toMatchObject({
      success: true,
      message: "1 message already deleted.",
      results: [{ status: "done", action: "already_gone", looked: { places: ["mailbox"] }, verified: true }],
    });
  });

  test("a message that disappears before its copy is not found, which fails the call", async () => {
    const item = at.put(who, { internetMessageId: "<copied@example.net>" });
    const append = once(() => at.mailbox(who).remove(item));
    const asked = { mailbox: who, internet_message_id: "<copied@example.net>", destination_folder: "drafts" };
    const answer = await at.run(copyEmail, asked, { audit: { append } });
    expect(answer).toMatchObject({
      success: false,
      results: [{ status: "not_found", error: { code: "not-found" }, looked: { mailbox: who } }],
    });
  });

  test("where a second search is not possible, no absence is reported", async () => {
    const item = at.put(who, { internetMessageId: "<blind@example.net>" });
    at.lab.addFault({ kind: "item-error", operation: backend === "ews" ? "MoveItem" : "message-move", code: "ErrorItemNotFound" });
    // Nothing can be opened after that: the moment after the audit has begun.
    const append = async () => {
      for (const operation of ["GetItem", "FindItem", "FindFolder", "message-get", "mailfolder-list-messages", "user-list-messages"])
        at.lab.addFault({ kind: "item-error", operation, code: "ErrorItemNotFound", times: 99 });
    };
    const answer = await at.run(deleteEmail, { mailbox: who, internet_message_id: "<blind@example.net>" }, { audit: { append } });
    expect(answer).toMatchObject({ success: false, results: [{ status: "failed", error: { code: "could-not-look" } }] });
    expect(item.folder.distinguishedName).toBe("inbox");
  });
});
