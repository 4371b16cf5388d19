import type { NewAttachment } from "../../exchange/attachment.ts";
import { fromAttribute, listOf, mapped, optional, record } from "../../wire/xml/read-xml.ts";
import { base64Content, element, type Xml } from "../../wire/xml/write-xml.ts";
import { attachmentElements } from "../messages/message-reader.ts";
import { m, t } from "../namespaces.ts";
import { type Operation, outcomeOf, responses } from "../operation.ts";
import type { ItemRef } from "../session/item-ids.ts";
import { status } from "../session/response-status.ts";

/** One file attachment to put on a draft. */
export interface CreateAttachment {
  readonly parent: ItemRef;
  readonly attachment: NewAttachment;
}

/**
 * Puts one file on an item; its bytes are encoded while they are sent. Every attachment gives the item a new change key: the value. Not
 * repeated: a second time would put the same file on it twice.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/createattachment-operation
 */
export const createAttachment: Operation<CreateAttachment, ItemRef> = {
  name: "CreateAttachment",
  safety: "never",
  names: ({ parent }) => [parent.id],
  write: ({ parent, attachment }) =>
    element(
      "m:CreateAttachment",
      undefined,
      element("m:ParentItemId", { Id: parent.id, ChangeKey: parent.changeKey }),
      element("m:Attachments", undefined, fileAttachment(attachment)),
    ),
  read: responses(
    "CreateAttachment",
    mapped(
      record({
        ...status,
        attachments: optional(m("Attachments"), listOf(attachmentElements, record({ id: optional(t("AttachmentId"), rootOf()) }))),
      }),
      outcomeOf(({ attachments }) => attachments?.[0]?.id),
    ),
  ),
};

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/fileattachment */
function fileAttachment(attachment: NewAttachment): Xml {
  const { name, contentType, contentId, isInline, size } = attachment;
  return element(
    "t:FileAttachment",
    undefined,
    element("t:Name", undefined, name),
    element("t:ContentType", undefined, contentType ?? "application/octet-stream"),
    // Exchange writes the angle brackets itself.
    contentId === undefined ? undefined : element("t:ContentId", undefined, contentId.replace(/^<|>$/g, "")),
    element("t:IsInline", undefined, isInline ?? false),
    element("t:Content", undefined, base64Content({ size, open: () => attachment.open() })),
  );
}

/** The item that holds the attachment, as the attachment's id names it. */
function rootOf() {
  return mapped(
    record({ id: fromAttribute("RootItemId"), changeKey: fromAttribute("RootItemChangeKey") }),
    ({ id, changeKey }): ItemRef => ({ id: id ?? "", changeKey }),
  );
}
