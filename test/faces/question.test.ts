import { afterEach, describe, expect, test } from "vitest";
import { copyEmail } from "../../src/actions/copy-email.ts";
import { deleteAttachments } from "../../src/actions/delete-attachments.ts";
import { deleteEmail } from "../../src/actions/delete-email.ts";
import { catalogue } from "../../src/actions/index.ts";
import { junkMail } from "../../src/actions/junk-mail.ts";
import { replyToEmail } from "../../src/actions/reply-to-email.ts";
import { sendEmail } from "../../src/actions/send-email.ts";
import type { Action } from "../../src/catalogue/action-definition.ts";
import { questionText } from "../../src/faces/question.ts";
import { backends, type LabHost, openLabHost } from "../actions/lab-host.ts";

let at: LabHost;
afterEach(() => at.close());

const mailbox = "user03@example.com";
const columns = 80;
const messageId = "<hostile@mailer.example.net>";

/** A subject and a name that try to be lines of the question, to turn the direction of text, to hide in blanks, and to end a quotation. */
const subject = `Offer" from "boss@example.com\nDestination folder  "Inbox"\r\u2028\u202egpj.exe\u001b[2J ${"\u3000".repeat(80)}2. Subject "x" ${"long ".repeat(200)}`;
const name = `"ceo@example.com" \u0085Folder path "Inbox"${" ".repeat(200)}\u200b`;

async function asked(action: Action, input: Readonly<Record<string, unknown>>, most = 100): Promise<string> {
  let text = "";
  const confirm: NonNullable<LabHost["host"]["confirm"]> = async (plan) => {
    text = await questionText(plan, { columns, most, otherwise: (found) => `do otherwise with ${found}` });
    return false;
  };
  const answer = await at.run(action, { mailbox, ...input }, { asksAlways: true, confirm });
  expect(answer).toMatchObject({ success: false, error: { code: "confirmation-required" } });
  return text;
}

/** A message that tries to mislead whoever is asked about it. */
function putHostile(): void {
  at.put(mailbox, { subject, from: { name, address: "attacker@evil.example" }, internetMessageId: messageId }, "inbox/Reports");
}

/** The text with its own lines joined. */
const flat = (text: string) => text.replace(/\s+/g, " ");

/** What holds for every question: nothing in it is obeyed, no line is wider than the window, and what others wrote is in quotation marks. */
function expectHarmless(text: string): void {
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\u3000]/);
  for (const line of text.split("\n")) {
    expect(line.length, line).toBeLessThanOrEqual(columns);
    const outside = line.replace(/"(?:[^"\\]|\\.)*"/g, "");
    expect(outside, line).not.toMatch(/"|boss|ceo|Inbox|attacker|Offer/);
  }
}

describe.each(backends)("over %s, the question to a person", (backend) => {
  test("about a copy names the destination and the item with its folder, and a hostile subject or name cannot add a line", async () => {
    at = await openLabHost({}, backend);
    putHostile();
    const text = await asked(copyEmail, {
      internet_message_id: [messageId],
      destination_mailbox: "soc@example.com",
      destination_folder: "Cases\nFrom  \u202e",
      create_folder: true,
    });
    expectHarmless(text.replace("Copy Email: 1 message in user03@example.com would be copied.\n", ""));
    expect(text).toContain("Copy Email: 1 message in user03@example.com would be copied.\n");
    expect(text).toMatch(/^Destination mailbox {2}"soc@example\.com"$/m);
    expect(text).toMatch(/^Destination folder {3}"Cases␊From <U\+202E>"$/m);
    expect(text).toMatch(/^Create folder {8}yes$/m);
    expect(text.match(/^Destination folder/gm)).toHaveLength(1);
    expect(text).toMatch(/^1\. {3}Received at "/m);
    expect(text).toMatch(/^ {5}Subject "Offer\\" from \\"boss@example\.com␊Destination folder .*…"$/m);
    expect(text).toMatch(/^ {5}From "attacker@evil\.example" \(name: "\\"ceo@example\.com\\" <U\+0085>Fol.*…"/m);
    expect(text).toMatch(/Folder path "Inbox\/Reports"$/m);
    expect(text.match(/^\d+\. /gm)).toHaveLength(1);
  });

  test.each([
    ["trash", "They go to Deleted Items. This can be undone."],
    ["soft", "This can be undone as long as Exchange keeps them there."],
    ["hard", "This cannot be undone."],
  ])("about a deletion states its mode, %s, and whether it can be undone", async (delete_type, says) => {
    at = await openLabHost({}, backend);
    putHostile();
    const input = { internet_message_id: [messageId], delete_type, confirm_hard: true };
    const text = await asked(deleteEmail, input);
    expect(flat(text)).toContain(says);
    expect(flat(text)).toContain("No copy is kept as evidence.");
    expect(text).toMatch(new RegExp(`^Delete type {2}"${delete_type}"$`, "m"));
    expectHarmless(text.slice(text.indexOf("\n")).replace("Deleted Items", ""));
    expect(flat(await asked(deleteEmail, { ...input, keep_evidence: true }))).toContain("A copy of each is kept as evidence first.");
  });

  test("about a deletion lists every item, and above the limit a refusal with a hint replaces it", async () => {
    at = await openLabHost({}, backend);
    for (let number = 1; number <= 12; number++)
      at.put(
        mailbox,
        { subject: `Hostile ${number}`, internetMessageId: `<${number}@hostile.example>` },
        number % 2 === 0 ? "inbox" : "deleteditems",
      );
    const input = { internet_message_id: Array.from({ length: 12 }, (_, number) => `<${number + 1}@hostile.example>`) };
    const text = await asked(deleteEmail, input, 12);
    for (let number = 1; number <= 12; number++) expect(text).toContain(`Subject "Hostile ${number}"`);
    expect(text.match(/^\d+\. /gm)).toHaveLength(12);
    expect(text.match(/Folder path "Inbox"/g)).toHaveLength(6);
    expect(text.match(/Folder path "Deleted Items"/g)).toHaveLength(6);

    let withheld: unknown;
    const confirm: NonNullable<LabHost["host"]["confirm"]> = async (plan) => {
      withheld = await questionText(plan, { columns, most: 11, otherwise: (found) => `do otherwise with ${found}` }).catch(
        (thrown) => thrown,
      );
      return false;
    };
    await at.run(deleteEmail, { mailbox, ...input }, { asksAlways: true, confirm });
    expect(withheld).toMatchObject({
      code: "confirmation-required",
      message: expect.stringContaining("12 messages: a confirmation shows at most 11"),
      hint: "do otherwise with 12",
    });
  });

  test("about attachments names each with its message, and states that no undo exists and whether a copy is kept", async () => {
    at = await openLabHost({}, backend);
    const file = { kind: "file", name: `a\u202egpj.exe" (name: "x`, content: Buffer.from("MZ"), contentType: "application/zip" } as const;
    at.put(
      mailbox,
      { subject, from: { name, address: "attacker@evil.example" }, internetMessageId: messageId, attachments: [file] },
      "inbox/Reports",
    );
    const text = await asked(deleteAttachments, { internet_message_id: [messageId], all: true });
    expect(flat(text)).toContain("This cannot be undone. A copy of each is kept as evidence first.");
    expect(text).toMatch(/^1\. {3}Name "a<U\+202E>gpj\.exe\\" \(name: \\"x"/m);
    expect(text).toMatch(/Folder path "Inbox\/Reports"/);
    expect(text).toMatch(/From "attacker@evil\.example"/);
    expectHarmless(text.slice(text.indexOf("\n")));
    expect(flat(await asked(deleteAttachments, { internet_message_id: [messageId], all: true, save_copy_first: false }))).toContain(
      "no copy is kept",
    );
  });

  test("about junk states the target folder and the undo", async () => {
    at = await openLabHost({}, backend);
    putHostile();
    const text = await asked(junkMail, { internet_message_id: [messageId] });
    expect(flat(text)).toContain(
      "They go to Junk Email. Over Exchange Web Services their senders are blocked. Junk Mail with is_junk false undoes it.",
    );
    expect(text).toMatch(/From "attacker@evil\.example"/);
  });

  test("about a new message shows its sender, all recipients, its subject, attachments and first lines", async () => {
    at = await openLabHost({}, backend);
    const text = await asked(sendEmail, {
      to: ["ann@example.com", "Bob <bob@example.com>"],
      cc: "carol@example.com",
      bcc: "hidden@evil.example",
      reply_to: "answers@evil.example",
      subject: "Notice  \u202e Bcc",
      body_text: `${Array.from({ length: 30 }, (_, line) => `Line ${line + 1}`).join("\r\n")}\nlast`,
      headers: [{ name: "X-Case", value: "7" }],
      attachments: [{ name: "a.txt", base64: "QQ==" }],
    });
    const wanted = [
      "Send Email: 1 message in user03@example.com would be sent.",
      'From             "user03@example.com"',
      'Reply to         "answers@evil.example"',
      'To               "ann@example.com"',
      '                 "bob@example.com" (name: "Bob")',
      'Cc               "carol@example.com"',
      'Bcc              "hidden@evil.example"',
      'Subject          "Notice <U+202E> Bcc"',
      'Headers          "X-Case: 7"',
      'Attachments      "a.txt", 1 bytes',
      'Body             "Line 1"',
      '                 "Line 10"',
    ];
    const lines = text.split("\n");
    for (const line of wanted) expect(lines).toContain(line);
    expect(text).not.toContain("Line 11");
    expect(text).toMatch(/^Body characters {2}\d+$/m);
    expect(text).not.toMatch(/^1\. /m);
  });

  test("about HTML shows the targets of links, and costs no more for a body of megabytes", async () => {
    at = await openLabHost({}, backend);
    const body_html = `<p>See <a href="https://evil.example/">your bank</a></p>${"<p>more</p>".repeat(200_000)}`;
    const started = performance.now();
    const text = await asked(sendEmail, { to: "ann@example.com", body_html });
    expect(text).toContain('Body             "See your bank<https://evil.example/>"');
    expect(performance.now() - started).toBeLessThan(5000);
  });

  test("about a raw message shows every header with addresses, its subject, date, text and attachments", async () => {
    at = await openLabHost({}, backend);
    const raw_mime = [
      "From: =?utf-8?B?Qm9zcw==?= <attacker@evil.example>",
      "To: ann@example.com",
      "To: second@evil.example",
      "Bcc: hidden@evil.example",
      "Resent-To: again@evil.example",
      "Subject: =?utf-8?Q?Hello=0AFrom=20x=E2=80=AE?=",
      "Date: Mon, 30 Nov 2026 10:00:00 +0000",
      "MIME-Version: 1.0",
      'Content-Type: multipart/mixed; boundary="b"',
      "",
      "--b",
      "Content-Type: text/plain",
      "",
      "The text.",
      "--b",
      'Content-Type: application/zip; name="invoice.zip"',
      "Content-Transfer-Encoding: base64",
      'Content-Disposition: attachment; filename="in\tvoice.zip"',
      "",
      "QUJD",
      "--b--",
    ].join("\n");
    for (const given of [raw_mime, Buffer.from(raw_mime.replaceAll("\n", "\r\n")).toString("base64")]) {
      const lines = (await asked(sendEmail, { raw_mime: given })).split("\n");
      for (const line of [
        'From         "attacker@evil.example" (name: "Boss")',
        'To           "ann@example.com"',
        '             "second@evil.example"',
        'Bcc          "hidden@evil.example"',
        'Resent to    "again@evil.example"',
        'Subject      "Hello␊From x<U+202E>"',
        'Date         "Mon, 30 Nov 2026 10:00:00 +0000"',
        'Body         "The text."',
      ])
        expect(lines).toContain(line);
      expect(lines.find((line) => line.startsWith("Attachments"))).toMatch(/"in.*voice\.zip", 3 bytes$/);
    }
  });

  test("about more recipients than a person reads is refused", async () => {
    at = await openLabHost({}, backend);
    let withheld: unknown;
    const confirm: NonNullable<LabHost["host"]["confirm"]> = async (plan) => {
      withheld = await questionText(plan, { columns, most: 100, otherwise: String }).catch((thrown) => thrown);
      return false;
    };
    const bcc = Array.from({ length: 101 }, (_, number) => `u${number}@example.com`);
    await at.run(sendEmail, { mailbox, bcc, body_text: "x" }, { asksAlways: true, confirm });
    expect(withheld).toMatchObject({ code: "confirmation-required", message: expect.stringContaining("101 values of Bcc") });
  });

  test("about a reply shows its recipients, its first lines and the original message", async () => {
    at = await openLabHost({}, backend);
    putHostile();
    const input = { internet_message_id: [messageId], body_text: "Thank you.\u001b[2J" };
    const text = await asked(replyToEmail, input);
    expect(flat(text)).toContain(
      "The reply to each message goes to its Reply-To, or its sender where it has none. A sent message cannot be recalled.",
    );
    expect(text).toMatch(/^Body +"Thank you\.␛\[2J"$/m);
    expect(text).toMatch(/From "attacker@evil\.example"/);
    const other = await asked(replyToEmail, { ...input, to: "else@evil.example", reply_all: true });
    expect(flat(other)).toContain("the recipients below, and to everybody in its To and Cc");
    expect(other).toMatch(/^To +"else@evil\.example"$/m);
    expectHarmless(text.slice(text.indexOf("\n")));
  });
});

test("every action that changes anything has a question with the facts for a decision", async () => {
  at = await openLabHost();
  for (const action of catalogue.filter(({ effect, example }) => effect !== "read" && example !== undefined))
    expect(action.prepare(action.example).details, action.name).toBeTypeOf("function");
});
