import { expect, test } from "vitest";
import { mimeOf } from "../../../../src/lab/mime/mime-of-item.ts";
import {
  delivered,
  distinguished,
  fields,
  folderOf,
  getItem,
  idAlone,
  itemId,
  items,
  itemsIn,
  labForEach,
  mailboxOf,
  messages,
  onlyItem,
  shape,
} from "../item-calls.ts";
import { anna, ben, call, faultCode, outcomes } from "../soap-client.ts";

const lab = labForEach();

const create = (item: string, disposition = "SaveOnly", folder?: string): string =>
  `<m:CreateItem${disposition === "" ? "" : ` MessageDisposition="${disposition}"`}>` +
  (folder === undefined ? "" : `<m:SavedItemFolderId>${folder}</m:SavedItemFolderId>`) +
  `<m:Items>${item}</m:Items></m:CreateItem>`;
const to = (...addresses: readonly string[]): string =>
  `<t:ToRecipients>${addresses.map((one) => `<t:Mailbox><t:EmailAddress>${one}</t:EmailAddress></t:Mailbox>`).join("")}</t:ToRecipients>`;
const message = (inner: string): string => `<t:Message>${inner}</t:Message>`;
const simple = message(`<t:Subject>Hello</t:Subject><t:Body BodyType="Text">text &amp; more</t:Body>${to(ben)}`);
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8");

test("a message needs a disposition", async () => {
  expect(outcomes(await call(lab(), create(simple, "")))).toEqual(["Error ErrorMessageDispositionRequired"]);
});

test("SaveOnly gives the id of a draft in Drafts", async () => {
  const received = await call(lab(), create(simple));
  const [draft] = itemsIn(lab(), "drafts");
  expect(Object.fromEntries(onlyItem(received).child("ItemId")?.attributes ?? [])).toEqual({ Id: draft?.id, ChangeKey: draft?.changeKey });
  expect(draft).toMatchObject({
    subject: "Hello",
    isDraft: true,
    body: { type: "Text", value: "text & more" },
    to: [{ name: "Ben Sample", address: ben }],
  });
  expect(itemsIn(lab(), "inbox", ben)).toHaveLength(0);
});

test("SaveOnly with a folder saves there", async () => {
  await call(lab(), create(simple, "SaveOnly", distinguished("junkemail")));
  expect(itemsIn(lab(), "junkemail").map(({ subject }) => subject)).toEqual(["Hello"]);
  expect(itemsIn(lab(), "drafts")).toHaveLength(0);
});

test("SendOnly sends, keeps no copy and gives no id", async () => {
  const received = await call(lab(), create(simple, "SendOnly"));
  expect(outcomes(received)).toEqual(["Success NoError"]);
  expect(items(received)).toEqual([]);
  const [mail] = itemsIn(lab(), "inbox", ben);
  expect(mail).toMatchObject({ subject: "Hello", isDraft: false, isRead: false, from: { address: anna } });
  expect(mail?.internetMessageId).toMatch(/^<.+@.+>$/);
  for (const name of ["drafts", "sentitems", "outbox"]) expect(itemsIn(lab(), name)).toHaveLength(0);
});

test("SendAndSaveCopy sends, keeps a copy in Sent Items and gives no id either", async () => {
  const received = await call(lab(), create(simple, "SendAndSaveCopy"));
  expect(items(received)).toEqual([]);
  const [copy] = itemsIn(lab(), "sentitems");
  expect(copy?.internetMessageId).toBe(itemsIn(lab(), "inbox", ben)[0]?.internetMessageId);
  expect(copy).toMatchObject({ isDraft: false, isRead: true });
});

test("the copy goes to the folder that is named", async () => {
  await call(lab(), create(simple, "SendAndSaveCopy", distinguished("deleteditems")));
  expect([itemsIn(lab(), "deleteditems").length, itemsIn(lab(), "sentitems").length]).toEqual([1, 0]);
});

test("a missing folder is refused, and nothing is sent", async () => {
  const folder = mailboxOf(lab()).createFolder(folderOf(lab(), "inbox"), "gone");
  mailboxOf(lab()).removeFolder(folder);
  expect(outcomes(await call(lab(), create(simple, "SendAndSaveCopy", `<t:FolderId Id="${folder.id}"/>`)))).toEqual([
    "Error ErrorItemNotFound",
  ]);
  expect(itemsIn(lab(), "inbox", ben)).toHaveLength(0);
});

test.each([
  ["no recipient at all", message("<t:Subject>s</t:Subject>")],
  ["a name that nobody has", message(`<t:ToRecipients><t:Mailbox><t:Name>nobody here</t:Name></t:Mailbox></t:ToRecipients>`)],
  ["what is no address", message(to("not an address"))],
])("%s is refused on sending with ErrorInvalidRecipients", async (_, item) => {
  expect(outcomes(await call(lab(), create(item, "SendOnly")))).toEqual(["Error ErrorInvalidRecipients"]);
});

test("a name of the organisation is resolved", async () => {
  const item = message(`<t:Subject>s</t:Subject><t:ToRecipients><t:Mailbox><t:Name>Ben Sample</t:Name></t:Mailbox></t:ToRecipients>`);
  await call(lab(), create(item, "SendOnly"));
  expect(itemsIn(lab(), "inbox", ben)).toHaveLength(1);
});

test("Bcc reaches its reader and no header tells of it", async () => {
  const bcc = `<t:BccRecipients><t:Mailbox><t:EmailAddress>${ben}</t:EmailAddress></t:Mailbox></t:BccRecipients>`;
  await call(lab(), create(message(`<t:Subject>s</t:Subject>${to(anna)}${bcc}`), "SendOnly"));
  const [mail] = itemsIn(lab(), "inbox", ben);
  expect(text(mail?.mime ?? new Uint8Array())).not.toMatch(/bcc/i);
  expect(itemsIn(lab(), "inbox")).toHaveLength(1);
});

test("From of a mailbox that granted no right is refused, and the message stays a draft", async () => {
  const from = `<t:From><t:Mailbox><t:EmailAddress>${ben}</t:EmailAddress></t:Mailbox></t:From>`;
  const received = await call(lab(), create(message(`<t:Subject>forged</t:Subject>${to(anna)}${from}`), "SendOnly"));
  expect(outcomes(received)).toEqual(["Error ErrorSendAsDenied"]);
  expect(itemsIn(lab(), "drafts").map(({ subject, isDraft }) => [subject, isDraft])).toEqual([["forged", true]]);
  expect(itemsIn(lab(), "inbox")).toHaveLength(0);
});

test("an alias of one's own may stand in From", async () => {
  const from = `<t:From><t:Mailbox><t:EmailAddress>a.example@example.com</t:EmailAddress></t:Mailbox></t:From>`;
  expect(outcomes(await call(lab(), create(message(`<t:Subject>s</t:Subject>${to(ben)}${from}`), "SendOnly")))).toEqual([
    "Success NoError",
  ]);
});

test.each([
  ...["<t:DateTimeReceived>2026-01-01T00:00:00Z</t:DateTimeReceived>", "<t:Size>1</t:Size>", "<t:IsDraft>true</t:IsDraft>"],
  ...["<t:DisplayTo>x</t:DisplayTo>", "<t:HasAttachments>true</t:HasAttachments>", "<t:Preview>x</t:Preview>"],
  ...["<t:ConversationTopic>x</t:ConversationTopic>", "<t:StoreEntryId>eA==</t:StoreEntryId>"],
])("%s is read-only", async (property) => {
  expect(outcomes(await call(lab(), create(message(property))))).toEqual(["Error ErrorInvalidPropertySet"]);
});

test("an item class that does not fit the element is refused", async () => {
  expect(outcomes(await call(lab(), create(message("<t:ItemClass>IPM.Contact</t:ItemClass>"))))).toEqual(["Error ErrorObjectTypeChanged"]);
});

test("MIME content keeps its bytes", async () => {
  const mime = "From: a@example.org\r\nTo: b@example.net\r\nSubject: from MIME\r\nMessage-ID: <1@example.org>\r\n\r\nbody\r\n";
  const encoded = Buffer.from(mime).toString("base64");
  const received = await call(lab(), create(message(`<t:MimeContent CharacterSet="UTF-8">${encoded}</t:MimeContent>`)));
  expect(outcomes(received)).toEqual(["Success NoError"]);
  const [draft] = itemsIn(lab(), "drafts");
  expect([draft?.subject, text(draft?.mime ?? new Uint8Array())]).toEqual(["from MIME", mime]);
});

test("a message created from MIME content is answered with its id alone", async () => {
  const part = "Content-Type: text/plain; name=a.txt\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nabc\r\n";
  const mime = `Subject: s\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n${part}--b--\r\n`;
  const received = await call(lab(), create(message(`<t:MimeContent>${Buffer.from(mime).toString("base64")}</t:MimeContent>`)));
  expect(itemsIn(lab(), "drafts")[0]?.attachments.length).toBe(1);
  expect(onlyItem(received).children.map(({ name }) => name)).toEqual(["ItemId"]);
});

test("a sent MIME message gets its missing headers and keeps its own lines", async () => {
  const mime = `To: ${ben}\r\nSubject: from MIME\r\nX-Own: kept\r\n\r\nbody\r\n`;
  await call(lab(), create(message(`<t:MimeContent>${Buffer.from(mime).toString("base64")}</t:MimeContent>`), "SendOnly"));
  const sent = text(itemsIn(lab(), "inbox", ben)[0]?.mime ?? new Uint8Array());
  expect(sent.endsWith(mime)).toBe(true);
  expect(sent).toMatch(/^From: .*anna@example\.com/m);
  expect(sent).toMatch(/^Date: /m);
  expect(sent).toMatch(/^Message-ID: <.+>/m);
});

test.each([
  ["no base64", "not base64!", "ErrorMimeContentInvalidBase64String"],
  ["nothing", "", "ErrorMimeContentInvalid"],
])("MIME that is %s is refused", async (_, content, code) => {
  expect(outcomes(await call(lab(), create(message(`<t:MimeContent>${content}</t:MimeContent>`))))).toEqual([`Error ${code}`]);
});

test("extended properties are kept, and those of the set InternetHeaders become headers of the sent mail", async () => {
  const property = (name: string, value: string): string =>
    `<t:ExtendedProperty><t:ExtendedFieldURI DistinguishedPropertySetId="InternetHeaders" PropertyName="${name}" PropertyType="String"/><t:Value>${value}</t:Value></t:ExtendedProperty>`;
  const item = message(
    `<t:Subject>s</t:Subject>${property("X-Case", "4711")}${property("X-Evil", "a&#13;&#10;Bcc: eve@example.org")}${to(ben)}`,
  );
  await call(lab(), create(item, "SendOnly"));
  const sent = text(itemsIn(lab(), "inbox", ben)[0]?.mime ?? new Uint8Array());
  expect(sent).toMatch(/^X-Case: 4711\r$/m);
  expect(sent).not.toMatch(/^Bcc:/m);
});

test("a Message-ID set by its tag is used for the sent message", async () => {
  const property = `<t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="0x1035" PropertyType="String"/><t:Value>&lt;own@example.com&gt;</t:Value></t:ExtendedProperty>`;
  await call(lab(), create(message(`<t:Subject>s</t:Subject>${property}${to(ben)}`), "SendAndSaveCopy"));
  expect([itemsIn(lab(), "inbox", ben)[0]?.internetMessageId, itemsIn(lab(), "sentitems")[0]?.internetMessageId]).toEqual([
    "<own@example.com>",
    "<own@example.com>",
  ]);
});

test.each([
  [`PropertyType="Integer"`, "<t:Value>many</t:Value>"],
  [`PropertyType="Boolean"`, "<t:Value>perhaps</t:Value>"],
  [`PropertyType="SystemTime"`, "<t:Value>soon</t:Value>"],
  [`PropertyType="String"`, "<t:Values><t:Value>a</t:Value></t:Values>"],
])("an extended property of %s does not take %s", async (type, value) => {
  const property = `<t:ExtendedProperty><t:ExtendedFieldURI DistinguishedPropertySetId="PublicStrings" PropertyName="x" ${type}/>${value}</t:ExtendedProperty>`;
  expect(outcomes(await call(lab(), create(message(property))))).toEqual(["Error ErrorInvalidExtendedPropertyValue"]);
});

test("attachments given with the item are there, with their ids in the answer", async () => {
  const attachments = `<t:Attachments><t:FileAttachment><t:Name>a.txt</t:Name><t:Content>YWJj</t:Content></t:FileAttachment></t:Attachments>`;
  const received = await call(lab(), create(message(`<t:Subject>s</t:Subject>${attachments}`)));
  const [draft] = itemsIn(lab(), "drafts");
  expect(draft?.attachments.map(({ name, content }) => [name, text(content ?? new Uint8Array())])).toEqual([["a.txt", "abc"]]);
  expect(onlyItem(received).at("Attachments", "FileAttachment", "AttachmentId")?.attributes.get("Id")).toBe(draft?.attachments[0]?.id);
});

test("a contact goes to Contacts, and nowhere else", async () => {
  const contact =
    `<t:Contact><t:FileAs>Zed, Zoe</t:FileAs><t:GivenName>Zoe</t:GivenName><t:EmailAddresses><t:Entry Key="EmailAddress1">zoe@example.org</t:Entry></t:EmailAddresses>` +
    `<t:PhoneNumbers><t:Entry Key="MobilePhone">1</t:Entry></t:PhoneNumbers><t:Surname>Zed</t:Surname></t:Contact>`;
  expect(onlyItem(await call(lab(), create(contact, ""))).name).toBe("Contact");
  expect(itemsIn(lab(), "contacts")[0]?.contact).toMatchObject({
    displayName: "Zoe Zed",
    emailAddresses: [{ key: "EmailAddress1", address: "zoe@example.org" }],
  });
  expect(outcomes(await call(lab(), create(contact, "", distinguished("inbox"))))).toEqual([
    "Error ErrorCannotCreateContactInNonContactFolder",
  ]);
});

test("a post is put into the folder that is named and is no draft", async () => {
  const post = `<t:PostItem><t:Subject>notice</t:Subject></t:PostItem>`;
  expect(onlyItem(await call(lab(), create(post, "", distinguished("inbox")))).name).toBe("PostItem");
  expect(itemsIn(lab(), "inbox")[0]).toMatchObject({ itemClass: "IPM.Post", isDraft: false });
  expect(outcomes(await call(lab(), create(post, "", distinguished("contacts"))))).toEqual([
    "Error ErrorCannotCreatePostItemInNonMailFolder",
  ]);
});

test("one item that is refused does not hinder the others", async () => {
  const received = await call(lab(), create(simple + message("<t:Size>1</t:Size>") + simple, "SaveOnly"));
  expect(outcomes(received)).toEqual(["Success NoError", "Error ErrorInvalidPropertySet", "Success NoError"]);
  expect(messages(received)[1]?.child("Items")?.children).toEqual([]);
  expect(itemsIn(lab(), "drafts")).toHaveLength(2);
});

// Answers

const original = `From: Eve <eve@example.org>
To: anna@example.com, ben@example.com
Cc: carol@example.net, A.Example@example.com
Subject: Re: question
Message-ID: <q2@example.org>
References: <q1@example.org>
Date: Mon, 05 Jan 2026 10:00:00 +0000
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

What is <this>?
--b
Content-Type: text/plain; name=a.txt
Content-Disposition: attachment; filename=a.txt

abc
--b--
`;
const respond = (
  element: string,
  id: string,
  inner = "",
  body = `<t:NewBodyContent BodyType="Text">An answer</t:NewBodyContent>`,
): string => `<t:${element}>${inner}${id}${body}</t:${element}>`;
const reference = (item: { id: string; changeKey: string }): string => itemId(item, "t:ReferenceItemId");

async function draftOf(element: string, inner = "", body?: string) {
  const item = delivered(lab(), original);
  const received = await call(lab(), create(respond(element, reference(item), inner, body)));
  expect(outcomes(received)).toEqual(["Success NoError"]);
  const [draft] = itemsIn(lab(), "drafts");
  if (draft === undefined) throw new Error("no draft");
  return { item, draft };
}

test("a reply goes to the sender, has one RE:, quotes the original, keeps the conversation and carries no attachment", async () => {
  const { item, draft } = await draftOf("ReplyToItem");
  expect(draft.to.map(({ address }) => address)).toEqual(["eve@example.org"]);
  expect(draft).toMatchObject({
    subject: "RE: question",
    inReplyTo: "<q2@example.org>",
    references: "<q1@example.org> <q2@example.org>",
    conversationId: item.conversationId,
    attachments: [],
  });
  expect(draft.text).toMatch(/^An answer[\s\S]*From: Eve[\s\S]*What is <this>\?/);
});

test("a reply in HTML quotes the original as HTML", async () => {
  const { draft } = await draftOf("ReplyToItem", "", `<t:NewBodyContent BodyType="HTML">&lt;p&gt;Yes&lt;/p&gt;</t:NewBodyContent>`);
  expect(draft.body).toMatchObject({ type: "HTML", value: expect.stringMatching(/<p>Yes<\/p>[\s\S]*What is &lt;this&gt;\?/) });
});

test("a reply goes to Reply-To if the original has one", async () => {
  const item = delivered(lab(), `From: a@example.org\nReply-To: b@example.org\nTo: ${anna}\nSubject: s\n\nt`);
  await call(lab(), create(respond("ReplyToItem", reference(item))));
  expect(itemsIn(lab(), "drafts")[0]?.to.map(({ address }) => address)).toEqual(["b@example.org"]);
});

test("a reply to all leaves out oneself, under every address", async () => {
  const { draft } = await draftOf("ReplyAllToItem");
  expect(draft.to.map(({ address }) => address)).toEqual(["eve@example.org", "ben@example.com"]);
  expect(draft.cc.map(({ address }) => address)).toEqual(["carol@example.net"]);
});

test("recipients and subject that are given stand", async () => {
  const { draft } = await draftOf("ReplyAllToItem", `<t:Subject>Own words</t:Subject>${to(ben)}`);
  expect([draft.subject, draft.to.map(({ address }) => address)]).toEqual(["Own words", [ben]]);
});

test("a forward has FW:, no recipients of its own, and carries the attachments", async () => {
  const { item, draft } = await draftOf("ForwardItem");
  expect([draft.subject, draft.to, draft.attachments.map(({ name, content }) => [name, text(content ?? new Uint8Array()).trim()])]).toEqual(
    ["FW: question", [], [["a.txt", "abc"]]],
  );
  expect(draft.attachments[0]?.id).not.toBe(item.attachments[0]?.id);
});

test("a forward without recipients is not sent", async () => {
  const item = delivered(lab(), original);
  expect(outcomes(await call(lab(), create(respond("ForwardItem", reference(item)), "SendOnly")))).toEqual([
    "Error ErrorInvalidRecipients",
  ]);
});

test("a sent reply reaches the other with its threading headers", async () => {
  const item = delivered(lab(), original.replace("eve@example.org", ben));
  const received = await call(lab(), create(respond("ReplyToItem", reference(item)), "SendAndSaveCopy"));
  expect([outcomes(received), items(received)]).toEqual([["Success NoError"], []]);
  const [mail] = itemsIn(lab(), "inbox", ben);
  expect(mail).toMatchObject({ subject: "RE: question", inReplyTo: "<q2@example.org>" });
  expect(text(mimeOf(mail ?? item))).toMatch(/^In-Reply-To: <q2@example\.org>\r$/m);
});

test("a reply to a deleted message is refused", async () => {
  const item = delivered(lab(), original);
  const id = reference(item);
  mailboxOf(lab()).remove(item);
  expect(outcomes(await call(lab(), create(respond("ReplyToItem", id))))).toEqual(["Error ErrorItemNotFound"]);
});

test("a response object that the lab does not support is a fault with its name", async () => {
  const item = delivered(lab(), original);
  const received = await call(lab(), create(`<t:SuppressReadReceipt>${reference(item)}</t:SuppressReadReceipt>`));
  expect([received.status, faultCode(received)]).toEqual([500, "ErrorInvalidRequest"]);
});

test("a new message keeps the Message-ID that its client gives it", async () => {
  const id = "<t:InternetMessageId>&lt;own@example.org&gt;</t:InternetMessageId>";
  expect(outcomes(await call(lab(), create(message(`<t:Subject>s</t:Subject>${id}`))))).toEqual(["Success NoError"]);
  expect(itemsIn(lab(), "drafts")[0]?.internetMessageId).toBe("<own@example.org>");
});

test.each([
  ["Culture", "de-DE", "de-DE"],
  ["ReminderDueBy", "2026-12-02T10:00:00+02:00", "2026-12-02T08:00:00Z"],
  ["ReminderIsSet", "1", "true"],
  ["ReminderMinutesBeforeStart", "15", "15"],
])("%s is kept and read again", async (name, given, kept) => {
  await call(lab(), create(message(`<t:${name}>${given}</t:${name}>`)));
  const [item] = itemsIn(lab(), "drafts");
  const read = await call(lab(), getItem(idAlone(item?.id ?? ""), shape("AllProperties")));
  expect(onlyItem(read).textAt(name)).toBe(kept);
});

test("an extended time is kept in UTC", async () => {
  const path = `<t:ExtendedFieldURI DistinguishedPropertySetId="PublicStrings" PropertyName="When" PropertyType="SystemTime"/>`;
  const property = `<t:ExtendedProperty>${path}<t:Value>2026-12-02T10:00:00+02:00</t:Value></t:ExtendedProperty>`;
  await call(lab(), create(message(property)));
  const [item] = itemsIn(lab(), "drafts");
  const read = await call(lab(), getItem(idAlone(item?.id ?? ""), shape("IdOnly", fields(path))));
  expect(onlyItem(read).at("ExtendedProperty")?.textAt("Value")).toBe("2026-12-02T08:00:00Z");
});

test.each(["0x0e23", "0x0ff9", "0x300b", "0x65e0", "0x65e2", "0x3ffa", "0x1081"])("every item has the MAPI property %s", async (tag) => {
  await call(lab(), create(message("<t:Subject>s</t:Subject>")));
  const [item] = itemsIn(lab(), "drafts");
  const type = { "0x0e23": "Integer", "0x1081": "Integer", "0x3ffa": "String" }[tag] ?? "Binary";
  const path = `<t:ExtendedFieldURI PropertyTag="${tag}" PropertyType="${type}"/>`;
  const value = onlyItem(await call(lab(), getItem(idAlone(item?.id ?? ""), shape("IdOnly", fields(path)))))
    .at("ExtendedProperty")
    ?.textAt("Value");
  expect(value).toMatch(type === "Integer" ? /^\d+$/ : type === "Binary" ? /^[A-Za-z0-9+/]+=*$/ : /./);
});
