import type { Detail } from "../../exchange/message.ts";
import { element, type Xml } from "../../wire/xml/write-xml.ts";
import { extendedField, fromSmtpAddress, senderSmtpAddress, transportHeaders } from "./extended-property.ts";
import { flagFields } from "./flag.ts";

/**
 * Properties of a message in a listing. FindItem returns all of them, so a page costs one request.
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

/** Recipients are requested from GetItem only, because FindItem returns none of them. */
const recipientFields = ["message:ToRecipients", "message:CcRecipients", "message:BccRecipients", "message:ReplyTo"] as const;

/** Writes the shape for FindItem: the summary, and the preview if requested. Other parts of `detail` need GetItem. */
export function listShape(detail: Detail = {}): Xml {
  return shape("m:ItemShape", [...summaryFields, ...(detail.body === "preview" ? ["item:Preview"] : [])]);
}

/** Tells whether `detail` requests properties that FindItem does not return. */
export function needsGetItem(detail: Detail): boolean {
  return (
    detail.recipients === true || detail.attachments === true || detail.headers === true || detail.body === "text" || detail.body === "html"
  );
}

/**
 * The SMTP addresses of From and Sender, for messages where these have an X.500 address. They are not requested from FindItem, since such a sender is
 * read again anyway.
 */
const smtpAddresses = [fromSmtpAddress, senderSmtpAddress].map(extendedField);

/** Writes the shape for GetItem. */
export function itemShape(detail: Detail): Xml {
  const headers = detail.headers ? [extendedField(transportHeaders)] : [];
  const extended = [...smtpAddresses, ...(detail.flag ? flagFields : []), ...headers];
  return shape("m:ItemShape", [...summaryFields, ...detailFields(detail)], { bodyType: bodyType(detail), extended });
}

/** Properties of an item inside an attachment: it has no folder, no id of its own and no link. */
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

/** Writes the shape for GetAttachment: the requested properties of the item inside. */
export function attachmentShape(detail: Detail): Xml {
  const type = bodyType(detail);
  return element(
    "m:AttachmentShape",
    undefined,
    type === undefined ? undefined : element("t:BodyType", undefined, type),
    fields([...attachedFields, ...detailFields(detail)], smtpAddresses),
  );
}

/** The shape for GetAttachment of an item attachment's RFC 5322 form. */
export const mimeAttachmentShape: Xml = element("m:AttachmentShape", undefined, element("t:IncludeMimeContent", undefined, true));

/** The shape for an item's id and its bytes in RFC 5322 form. */
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

/** Writes a shape of named fields: `IdOnly` and each field, in the order of the schema. */
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
