import type { AttachmentName } from "../messages/attachment-ids.ts";
import { content, found } from "../session/expected-reply.ts";
import type { JsonObject } from "../session/read-json.ts";
import { type Request, segment } from "../session/request-description.ts";

/** @see https://learn.microsoft.com/en-us/graph/api/attachment-get */
export function pathOf({ messageId, attachmentId }: AttachmentName): string {
  return `/messages/${segment(messageId)}/attachments/${segment(attachmentId)}`;
}

/** Reads the bytes of a file attachment, or the RFC 5322 form of an item attachment. */
export const getAttachmentValue: Request<AttachmentName, undefined> = {
  name: "attachment-get",
  safety: "read",
  reply: content("file"),
  write: (place) => ({ method: "GET", path: `${pathOf(place)}/$value` }),
  read: () => undefined,
};

/** Reads an attachment with the message inside. For a file it returns the file with its content, so use it only for items. */
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

/** Reads the kind of an attachment. */
export const getAttachmentKind: Request<AttachmentName, JsonObject> = {
  name: "attachment-get",
  safety: "read",
  reply: found("id"),
  write: (place) => ({ method: "GET", path: pathOf(place), query: { $select: "id,name,contentType,size,isInline" } }),
  read: (reply) => reply,
};
