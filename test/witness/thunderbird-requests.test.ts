import { describe, expect, test } from "vitest";
import { delivered, folderOf, itemsIn, labForEach, mailboxOf, messages, names, onlyItem } from "../lab/ews/item-calls.ts";
import { ben, call, outcomes, type Received } from "../lab/ews/soap-client.ts";

// Requests in the shape of Thunderbird's: default namespaces, no change keys, properties by decimal tags, one request for each step. Written by hand.

const messagesNamespace = "http://schemas.microsoft.com/exchange/services/2006/messages";
const version = `<t:RequestServerVersion Version="Exchange2013"/>`;
const lab = labForEach();

const ask = (name: string, inner: string, attributes = ""): Promise<Received> =>
  call(lab(), `<${name} xmlns="${messagesNamespace}"${attributes}>${inner}</${name}>`, { header: version });
const folderId = (name: string): string => `<t:FolderId Id="${folderOf(lab(), name).id}"/>`;
const itemId = (item: { readonly id: string }): string => `<t:ItemId Id="${item.id}"/>`;
const mail = (subject = "hello") => delivered(lab(), `From: Eve <eve@example.org>\nTo: anna@example.com\nSubject: ${subject}\n\ntold`);
const flags = (value: number, tag = "3591"): string =>
  `<t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="${tag}" PropertyType="Integer"/><t:Value>${value}</t:Value></t:ExtendedProperty>`;
const mime = (subject: string): string =>
  Buffer.from(
    `Message-ID: <${subject}@example.com>\r\nDate: Mon, 5 Jan 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\nFrom: Anna <anna@example.com>\r\nTo: ${ben}\r\nSubject: ${subject}\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\ntold\r\n`,
  ).toString("base64");
const update = (item: { readonly id: string }, updates: string): Promise<Received> =>
  ask(
    "UpdateItem",
    `<ItemChanges><t:ItemChange>${itemId(item)}<t:Updates>${updates}</t:Updates></t:ItemChange></ItemChanges>`,
    ` MessageDisposition="SaveOnly" ConflictResolution="AlwaysOverwrite"`,
  );
const set = (path: string, property: string): string => `<t:SetItemField>${path}<t:Message>${property}</t:Message></t:SetItemField>`;
const field = (uri: string): string => `<t:FieldURI FieldURI="${uri}"/>`;

describe("the lab answers requests in the shape of Thunderbird's", () => {
  test("the default folders are asked for in one request, and each that is missing is an error in its place", async () => {
    const wanted = ["msgfolderroot", "inbox", "deleteditems", "drafts", "outbox", "sentitems", "junkemail", "archive"];
    const ids = wanted.map((name) => `<t:DistinguishedFolderId Id="${name}"/>`).join("");
    const received = await ask("GetFolder", `<FolderShape><t:BaseShape>IdOnly</t:BaseShape></FolderShape><FolderIds>${ids}</FolderIds>`);
    expect(outcomes(received)).toEqual(wanted.map(() => "Success NoError"));
  });

  test("the folders are listed by their ids", async () => {
    const received = await ask(
      "SyncFolderHierarchy",
      `<FolderShape><t:BaseShape>IdOnly</t:BaseShape></FolderShape><SyncFolderId><t:DistinguishedFolderId Id="msgfolderroot"/></SyncFolderId>`,
    );
    const [message] = messages(received);
    const ids = message?.child("Changes")?.children.map((change) => change.children[0]?.child("FolderId")?.attributes.get("Id"));
    expect([message?.textAt("IncludesLastFolderInRange"), ids?.includes(folderOf(lab(), "inbox").id)]).toEqual(["true", true]);
  });

  test("the messages of a folder are listed by their ids and then opened with their fields", async () => {
    const item = mail();
    const sync = (state = "") =>
      ask(
        "SyncFolderItems",
        `<ItemShape><t:BaseShape>IdOnly</t:BaseShape></ItemShape><SyncFolderId>${folderId("inbox")}</SyncFolderId>${state}<MaxChangesReturned>100</MaxChangesReturned>`,
      );
    const [listed] = messages(await sync());
    expect(listed?.at("Changes", "Create", "Message", "ItemId")?.attributes.get("Id")).toBe(item.id);
    const wanted = [
      "message:IsRead",
      "message:InternetMessageId",
      "item:InternetMessageHeaders",
      "item:DateTimeSent",
      "message:From",
    ].concat(
      ["message:ReplyTo", "message:Sender", "item:Subject", "message:ToRecipients", "message:CcRecipients", "message:BccRecipients"],
      ["item:HasAttachments", "item:Importance", "message:References", "item:Size", "item:Preview", "item:Flag"],
    );
    const shape = `<ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:IncludeMimeContent>false</t:IncludeMimeContent><t:AdditionalProperties>${wanted.map(field).join("")}</t:AdditionalProperties></ItemShape>`;
    const opened = onlyItem(await ask("GetItem", `${shape}<ItemIds>${itemId(item)}</ItemIds>`));
    expect([opened.textAt("Subject"), opened.textAt("Preview"), opened.textAt("From", "Mailbox", "EmailAddress")]).toEqual([
      "hello",
      "told",
      "eve@example.org",
    ]);
    mailboxOf(lab()).update(item, { isRead: true });
    const [changed] = messages(await sync(`<SyncState>${listed?.textAt("SyncState")}</SyncState>`));
    expect(changed?.at("Changes", "ReadFlagChange", "ItemId")?.attributes.get("Id")).toBe(item.id);
  });

  test("a message is marked as read without a change key", async () => {
    const item = mail();
    const received = await update(item, set(field("message:IsRead"), "<t:IsRead>true</t:IsRead>"));
    expect([outcomes(received), item.isRead]).toEqual([["Success NoError"], true]);
  });

  test.each([
    [true, "Flagged", 2],
    [false, "NotFlagged", 0],
  ])("a star is set and removed by two properties in one update (%s)", async (isSet, status, value) => {
    const item = mail();
    mailboxOf(lab()).update(item, { flag: { status: isSet ? "NotFlagged" : "Flagged" } });
    const path = `<t:ExtendedFieldURI PropertyTag="4240" PropertyType="Integer"/>`;
    const received = await update(
      item,
      set(field("item:Flag"), `<t:Flag><t:FlagStatus>${status}</t:FlagStatus></t:Flag>`) + set(path, flags(value, "4240")),
    );
    expect([outcomes(received), item.flag.status, item.extended.has("0x1090")]).toEqual([["Success NoError"], status, false]);
  });

  test("all messages of a folder are marked as read", async () => {
    const item = mail();
    const received = await ask(
      "MarkAllItemsAsRead",
      `<ReadFlag>true</ReadFlag><SuppressReadReceipts>true</SuppressReadReceipts><FolderIds>${folderId("inbox")}</FolderIds>`,
    );
    expect([outcomes(received), item.isRead]).toEqual([["Success NoError"], true]);
  });

  test("a draft is saved from MIME, and its answer has its id and no attachments", async () => {
    const message = `<t:Message><t:MimeContent>${mime("draft")}</t:MimeContent>${flags(9)}<t:IsRead>true</t:IsRead></t:Message>`;
    const received = await ask(
      "CreateItem",
      `<SavedItemFolderId>${folderId("drafts")}</SavedItemFolderId><Items>${message}</Items>`,
      ` MessageDisposition="SaveOnly"`,
    );
    const [saved] = itemsIn(lab(), "drafts");
    expect([saved?.subject, saved?.isDraft, names(onlyItem(received))]).toEqual(["draft", true, ["ItemId"]]);
  });

  test("a copy of a sent message is saved as one that is no draft", async () => {
    const message = `<t:Message><t:MimeContent>${mime("sent")}</t:MimeContent>${flags(3)}<t:IsRead>true</t:IsRead></t:Message>`;
    await ask(
      "CreateItem",
      `<SavedItemFolderId>${folderId("sentitems")}</SavedItemFolderId><Items>${message}</Items>`,
      ` MessageDisposition="SaveOnly"`,
    );
    expect(itemsIn(lab(), "sentitems").map(({ subject, isDraft }) => [subject, isDraft])).toEqual([["sent", false]]);
  });

  test("a message is sent with its own Message-ID and a hidden recipient, and no copy is kept", async () => {
    const bcc = `<t:BccRecipients><t:Mailbox><t:EmailAddress>soc@example.com</t:EmailAddress></t:Mailbox></t:BccRecipients>`;
    const message = `<t:Message><t:MimeContent>${mime("sent")}</t:MimeContent>${bcc}<t:IsDeliveryReceiptRequested>false</t:IsDeliveryReceiptRequested><t:InternetMessageId>&lt;sent@example.com&gt;</t:InternetMessageId></t:Message>`;
    const received = await ask("CreateItem", `<Items>${message}</Items>`, ` MessageDisposition="SendOnly"`);
    expect(outcomes(received)).toEqual(["Success NoError"]);
    for (const address of [ben, "soc@example.com"])
      expect(itemsIn(lab(), "inbox", address).map(({ internetMessageId }) => internetMessageId)).toEqual(["<sent@example.com>"]);
    expect(itemsIn(lab(), "sentitems")).toEqual([]);
  });

  test.each(["MoveItem", "CopyItem"])("%s gives the new ids of several messages in their order", async (name) => {
    const items = [mail("one"), mail("two")];
    const received = await ask(
      name,
      `<ToFolderId>${folderId("archive")}</ToFolderId><ItemIds>${items.map(itemId).join("")}</ItemIds><ReturnNewItemIds>true</ReturnNewItemIds>`,
    );
    const ids = messages(received).map((one) => one.at("Items", "Message", "ItemId")?.attributes.get("Id"));
    expect(ids.map((id) => mailboxOf(lab()).item(id ?? "")?.subject)).toEqual(["one", "two"]);
  });

  test("a message is marked as junk and moved", async () => {
    const received = await ask("MarkAsJunk", `<ItemIds>${itemId(mail())}</ItemIds>`, ` IsJunk="true" MoveItem="true"`);
    expect(messages(received)[0]?.child("MovedItemId")?.attributes.get("Id")).toBe(itemsIn(lab(), "junkemail")[0]?.id);
  });

  test("folders are made, renamed, moved, copied, deleted and emptied", async () => {
    const made = await ask(
      "CreateFolder",
      `<ParentFolderId>${folderId("inbox")}</ParentFolderId><Folders><t:Folder><t:DisplayName>new</t:DisplayName></t:Folder></Folders>`,
    );
    const id = messages(made)[0]?.at("Folders", "Folder", "FolderId")?.attributes.get("Id") ?? "";
    const own = `<t:FolderId Id="${id}"/>`;
    const rename = `<t:SetFolderField>${field("folder:DisplayName")}<t:Folder><t:DisplayName>renamed</t:DisplayName></t:Folder></t:SetFolderField>`;
    const steps = [
      await ask("UpdateFolder", `<FolderChanges><t:FolderChange>${own}<t:Updates>${rename}</t:Updates></t:FolderChange></FolderChanges>`),
      await ask("CopyFolder", `<ToFolderId>${folderId("archive")}</ToFolderId><FolderIds>${own}</FolderIds>`),
      await ask("MoveFolder", `<ToFolderId>${folderId("drafts")}</ToFolderId><FolderIds>${own}</FolderIds>`),
      await ask("EmptyFolder", `<FolderIds>${own}</FolderIds>`, ` DeleteType="HardDelete" DeleteSubFolders="true"`),
      await ask("DeleteFolder", `<FolderIds>${own}</FolderIds>`, ` DeleteType="HardDelete"`),
    ];
    expect(steps.flatMap(outcomes)).toEqual(steps.map(() => "Success NoError"));
    expect([mailboxOf(lab()).folder(id), mailboxOf(lab()).folderAt(["Archive", "renamed"])?.totalCount]).toEqual([undefined, 0]);
  });

  test("messages are deleted for good", async () => {
    const item = mail();
    const received = await ask("DeleteItem", `<ItemIds>${itemId(item)}</ItemIds>`, ` DeleteType="HardDelete"`);
    expect([outcomes(received), itemsIn(lab(), "inbox").length]).toEqual([["Success NoError"], 0]);
  });
});
