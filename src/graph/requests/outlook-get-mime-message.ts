import { content } from "../session/expected-reply.ts";
import { type Request, segment } from "../session/request-description.ts";

/**
 * The RFC 5322 form of a message. Exchange makes it anew from what it has stored: it need not be, byte for byte, what came over the wire.
 * @see https://learn.microsoft.com/en-us/graph/outlook-get-mime-message
 */
export const getMimeMessage: Request<string, undefined> = {
  name: "outlook-get-mime-message",
  safety: "read",
  reply: content("message"),
  write: (id) => ({ method: "GET", path: `/messages/${segment(id)}/$value` }),
  read: () => undefined,
};
