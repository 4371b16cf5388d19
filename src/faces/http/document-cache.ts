import { createHash } from "node:crypto";
import type { Context } from "hono";
import type { Env } from "./respond.ts";

/** A generated text and its entity tag. */
interface CachedDocument {
  readonly text: string;
  readonly etag: string;
}

/** Returns documents that are the same for every caller while the process runs, each generated at its first request. */
export type DocumentCache = (c: Context<Env>, name: string, make: () => object) => Response;

/** Opens a cache of documents as text: generating the schemas of an action blocks the shared thread for milliseconds. */
export function openDocumentCache(): DocumentCache {
  const kept = new Map<string, CachedDocument>();
  return (c, name, make) => {
    let written = kept.get(name);
    if (written === undefined) {
      const text = JSON.stringify(make());
      written = { text, etag: `"${createHash("sha256").update(text).digest("base64url")}"` };
      kept.set(name, written);
    }
    // The document is behind authentication and changes with an update of mailcordon, so clients revalidate it each time and get it again only if it
    // changed.
    const headers = { etag: written.etag, "cache-control": "private, no-cache" };
    if (hasEntityTag(c.req.header("if-none-match"), written.etag)) return new Response(null, { status: 304, headers });
    return new Response(written.text, { headers: { ...headers, "content-type": "application/json" } });
  };
}

/** Whether a list of entity tags has this one, by the weak comparison. @see https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2 */
function hasEntityTag(list: string | undefined, etag: string): boolean {
  return (list ?? "").split(",").some((one) => one.trim() === "*" || one.trim().replace(/^W\//, "") === etag);
}
