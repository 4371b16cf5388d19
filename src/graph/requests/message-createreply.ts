import { made } from "../session/expected-reply.ts";
import type { JsonObject } from "../session/read-json.ts";
import { type Request, segment } from "../session/request-description.ts";

/**
 * Creates the draft of a reply, with the original below. Not repeated: each request creates another draft.
 * @see https://learn.microsoft.com/en-us/graph/api/message-createreply
 * @see https://learn.microsoft.com/en-us/graph/api/message-createreplyall
 */
export const createReply: Request<{ readonly id: string; readonly all: boolean }, JsonObject> = {
  name: "message-createreply",
  safety: "never",
  reply: made("id"),
  write: ({ id, all }) => ({ method: "POST", path: `/messages/${segment(id)}/${all ? "createReplyAll" : "createReply"}`, ids: "rest" }),
  read: (reply) => reply,
};
