import type { LabAttachment } from "../../store/item.ts";
import { el, textEl } from "../../xml.ts";
import { wireTime } from "./extended-properties.ts";

const elements = { file: "t:FileAttachment", item: "t:ItemAttachment", reference: "t:ReferenceAttachment" } as const;

export function attachmentElement(attachment: LabAttachment): string {
  return elements[attachment.kind];
}

/** Id and, in answers to a write, the item at the root with its new change key. */
export function attachmentIdXml(attachment: LabAttachment, root?: { readonly id: string; readonly changeKey: string }): string {
  return el("t:AttachmentId", { Id: attachment.id, RootItemId: root?.id, RootItemChangeKey: root?.changeKey });
}

/** Returns the common elements of an attachment, in the order of t:AttachmentType. */
export function attachmentFieldsXml(attachment: LabAttachment): string {
  return [
    attachmentIdXml(attachment),
    textEl("t:Name", attachment.name),
    textEl("t:ContentType", attachment.contentType),
    textEl("t:ContentId", attachment.contentId),
    textEl("t:ContentLocation", attachment.contentLocation),
    textEl("t:Size", attachment.size),
    textEl("t:LastModifiedTime", wireTime(attachment.modifiedAt)),
    textEl("t:IsInline", attachment.isInline),
    attachment.kind === "file" ? "<t:IsContactPhoto>false</t:IsContactPhoto>" : "",
    attachment.kind === "reference" ? textEl("t:AttachLongPathName", attachment.url) : "",
  ].join("");
}

/** Returns t:Attachments of an item, without content. Nothing if there are none. */
export function attachmentListXml(attachments: readonly LabAttachment[]): string {
  if (attachments.length === 0) return "";
  return el("t:Attachments", {}, ...attachments.map((one) => el(attachmentElement(one), {}, attachmentFieldsXml(one))));
}
