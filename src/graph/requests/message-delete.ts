import { noContent } from "../session/expected-reply.ts";
import { type Request, segment } from "../session/request-description.ts";
import type { Relocated } from "./message-move.ts";

/**
 * Deletes a message. Microsoft's pages differ about the folder where it is afterwards. Used for our own drafts in clouds without permanentDelete, and
 * for other messages only where a move is refused; their folder is then checked.
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
