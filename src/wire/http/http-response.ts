import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { Failure } from "../../failure.ts";
import { openCollector } from "./garbage-collection.ts";
import { connectionOf } from "./http-connection.ts";
import type { HttpResponse } from "./request-and-response.ts";

/** What a body needs of the request that it answers. */
export interface RequestControl {
  /** Ends the connection for a reason, which everybody who waits for it is told. */
  stop(reason: Failure): void;
  failure(thrown: unknown): Failure;
  /** `what` the server did within the time, or did not. */
  timeout(what: string): Failure;
  tooMuch(what: string): Failure;
}

/** How far a body may go. */
export interface BodyLimits {
  /** Milliseconds between two pieces. */
  readonly idleMs: number;
  /** Milliseconds that may be waited for the whole of it. */
  readonly totalMs: number;
  /** Bytes, as they are when they are decoded. */
  readonly maxBytes: number;
}

/** A rest of the body up to so many bytes is read and dropped, so that the connection can be used again; a new one costs about as much. */
const maxDropped = 64 * 1024;

/** An answer that has begun. */
export function openResponse(incoming: IncomingMessage, ended: Promise<void>, limits: BodyLimits, upstream: RequestControl): HttpResponse {
  // The reader of the body gets it; without a reader nobody waits for it.
  incoming.on("error", () => undefined);
  const body = readBody(incoming, limits, upstream);
  return {
    status: incoming.statusCode ?? 0,
    connection: connectionOf(incoming.socket),
    ended,
    headers: headersOf(incoming),
    isFramed: isFramed(incoming),
    body,
    async text(maxBytes) {
      const parts: Uint8Array[] = [];
      let size = 0;
      for await (const bytes of body) {
        size += bytes.length;
        if (size > maxBytes) throw new Failure("broken-reply", `The reply has more than ${maxBytes} bytes.`);
        parts.push(bytes);
      }
      return Buffer.concat(parts).toString("utf8");
    },
    discard() {
      discardRest(incoming, limits.idleMs);
    },
  };
}

/** RFC 9112, 6.3: a body without a length and without chunks goes on until the connection is closed, however that comes about. */
function isFramed({ headers, statusCode = 0 }: IncomingMessage): boolean {
  const isBodiless = statusCode === 204 || statusCode === 304;
  return isBodiless || headers["content-length"] !== undefined || /(?:^|,)\s*chunked\s*$/i.test(headers["transfer-encoding"] ?? "");
}

function headersOf(incoming: IncomingMessage): Map<string, string> {
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers.set(name, typeof value === "string" ? value : value.join(name === "set-cookie" ? "\n" : ", "));
  }
  return headers;
}

async function* readBody(
  incoming: IncomingMessage,
  { idleMs, totalMs, maxBytes }: BodyLimits,
  upstream: RequestControl,
): AsyncGenerator<Uint8Array, void, undefined> {
  let waited = 0;
  let size = 0;
  try {
    const source = await decompress(incoming);
    const chunks: AsyncIterator<Uint8Array> = source[Symbol.asyncIterator]();
    const dropped = openCollector();
    for (;;) {
      // Only while we wait: a slow reader of ours is not the server's fault.
      const left = totalMs - waited;
      const late = left > idleMs ? "stopped in the middle of its reply" : `did not end its reply within ${totalMs / 1000} s`;
      const began = performance.now();
      const timer = setTimeout(() => upstream.stop(upstream.timeout(late)), Math.max(0, Math.min(idleMs, left)));
      const next = await chunks.next().finally(() => clearTimeout(timer));
      if (next.done === true) return;
      waited += performance.now() - began;
      size += next.value.length;
      if (size > maxBytes) throw upstream.tooMuch(`sent a reply of more than ${maxBytes} bytes`);
      yield next.value;
      dropped(next.value.length);
    }
  } catch (thrown) {
    throw upstream.failure(thrown);
  } finally {
    if (!incoming.complete || !incoming.readableEnded) incoming.destroy();
  }
}

async function decompress(incoming: IncomingMessage): Promise<Readable> {
  const encoding = incoming.headers["content-encoding"]?.trim().toLowerCase() ?? "identity";
  if (encoding === "identity" || encoding === "") return incoming;
  if (encoding !== "gzip" && encoding !== "x-gzip")
    throw new Failure("broken-reply", "The reply uses a compression that was not requested.");
  const [{ createGunzip }, { pipeline }] = await Promise.all([import("node:zlib"), import("node:stream")]);
  // Whatever goes wrong destroys the decoder, from which it is read.
  return pipeline(incoming, createGunzip(), () => undefined);
}

function discardRest(incoming: IncomingMessage, idleMs: number): void {
  if (incoming.complete && incoming.readableEnded) return;
  let left = maxDropped;
  const timer = setTimeout(() => incoming.destroy(), idleMs);
  incoming.once("close", () => clearTimeout(timer));
  incoming.on("data", (bytes: Uint8Array) => {
    left -= bytes.length;
    if (left < 0) incoming.destroy();
  });
}
