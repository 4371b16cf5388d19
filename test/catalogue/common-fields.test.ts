import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mailbox } from "../../src/catalogue/common-fields.ts";
import { MessageRow, messageRow } from "../../src/catalogue/message-row.ts";
import { splitOutside } from "../../src/catalogue/text-lists.ts";
import type { Message } from "../../src/exchange/message.ts";

// No action requests the flag.
const whole: Required<Omit<Message, "flag">> = {
  itemId: "AAMk=",
  changeKey: "CQ==",
  internetMessageId: "<a@example.com>",
  conversationId: "AAQk=",
  parentFolderId: "AAMkF=",
  folderPath: "Inbox/A",
  itemClass: "IPM.Note",
  subject: "Subject",
  sender: { name: "Sender", address: "sender@example.com", routingType: "SMTP" },
  from: { address: "from@example.com" },
  replyTo: [{ name: "Only a name" }],
  to: [{ address: "to@example.com" }],
  cc: [],
  bcc: [{ address: "bcc@example.com" }],
  receivedAt: "2026-01-02T03:04:05.000Z",
  sentAt: "2026-01-02T03:04:04.000Z",
  createdAt: "2026-01-02T03:04:06.000Z",
  modifiedAt: "2026-01-02T03:04:07.000Z",
  size: 17,
  importance: "High",
  sensitivity: "Normal",
  isRead: false,
  isDraft: false,
  categories: ["Red"],
  hasAttachments: true,
  attachments: [{ id: "AAMkA=", kind: "file", name: "a.txt", contentType: "text/plain", contentId: "c", size: 1, isInline: false }],
  unlisted: "The boundary never occurs.",
  bodyCut: true,
  bodyText: "text",
  bodyHtml: "<p>text</p>",
  bodyPreview: "te",
  headers: [
    { name: "Received", value: "one" },
    { name: "Received", value: "two" },
  ],
  webLink: "https://mail.example.com/a",
  replacedCharacters: 2,
};

test("the row of a message has each of its fields in snake_case and matches its schema", () => {
  const row = messageRow(whole);
  expect(MessageRow.parse(row)).toEqual(row);
  expect(Object.keys(row).length).toBe(Object.keys(whole).length);
  expect(Object.keys(row).sort()).toEqual(Object.keys(MessageRow.shape).sort());
  expect(row).toMatchObject({
    internet_message_id: "<a@example.com>",
    sender: { name: "Sender", address: "sender@example.com" },
    attachments: [{ id: "AAMkA=", content_type: "text/plain", is_inline: false }],
    headers: whole.headers,
  });
});

test("the row of a message leaves out unknown fields instead of setting null or undefined", () => {
  expect(messageRow({ itemId: "AAMk=", isRead: false, subject: undefined, cc: [] })).toStrictEqual({
    item_id: "AAMk=",
    cc: [],
    is_read: false,
  });
  expect(Object.keys(messageRow({ itemId: "AAMk=", subject: undefined }))).toEqual(["item_id"]);
});

test("splitting a text at separators removes only separators and spaces at the edges", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-c<>",;@ \n]{0,40}$/), fc.boolean(), (text, quotes) => {
      const parts = splitOutside(text, quotes);
      expect(parts.join("").replace(/[\s,;]/g, "")).toBe(text.replace(/[\s,;]/g, ""));
      for (const part of parts) expect(part).toBe(part.trim());
      expect(parts).not.toContain("");
    }),
  );
});

describe("mailbox", () => {
  test.each(["all", " ALL ", "ann@example.com,bob@example.com", "ann@example.com; bob@example.com", "ann@example.com bob@example.com"])(
    "refuses %j and names the two ways to reach several mailboxes",
    (text) => {
      const message = mailbox.safeParse(text).error?.issues[0]?.message;
      expect(message).toContain("mailboxes of search-emails-extended");
      expect(message).toContain("mailcordon sweep plan --mailboxes");
    },
  );

  test.each(["ann@example.com", "all@example.com", '"ann, b"@example.com', "S-1-5-21-1-2-3-4", "/o=Example/cn=all, of them"])(
    "accepts %j",
    (text) => expect(mailbox.safeParse(text).success).toBe(true),
  );
});
