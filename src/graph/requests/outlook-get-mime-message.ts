import { content } from "../session/expected-reply.ts";
import { type Request, segment } from "../session/request-description.ts";

/**
 * Reads the RFC 5322 form of a message. Exchange generates it from its store, so it may differ from the bytes that were received.
 * @see https://learn.microsoft.com/en-us/graph/outlook-get-mime-message
 */
export const getMimeMessage: Request<string, undefined> = {
  name: "outlook-get-mime-message",
  safety: "read",
  reply: content("message"),
  write: (id) => ({ method: "GET", path: `/messages/${segment(id)}/$value` }),
  read: () => undefined,
};
