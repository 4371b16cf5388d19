import type { ItemContent, NewItem } from "./item.ts";

export interface MimeOptions {
  /** Whether Bcc is written; default true. */
  readonly bcc?: boolean | undefined;
}

/** The message as RFC 5322 bytes: the kept ones, or built of the item's fields. */
export function mimeOf(item: ItemContent, options: MimeOptions = {}): Uint8Array {
  return mimeOfNew(item, options);
}

export function mimeOfNew(item: NewItem, _options: MimeOptions = {}): Uint8Array {
  return item.mime ?? Buffer.from(`Subject: ${item.subject ?? ""}\r\n\r\n${item.body?.value ?? ""}`);
}
