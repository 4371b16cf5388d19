// src/exchange/: The `Exchange` port and its nouns, without any protocol.

import { createHash } from "node:crypto";
import { Failure } from "../failure.ts";
import type { Outcome } from "../outcome.ts";
import type { Attachment } from "./attachment.ts";
import type { Message } from "./message.ts";

/** Returns the SHA-256, in hexadecimal, of the content of attachments (usually one). Throws the Failure of an attachment that cannot be read. */
export async function sha256Of(contents: AsyncIterable<Outcome<{ readonly bytes: AsyncIterable<Uint8Array> }>>): Promise<string> {
  const hash = createHash("sha256");
  for await (const outcome of contents) {
    if (!outcome.ok) throw outcome.failure;
    for await (const bytes of outcome.value.bytes) hash.update(bytes);
  }
  return hash.digest("hex");
}

/**
 * Returns the attachments inside one attachment; none if it is not a message after all. Throws the Failure of an attachment that cannot be opened.
 */
export async function attachmentsIn(opened: AsyncIterable<Outcome<Message>>): Promise<readonly Attachment[]> {
  for await (const outcome of opened) {
    if (!outcome.ok && outcome.failure.code === "invalid-input") return [];
    if (!outcome.ok) throw outcome.failure;
    return outcome.value.attachments ?? [];
  }
  throw new Failure("internal", "An attachment without an outcome.");
}
