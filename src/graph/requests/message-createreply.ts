import { made } from "../declared.ts";
import type { JsonObject } from "../json.ts";
import { type Request, segment } from "../request.ts";

/**
 * Makes the draft of a reply, with the message below. A repetition would make another draft.
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
