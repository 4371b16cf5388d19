import type { Call } from "../../exchange/exchange.ts";
import type { Outcome } from "../../outcome.ts";
import type { RepeatSafety } from "../../wire/throttling/retry-safety.ts";
import type { Folders } from "../folders/mailbox-folders.ts";
import type { UnpromisedBehaviour } from "../unpromised.ts";
import type { NamedRequest, UnauthenticatedRequest } from "./graph-http.ts";
import type { Page } from "./paging.ts";
import type { JsonObject } from "./read-json.ts";
import type { Request } from "./request-description.ts";

/** One mailbox for the requests: it sends them and resolves folders. Back-off, safe retries and cancellation happen inside. */
export interface GraphMailbox {
  /** Its address, user principal name or object id. */
  readonly address: string;
  readonly call: Call;
  readonly folders: Folders;
  /** Behaviour that Microsoft does not promise, as this connection assumes it. */
  readonly behaviour: UnpromisedBehaviour;
  /** Returns another mailbox on the same connection, with the same call. */
  other(address: string): GraphMailbox;
  /** Returns the same mailbox for another call, with other cancellation, time-out or progress. */
  during(call: Call): GraphMailbox;
  /** Sends one request. Throws Failure. */
  ask<In, Out>(request: Request<In, Out>, input: In): Promise<Out>;
  /**
   * Sends a request for many inputs, 20 per batch, and returns as many Outcomes as inputs, in their order. A single input is sent without a batch.
   * Throws only when cancelled.
   */
  each<In, Out>(request: Request<In, Out>, inputs: readonly In[], options?: { readonly batchSize?: number }): AsyncIterable<Outcome<Out>>;
  /** Yields the pages of a list, from the first page or from a link. Throws Failure. */
  pages<In, P extends Page<unknown>>(request: Request<In, P>, input: In, from?: string): AsyncGenerator<P, void, undefined>;
  /** Requests bytes (`$value`) without using `read`. Throws Failure until they begin. Read them to their end. */
  stream<In>(request: Request<In, unknown>, input: In): Promise<AsyncIterable<Uint8Array>>;
  /** Sends a request without our token to a URL that the server named, such as an upload URL. Throws Failure. */
  requestWithoutToken(request: NamedRequest, safety: RepeatSafety, to: UnauthenticatedRequest): Promise<JsonObject>;
}
