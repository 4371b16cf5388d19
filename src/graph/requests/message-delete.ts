import { noContent } from "../session/expected-reply.ts";
import { type Request, segment } from "../session/request-description.ts";
import type { Relocated } from "./message-move.ts";

/**
 * Deletes a message; where it then lies Microsoft does not say the same everywhere. Drafts of our own go this way in clouds without
 * permanentDelete; others only where moving is refused, and then it is looked where they are.
 * @see https://learn.microsoft.com/en-us/graph/api/message-delete
 */
export const deleteMessage: Request<string, Relocated> = {
  name: "message-delete",
  safety: "idempotent",
  reply: noContent,
  gone: {},
  write: (id) => ({ method: "DELETE", path: `/messages/${segment(id)}` }),
  read: () => ({}),
};
