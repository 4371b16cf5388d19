import { found } from "../session/expected-reply.ts";
import type { JsonObject } from "../session/read-json.ts";
import { type Request, segment } from "../session/request-description.ts";

/**
 * Sets properties of a message; mailcordon uses it for messages that it has made itself. May be repeated.
 * @see https://learn.microsoft.com/en-us/graph/api/message-update
 */
export const updateMessage: Request<{ readonly id: string; readonly set: JsonObject }, JsonObject> = {
  name: "message-update",
  safety: "idempotent",
  reply: found("id"),
  write: ({ id, set }) => ({ method: "PATCH", path: `/messages/${segment(id)}`, ids: "rest", body: set }),
  read: (reply) => reply,
};
