import { Failure } from "../failure.ts";
import type { Document } from "./xml-write.ts";

export interface HttpRequest {
  readonly url: URL;
  readonly method: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Document | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until the answer begins, instead of `timeouts.replyMs`. */
  readonly timeoutMs?: number | undefined;
}

export interface HttpResponse {
  readonly status: number;
  /** Names in lower case; of a repeated header the values are joined by ", ". */
  readonly headers: ReadonlyMap<string, string>;
  /** Decoded when it came compressed. Can be read once. */
  readonly body: AsyncIterable<Uint8Array>;
  /** The whole body as UTF-8; Failure `broken-reply` when it has more bytes than allowed. */
  text(maxBytes: number): Promise<string>;
  /** Reads no further and frees the connection. */
  discard(): void;
}

export interface HttpOptions {
  /** Certificates (PEM) of authorities to trust besides those of the system. */
  readonly ca?: string | undefined;
  /** Milliseconds: until connected (TLS included), until the answer begins, between two pieces of its body. */
  readonly timeouts: { readonly connectMs: number; readonly replyMs: number; readonly idleMs: number };
  /** Connections to one server at once. */
  readonly maxConnections: number;
}

export interface Http {
  send(request: HttpRequest): Promise<HttpResponse>;
  close(): void;
}

/** True when the request of this failure certainly never reached the server, so that repeating it is safe whatever it is. */
export function neverSent(failure: Failure): boolean {
  return unsent.has(failure);
}

const unsent = new WeakSet<Failure>();

export function openHttp(_options: HttpOptions): Http {
  throw new Failure("unsupported", "HTTP comes next.");
}
