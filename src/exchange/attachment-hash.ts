import { createHash } from "node:crypto";
import type { Outcome } from "../outcome.ts";

/** SHA-256, in hex, of the content of attachments, usually of one. Throws the Failure of one that cannot be read. */
export async function sha256Of(contents: AsyncIterable<Outcome<{ readonly bytes: AsyncIterable<Uint8Array> }>>): Promise<string> {
  const hash = createHash("sha256");
  for await (const outcome of contents) {
    if (!outcome.ok) throw outcome.failure;
    for await (const bytes of outcome.value.bytes) hash.update(bytes);
  }
  return hash.digest("hex");
}
