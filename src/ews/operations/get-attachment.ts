import type { Attachment } from "../../exchange/attachment.ts";
import type { Detail, Message } from "../../exchange/message.ts";
import { listOf, many, mapped, optional, record } from "../../wire/xml/read-xml.ts";
import { element } from "../../wire/xml/write-xml.ts";
import { attachmentShape, mimeAttachmentShape } from "../messages/item-shapes.ts";
import { attachmentElements, attachmentFields, attachmentOf, itemElements, messageReader } from "../messages/message-reader.ts";
import { m } from "../namespaces.ts";
import { type Operation, outcomeOf, responses } from "../operation.ts";
import { attachmentIds } from "../session/item-ids.ts";
import { status } from "../session/response-status.ts";

/** An attachment as GetAttachment returns it, with the item inside an item attachment. */
export interface Opened {
  readonly attachment: Attachment;
  readonly item?: Message | undefined;
}

const opened = mapped(
  record({ ...attachmentFields, items: many(itemElements, messageReader) }),
  ({ items, ...fields }): Opened => ({ attachment: attachmentOf(fields), item: items[0] }),
);

const read = responses(
  "GetAttachment",
  mapped(
    record({ ...status, attachments: optional(m("Attachments"), listOf(attachmentElements, opened)) }),
    outcomeOf(({ attachments }): Opened | undefined => attachments?.[0]),
  ),
);

/**
 * Reads attachments by their ids, which are all that the request contains. Only this operation reads the item inside an item attachment.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/getattachment-operation
 */
export const getAttachment: Operation<{ readonly ids: readonly string[]; readonly detail: Detail }, Opened> = {
  name: "GetAttachment",
  safety: "read",
  names: ({ ids }) => ids,
  write: ({ ids, detail }) => element("m:GetAttachment", undefined, attachmentShape(detail), attachmentIds(ids)),
  read,
};

/** GetAttachment for the streamed bytes of one file attachment (`t:Content`) or of the item inside one (`t:MimeContent`). */
export const getAttachmentContent: Operation<Pick<Attachment, "id" | "kind">, Opened> = {
  name: "GetAttachment",
  safety: "read",
  names: ({ id }) => [id],
  write: ({ id, kind }) => element("m:GetAttachment", undefined, kind === "item" ? mimeAttachmentShape : undefined, attachmentIds([id])),
  read,
};
