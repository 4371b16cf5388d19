/** Replies to FindItem as Exchange writes them: about 2.5 KB for each message, two thirds of which a summary uses. */

const soap = "http://schemas.xmlsoap.org/soap/envelope/";
const messages = "http://schemas.microsoft.com/exchange/services/2006/messages";
const types = "http://schemas.microsoft.com/exchange/services/2006/types";

/** Returns one page of messages, numbered from `first`. */
export function findItemPage(first: number, count: number): Buffer {
  const items = Array.from({ length: count }, (_, i) => message(first + i)).join("");
  return Buffer.from(
    `<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="${soap}"><s:Header><h:ServerVersionInfo MajorVersion="15" MinorVersion="2" MajorBuildNumber="1748" MinorBuildNumber="10" Version="V2017_07_11" xmlns:h="${types}" xmlns="${types}" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"/></s:Header><s:Body xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"><m:FindItemResponse xmlns:m="${messages}" xmlns:t="${types}"><m:ResponseMessages><m:FindItemResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode><m:RootFolder IndexedPagingOffset="${first + count}" TotalItemsInView="100000" IncludesLastItemInRange="false"><t:Items>${items}</t:Items></m:RootFolder></m:FindItemResponseMessage></m:ResponseMessages></m:FindItemResponse></s:Body></s:Envelope>`,
  );
}

// Ids of Exchange have 152 characters and more.
const idHead = `AAMk${"ADc0ZGViMWUtNTk4Ny00OWM4LWJmYjAtZmEyNGVhY2ZjZTQ1".repeat(2)}BGAAAAAAAxQ7ZsY0kmRZ7pXq`;
const folder = "AAMkADc0ZGViMWUtNTk4Ny00OWM4LWJmYjAtZmEyNGVhY2ZjZTQ1AC4AAAAAADFDtmxjSSZFnuleqJAAABDEzAAA=";

function mailbox(name: string, address: string): string {
  return `<t:Mailbox><t:Name>${name}</t:Name><t:EmailAddress>${address}</t:EmailAddress><t:RoutingType>SMTP</t:RoutingType><t:MailboxType>Mailbox</t:MailboxType></t:Mailbox>`;
}

function message(n: number): string {
  const six = String(n).padStart(6, "0");
  const at = (seconds: number) => new Date(Date.UTC(2026, 1, 3) + n * 47_000 + seconds * 1000).toISOString().replace(".000Z", "Z");
  const sender = mailbox("Fabienne Müller (Accounts)", `f.mueller.${n}@supplier.example`);
  const { length } = six;
  return [
    `<t:Message><t:ItemId Id="${idHead}${six}AAA=" ChangeKey="CQAAABYAAADn0k${six}AAAcpq2"/><t:ParentFolderId Id="${folder}" ChangeKey="AQAAAA=="/>`,
    `<t:ItemClass>IPM.Note</t:ItemClass><t:Subject>RE: Overdue invoice ${n} &amp; reminder – &lt;please read&gt;</t:Subject>`,
    `<t:Sensitivity>Normal</t:Sensitivity><t:DateTimeReceived>${at(length)}</t:DateTimeReceived><t:Size>${31_000 + n}</t:Size>`,
    "<t:Categories><t:String>Blue category</t:String><t:String>Finance</t:String></t:Categories><t:Importance>Normal</t:Importance>",
    "<t:IsSubmitted>false</t:IsSubmitted><t:IsDraft>false</t:IsDraft><t:IsFromMe>false</t:IsFromMe><t:IsResend>false</t:IsResend>",
    `<t:IsUnmodified>false</t:IsUnmodified><t:DateTimeSent>${at(0)}</t:DateTimeSent><t:DateTimeCreated>${at(length + 1)}</t:DateTimeCreated>`,
    "<t:ReminderIsSet>false</t:ReminderIsSet><t:ReminderMinutesBeforeStart>0</t:ReminderMinutesBeforeStart><t:DisplayCc/>",
    `<t:DisplayTo>Accounts Payable; Dana Whitfield</t:DisplayTo><t:HasAttachments>${n % 4 === 0}</t:HasAttachments><t:Culture>en-GB</t:Culture>`,
    `<t:LastModifiedName>Dana Whitfield</t:LastModifiedName><t:LastModifiedTime>${at(length + 60)}</t:LastModifiedTime>`,
    `<t:IsAssociated>false</t:IsAssociated><t:WebClientReadFormQueryString>https://mail.example.com/owa/?ItemID=${idHead}${six}AAA%3D&amp;exvsurl=1&amp;viewmodel=ReadMessageItem</t:WebClientReadFormQueryString>`,
    `<t:ConversationId Id="AAQkADc0ZGViMWUtNTk4Ny00OWM4LWJmYjAtZmEyNGVhY2ZjZTQ1ABAA${six}="/><t:Sender>${sender}</t:Sender>`,
    `<t:IsReadReceiptRequested>false</t:IsReadReceiptRequested><t:ConversationIndex>AQHbqX3o6vYk${six}AAGc2kXq==</t:ConversationIndex>`,
    `<t:ConversationTopic>Overdue invoice ${n}</t:ConversationTopic><t:From>${sender}</t:From>`,
    `<t:InternetMessageId>&lt;${n}.7f3a9c21@mail.supplier.example&gt;</t:InternetMessageId><t:IsRead>${n % 2 === 0}</t:IsRead></t:Message>`,
  ].join("");
}
