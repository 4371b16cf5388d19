import type { Detail, Message } from "../message.ts";

/** Tells whether reading with one detail returned everything that the other requests. */
export function coversDetail(read: Detail, requested: Detail): boolean {
  const parts = ["recipients", "attachments", "headers"] as const;
  return (
    parts.every((part) => read[part] === true || requested[part] !== true) && (requested.body === undefined || requested.body === read.body)
  );
}

/** Returns a message without the parts that were not requested: they were read for matching and can be large. */
export function withoutExtraDetail(message: Message, requested: Detail): Message {
  const { to, cc, bcc, replyTo, attachments, headers, bodyText, bodyHtml, bodyPreview, ...rest } = message;
  return {
    ...rest,
    ...(requested.recipients ? { to, cc, bcc, replyTo } : {}),
    ...(requested.attachments ? { attachments } : {}),
    ...(requested.headers ? { headers } : {}),
    ...(requested.body === "text" ? { bodyText } : {}),
    ...(requested.body === "html" ? { bodyHtml } : {}),
    ...(requested.body === "preview" ? { bodyPreview } : {}),
  };
}
