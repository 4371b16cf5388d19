import type { AttachmentName } from "../messages/attachment-ids.ts";
import { noContent } from "../session/expected-reply.ts";
import type { Request } from "../session/request-description.ts";
import { pathOf } from "./attachment-get.ts";

type Deleted = { readonly changeKey?: string | undefined };

/**
 * Deletes an attachment of a message. May be repeated, because a deleted attachment cannot be deleted again. The reply has no body, and so no change
 * key.
 * @see https://learn.microsoft.com/en-us/graph/api/attachment-delete
 */
export const deleteAttachment: Request<AttachmentName, Deleted> = {
  name: "attachment-delete",
  safety: "idempotent",
  reply: noContent,
  gone: {},
  write: (place) => ({ method: "DELETE", path: pathOf(place) }),
  read: () => ({}),
};
