import * as ews from "ews-javascript-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Lab, startLab } from "../../src/lab/lab.ts";
import { campaign } from "../../src/lab/seed/campaign.ts";
import { socAddress } from "../../src/lab/seed/seed.ts";
import { labPassword } from "../../src/lab/store/store.ts";

const mailbox = "legal@example.com";
const other = "user10@example.com";
const { WellKnownFolderName: Folder } = ews;

describe("ews-javascript-api drives the lab", () => {
  let lab: Lab;
  const services = new Map<string, ews.ExchangeService>();

  beforeAll(async () => {
    lab = await startLab();
    ews.EwsLogging.DebugLogEnabled = false;
  });
  afterAll(() => lab.close());

  function open(address: string): ews.ExchangeService {
    const service = new ews.ExchangeService(ews.ExchangeVersion.Exchange2016);
    service.Credentials = new ews.WebCredentials(socAddress, labPassword);
    service.Url = new ews.Uri(lab.ewsUrl);
    service.ImpersonatedUserId = new ews.ImpersonatedUserId(ews.ConnectingIdType.SmtpAddress, address);
    services.set(address, service);
    return service;
  }
  const at = (address: string) => services.get(address) ?? open(address);

  async function find(address: string, folder: ews.WellKnownFolderName, subject: string): Promise<ews.Item[]> {
    const filter = new ews.SearchFilter.ContainsSubstring(
      ews.ItemSchema.Subject,
      subject,
      ews.ContainmentMode.Substring,
      ews.ComparisonMode.IgnoreCase,
    );
    return (await at(address).FindItems(folder, filter, new ews.ItemView(50))).Items;
  }

  /** Binds to one of the found messages with these properties. */
  async function bind(address: string, id: ews.ItemId, ...properties: ews.PropertyDefinitionBase[]): Promise<ews.EmailMessage> {
    return ews.EmailMessage.Bind(at(address), id, new ews.PropertySet(ews.BasePropertySet.FirstClassProperties, properties));
  }

  async function draft(address: string, folder: ews.WellKnownFolderName, subject: string): Promise<ews.EmailMessage> {
    const message = new ews.EmailMessage(at(address));
    message.Subject = subject;
    message.Body = new ews.TextBody("x");
    message.ToRecipients.Add(address);
    await message.Save(folder);
    return message;
  }

  async function only(address: string, folder: ews.WellKnownFolderName, subject: string): Promise<ews.Item> {
    const [item, more] = await find(address, folder, subject);
    if (item === undefined || more !== undefined) throw new Error(`not exactly one "${subject}" in ${address}`);
    return item;
  }

  it("finds by a part of the subject, whatever the case", async () => {
    const found = await find(mailbox, Folder.Inbox, "OVERDUE invoice 4711");
    expect(found.map((item) => item.Subject)).toEqual([campaign.subject]);
  });

  it("reads the message and its attachments: a file, an inline image, an attached mail", async () => {
    const item = await only(mailbox, Folder.Inbox, campaign.subject);
    const message = await bind(mailbox, item.Id, ews.ItemSchema.Attachments, ews.ItemSchema.MimeContent);
    expect(message.InternetMessageId).toBe(campaign.rich.messageId);
    expect(message.Attachments.GetEnumerator().map((each) => [each.Name, each.IsInline])).toEqual([
      ["logo.png", true],
      ["invoice-4711.pdf", false],
      ["FW: Statement of account", false],
    ]);
    const files = message.Attachments.GetEnumerator().filter((each) => each instanceof ews.FileAttachment);
    const contents = await at(mailbox).GetAttachments(files, ews.BodyType.Text, []);
    expect(contents.Responses.map((each) => each.ErrorCode)).toEqual([ews.ServiceError.NoError, ews.ServiceError.NoError]);
  });

  it("sends a mail, which arrives; and the reply comes back", async () => {
    const message = new ews.EmailMessage(at(mailbox));
    message.Subject = "witness: from JavaScript";
    message.Body = new ews.MessageBody(ews.BodyType.Text, "hello");
    message.ToRecipients.Add(other);
    await message.SendAndSaveCopy();
    const arrived = await only(other, Folder.Inbox, "witness: from JavaScript");
    await only(mailbox, Folder.SentItems, "witness: from JavaScript");

    const original = await bind(other, arrived.Id);
    await original.Reply(new ews.MessageBody(ews.BodyType.Text, "hello back"), false);
    const answer = await only(mailbox, Folder.Inbox, "witness: from JavaScript");
    expect(answer.Subject.toLowerCase()).toBe("re: witness: from javascript");
  });

  it("copies and moves under new ids", async () => {
    const message = await draft(mailbox, Folder.Inbox, "witness: copy and move");
    const copy = await message.Copy(Folder.Drafts);
    expect(copy.Id.UniqueId).not.toBe(message.Id.UniqueId);
    const moved = await copy.Move(Folder.JunkEmail);
    expect(moved.Id.UniqueId).not.toBe(copy.Id.UniqueId);
    await expect(bind(mailbox, copy.Id)).rejects.toMatchObject({ ErrorCode: ews.ServiceError.ErrorItemNotFound });
    await only(mailbox, Folder.Inbox, "witness: copy and move");
    await only(mailbox, Folder.JunkEmail, "witness: copy and move");
  });

  it.each([
    [ews.DeleteMode.MoveToDeletedItems, Folder.DeletedItems],
    [ews.DeleteMode.SoftDelete, Folder.RecoverableItemsDeletions],
    [ews.DeleteMode.HardDelete, Folder.RecoverableItemsPurges],
  ])("deletes (mode %i) to where Exchange puts it, and the old id is dead", async (mode, folder) => {
    const message = await draft(mailbox, Folder.Inbox, `witness: delete ${mode}`);
    await message.Delete(mode);
    await expect(bind(mailbox, message.Id)).rejects.toMatchObject({ ErrorCode: ews.ServiceError.ErrorItemNotFound });
    await only(mailbox, folder, `witness: delete ${mode}`);
  });

  it("marks as junk and moves to Junk Email", async () => {
    const message = await draft(mailbox, Folder.Inbox, "witness: junk");
    await at(mailbox).MarkAsJunk([message.Id], true, true);
    expect(await find(mailbox, Folder.Inbox, "witness: junk")).toEqual([]);
    await only(mailbox, Folder.JunkEmail, "witness: junk");
  });

  it("sets and reads automatic replies", async () => {
    const settings = new ews.OofSettings();
    settings.State = ews.OofState.Enabled;
    settings.ExternalAudience = ews.OofExternalAudience.All;
    settings.InternalReply = new ews.OofReply("inside");
    settings.ExternalReply = new ews.OofReply("outside");
    await at(mailbox).SetUserOofSettings(mailbox, settings);
    const got = await at(mailbox).GetUserOofSettings(mailbox);
    expect([got.State, got.InternalReply.Message, got.ExternalReply.Message]).toEqual([ews.OofState.Enabled, "inside", "outside"]);
  });
});
