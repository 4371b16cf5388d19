import type { NewAttachment } from "../../exchange/attachment.ts";
import { fromAttribute, listOf, mapped, optional, record } from "../../wire/xml/read-xml.ts";
import { base64Content, element, type Xml } from "../../wire/xml/write-xml.ts";
import { attachmentElements } from "../messages/message-reader.ts";
import { m, t } from "../namespaces.ts";
import { type Operation, outcomeOf, responses } from "../operation.ts";
import type { ItemRef } from "../session/item-ids.ts";
import { status } from "../session/response-status.ts";

/** One file attachment to add to a draft. */
export interface CreateAttachment {
  readonly parent: ItemRef;
  readonly attachment: NewAttachment;
}

/**
 * Adds one file to an item. Its bytes are encoded while they are sent. Each attachment changes the item's change key, which is the value. Not
 * repeated: a repetition would add the file twice.
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
    // Exchange adds the angle brackets itself.
    contentId === undefined ? undefined : element("t:ContentId", undefined, contentId.replace(/^<|>$/g, "")),
    element("t:IsInline", undefined, isInline ?? false),
    element("t:Content", undefined, base64Content({ size, open: () => attachment.open() })),
  );
}

/** Reads the item that has the attachment, from the attachment's id. */
function rootOf() {
  return mapped(
    record({ id: fromAttribute("RootItemId"), changeKey: fromAttribute("RootItemChangeKey") }),
    ({ id, changeKey }): ItemRef => ({ id: id ?? "", changeKey }),
  );
}
