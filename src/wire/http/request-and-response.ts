import type { Document } from "../xml/write-xml.ts";
import type { HttpConnection } from "./http-connection.ts";

export type HttpMethod = "GET" | "POST" | "PATCH" | "PUT" | "DELETE";

export interface HttpRequest {
  /** `http:` or `https:`. */
  readonly url: URL;
  readonly method: HttpMethod;
  /** `accept-encoding: gzip` is added where it is missing. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Document | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until the answer begins, instead of `timeouts.replyMs`. */
  readonly timeoutMs?: number | undefined;
  /** What it asks for, for whoever observes: the name of a SOAP operation. Nothing secret. */
  readonly name?: string | undefined;
  /** Shows a person what to do, where a person must sign in. */
  readonly progress?: ((text: string) => void) | undefined;
  /** Requests with the same number follow one another on one connection that nobody else uses. */
  readonly slot?: number | undefined;
  /** Only on this connection, which answered in the same slot before. Failure `unreachable` (`neverSent`) when it is closed. */
  readonly on?: HttpConnection | undefined;
}

export interface HttpResponse {
  readonly status: number;
  /** What it came on. */
  readonly connection: HttpConnection;
  /** Resolves when nothing more comes: the connection is free for the next request, or closed. */
  readonly ended: Promise<void>;
  /** Names in lower case; the values of a repeated header are joined by ", ", those of `set-cookie` by LF. */
  readonly headers: ReadonlyMap<string, string>;
  /** The reply itself says where its body ends, by a length or in chunks. Otherwise it ends with the connection, and one that was cut looks whole. */
  readonly isFramed: boolean;
  /** Decoded when it came compressed. Can be read once. Whoever stops before its end ends the connection. */
  readonly body: AsyncIterable<Uint8Array>;
  /** The whole body as UTF-8; Failure `broken-reply` when it has more bytes than allowed. */
  text(maxBytes: number): Promise<string>;
  /** For who does not want the body: frees the connection, for the next request if the body is short. */
  discard(): void;
}
