import { accepted } from "../session/expected-reply.ts";
import { type Request, segment } from "../session/request-description.ts";

/**
 * Sends a draft; Exchange keeps a copy in Sent Items. Never repeated by itself, because a lost reply may belong to a sent message.
 * @see https://learn.microsoft.com/en-us/graph/api/message-send
 */
export const sendDraft: Request<string, undefined> = {
  name: "message-send",
  safety: "never",
  reply: accepted,
  write: (id) => ({ method: "POST", path: `/messages/${segment(id)}/send` }),
  read: () => undefined,
};
