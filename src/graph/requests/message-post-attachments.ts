import type { NewAttachment } from "../../exchange/attachment.ts";
import { encodeBase64, encodedLength } from "../../wire/mime/base64.ts";
import { made } from "../session/expected-reply.ts";
import { RawBody, type Request, segment } from "../session/request-description.ts";

/**
 * Adds a small file to a draft; larger files use upload sessions. Not repeated: a repetition would add it twice.
 * @see https://learn.microsoft.com/en-us/graph/api/message-post-attachments
 */
export const postAttachment: Request<{ readonly draft: string; readonly attachment: NewAttachment }, undefined> = {
  name: "message-post-attachments",
  safety: "never",
  reply: made("id"),
  write: ({ draft, attachment }) => ({
    method: "POST",
    path: `/messages/${segment(draft)}/attachments`,
    ids: "rest",
    body: fileAttachment(attachment),
  }),
  read: () => undefined,
};

/** Writes a fileAttachment whose content is encoded while it is sent. */
function fileAttachment(attachment: NewAttachment): RawBody {
  const { name, contentType, contentId, isInline, size } = attachment;
  const about = JSON.stringify({
    "@odata.type": "#microsoft.graph.fileAttachment",
    name,
    contentType: contentType ?? "application/octet-stream",
    contentId,
    isInline: isInline ?? false,
  });
  // Base64 needs no escaping in JSON.
  const before = Buffer.from(`${about.slice(0, -1)},"contentBytes":"`);
  const after = Buffer.from('"}');
  return new RawBody("application/json", {
    size: before.length + encodedLength(size) + after.length,
    async *open() {
      yield before;
      yield* encodeBase64(attachment.open());
      yield after;
    },
  });
}
