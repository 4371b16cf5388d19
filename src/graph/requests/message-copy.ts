import { made } from "../session/expected-reply.ts";
import { textIn } from "../session/read-json.ts";
import { type Request, required, segment } from "../session/request-description.ts";
import type { Relocated, Relocation } from "./message-move.ts";

/**
 * Copies a message within its mailbox. Never repeated after a lost reply, because each repetition makes another copy.
 * @see https://learn.microsoft.com/en-us/graph/api/message-copy
 */
export const copyMessage: Request<Relocation, Relocated> = {
  name: "message-copy",
  safety: "never",
  reply: made("id"),
  write: ({ id, destinationId }) => ({ method: "POST", path: `/messages/${segment(id)}/copy`, body: { destinationId } }),
  read: (reply) => ({ newItemId: required(textIn(reply, "id"), "id") }),
};
