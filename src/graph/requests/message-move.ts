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
 * Moves a message within its mailbox. What has been moved is no longer found by an id of the default form, and by an immutable one it is moved to
 * where it lies: so it may be repeated.
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

/** The same, with ids that change: an order under way to the old id can no longer be carried out. It must tell the new id, so nothing is taken for it. */
export const moveAway: Request<Relocation, string> = {
  name: "message-move",
  safety: "never",
  reply: made("id"),
  write: (relocation) => ({ ...moveMessage.write(relocation), ids: "rest" }),
  read: (reply) => required(textIn(reply, "id"), "id"),
};
