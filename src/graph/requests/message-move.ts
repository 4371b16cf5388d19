import { made } from "../session/expected-reply.ts";
import { textIn } from "../session/read-json.ts";
import { type Request, required, segment } from "../session/request-description.ts";

export interface Relocation {
  readonly id: string;
  /** Id or well-known name of a folder of the same mailbox. */
  readonly destinationId: string;
}

export interface Relocated {
  readonly newItemId?: string | undefined;
}

/**
 * Moves a message within its mailbox. May be repeated: after a move, a default id finds nothing, and an immutable id moves the message to the folder
 * where it already is.
 * @see https://learn.microsoft.com/en-us/graph/api/message-move
 */
export const moveMessage: Request<Relocation, Relocated> = {
  name: "message-move",
  safety: "idempotent",
  reply: made("id"),
  gone: {},
  write: ({ id, destinationId }) => ({ method: "POST", path: `/messages/${segment(id)}/move`, body: { destinationId } }),
  read: (reply) => ({ newItemId: required(textIn(reply, "id"), "id") }),
};

/**
 * As `moveMessage`, with ids that change: an order under way to the old id can no longer be carried out. The reply must have the new id, and nothing
 * replaces it.
 */
export const moveAway: Request<Relocation, string> = {
  name: "message-move",
  safety: "never",
  reply: made("id"),
  write: (relocation) => ({ ...moveMessage.write(relocation), ids: "rest" }),
  read: (reply) => required(textIn(reply, "id"), "id"),
};
