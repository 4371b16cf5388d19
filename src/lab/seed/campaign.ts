// src/lab/seed/: Fills the store with the practice organisation, its messages and its phishing campaign.

import { itemFromMime } from "../mime/item-from-mime.ts";
import { mimeOfNew } from "../mime/mime-of-item.ts";
import type { LabHeader } from "../store/address.ts";
import type { NewItem } from "../store/item.ts";

/** The location of a copy after seeding. `folder` is a path from the visible root. */
export interface CampaignCopy {
  readonly mailbox: string;
  readonly folder: string;
}

const messageId = "<20f7c1.4711@mailer.example.net>";

/** The phishing campaign of the seeded organisation. Its bad content is harmless text. */
export const campaign = {
  messageId,
  sender: "billing@example.net",
  senderName: "Billing Department",
  subject: "Overdue invoice 4711: settle today",
  /** Copies of the message with `messageId`, in the folders to which their readers moved them. */
  copies: [
    { mailbox: "finance@example.com", folder: "Inbox" },
    { mailbox: "payroll@example.com", folder: "Inbox" },
    { mailbox: "purchasing@example.com", folder: "Inbox/Suppliers" },
    { mailbox: "user03@example.com", folder: "Inbox/To do/Later" },
    { mailbox: "user05@example.com", folder: "Deleted Items" },
    { mailbox: "reception@example.com", folder: "Inbox" },
  ] satisfies readonly CampaignCopy[],
  /** Mailboxes that have a copy. */
  mailboxes: [
    "finance@example.com",
    "payroll@example.com",
    "purchasing@example.com",
    "user03@example.com",
    "user05@example.com",
    "reception@example.com",
  ],
  /** The recipients that the sender addressed: a group and some of its members. */
  addressed: ["finance-team@example.com", "user03@example.com", "user05@example.com", "reception@example.com"],
  /** The user who forwarded the message, as an attachment, to the reporting mailbox, with the Message-ID and subject of the report. */
  report: {
    reporter: "reception@example.com",
    mailbox: "phish-report@example.com",
    messageId: "<report-1.reception@example.com>",
    subject: "Is this one real?",
  },
  /** The same sender and subject under another Message-ID. */
  variant: { messageId: "<20f7c2.4711@mailer.example.net>", mailboxes: ["sales@example.com", "user07@example.com"] },
  /** A message with a file, an inline image and an attached message, which contains an attached message with a file. */
  rich: { messageId: "<20f7c3.4711@mailer.example.net>", mailboxes: ["hr@example.com", "legal@example.com"] },
} as const;

/** A picture of one pixel, as PNG. */
export const pixel = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

const practiceFile = Buffer.from("This file belongs to a practice campaign. It does nothing.\r\n");

function transport(at: Date): LabHeader[] {
  const date = at.toUTCString().replace("GMT", "+0000");
  return [
    { name: "Received", value: `from edge.example.com (192.0.2.10) by mail.example.com with ESMTPS; ${date}` },
    { name: "Received", value: `from mailer.example.net (198.51.100.77) by edge.example.com with ESMTP; ${date}` },
    {
      name: "Authentication-Results",
      value: "edge.example.com; spf=softfail smtp.mailfrom=example.net; dkim=none; dmarc=fail header.from=example.net",
    },
    { name: "Return-Path", value: "<bounce-4711@mailer.example.net>" },
    { name: "X-Mailer", value: "Practice Mailer 1.0" },
  ];
}

const html =
  '<html><body><p>Dear customer,</p><p>your invoice 4711 is overdue. To avoid a late fee, settle it <b>today</b>:</p><p><a href="https://pay.example.net/settle?id=4711">' +
  "Open the invoice</a></p><p>Billing Department</p></body></html>";

function mail(id: string, at: Date, more: NewItem = {}): NewItem {
  return {
    from: { name: campaign.senderName, address: campaign.sender },
    to: [{ name: "Accounts", address: "accounts@example.com" }],
    replyTo: [{ address: "settlement@mailbox.example" }],
    subject: campaign.subject,
    internetMessageId: id,
    sentAt: at,
    importance: "High",
    headers: transport(at),
    body: { type: "HTML", value: html },
    attachments: [{ kind: "file", name: "invoice-4711.html", contentType: "text/html", content: practiceFile }],
    ...more,
  };
}

export function campaignMime(at: Date): Uint8Array {
  return mimeOfNew(mail(campaign.messageId, at));
}

export function variantMime(at: Date): Uint8Array {
  return mimeOfNew(mail(campaign.variant.messageId, at, { to: [{ name: "Sales", address: "sales@example.com" }], attachments: [] }));
}

export function richMime(at: Date): Uint8Array {
  const innermost = mimeOfNew({
    from: { address: "statements@example.net" },
    to: [{ address: "billing@example.net" }],
    subject: "Statement of account",
    internetMessageId: "<20f7b1.4711@mailer.example.net>",
    sentAt: at,
    body: { type: "Text", value: "The statement is attached.\r\n" },
    attachments: [
      { kind: "file", name: "statement.csv", contentType: "text/csv", content: Buffer.from("invoice,amount\r\n4711,0.00\r\n") },
    ],
  });
  const middle = mimeOfNew({
    from: { address: "billing@example.net" },
    to: [{ address: "hr@example.com" }],
    subject: "FW: Statement of account",
    internetMessageId: "<20f7b2.4711@mailer.example.net>",
    sentAt: at,
    body: { type: "Text", value: "See the attached mail.\r\n" },
    attachments: [{ kind: "item", name: "Statement of account", item: itemFromMime(innermost) }],
  });
  return mimeOfNew(
    mail(campaign.rich.messageId, at, {
      to: [{ name: "Human Resources", address: "hr@example.com" }],
      body: { type: "HTML", value: html.replace("<body>", '<body><img src="cid:logo@mailer.example.net" alt="">') },
      attachments: [
        { kind: "file", name: "logo.png", contentType: "image/png", contentId: "logo@mailer.example.net", isInline: true, content: pixel },
        { kind: "file", name: "invoice-4711.pdf", contentType: "application/pdf", content: practiceFile },
        { kind: "item", name: "FW: Statement of account", item: itemFromMime(middle) },
      ],
    }),
  );
}
