import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { deleteAttachments } from "../../src/actions/delete-attachments.ts";
import { getAttachments } from "../../src/actions/get-attachments.ts";
import { exitCodeOf } from "../../src/catalogue/answer-envelope.ts";
import { failures } from "../../src/failure.ts";
import { campaign } from "../../src/lab/seed/campaign.ts";
import type { NewAttachment } from "../../src/lab/store/item.ts";
import { backends, type LabHost, openLabHost } from "./lab-host.ts";

const who = "user01@example.com";
describe.each(backends)("over %s", (backend) => {
  let at: LabHost;
  beforeAll(async () => {
    at = await openLabHost({}, backend);
  });
  afterAll(() => at.close());
  beforeEach(() => at.lab.clearFaults());

  function file(name: string, more: Partial<NewAttachment> = {}): NewAttachment {
    return { kind: "file", name, contentType: "text/plain", content: Buffer.from(`content of ${name}`), ...more };
  }

  function put(...attachments: NewAttachment[]) {
    const item = at.put(who, { attachments, body: { type: "Text", value: "body" } });
    return { item, input: { mailbox: who, item_id: at.idOf(item) } };
  }

  const left = (id: string) => at.item(who, id)?.attachments.map(({ name }) => name);

  test("all deletes every attachment after keeping a copy of each, and leaves the message", async () => {
    const { item, input } = put(file("a.txt"), file("b.txt", { isInline: true, contentId: "b@example.com" }));
    const answer = await at.run(deleteAttachments, { ...input, all: "true" });
    expect(answer).toMatchObject({ success: true, counts: { requested: 2, succeeded: 2 } });
    for (const result of answer.results ?? []) {
      expect(result).toMatchObject({ item_id: at.idOf(item), action: "deleted", status: "done", verified: true });
      expect(readFileSync(String(result.evidence?.file_ref), "utf8")).toBe(`content of ${result.name}`);
    }
    // Graph returns none after a deletion.
    expect(answer.results?.at(-1)?.change_key).toBe(backend === "graph" ? undefined : at.item(who, at.idOf(item))?.changeKey);
    expect([left(at.idOf(item)), at.item(who, at.idOf(item))?.subject]).toEqual([[], "Invoice"]);
  });

  test("sha256 deletes the attachments of that content, whatever their names, and no others", async () => {
    const content = Buffer.from("the bad one");
    const { item, input } = put(file("a.txt"), file("b.txt", { content }), file("c.html", { content, isInline: true, contentId: "c@x" }));
    const sha256 = createHash("sha256").update(content).digest("hex");
    expect(
      await at.run(deleteAttachments, { ...input, sha256: sha256.toUpperCase(), name_pattern: "*.html", dry_run: true }),
    ).toMatchObject({
      results: [{ name: "c.html", status: "planned" }],
    });
    const answer = await at.run(deleteAttachments, { ...input, sha256 });
    expect(answer.results).toMatchObject([
      { name: "b.txt", status: "done", evidence: { sha256 } },
      { name: "c.html", status: "done", evidence: { sha256 } },
    ]);
    expect(left(at.idOf(item))).toEqual(["a.txt"]);
    expect(await at.run(deleteAttachments, { ...input, all: true, sha256 })).toMatchObject({ error: { code: "invalid-input" } });
  });

  test("sha256 reports an attachment that cannot be read, since it may be the one, and deletes nothing of it", async () => {
    const { item, input } = put(file("a.txt"));
    if (backend === "ews") at.lab.addFault({ kind: "item-error", operation: "GetAttachment", times: 10 });
    else at.lab.addFault({ kind: "403", operation: "attachment-get-value", times: 10 });
    const answer = await at.run(deleteAttachments, { ...input, sha256: "0".repeat(64) });
    expect(answer).toMatchObject({ success: false, results: [{ status: "failed" }] });
    expect(left(at.idOf(item))).toEqual(["a.txt"]);
  });

  // XSOAR deletes every attachment when the ids are left blank.
  test.each([{}, { attachment_ids: "" }, { attachment_ids: [], name_pattern: null }, { all: "" }, { all: false }])(
    "an input that would delete all by accident is refused: %j",
    async (choice) => {
      const { item, input } = put(file("a.txt"));
      const answer = await at.run(deleteAttachments, { ...input, ...choice });
      expect(answer).toMatchObject({ success: false, error: { code: "invalid-input" } });
      expect(left(at.idOf(item))).toEqual(["a.txt"]);
    },
  );

  test("all together with a selection is refused", async () => {
    const { item, input } = put(file("a.txt"));
    expect(await at.run(deleteAttachments, { ...input, all: true, name_pattern: "b*" })).toMatchObject({
      error: { code: "invalid-input" },
    });
    expect(left(at.idOf(item))).toEqual(["a.txt"]);
  });

  test("a pattern selects exactly the names it matches, ignoring case", async () => {
    const { item, input } = put(file("Invoice.HTML"), file("notes.txt"), file("invoice.html.txt"));
    const answer = await at.run(deleteAttachments, { ...input, name_pattern: "*.html" });
    expect(answer.results?.map(({ name }) => name)).toEqual(["Invoice.HTML"]);
    expect(left(at.idOf(item))).toEqual(["notes.txt", "invoice.html.txt"]);
  });

  test("an id selects its attachment, and an unknown id is reported alone", async () => {
    const { item, input } = put(file("a.txt"), file("b.txt"));
    const listed = await at.run(getAttachments, { ...input, as: "metadata" });
    const ids = [String(listed.results?.[1]?.attachment_id), backend === "graph" ? "AAMkAbsent=.AAMkAbsent=" : "AAMkAbsent="];
    const answer = await at.run(deleteAttachments, { ...input, attachment_ids: ids });
    expect(answer.results?.map(({ attachment_id, status }) => [attachment_id, status])).toEqual([
      [ids[0], "done"],
      [ids[1], "not_found"],
    ]);
    expect(left(at.idOf(item))).toEqual(["a.txt"]);
  });

  test("the attachments of an attached message are not deleted from it", async () => {
    const input = { mailbox: "legal@example.com", internet_message_id: campaign.rich.messageId };
    const listed = await at.run(getAttachments, { ...input, as: "metadata" });
    const inner = listed.results?.find(({ name }) => name === "statement.csv");
    const answer = await at.run(deleteAttachments, { ...input, attachment_ids: inner?.attachment_id });
    // Over EWS an attachment id does not show what contains the attachment.
    const refused = {
      status: "failed",
      error: { code: "unsupported", hint: expect.stringContaining("delete the attachment that contains it") },
    };
    expect(answer.results).toMatchObject([backend === "graph" ? refused : { status: "not_found" }]);
    expect((await at.run(getAttachments, { ...input, as: "metadata" })).results).toEqual(listed.results);
  });

  test("an id of the other back end is refused with its reason, while an id of a deleted attachment is not found", async () => {
    const { item, input } = put(file("a.txt"));
    const foreign = backend === "graph" ? "AAMkAGI2AAA=" : "AAMkAGI2AAA=.AAMkAGI2AAB=";
    const own = backend === "graph" ? "AAMkAGI2AAA=.AAMkAGI2AAB=" : "AAMkAGI2AAA=";
    const answer = await at.run(deleteAttachments, { ...input, attachment_ids: [foreign, own] });
    expect(answer.results).toMatchObject([
      { status: "failed", error: { code: "invalid-input", message: expect.stringContaining("other back end") } },
      { status: "not_found" },
    ]);
    expect(left(at.idOf(item))).toEqual(["a.txt"]);
  });

  test("keep_inline leaves attachments that the body shows", async () => {
    const { item, input } = put(file("a.txt"), file("logo.png", { isInline: true, contentId: "logo@example.com" }));
    await at.run(deleteAttachments, { ...input, all: true, keep_inline: true });
    expect(left(at.idOf(item))).toEqual(["logo.png"]);
  });

  test("an attachment whose copy cannot be kept stays, and the others are deleted", async () => {
    const { item, input } = put(file("a.txt"), file("bad.txt", { unreadable: true }), file("c.txt"));
    const answer = await at.run(deleteAttachments, { ...input, all: true });
    expect(answer.results?.map(({ name, status, error }) => [name, status, error?.code])).toEqual([
      ["a.txt", "done", undefined],
      ["bad.txt", "failed", "evidence-failed"],
      ["c.txt", "done", undefined],
    ]);
    expect([left(at.idOf(item)), exitCodeOf(answer)]).toEqual([["bad.txt"], 6]);
  });

  test("without a copy first even an unreadable attachment is deleted, and no evidence is reported", async () => {
    const { item, input } = put(file("bad.txt", { unreadable: true }), {
      kind: "reference",
      name: "Plan",
      url: "https://files.example.com/plan",
    });
    const answer = await at.run(deleteAttachments, { ...input, all: true, save_copy_first: "false" });
    expect(answer).toMatchObject({ success: true, counts: { succeeded: 2 } });
    expect(answer.results?.[0]).not.toHaveProperty("evidence");
    expect(left(at.idOf(item))).toEqual([]);
  });

  test("a reference attachment has no bytes to keep and stays unless no copy is requested", async () => {
    const { item, input } = put({ kind: "reference", name: "Plan", url: "https://files.example.com/plan" });
    const answer = await at.run(deleteAttachments, { ...input, all: true });
    expect(answer.results?.[0]?.error).toMatchObject({ code: "evidence-failed", message: expect.stringMatching(/save_copy_first/) });
    expect(left(at.idOf(item))).toEqual(["Plan"]);
  });

  test.skipIf(backend === "graph")(
    "one attachment that Exchange refuses to delete fails alone (its fault is of an EWS operation)",
    async () => {
      const { item, input } = put(file("a.txt"), file("b.txt"), file("c.txt"));
      at.lab.addFault({ kind: "item-error", operation: "DeleteAttachment", item: 2, code: "ErrorAccessDenied" });
      const answer = await at.run(deleteAttachments, { ...input, all: true });
      expect(answer.results?.map(({ status }) => status)).toEqual(["done", "failed", "done"]);
      expect([left(at.idOf(item)), answer.results?.[1]?.error?.code]).toEqual([["b.txt"], "access-denied"]);
    },
  );

  test("an attached message is deleted with its own attachments, and its EML is kept", async () => {
    const input = { mailbox: "hr@example.com", internet_message_id: campaign.rich.messageId, name_pattern: "FW:*" };
    const answer = await at.run(deleteAttachments, input);
    expect(answer.counts).toMatchObject({ requested: 1, succeeded: 1 });
    const kept = answer.results?.[0]?.evidence;
    expect(kept?.safe_name).toBe("FW_ Statement of account.eml");
    expect(readFileSync(String(kept?.file_ref), "utf8")).toContain("statement.csv");
  });

  test("all copies selected by a Message-ID lose their attachments", async () => {
    const id = "<attached-copies@example.net>";
    const copies = [1, 2].map(() => at.put(who, { internetMessageId: id, attachments: [file("a.txt")] }));
    const answer = await at.run(deleteAttachments, { mailbox: who, internet_message_id: id, all: true, expected_count: 2 });
    expect(answer.counts.succeeded).toBe(2);
    expect(copies.map((copy) => left(at.idOf(copy)))).toEqual([[], []]);
  });

  test("a message without attachments gives an empty answer without a question", async () => {
    const { input } = put();
    const answer = await at.run(deleteAttachments, { ...input, all: true }, { confirm: () => Promise.reject(new Error("asked")) });
    expect(answer).toMatchObject({ success: true, message: "No attachments found." });
  });

  test("without a confirmation nothing is deleted and no copy is kept", async () => {
    const { item, input } = put(file("unconfirmed.txt"));
    const answer = await at.run(deleteAttachments, { ...input, all: true }, { confirm: async () => false });
    expect(exitCodeOf(answer)).toBe(failures["confirmation-required"].exit);
    expect(answer.results).toMatchObject([{ name: "unconfirmed.txt", status: "planned" }]);
    expect(left(at.idOf(item))).toEqual(["unconfirmed.txt"]);
  });

  test("a dry run lists what would be deleted", async () => {
    const { item, input } = put(file("a.txt"));
    const answer = await at.run(deleteAttachments, { ...input, all: true, dry_run: true });
    expect(answer).toMatchObject({ success: true, dry_run: true, results: [{ name: "a.txt", status: "planned" }] });
    expect(left(at.idOf(item))).toEqual(["a.txt"]);
  });
});
