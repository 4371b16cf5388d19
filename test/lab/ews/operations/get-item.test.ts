import { expect, test } from "vitest";
import {
  delivered,
  fields,
  folderOf,
  getItem,
  idAlone,
  itemId,
  labForEach,
  mailboxOf,
  messages,
  names,
  onlyItem,
  shape,
} from "../item-calls.ts";
import { ben, call, outcomes, soc } from "../soap-client.ts";

const lab = labForEach();

const mail = `From: Eve <eve@example.org>
To: Anna Example <anna@example.com>, ben@example.com
Cc: list@example.net
Reply-To: other@example.org
Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=
Message-ID: <m1@example.org>
In-Reply-To: <m0@example.org>
References: <m-1@example.org> <m0@example.org>
Date: Mon, 05 Jan 2026 10:00:00 +0000
X-Twice: one
X-Twice: two
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: multipart/related; boundary=r

--r
Content-Type: text/html; charset=utf-8

<html><body onload="run()"><p>Hello <b>there</b></p><script>alert(1)</script><img src="cid:logo"></body></html>
--r
Content-Type: image/png; name=logo.png
Content-ID: <logo>
Content-Disposition: inline; filename=logo.png
Content-Transfer-Encoding: base64

iVBORw0KGgo=
--r--
--b
Content-Type: text/plain; name=notes.txt
Content-Disposition: attachment; filename=notes.txt

notes
--b
Content-Type: message/rfc822

From: carol@example.net
To: eve@example.org
Subject: inside
Message-ID: <inner@example.net>

inner text
--b--
`;
const one = async (itemShape: string, item = delivered(lab(), mail)) => onlyItem(await call(lab(), getItem(itemId(item), itemShape)));

test("IdOnly gives the id alone", async () => {
  expect(names(await one(shape("IdOnly")))).toEqual(["ItemId"]);
});

test("Default gives body, recipients and attachments, AllProperties more", async () => {
  const item = delivered(lab(), mail);
  const basic = names(await one(shape("Default"), item));
  expect(basic).toEqual(expect.arrayContaining(["Subject", "Body", "Attachments", "HasAttachments", "ToRecipients", "From", "IsRead"]));
  expect(basic).not.toContain("InternetMessageHeaders");
  const all = names(await one(shape("AllProperties"), item));
  expect(all).toEqual(
    expect.arrayContaining([
      ...basic,
      "InternetMessageHeaders",
      "ConversationId",
      "EffectiveRights",
      "InternetMessageId",
      "References",
      "ReplyTo",
    ]),
  );
  for (const name of ["MimeContent", "UniqueBody", "Preview"]) expect(all).not.toContain(name);
});

test("the fields have the values of the message", async () => {
  const item = await one(shape("AllProperties"));
  const mailbox = (name: string) => item.child(name)?.children.map((inner) => inner.textAt("EmailAddress") ?? "");
  expect(item.textAt("Subject")).toBe("Grüße");
  expect(item.at("From", "Mailbox")?.children.map(({ name, text }) => [name, text])).toEqual([
    ["Name", "Eve"],
    ["EmailAddress", "eve@example.org"],
    ["RoutingType", "SMTP"],
    ["MailboxType", "OneOff"],
  ]);
  expect(item.textAt("ToRecipients", "Mailbox", "MailboxType")).toBe("Mailbox");
  expect(mailbox("ToRecipients")).toEqual(["anna@example.com", "ben@example.com"]);
  expect(mailbox("CcRecipients")).toEqual(["list@example.net"]);
  expect(mailbox("ReplyTo")).toEqual(["other@example.org"]);
  expect(item.textAt("InternetMessageId")).toBe("<m1@example.org>");
  expect(item.textAt("InReplyTo")).toBe("<m0@example.org>");
  expect(item.textAt("DateTimeSent")).toBe("2026-01-05T10:00:00Z");
  const headers = item.child("InternetMessageHeaders")?.children.filter((header) => header.attributes.get("HeaderName") === "X-Twice");
  expect(headers?.map(({ text }) => text)).toEqual(["one", "two"]);
});

test("the headers of a message have no addresses and no empty field, as those of Exchange", async () => {
  const item = delivered(lab(), mail.replace(/^/, "X-Empty:\n"));
  const headers = (await one(shape("AllProperties"), item)).child("InternetMessageHeaders")?.children ?? [];
  const shown = headers.map((header) => header.attributes.get("HeaderName")?.toLowerCase());
  expect(shown).toContain("subject");
  for (const name of ["from", "sender", "to", "cc", "bcc", "x-empty"]) expect(shown).not.toContain(name);
});

test("MimeContent is the very bytes that were delivered", async () => {
  const item = delivered(lab(), mail);
  const found = await one(shape("IdOnly", "<t:IncludeMimeContent>true</t:IncludeMimeContent>"), item);
  expect(names(found)).toEqual(["MimeContent", "ItemId"]);
  expect(found.child("MimeContent")?.attributes.get("CharacterSet")).toBe("UTF-8");
  expect(Buffer.from(found.textAt("MimeContent") ?? "", "base64").equals(Buffer.from(item.mime ?? ""))).toBe(true);
});

test("large MIME comes whole, without line breaks in its base64", async () => {
  const large = `Subject: large\n\n${"0123456789abcdef\n".repeat(60_000)}`;
  const item = delivered(lab(), large);
  const text = (await one(shape("IdOnly", "<t:IncludeMimeContent>true</t:IncludeMimeContent>"), item)).child("MimeContent")?.text ?? "";
  expect(text).toMatch(/^[A-Za-z0-9+/]+=*$/);
  expect(Buffer.from(text, "base64").equals(Buffer.from(item.mime ?? ""))).toBe(true);
});

test.each([
  ["Best", "HTML", /<b>there<\/b>/],
  ["HTML", "HTML", /<b>there<\/b>/],
  ["Text", "Text", /^Hello there/],
])("a body requested as %s is returned as %s", async (asked, type, content) => {
  const body = (await one(shape("IdOnly", `<t:BodyType>${asked}</t:BodyType>${fields("item:Body")}`))).child("Body");
  expect(body?.attributes.get("BodyType")).toBe(type);
  expect(body?.text).toMatch(content);
});

test("the text of a plain message is returned as escaped HTML on request", async () => {
  const item = delivered(lab(), "Subject: t\n\n1 < 2 & 3");
  const asHtml = (await one(shape("IdOnly", `<t:BodyType>HTML</t:BodyType>${fields("item:Body")}`), item)).child("Body");
  expect([asHtml?.attributes.get("BodyType"), asHtml?.text]).toEqual(["HTML", expect.stringContaining("1 &lt; 2 &amp; 3")]);
  const best = (await one(shape("IdOnly", fields("item:Body")), item)).child("Body");
  expect([best?.attributes.get("BodyType"), best?.text]).toEqual(["Text", expect.stringContaining("1 < 2 & 3")]);
});

test("FilterHtmlContent removes scripts and handlers only on request", async () => {
  const item = delivered(lab(), mail);
  const plain = (await one(shape("IdOnly", fields("item:Body")), item)).textAt("Body");
  expect(plain).toContain("<script>");
  const filtered = (await one(shape("IdOnly", `<t:FilterHtmlContent>true</t:FilterHtmlContent>${fields("item:Body")}`), item)).textAt(
    "Body",
  );
  expect(filtered).toContain("<b>there</b>");
  expect(filtered).not.toMatch(/script|onload/);
});

test("a body longer than MaximumBodySize is cut and marked as cut", async () => {
  const item = delivered(lab(), "Subject: t\n\n0123456789");
  const body = async (size: number) =>
    (await one(shape("IdOnly", `<t:MaximumBodySize>${size}</t:MaximumBodySize>${fields("item:Body")}`), item)).child("Body");
  expect([(await body(4))?.text, (await body(4))?.attributes.get("IsTruncated")]).toEqual(["0123", "true"]);
  expect((await body(1000))?.attributes.get("IsTruncated")).toBe("false");
});

test("attachments are listed with their kinds, names, content ids and ids, without content", async () => {
  const list = (await one(shape("IdOnly", fields("item:Attachments", "item:HasAttachments")))).child("Attachments")?.children ?? [];
  const told = list.map((one) => [one.name, one.textAt("Name"), one.textAt("ContentId"), one.textAt("IsInline")]);
  expect(told).toEqual([
    ["FileAttachment", "logo.png", "logo", "true"],
    ["FileAttachment", "notes.txt", undefined, "false"],
    ["ItemAttachment", "inside", undefined, "false"],
  ]);
  expect(new Set(list.map((one) => one.child("AttachmentId")?.attributes.get("Id"))).size).toBe(3);
  expect(list.some((one) => one.child("Content") !== undefined || one.child("Message") !== undefined)).toBe(false);
});

test("HasAttachments is false when every attachment is inline", async () => {
  const item = mailboxOf(lab()).add(folderOf(lab(), "inbox"), {
    attachments: [{ kind: "file", name: "logo.png", contentId: "logo", isInline: true, content: Buffer.from("x") }],
  });
  const found = await one(shape("IdOnly", fields("item:Attachments", "item:HasAttachments")), item);
  expect([found.textAt("HasAttachments"), found.child("Attachments")?.children.length]).toEqual(["false", 1]);
});

const extended = (attributes: string): string => `<t:ExtendedFieldURI ${attributes}/>`;

test("extended properties are found by tag, by set and name, and by set and number; those that are not there are left out", async () => {
  const set = "c11ff724-aa03-4555-9952-8fa248a11c3e";
  const item = mailboxOf(lab()).add(folderOf(lab(), "inbox"), {
    subject: "s",
    internetMessageId: "<x@example.org>",
    headers: [{ name: "X-Origin", value: "edge" }],
    extended: new Map<string, string | readonly string[]>([
      [`${set}/Case`, "4711"],
      ["Common/#34070", ["a", "b"]],
    ]),
  });
  const asked = [
    extended(`PropertyTag="0x1035" PropertyType="String"`),
    extended(`PropertyTag="4149" PropertyType="String"`),
    extended(`PropertySetId="${set.toUpperCase()}" PropertyName="Case" PropertyType="String"`),
    extended(`DistinguishedPropertySetId="Common" PropertyId="34070" PropertyType="StringArray"`),
    extended(`DistinguishedPropertySetId="InternetHeaders" PropertyName="x-origin" PropertyType="String"`),
    extended(`DistinguishedPropertySetId="PublicStrings" PropertyName="Nothing" PropertyType="String"`),
  ];
  const found = (await one(shape("IdOnly", fields(...asked)), item)).all("ExtendedProperty");
  expect(found.map((property) => property.textAt("Value") ?? property.child("Values")?.children.map(({ text }) => text))).toEqual([
    "<x@example.org>",
    "<x@example.org>",
    "4711",
    ["a", "b"],
    "edge",
  ]);
  expect(Object.fromEntries(found[2]?.child("ExtendedFieldURI")?.attributes ?? [])).toEqual({
    PropertySetId: set.toUpperCase(),
    PropertyName: "Case",
    PropertyType: "String",
  });
});

test.each([
  [`PropertyTag="0x8001" PropertyType="String"`, "ErrorNoPropertyTagForCustomProperties"],
  [`PropertyTag="0x1035" PropertyName="x" PropertyType="String"`, "ErrorInvalidExtendedProperty"],
  [`DistinguishedPropertySetId="Common" PropertyType="String"`, "ErrorInvalidExtendedProperty"],
  [`PropertyName="x" PropertyType="String"`, "ErrorInvalidExtendedProperty"],
])("an extended property named by %s is refused", async (attributes, code) => {
  const item = delivered(lab(), mail);
  expect(outcomes(await call(lab(), getItem(itemId(item), shape("IdOnly", fields(extended(attributes))))))).toEqual([`Error ${code}`]);
});

test("a single header is returned on request", async () => {
  const found = await one(shape("IdOnly", fields(`<t:IndexedFieldURI FieldURI="item:InternetMessageHeader" FieldIndex="In-Reply-To"/>`)));
  expect(found.child("InternetMessageHeaders")?.children.map(({ text }) => text)).toEqual(["<m0@example.org>"]);
});

test("ids that are malformed, of a folder, dead or of another user fail alone, between valid ones", async () => {
  const item = delivered(lab(), mail);
  const foreign = delivered(lab(), mail, ben);
  const dead = delivered(lab(), mail);
  mailboxOf(lab()).remove(dead);
  const unknownMailbox = Buffer.from(item.id, "base64");
  unknownMailbox.write("ffff", 36, "latin1");
  const asked = [
    itemId(item),
    idAlone("AAMkADmalformed"),
    idAlone(folderOf(lab(), "inbox").id),
    idAlone(dead.id),
    idAlone(foreign.id),
    idAlone(item.id.toLowerCase()),
    idAlone(""),
    idAlone(item.id),
  ];
  const received = await call(lab(), getItem(asked.join("")));
  expect(outcomes(received)).toEqual([
    "Success NoError",
    "Error ErrorInvalidIdMalformed",
    "Error ErrorCannotUseFolderIdForItemId",
    "Error ErrorItemNotFound",
    "Error ErrorItemNotFound",
    "Error ErrorInvalidIdMalformed",
    "Error ErrorInvalidIdEmpty",
    "Success NoError",
  ]);
  expect(messages(received)[1]?.child("Items")?.children).toEqual([]);
  expect(outcomes(await call(lab(), getItem(idAlone(unknownMailbox.toString("base64")))))).toEqual(["Error ErrorNonExistentMailbox"]);
});

test("an impersonating account reads what the impersonated mailbox may read", async () => {
  const item = delivered(lab(), mail, ben);
  const header = `<t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>${ben}</t:PrimarySmtpAddress></t:ConnectingSID></t:ExchangeImpersonation>`;
  expect(outcomes(await call(lab(), getItem(itemId(item)), { user: soc, header }))).toEqual(["Success NoError"]);
  expect(outcomes(await call(lab(), getItem(itemId(item)), { user: soc }))).toEqual(["Error ErrorItemNotFound"]);
});

test("a stale change key does not hinder reading, an unreadable one does", async () => {
  const item = delivered(lab(), mail);
  const stale = itemId(item);
  mailboxOf(lab()).update(item, { isRead: true });
  expect(outcomes(await call(lab(), getItem(stale)))).toEqual(["Success NoError"]);
  expect(outcomes(await call(lab(), getItem(`<t:ItemId Id="${item.id}" ChangeKey="nonsense"/>`)))).toEqual(["Error ErrorInvalidChangeKey"]);
});

test("a contact has its dictionaries, whole or one entry of them, and no MIME", async () => {
  const contact = mailboxOf(lab()).add(folderOf(lab(), "contacts"), {
    itemClass: "IPM.Contact",
    subject: "Zoe Zed",
    contact: {
      displayName: "Zoe Zed",
      emailAddresses: [
        { key: "EmailAddress1", address: "zoe@example.org" },
        { key: "EmailAddress2", address: "zed@example.net" },
      ],
      phoneNumbers: [{ key: "MobilePhone", number: "+1 555 0100" }],
      physicalAddresses: [{ key: "Home", city: "Springfield" }],
    },
  });
  const all = await one(shape("AllProperties"), contact);
  expect([all.name, all.child("EmailAddresses")?.children.map(({ text }) => text), all.textAt("PhoneNumbers", "Entry")]).toEqual([
    "Contact",
    ["zoe@example.org", "zed@example.net"],
    "+1 555 0100",
  ]);
  const entry = `<t:IndexedFieldURI FieldURI="contacts:EmailAddress" FieldIndex="EmailAddress2"/>`;
  expect((await one(shape("IdOnly", fields(entry)), contact)).child("EmailAddresses")?.children.map(({ text }) => text)).toEqual([
    "zed@example.net",
  ]);
  const withMime = shape("IdOnly", "<t:IncludeMimeContent>true</t:IncludeMimeContent>");
  expect(outcomes(await call(lab(), getItem(itemId(contact), withMime)))).toEqual(["Error ErrorUnsupportedMimeConversion"]);
});

test.each([
  ["IPM.Note.Custom", "Message"],
  ["IPM.Notebook", "Item"],
  ["IPM.Post", "PostItem"],
  ["IPM.DistList", "DistributionList"],
  ["IPM.Task", "Task"],
  ["IPM.Appointment", "CalendarItem"],
  ["IPM.Schedule.Meeting.Request", "MeetingRequest"],
  ["IPM.Schedule.Meeting.Canceled", "MeetingCancellation"],
  ["IPM.Schedule.Meeting.Resp.Pos", "MeetingResponse"],
  ["REPORT.IPM.Note.NDR", "Message"],
])("an item of class %s is a %s, with all its properties in the order of the schema", async (itemClass, element) => {
  const meeting = {
    start: new Date(0),
    end: new Date(3_600_000),
    isAllDay: false,
    location: "Room",
    uid: "u",
    organizer: { address: ben },
  };
  const item = mailboxOf(lab()).add(folderOf(lab(), "inbox"), {
    itemClass,
    subject: "s",
    from: { address: ben },
    to: [{ name: "Only a name" }],
    meeting,
    group: { displayName: "g", members: [{ name: "n", address: "n@example.org" }] },
    sentAt: new Date(0),
    categories: ["c"],
    flag: { status: "Flagged", dueAt: new Date(0), startAt: new Date(0) },
  });
  expect(
    (await one(shape("AllProperties", fields("item:Preview", "item:UniqueBody", "item:TextBody", "item:NormalizedBody")), item)).name,
  ).toBe(element);
});

test("text that XML cannot carry comes as the replacement character", async () => {
  const item = mailboxOf(lab()).add(folderOf(lab(), "inbox"), { subject: "a\u0000b\u001fc <&>" });
  expect((await one(shape("IdOnly", fields("item:Subject")), item)).textAt("Subject")).toBe("a\ufffdb\ufffdc <&>");
});
