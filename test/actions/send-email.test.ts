import { writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { sendEmail } from "../../src/actions/send-email.ts";
import { openFile } from "../../src/catalogue/open-attached-file.ts";
import { pixel } from "../../src/lab/seed/campaign.ts";
import { socAddress } from "../../src/lab/seed/seed.ts";
import type { LabItem } from "../../src/lab/store/mailbox.ts";
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

  function received(subject: string, address = who): LabItem[] {
    return [...at.mailbox(address).known("inbox").items.values()].filter((item) => item.subject === subject);
  }

  test("a message arrives with all its fields, and its ids are found", async () => {
    const answer = await at.run(sendEmail, {
      to: `User One <${who}>`,
      cc: [other],
      bcc: "user03@example.com",
      reply_to: "desk@example.com",
      subject: "Notice \u2013 caf\u00e9",
      body_text: "Do not open it.\nThank you & goodbye.",
      importance: "high",
      headers: { "X-Case": "17" },
    });
    const result = answer.results?.[0];
    expect(answer).toMatchObject({ success: true, mailbox: socAddress, counts: { requested: 1, succeeded: 1 } });
    expect(result).toMatchObject({
      status: "done",
      action: "sent",
      subject: "Notice \u2013 caf\u00e9",
      to: [{ address: who }],
      cc: [{ address: other }],
    });
    const [item, ...more] = received("Notice \u2013 caf\u00e9");
    expect(more).toEqual([]);
    expect(item).toMatchObject({ importance: "High", from: { address: socAddress }, replyTo: [{ address: "desk@example.com" }], bcc: [] });
    expect(item?.text.replace(/\r\n/g, "\n").trim()).toBe("Do not open it.\nThank you & goodbye.");
    expect(item?.headers).toContainEqual({ name: "X-Case", value: "17" });
    expect([result?.internet_message_id, received("Notice \u2013 caf\u00e9", "user03@example.com").length]).toEqual([
      item?.internetMessageId,
      1,
    ]);
    expect(at.item(socAddress, String(result?.item_id))?.folder.distinguishedName).toBe("sentitems");
  });

  // XSOAR's send_email always sends from the default account, whatever the target mailbox.
  test("the given mailbox is the sender, and the copy is in its Sent Items", async () => {
    const answer = await at.run(sendEmail, { mailbox: other, to: who, subject: "From another", body_text: "x" });
    expect(received("From another")[0]?.from?.address).toBe(other);
    expect(at.item(other, String(answer.results?.[0]?.item_id))?.folder.distinguishedName).toBe("sentitems");
  });

  test("HTML takes precedence over text, and its data: images become inline attachments", async () => {
    const html = `<p>Hello</p><img src="data:image/png;base64,${pixel.toString("base64")}"><img src='data:image/png;base64,${pixel.toString("base64")}'>`;
    await at.run(sendEmail, { to: who, subject: "With image", body_html: html, body_text: "unused" });
    const [item] = received("With image");
    expect(item?.body.type).toBe("HTML");
    expect(item?.body.value).not.toContain("data:");
    expect(item?.attachments).toMatchObject([{ isInline: true, contentType: "image/png", content: pixel }]);
    expect(item?.body.value).toContain(`cid:${item?.attachments[0]?.contentId}`);
  });

  test("an empty file is attached by path and as base64, beside others", async () => {
    const path = join(at.folder, "empty.txt");
    writeFileSync(path, "");
    const attachments = [{ path }, { base64: "", name: "none.bin" }, { base64: "QQ==", name: "a.txt" }];
    const answer = await at.run(sendEmail, { to: who, subject: "With empty files", body_text: "x", attachments }, { readFile: openFile });
    expect([answer.error?.message, answer.message]).toEqual([undefined, "1 message sent."]);
    expect(received("With empty files")[0]?.attachments.map(({ name, content }) => [name, content?.length])).toEqual([
      ["empty.txt", 0],
      ["none.bin", 0],
      ["a.txt", 1],
    ]);
  });

  test("attachments are accepted as bytes or as a path that the face opens", async () => {
    const path = join(at.folder, "report.txt");
    writeFileSync(path, "from a file");
    const open = async (name: string) => {
      const bytes = await readFile(name);
      return {
        name: basename(name),
        size: bytes.length,
        async *open() {
          yield bytes;
        },
      };
    };
    const attachments = [
      { path },
      { name: "\u65e5.bin", base64: "AAEC", content_type: "application/x-sample" },
      { name: "empty", base64: "" },
    ];
    const input = { to: who, subject: "With files", body_text: "x", attachments };
    const refused = await at.run(sendEmail, { ...input, attachments: [attachments[0]] });
    expect(refused).toMatchObject({ success: false, error: { code: "invalid-input" } });
    const answer = await at.run(sendEmail, { ...input, attachments: attachments.slice(0, 2) }, { readFile: open });
    expect(answer.success).toBe(true);
    expect(
      received("With files")[0]?.attachments.map(({ name, content }) => [name, Buffer.from(content ?? []).toString("latin1")]),
    ).toEqual([
      ["report.txt", "from a file"],
      ["\u65e5.bin", "\u0000\u0001\u0002"],
    ]);
  });

  test("a file that cannot be opened is reported in a dry run as well, and nothing is sent", async () => {
    const readFile = () => Promise.reject(new at.library.Failure("invalid-input", "There is no such file."));
    const input = { to: who, subject: "No file", body_text: "x", attachments: "absent.pdf", dry_run: true };
    expect(await at.run(sendEmail, input, { readFile })).toMatchObject({ success: false, error: { code: "invalid-input" } });
  });

  test.each([
    ["text", (mime: string) => mime],
    ["text with line feeds only", (mime: string) => mime.replaceAll("\r\n", "\n")],
    ["base64", (mime: string) => Buffer.from(mime).toString("base64")],
  ])("a whole message, given as %s, is sent unchanged", async (how, spell) => {
    const mime = `From: ${socAddress}\r\nTo: ${who}\r\nSubject: Raw ${how}\r\nX-Raw: kept\r\n\r\nraw body\r\n`;
    const answer = await at.run(sendEmail, { raw_mime: spell(mime) });
    expect(answer.success).toBe(true);
    const [item] = received(`Raw ${how}`);
    expect(item?.text).toContain("raw body");
    expect(item?.headers).toContainEqual({ name: "X-Raw", value: "kept" });
  });

  test.each([
    [{ subject: "x", body_text: "y" }, /to is required/],
    [{ to: "", cc: null, subject: "x" }, /to is required/],
    [{ to: "nobody", subject: "x" }, /to: "nobody" is not an e-mail address/],
    [{ to: who, subject: "x\r\nBcc: eve@example.org" }, /subject: /],
    [{ to: [`${who}\r\nBcc: eve@example.org`] }, /control character/],
    [{ to: who, headers: { "X-A": "1\r\nBcc: eve@example.org" } }, /X-A/],
    [{ to: who, headers: { Bcc: "eve@example.org" } }, /Bcc/],
    [{ to: who, attachments: [{ name: "a" }] }, /either path or base64/],
    [{ to: who, attachments: [{ base64: "AA==" }] }, /needs a name/],
    [{ to: who, attachments: [{ base64: "AA==", name: "a\r\nb" }] }, /attachments: /],
    [{ to: who, attachments: [{ base64: "no base64!", name: "a" }] }, /base64/],
    [{ to: who, attachments: [{ base64: "AA==", name: "a", content_id: "a>\r\nBcc: eve@example.org" }] }, /attachments: the content id/],
    [
      { to: who, attachments: [{ base64: "AA==", name: "a", content_type: "a/b\r\nBcc: eve@example.org" }] },
      /attachments: the content type/,
    ],
    [{ to: who, from: "soc@example.com\nBcc: eve@example.org" }, /from: /],
    [{ to: [{ name: "Eve\r\nBcc: eve@example.org", address: who }] }, /to: .*control character/],
    [{ to: who, headers: [{ name: "X-A\r\nBcc", value: "eve@example.org" }] }, /headers: /],
    [{ to: who, headers: [{ name: "Content-Type", value: "text/html" }] }, /headers: .*begins with X-/],
    [{ raw_mime: "Subject: x\r\n\r\n", to: who, subject: "y" }, /leave out to, subject/],
  ])("%j is refused before anything is sent", async (input, message) => {
    const before = at.lab.requests.length;
    const answer = await at.run(sendEmail, input);
    expect(answer.error?.code).toBe("invalid-input");
    expect(answer.message).toMatch(message);
    expect(at.lab.requests.length).toBe(before);
  });

  test("a dry run reports the recipients and sends nothing", async () => {
    const answer = await at.run(sendEmail, { to: who, subject: "Dry", body_text: "x", dry_run: true });
    expect(answer.results).toMatchObject([{ status: "planned", subject: "Dry", to: [{ address: who }] }]);
    expect(received("Dry")).toEqual([]);
  });

  test("a message without a copy in Sent Items is sent, and no id is returned", async () => {
    const answer = await at.run(sendEmail, { to: who, subject: "No copy", body_text: "x", save_to_sent: "false" });
    expect(answer.results?.[0]).toMatchObject({ status: "done" });
    expect(answer.results?.[0]).not.toHaveProperty("item_id");
    expect(received("No copy").length).toBe(1);
    expect([...at.mailbox(socAddress).known("sentitems").items.values()].filter(({ subject }) => subject === "No copy")).toEqual([]);
  });

  test.each(backend === "ews" ? ["CreateItem", "SendItem"] : ["user-post-messages", "message-send"])(
    "after a lost reply to %s the message is sent once or reported as not sent",
    async (operation) => {
      at.lab.addFault({ kind: "reset-after", operation });
      const subject = `Lost ${operation}`;
      const answer = await at.run(sendEmail, { to: who, subject, body_text: "x" });
      const code = answer.results?.[0]?.error?.code;
      expect(code).not.toBe("internal");
      if (code === "unknown-outcome") expect(received(subject).length).toBeLessThanOrEqual(1);
      else expect(received(subject).length).toBe(answer.success ? 1 : 0);
    },
  );

  test("the audit log names the recipients and the subject, never the body", async () => {
    await at.run(sendEmail, { to: who, subject: "Audited", body_text: "secret body" });
    const audit = await readFile(join(at.folder, "audit.jsonl"), "utf8");
    expect(audit).toContain('"subject":"Audited"');
    expect(audit).toContain(who);
    expect(audit).not.toContain("secret body");
  });
});
