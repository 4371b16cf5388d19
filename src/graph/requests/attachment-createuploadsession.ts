import type { NewAttachment } from "../../exchange/attachment.ts";
import { made } from "../session/expected-reply.ts";
import { textIn } from "../session/read-json.ts";
import { type Request, required, segment } from "../session/request-description.ts";

/**
 * Opens an upload session for a large file and returns its URL. The draft stays unchanged until the last piece; an unused session ends by itself, so
 * opening another is harmless.
 * @see https://learn.microsoft.com/en-us/graph/api/attachment-createuploadsession
 */
export const createUploadSession: Request<{ readonly draft: string; readonly attachment: NewAttachment }, string> = {
  name: "attachment-createuploadsession",
  safety: "idempotent",
  reply: made("uploadUrl"),
  write: ({ draft, attachment: { name, size, contentType, isInline, contentId } }) => ({
    method: "POST",
    path: `/messages/${segment(draft)}/attachments/createUploadSession`,
    ids: "rest",
    body: {
      AttachmentItem: {
        attachmentType: "file",
        name,
        size,
        contentType: contentType ?? "application/octet-stream",
        isInline: isInline ?? false,
        ...(contentId === undefined ? {} : { contentId }),
      },
    },
  }),
  read: (reply) => required(textIn(reply, "uploadUrl"), "uploadUrl"),
};
