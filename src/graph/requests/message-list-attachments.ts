import { found } from "../session/expected-reply.ts";
import { type Page, pageOf } from "../session/paging.ts";
import type { JsonObject } from "../session/read-json.ts";
import { type Request, segment } from "../session/request-description.ts";
import { defaultBehaviour } from "../unpromised.ts";

/**
 * Lists the attachments of a message. The contents, returned unless other properties are named, are left out; only files have a content id.
 * @see https://learn.microsoft.com/en-us/graph/api/message-list-attachments
 */
export const listAttachments: Request<string, Page<JsonObject>> = {
  name: "message-list-attachments",
  safety: "read",
  reply: found("value"),
  write: (messageId, { contentIds } = defaultBehaviour) => ({
    method: "GET",
    path: pathOf(messageId),
    query: { $select: `id,name,contentType,size,isInline${contentIds ? ",microsoft.graph.fileAttachment/contentId" : ""}` },
  }),
  read: (reply) => pageOf(reply, (one) => one),
};

/** Lists the ids of the attachments alone, which Exchange may return although an attachment is corrupt. */
export const listAttachmentIds: Request<string, Page<JsonObject>> = selecting("id");

/** Lists what names an attachment for a person, for those that cannot be read. */
export const listAttachmentNames: Request<string, Page<JsonObject>> = selecting("id,name,contentType,size");

function selecting($select: string): Request<string, Page<JsonObject>> {
  return { ...listAttachments, write: (messageId) => ({ method: "GET", path: pathOf(messageId), query: { $select } }) };
}

function pathOf(messageId: string): string {
  return `/messages/${segment(messageId)}/attachments`;
}
