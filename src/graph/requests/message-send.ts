import { accepted } from "../session/expected-reply.ts";
import { type Request, segment } from "../session/request-description.ts";

/**
 * Sends a draft; Exchange keeps a copy in Sent Items. A lost answer may have been a sent message, so it is never repeated by itself.
 * @see https://learn.microsoft.com/en-us/graph/api/message-send
 */
export const sendDraft: Request<string, undefined> = {
  name: "message-send",
  safety: "never",
  reply: accepted,
  write: (id) => ({ method: "POST", path: `/messages/${segment(id)}/send` }),
  read: () => undefined,
};
