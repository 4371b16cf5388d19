// src/wire/http/: The HTTP client: connections, TLS, proxies, replies and what went wrong on the way.

import type { HttpRequest, HttpResponse } from "./request-and-response.ts";

export interface Http {
  /**
   * Resolves when the reply begins, whatever its status. Follows no redirects and retries nothing. Failures: `unreachable`, `tls-failed`,
   * `timeout`, `broken-reply` (ended too early), `cancelled`, `invalid-input` (a header that cannot be sent), `invalid-settings` (`ca`).
   */
  send(request: HttpRequest): Promise<HttpResponse>;
  /** Closes all connections. */
  close(): void;
}
