import { found } from "../declared.ts";
import { defaultHabits } from "../habits.ts";
import type { JsonObject } from "../json.ts";
import { type Page, pageOf } from "../paging.ts";
import { type Request, segment } from "../request.ts";

/**
 * The attachments of a message. The contents, which come unless others are named, are left out; the content id belongs to files only.
 * @see https://learn.microsoft.com/en-us/graph/api/message-list-attachments
 */
export const listAttachments: Request<string, Page<JsonObject>> = {
  name: "message-list-attachments",
  safety: "read",
  reply: found("value"),
  write: (messageId, { contentIds } = defaultHabits) => ({
    method: "GET",
    path: `/messages/${segment(messageId)}/attachments`,
    query: { $select: `id,name,contentType,size,isInline${contentIds ? ",microsoft.graph.fileAttachment/contentId" : ""}` },
  }),
  read: (reply) => pageOf(reply, (one) => one),
};
