// src/exchange/: The `Exchange` port and its nouns, without any protocol.

import { createHash } from "node:crypto";
import { Failure } from "../failure.ts";
import type { Outcome } from "../outcome.ts";
import type { Attachment } from "./attachment.ts";
import type { Message } from "./message.ts";

/** SHA-256, in hex, of the content of attachments, usually of one. Throws the Failure of one that cannot be read. */
export async function sha256Of(contents: AsyncIterable<Outcome<{ readonly bytes: AsyncIterable<Uint8Array> }>>): Promise<string> {
  const hash = createHash("sha256");
  for await (const outcome of contents) {
    if (!outcome.ok) throw outcome.failure;
    for await (const bytes of outcome.value.bytes) hash.update(bytes);
  }
  return hash.digest("hex");
}

/** What hangs in one attachment; nothing in one that is no message after all. Throws the Failure of one that cannot be opened. */
export async function attachmentsIn(opened: AsyncIterable<Outcome<Message>>): Promise<readonly Attachment[]> {
  for await (const outcome of opened) {
    if (!outcome.ok && outcome.failure.code === "invalid-input") return [];
    if (!outcome.ok) throw outcome.failure;
    return outcome.value.attachments ?? [];
  }
  throw new Failure("internal", "An attachment without an outcome.");
}
