import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { copyEmail } from "../../src/actions/copy-email.ts";
import { exitCodeOf } from "../../src/catalogue/answer-envelope.ts";
import { failures } from "../../src/failure.ts";
import { mimeOf } from "../../src/lab/mime/mime-of-item.ts";
import { labPermissions, labToken } from "../../src/lab/practice.ts";
import { backends, type LabHost, openLabHost } from "./lab-host.ts";

const who = "user01@example.com";
const other = "user02@example.com";
describe.each(backends)("over %s", (backend) => {
  let at: LabHost;
  beforeAll(async () => {
    at = await openLabHost({}, backend);
  });
  afterAll(() => at.close());
  beforeEach(() => at.lab.clearFaults());

  test("a copy is put into the given folder, the original stays, and the answer has the copy's id", async () => {
    const item = at.put(who, { internetMessageId: "<copied@example.net>" });
    const answer = await at.run(copyEmail, { mailbox: who, item_id: at.idOf(item), destination_folder: "drafts" });
    expect(answer.results?.[0]).toMatchObject({
      item_id: at.idOf(item),
      status: "done",
      action: "copied",
      destination_mailbox: who,
      verified: true,
    });
    const copy = at.item(who, String(answer.results?.[0]?.new_item_id));
    expect([copy?.folder.distinguishedName, copy?.internetMessageId]).toEqual(["drafts", "<copied@example.net>"]);
    expect(at.item(who, at.idOf(item))?.folder.distinguishedName).toBe("inbox");
  });

  // XSOAR resolves the target folder in the default mailbox. Exchange returns no id for a copy in another mailbox, so mailcordon searches for the copy.
  test("a copy to another mailbox is put into a folder of that mailbox, and its id is found", async () => {
    at.mailbox(other).createFolder(at.mailbox(other).known("inbox"), "Only there");
    const item = at.put(who, { internetMessageId: "<across@example.net>" });
    const input = { mailbox: who, item_id: at.idOf(item), destination_folder: "Inbox/Only there", destination_mailbox: other };
    const answer = await at.run(copyEmail, input);
    expect(answer.results?.[0]).toMatchObject({ status: "done", destination_mailbox: other, verified: true });
    const copy = at.item(other, String(answer.results?.[0]?.new_item_id));
    expect([copy?.folder.name, copy?.internetMessageId]).toEqual(["Only there", "<across@example.net>"]);
  });

  test("a missing folder is reported before any copy, in a dry run as well", async () => {
    const item = at.put(who);
    for (const dry_run of [true, false]) {
      const answer = await at.run(copyEmail, { mailbox: who, item_id: at.idOf(item), destination_folder: "Inbox/Absent", dry_run });
      expect(answer).toMatchObject({ success: false, error: { code: "folder-not-found" } });
      expect(exitCodeOf(answer)).toBe(failures["folder-not-found"].exit);
    }
  });

  test("create_folder creates the missing path, but not in a dry run", async () => {
    const item = at.put(who, { internetMessageId: "<case@example.net>" });
    const input = { mailbox: who, item_id: at.idOf(item), destination_folder: "Inbox/Cases/2026", create_folder: "true" };
    expect(await at.run(copyEmail, { ...input, dry_run: true })).toMatchObject({ success: true, results: [{ status: "planned" }] });
    expect(at.mailbox(who).folderAt(["Inbox", "Cases"])).toBe(undefined);
    const answer = await at.run(copyEmail, input);
    expect(answer.results?.[0]).toMatchObject({ status: "done", verified: true });
    expect(at.mailbox(who).folderAt(["Inbox", "Cases", "2026"])?.items.size).toBe(1);
    expect((await at.run(copyEmail, input)).success).toBe(true);
    expect(at.mailbox(who).folderAt(["Inbox", "Cases", "2026"])?.items.size).toBe(1);
  });

  test("create_folder for a well-known folder uses that folder", async () => {
    const item = at.put(who);
    const answer = await at.run(copyEmail, { mailbox: who, item_id: at.idOf(item), destination_folder: "junkemail", create_folder: true });
    expect(at.item(who, String(answer.results?.[0]?.new_item_id))?.folder.distinguishedName).toBe("junkemail");
  });

  test("a missing message fails the call, because a copy was requested", async () => {
    const answer = await at.run(copyEmail, { mailbox: who, internet_message_id: "<absent@example.net>", destination_folder: "drafts" });
    expect(answer).toMatchObject({ success: false, counts: { not_found: 1 } });
    expect(exitCodeOf(answer)).toBe(failures["not-found"].exit);
  });

  test.skipIf(backend === "graph")("a message that Exchange refuses to copy fails alone (its fault is of an EWS operation)", async () => {
    const items = [at.put(who), at.put(who), at.put(who)];
    at.lab.addFault({ kind: "item-error", operation: "CopyItem", item: 2, code: "ErrorQuotaExceeded" });
    const answer = await at.run(copyEmail, {
      mailbox: who,
      item_id: items.map(({ id }) => id),
      destination_folder: "archive2",
      create_folder: true,
    });
    expect(answer.results?.map(({ status, error }) => [status, error?.code])).toEqual([
      ["done", undefined],
      ["failed", "quota-exceeded"],
      ["done", undefined],
    ]);
  });

  test.each([
    ["the same mailbox", who, {}],
    ["another mailbox", other, { destination_mailbox: other }],
  ] as const)("a repeated copy by Message-ID to %s finds the first copy instead of making another", async (_, owner, to) => {
    const id = `<repeated-to-${owner}>`;
    const original = at.put(who, { internetMessageId: id });
    const input = { mailbox: who, internet_message_id: id, destination_folder: "archive", ...to };
    const first = await at.run(copyEmail, input);
    expect(first.results).toMatchObject([{ status: "done", action: "copied", verified: true }]);
    const copyId = first.results?.[0]?.new_item_id;
    for (let times = 0; times < 3; times++) {
      const again = await at.run(copyEmail, input);
      expect(again).toMatchObject({ success: true });
      for (const row of again.results ?? [])
        expect(row).toMatchObject({
          status: "done",
          action: "already_there",
          new_item_id: copyId,
          destination_mailbox: owner,
          verified: true,
        });
    }
    const copies = [...at.mailbox(owner).known("archive").items.values()].filter(({ internetMessageId }) => internetMessageId === id);
    expect(copies).toHaveLength(1);
    expect(at.item(who, at.idOf(original))?.folder.distinguishedName).toBe("inbox");
  });

  test("another message with the same Message-ID is copied as well", async () => {
    const id = "<chosen@example.net>";
    const at1 = new Date("2026-03-01T10:00:00Z");
    const first = at.put(who, { internetMessageId: id, receivedAt: at1 });
    const to = { mailbox: who, destination_folder: "junkemail" };
    expect((await at.run(copyEmail, { ...to, item_id: at.idOf(first) })).results).toMatchObject([{ action: "copied" }]);
    const second = at.put(who, {
      internetMessageId: id,
      receivedAt: new Date("2026-03-01T10:05:00Z"),
      body: { type: "Text", value: "Other." },
    });
    expect((await at.run(copyEmail, { ...to, item_id: at.idOf(second) })).results).toMatchObject([{ action: "copied" }]);
    const copies = [...at.mailbox(who).known("junkemail").items.values()].filter(({ internetMessageId }) => internetMessageId === id);
    expect(copies).toHaveLength(2);
  });

  test.each(["reset-after", "error-after", "redirect-after"] as const)(
    "a copy whose reply was lost (%s) is found by one search",
    async (kind) => {
      const item = at.put(who, { internetMessageId: `<${kind}@example.net>` });
      at.lab.addFault({ kind, operation: backend === "ews" ? "CopyItem" : "message-copy" });
      const answer = await at.run(copyEmail, { mailbox: who, item_id: at.idOf(item), destination_folder: "archive" });
      expect(answer.results).toMatchObject([{ status: "done", action: "copied", verified: true }]);
      expect(
        [...at.mailbox(who).known("archive").items.values()].filter((one) => one.internetMessageId === `<${kind}@example.net>`),
      ).toHaveLength(1);
    },
  );

  test("a folder in another mailbox is not created for a message that cannot be read", async () => {
    const item = at.put(who, { internetMessageId: "<unreadable@example.net>" });
    const reading = backend === "ews" ? ["ExportItems", "GetItem"] : ["mailbox-exportitems", "outlook-get-mime-message"];
    const input = {
      mailbox: who,
      item_id: at.idOf(item),
      destination_mailbox: other,
      destination_folder: "Inbox/Not made",
      create_folder: true,
    };
    for (const operation of reading)
      at.lab.addFault({ kind: "item-error", operation, code: "ErrorItemCorrupt", nth: operation === "GetItem" ? 2 : 1, times: 9 });
    expect(await at.run(copyEmail, input)).toMatchObject({ success: false, results: [{ status: "failed" }] });
    expect(at.mailbox(other).folderAt(["Inbox", "Not made"])).toBeUndefined();
    at.lab.clearFaults();
    expect(await at.run(copyEmail, input)).toMatchObject({ success: true, results: [{ status: "done" }] });
    expect(at.mailbox(other).folderAt(["Inbox", "Not made"])?.items.size).toBe(1);
  });

  test("a public folder and a mailbox exclude each other", async () => {
    const input = { item_id: "A", destination_folder: "Cases", is_public_folder: true, destination_mailbox: other };
    expect(await at.run(copyEmail, input)).toMatchObject({ error: { code: "invalid-input" } });
    expect(await at.run(copyEmail, { ...input, destination_mailbox: "", create_folder: true })).toMatchObject({
      error: { code: "invalid-input" },
    });
  });
});

describe("a copy in another mailbox", () => {
  const copied = async (at: LabHost) => {
    const item = at.put(who, { internetMessageId: "<across@example.net>", isRead: true });
    const input = { mailbox: who, item_id: at.idOf(item), destination_folder: "archive", destination_mailbox: other };
    const answer = await at.run(copyEmail, input);
    const found = [...at.mailbox(other).known("archive").items.values()].find((one) => one.internetMessageId === "<across@example.net>");
    return { answer, found };
  };

  test.each(backends)("over %s has everything of the original, and the result reports no loss", async (backend) => {
    const at = await openLabHost({}, backend);
    onTestFinished(() => at.close());
    const { answer, found } = await copied(at);
    expect(answer.message).toBe("1 message copied.");
    expect(answer.results?.[0]).toMatchObject({ status: "done", method: "export_import", verified: true });
    expect(answer.results?.[0]).not.toHaveProperty("lost");
    expect([found?.isDraft, found?.isRead]).toEqual([false, true]);
  });

  test("over EWS without ExportItems is transferred in RFC 5322 form, and the result reports it", async () => {
    const at = await openLabHost({ habits: ["missing:ExportItems"] });
    onTestFinished(() => at.close());
    const receivedAt = new Date("2026-03-01T10:00:00Z");
    const item = at.put(who, { internetMessageId: "<across@example.net>", isRead: true, receivedAt, categories: ["Red"] });
    const input = { mailbox: who, item_id: at.idOf(item), destination_folder: "Cases", destination_mailbox: other, create_folder: true };
    const answer = await at.run(copyEmail, input);
    expect(answer.results).toMatchObject([
      {
        status: "done",
        method: "mime",
        lost: ["flag"],
        note: "This server does not export and import items.",
        verified: true,
      },
    ]);
    const [copy] = [...(at.mailbox(other).folderAt(["Cases"])?.items.values() ?? [])];
    expect([copy?.isDraft, copy?.isRead, copy?.receivedAt]).toEqual([false, true, receivedAt]);
    expect(copy?.categories).toEqual(["Red"]);
    expect(mimeOf(copy ?? item)).toEqual(mimeOf(item));
    expect((await at.run(copyEmail, input)).results).toMatchObject([{ action: "already_there" }]);
  });

  test("over EWS without ExportItems leaves no new folder behind for a message that cannot be read, and makes it for the next one", async () => {
    const at = await openLabHost({ habits: ["missing:ExportItems"] });
    onTestFinished(() => at.close());
    const input = {
      ...{ mailbox: who, item_id: at.idOf(at.put(who, { internetMessageId: "<across@example.net>" })) },
      ...{ destination_mailbox: other, destination_folder: "Cases/Not made", create_folder: true },
    };
    // The first GetItem reads the properties, the second the MIME.
    at.lab.addFault({ kind: "item-error", operation: "GetItem", code: "ErrorMimeContentConversionFailed", nth: 2, times: 9 });
    expect(await at.run(copyEmail, input)).toMatchObject({
      success: false,
      results: [{ status: "failed", error: { code: "unreadable" } }],
    });
    expect(at.asked("ExportItems")).toBe(1);
    expect(at.mailbox(other).folderAt(["Cases"])).toBeUndefined();
    at.lab.clearFaults();
    expect(await at.run(copyEmail, input)).toMatchObject({ success: true, results: [{ status: "done", method: "mime" }] });
    expect(at.mailbox(other).folderAt(["Cases", "Not made"])?.items.size).toBe(1);
  });

  test("over Microsoft Graph without the import permission is a draft, and the result reports the loss and its reason", async () => {
    const tokens = { [labToken]: labPermissions.filter((one) => one !== "MailboxItem.ImportExport.All") };
    const at = await openLabHost({ graph: { tokens } }, "graph");
    onTestFinished(() => at.close());
    const { answer, found } = await copied(at);
    expect(answer.message).toBe("1 message copied as a draft.");
    expect(answer.results?.[0]).toMatchObject({
      status: "done",
      method: "mime",
      lost: ["sent", "received_time", "read_state", "categories", "flag"],
      note: expect.stringContaining("MailboxItem.ImportExport.All"),
      verified: true,
    });
    expect(found?.isDraft).toBe(true);
  });

  test("within one mailbox is made by the server", async () => {
    const at = await openLabHost({}, "graph");
    onTestFinished(() => at.close());
    const answer = await at.run(copyEmail, { mailbox: who, item_id: at.idOf(at.put(who)), destination_folder: "archive" });
    expect(answer.results?.[0]).toMatchObject({ status: "done", method: "server" });
  });
});
