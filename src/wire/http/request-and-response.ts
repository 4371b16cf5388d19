import type { Document } from "../xml/write-xml.ts";
import type { HttpConnection } from "./http-connection.ts";

export type HttpMethod = "GET" | "POST" | "PATCH" | "PUT" | "DELETE";

export interface HttpRequest {
  /** `http:` or `https:`. */
  readonly url: URL;
  readonly method: HttpMethod;
  /** `accept-encoding: gzip` is added if it is missing. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Document | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until the reply begins, instead of `timeouts.replyMs`. */
  readonly timeoutMs?: number | undefined;
  /** The purpose of the request, for observers: the name of a SOAP operation. Contains no secret. */
  readonly name?: string | undefined;
  /** Shows a person the next step when a person must sign in. */
  readonly progress?: ((text: string) => void) | undefined;
  /** Requests with the same number follow one another on one connection that no other request uses. */
  readonly slot?: number | undefined;
  /** The only connection to use; it answered in the same slot before. If it is closed: Failure `unreachable` (`neverSent`). */
  readonly on?: HttpConnection | undefined;
}

export interface HttpResponse {
  readonly status: number;
  /** The connection that carried the reply. */
  readonly connection: HttpConnection;
  /** Resolves at the end of the reply, when the connection is free for the next request or closed. */
  readonly ended: Promise<void>;
  /** Names in lower case; the values of a repeated header are joined by ", ", those of `set-cookie` by LF. */
  readonly headers: ReadonlyMap<string, string>;
  /**
   * The reply itself marks the end of its body, by a length or in chunks. Otherwise the body ends with the connection, and a truncated one looks
   * complete.
   */
  readonly isFramed: boolean;
  /** Decompressed. Can be read once. A reader that stops early closes the connection. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Returns the whole body as UTF-8. Failure `broken-reply` if it has more bytes than allowed. */
  text(maxBytes: number): Promise<string>;
  /** Drops the body. Keeps the connection for the next request if the body is short. */
  discard(): void;
}
