import type { IncomingMessage } from "node:http";
import type { gunzipSync } from "node:zlib";
import { errorCode, Failure } from "../../failure.ts";
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
    const source = decompress(incoming);
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

function decompress(incoming: IncomingMessage): AsyncIterable<Uint8Array> {
  const encoding = incoming.headers["content-encoding"]?.trim().toLowerCase() ?? "identity";
  if (encoding === "identity" || encoding === "") return incoming;
  if (encoding !== "gzip" && encoding !== "x-gzip")
    throw new Failure("broken-reply", "The reply uses a compression that was not requested.");
  return gunzipped(incoming);
}

/** In bytes: a compressed reply that is no longer and is here already is decoded without streams, which cost more than most replies. */
const shortReply = 16 * 1024;
/** Maximum decoded size of a short reply. A longer one is decoded while it is read, so nothing waits for it. In bytes. */
const shortContent = 1024 * 1024;

const importDecoding = () => Promise.all([import("node:zlib"), import("node:stream")]);
/** Imported once: the built program copies every export of a module at each `import()`. */
let decoding: ReturnType<typeof importDecoding> | undefined;

async function* gunzipped(incoming: IncomingMessage): AsyncGenerator<Uint8Array, void, undefined> {
  decoding ??= importDecoding();
  const [{ createGunzip, gunzipSync: gunzip }, { pipeline, Readable }] = await decoding;
  const chunks: AsyncIterator<Uint8Array> = incoming[Symbol.asyncIterator]();
  const first = await chunks.next();
  if (first.done === true) return;
  if (incoming.complete && incoming.readableLength === 0 && first.value.length <= shortReply) {
    const short = gunzipShort(gunzip, first.value);
    if (short !== undefined) {
      yield short;
      await chunks.next();
      return;
    }
  }
  async function* whole(): AsyncGenerator<Uint8Array> {
    yield first.value;
    yield* { [Symbol.asyncIterator]: () => chunks };
  }
  // Any error destroys the decoder, from which the body is read.
  yield* pipeline(Readable.from(whole()), createGunzip(), () => undefined);
}

/** Returns undefined for more than `shortContent`. */
function gunzipShort(gunzip: typeof gunzipSync, bytes: Uint8Array): Uint8Array | undefined {
  try {
    return gunzip(bytes, { maxOutputLength: shortContent });
  } catch (thrown) {
    if (errorCode(thrown) === "ERR_BUFFER_TOO_LARGE") return undefined;
    throw thrown;
  }
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
