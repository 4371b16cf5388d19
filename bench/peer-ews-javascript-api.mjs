// ews-javascript-api doing what the bench asks. usage: peer-ews-javascript-api.mjs URL USER PASSWORD MAILBOX search|mime [N | SUBJECT]
import * as ews from "ews-javascript-api";

const [url = "", user = "", password = "", mailbox = "", what, rest = ""] = process.argv.slice(2);
ews.EwsLogging.DebugLogEnabled = false;
const service = new ews.ExchangeService(ews.ExchangeVersion.Exchange2016);
service.Credentials = new ews.WebCredentials(user, password);
service.Url = new ews.Uri(url);
service.ImpersonatedUserId = new ews.ImpersonatedUserId(ews.ConnectingIdType.SmtpAddress, mailbox);
const I = ews.ItemSchema;
const E = ews.EmailMessageSchema;
const fields = [
  I.Subject,
  E.Sender,
  E.From,
  I.DateTimeReceived,
  I.DateTimeSent,
  I.DateTimeCreated,
  I.Size,
  I.HasAttachments,
  E.IsRead,
  I.Importance,
  I.Categories,
  E.InternetMessageId,
  I.ItemClass,
  I.ConversationId,
  I.LastModifiedTime,
];

if (what === "search") {
  const view = new ews.ItemView(Number(rest));
  view.PropertySet = new ews.PropertySet(ews.BasePropertySet.IdOnly, fields);
  view.OrderBy.Add(I.DateTimeReceived, ews.SortDirection.Descending);
  const found = await service.FindItems(ews.WellKnownFolderName.Inbox, view);
  console.log(found.Items.length, found.Items.at(-1)?.Subject);
} else if (what === "mime") {
  const filter = new ews.SearchFilter.IsEqualTo(I.Subject, rest);
  const found = await service.FindItems(ews.WellKnownFolderName.Inbox, filter, new ews.ItemView(1));
  const items = await service.BindToItems([found.Items[0].Id], new ews.PropertySet(ews.BasePropertySet.IdOnly, [I.MimeContent]));
  console.log(Buffer.from(items.Responses[0].Item.MimeContent.Content, "base64").length);
}
