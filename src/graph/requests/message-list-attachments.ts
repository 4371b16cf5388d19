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
    path: `/messages/${segment(messageId)}/attachments`,
    query: { $select: `id,name,contentType,size,isInline${contentIds ? ",microsoft.graph.fileAttachment/contentId" : ""}` },
  }),
  read: (reply) => pageOf(reply, (one) => one),
};
