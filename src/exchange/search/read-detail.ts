import type { Detail, Message } from "../message.ts";

/** Whether reading with one detail gave all that the other asks. */
export function covers(read: Detail, asked: Detail): boolean {
  const parts = ["recipients", "attachments", "headers"] as const;
  return parts.every((part) => read[part] === true || asked[part] !== true) && (asked.body === undefined || asked.body === read.body);
}

/** A message without the parts that were not asked for: they were read to decide about it, and can be large. */
export function only(message: Message, asked: Detail): Message {
  const { to, cc, bcc, replyTo, attachments, headers, bodyText, bodyHtml, bodyPreview, ...rest } = message;
  return {
    ...rest,
    ...(asked.recipients ? { to, cc, bcc, replyTo } : {}),
    ...(asked.attachments ? { attachments } : {}),
    ...(asked.headers ? { headers } : {}),
    ...(asked.body === "text" ? { bodyText } : {}),
    ...(asked.body === "html" ? { bodyHtml } : {}),
    ...(asked.body === "preview" ? { bodyPreview } : {}),
  };
}
