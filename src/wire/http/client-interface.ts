// src/wire/http/: The HTTP client: connections, TLS, proxies, replies and what went wrong on the way.

import type { HttpRequest, HttpResponse } from "./request-and-response.ts";

export interface Http {
  /**
   * Resolves when the answer begins, whatever its status; redirects are not followed. Nothing is repeated here.
   * Failures: `unreachable`, `tls-failed`, `timeout`, `broken-reply` (ended too early), `cancelled`, `invalid-input` (a header that
   * cannot be sent), `invalid-settings` (`ca`).
   */
  send(request: HttpRequest): Promise<HttpResponse>;
  /** Ends all connections. */
  close(): void;
}
