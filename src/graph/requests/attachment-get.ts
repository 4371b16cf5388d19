import type { AttachmentName } from "../messages/attachment-ids.ts";
import { content, found } from "../session/expected-reply.ts";
import type { JsonObject } from "../session/read-json.ts";
import { type Request, segment } from "../session/request-description.ts";

/** @see https://learn.microsoft.com/en-us/graph/api/attachment-get */
export function pathOf({ messageId, attachmentId }: AttachmentName): string {
  return `/messages/${segment(messageId)}/attachments/${segment(attachmentId)}`;
}

/** The bytes of a file; of an item, its RFC 5322 form. */
export const getAttachmentValue: Request<AttachmentName, undefined> = {
  name: "attachment-get",
  safety: "read",
  reply: content("file"),
  write: (place) => ({ method: "GET", path: `${pathOf(place)}/$value` }),
  read: () => undefined,
};

/** An attachment with the message inside it. Of a file it is the file with its content, so ask only for items. */
export const getAttachedItem: Request<AttachmentName, JsonObject> = {
  name: "attachment-get",
  safety: "read",
  reply: found("id"),
  write: (place) => ({
    method: "GET",
    path: pathOf(place),
    query: { $expand: "microsoft.graph.itemAttachment/item" },
    prefer: ['outlook.body-content-type="text"'],
  }),
  read: (reply) => reply,
};

/** What kind of attachment it is. */
export const getAttachmentKind: Request<AttachmentName, JsonObject> = {
  name: "attachment-get",
  safety: "read",
  reply: found("id"),
  write: (place) => ({ method: "GET", path: pathOf(place), query: { $select: "id,name,contentType,size,isInline" } }),
  read: (reply) => reply,
};
