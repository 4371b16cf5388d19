import type { Detail } from "../../exchange/message.ts";
import { element, type Xml } from "../../wire/xml/write-xml.ts";
import { extendedField, fromSmtpAddress, senderSmtpAddress } from "./extended-property.ts";

/**
 * What one listing gives of a message: FindItem can give all of it, so a page costs one request.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/fielduri
 */
const summaryFields = [
  "item:ItemId",
  "item:ParentFolderId",
  "item:ItemClass",
  "item:Subject",
  "item:Sensitivity",
  "item:DateTimeReceived",
  "item:Size",
  "item:Categories",
  "item:Importance",
  "item:IsDraft",
  "item:DateTimeSent",
  "item:DateTimeCreated",
  "item:HasAttachments",
  "item:LastModifiedTime",
  "item:WebClientReadFormQueryString",
  "item:ConversationId",
  "message:Sender",
  "message:From",
  "message:InternetMessageId",
  "message:IsRead",
] as const;

/** The recipients are asked of GetItem only: FindItem gives none of them. */
const recipientFields = ["message:ToRecipients", "message:CcRecipients", "message:BccRecipients", "message:ReplyTo"] as const;

/** The shape for FindItem: the summary, and the preview where it is wanted. What else `detail` names needs GetItem. */
export function listShape(detail: Detail = {}): Xml {
  return shape("m:ItemShape", [...summaryFields, ...(detail.body === "preview" ? ["item:Preview"] : [])]);
}

/** True when `detail` asks for what FindItem cannot give. */
export function needsGetItem(detail: Detail): boolean {
  return (
    detail.recipients === true || detail.attachments === true || detail.headers === true || detail.body === "text" || detail.body === "html"
  );
}

/**
 * The SMTP addresses of From and Sender, for where these hold an X.500 one. FindItem is not asked for them: what it says of such a sender is read
 * again anyway.
 */
const smtpAddresses = [fromSmtpAddress, senderSmtpAddress].map(extendedField);

/** The shape for GetItem. */
export function itemShape(detail: Detail): Xml {
  return shape("m:ItemShape", [...summaryFields, ...detailFields(detail)], { bodyType: bodyType(detail), extended: smtpAddresses });
}

/** What an item inside an attachment has: no folder, no identity of its own, no link. */
const attachedFields = [
  "item:ItemClass",
  "item:Subject",
  "item:Sensitivity",
  "item:DateTimeReceived",
  "item:Size",
  "item:Importance",
  "item:DateTimeSent",
  "item:DateTimeCreated",
  "item:HasAttachments",
  "message:Sender",
  "message:From",
  "message:InternetMessageId",
] as const;

/** The shape for GetAttachment: which parts of the item inside. */
export function attachmentShape(detail: Detail): Xml {
  const type = bodyType(detail);
  return element(
    "m:AttachmentShape",
    undefined,
    type === undefined ? undefined : element("t:BodyType", undefined, type),
    fields([...attachedFields, ...detailFields(detail)], smtpAddresses),
  );
}

/** The shape for GetAttachment of an item attachment: its RFC 5322 form. */
export const mimeAttachmentShape: Xml = element("m:AttachmentShape", undefined, element("t:IncludeMimeContent", undefined, true));

/** Only what names an item, and its bytes in RFC 5322 form. */
export const mimeShape: Xml = element(
  "m:ItemShape",
  undefined,
  element("t:BaseShape", undefined, "IdOnly"),
  element("t:IncludeMimeContent", undefined, true),
);

function detailFields(detail: Detail): readonly string[] {
  return [
    ...(detail.recipients ? recipientFields : []),
    ...(detail.attachments ? ["item:Attachments"] : []),
    ...(detail.headers ? ["item:InternetMessageHeaders"] : []),
    ...(detail.body === "preview" ? ["item:Preview"] : []),
    ...(detail.body === "text" || detail.body === "html" ? ["item:Body"] : []),
  ];
}

function bodyType(detail: Detail): string | undefined {
  if (detail.body === "text") return "Text";
  return detail.body === "html" ? "HTML" : undefined;
}

/** A shape of our own fields: `IdOnly` and each field by name. Order as the schema has it. */
export function shape(
  name: string,
  fieldUris: readonly string[],
  options: { readonly bodyType?: string | undefined; readonly extended?: readonly Xml[] } = {},
): Xml {
  return element(
    name,
    undefined,
    element("t:BaseShape", undefined, "IdOnly"),
    options.bodyType === undefined ? undefined : element("t:BodyType", undefined, options.bodyType),
    fields(fieldUris, options.extended),
  );
}

function fields(fieldUris: readonly string[], extended: readonly Xml[] = []): Xml {
  return element(
    "t:AdditionalProperties",
    undefined,
    fieldUris.map((uri) => element("t:FieldURI", { FieldURI: uri })),
    extended,
  );
}
