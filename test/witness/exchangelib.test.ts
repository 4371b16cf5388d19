import { execFile, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Lab, startLab } from "../../src/lab/lab.ts";
import { mimeOf } from "../../src/lab/mime/mime-of-item.ts";
import { campaign } from "../../src/lab/seed/campaign.ts";
import { socAddress } from "../../src/lab/seed/seed.ts";
import { labPassword } from "../../src/lab/store/store.ts";

// Debian's own Python: the package python3-exchangelib is for it.
const python = "/usr/bin/python3";
const installed = spawnSync(python, ["-c", "import exchangelib"]).status === 0;
const mailbox = "hr@example.com";
const other = "user09@example.com";

describe.skipIf(!installed)(`exchangelib drives the lab${installed ? "" : " (skipped: python3-exchangelib is not installed)"}`, () => {
  let lab: Lab;
  let seen: Record<string, unknown>;

  beforeAll(async () => {
    lab = await startLab();
    const told = {
      url: lab.ewsUrl,
      user: socAddress,
      password: labPassword,
      mailbox,
      other,
      subject: "overdue INVOICE 4711",
      attachments_subject: campaign.subject,
    };
    const { stdout } = await promisify(execFile)(python, [
      fileURLToPath(new URL("drive_exchangelib.py", import.meta.url)),
      JSON.stringify(told),
    ]);
    seen = JSON.parse(stdout);
  });
  afterAll(() => lab.close());

  it("finds by a part of the subject, whatever the case", () => {
    expect(seen.search).toEqual([{ subject: campaign.subject, message_id: campaign.rich.messageId, sender: campaign.sender }]);
  });

  it("reads recipients, body, headers and the exact bytes", () => {
    const inbox = lab.store.mailbox(mailbox)?.known("inbox").items.values() ?? [];
    const item = [...inbox].find((each) => each.internetMessageId === campaign.rich.messageId);
    const bytes = item === undefined ? Buffer.alloc(0) : mimeOf(item);
    expect(seen.read).toMatchObject({ to: [mailbox], mime: createHash("sha256").update(bytes).digest("hex") });
    expect(seen.read).toHaveProperty("body", expect.stringContaining("invoice 4711"));
  });

  it("reads a file, an inline image and an attached mail with the mail attached to it", () => {
    // exchangelib lists attached mails before files, whatever their order in the reply.
    expect(seen.attachments).toEqual([
      expect.objectContaining({ kind: "item", subject: "FW: Statement of account", inner: ["Statement of account"] }),
      expect.objectContaining({ name: "logo.png", kind: "file", inline: true }),
      expect.objectContaining({ name: "invoice-4711.pdf", kind: "file", inline: false }),
    ]);
  });

  it("fills its cache with bodies, recipients and attachments, as it asks by default", () => {
    expect(seen.sync).toEqual([{ body: true, attachments: 3, to: [mailbox] }]);
  });

  it("sends a mail with an attachment, which arrives and is kept in Sent Items", () => {
    expect(seen.send).toEqual({ kept: true, attachment: "a note", from: mailbox });
  });

  it("replies, and the reply names what it answers", () => {
    expect(seen.reply).toEqual({ in_reply_to: true, to: mailbox });
  });

  it("copies under a new id and keeps the first", () => {
    expect(seen.copy).toEqual({ new: true, both: true });
  });

  it("moves under a new id, and the old id is dead", () => {
    expect(seen.move).toEqual({ new: true, old: "ErrorItemNotFound", there: true });
  });

  it("deletes in three ways, each to where Exchange puts it, and the old id is dead after any", () => {
    const gone = { old: "ErrorItemNotFound", there: true };
    expect(seen.delete).toEqual({ move_to_trash: gone, soft_delete: gone, delete: gone });
  });

  it("marks as junk and moves to Junk Email", () => {
    expect(seen.junk).toEqual({ left: false, there: true });
  });

  it("sets and reads automatic replies", () => {
    expect(seen.out_of_office).toEqual({ state: "Enabled", internal: "inside", external: "outside" });
  });

  it("updates a subject and the read flag", () => {
    expect(seen.update).toEqual({ after: true, before: false });
  });

  it("deletes one attachment of two", () => {
    expect(seen.detach).toEqual(["b.txt"]);
  });
});
