import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { Failure } from "../../failure.ts";
import { openCollector } from "./garbage-collection.ts";
import { connectionOf } from "./http-connection.ts";
import type { HttpResponse } from "./request-and-response.ts";

/** The parts of a request that the reader of its reply needs. */
export interface RequestControl {
  /** Closes the connection; everyone who waits for it gets this reason. */
  stop(reason: Failure): void;
  failure(thrown: unknown): Failure;
  /** `what` describes what the server did, or failed to do, within the time. */
  timeout(what: string): Failure;
  tooMuch(what: string): Failure;
}

/** Limits for a body. */
export interface BodyLimits {
  /** Milliseconds between two pieces. */
  readonly idleMs: number;
  /** Milliseconds for the whole body. */
  readonly totalMs: number;
  /** Decoded bytes. */
  readonly maxBytes: number;
}

/** Up to this many bytes, the rest of a body is read and dropped to keep the connection; opening a new connection costs about as much. */
const maxDropped = 64 * 1024;

/** Returns the response whose headers have arrived. */
export function openResponse(incoming: IncomingMessage, ended: Promise<void>, limits: BodyLimits, upstream: RequestControl): HttpResponse {
  // The reader of the body gets the error; without a reader nobody waits for it.
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

/** RFC 9112, 6.3: a body without a length and without chunks ends when the connection closes, for whatever reason. */
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
      // Counts only our waits: a slow reader on our side is not the server's fault.
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
  // Any error destroys the decoder, from which the body is read.
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
