import type { NewItem } from "./item.ts";

/** The item that a message is. The bytes are kept. */
export function itemFromMime(bytes: Uint8Array): NewItem {
  return { mime: bytes, body: { type: "Text", value: Buffer.from(bytes).toString("latin1") } };
}
