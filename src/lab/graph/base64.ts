// src/lab/graph/: Microsoft Graph in the lab: routes a request, runs it on the store and writes the reply.

import { badRequest } from "./errors.ts";

/** Decodes base64. Throws GraphError if the text is not base64. */
export function bytesOf(text: string, code: string): Uint8Array {
  const tight = text.replace(/\s+/g, "");
  const bytes = Buffer.from(tight, "base64");
  if (bytes.toString("base64").replace(/(?<!=)=+$/, "") !== tight.replace(/(?<!=)=+$/, ""))
    throw badRequest("The content is not valid base64.", code);
  return bytes;
}
