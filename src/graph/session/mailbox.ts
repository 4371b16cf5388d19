import type { Call } from "../../exchange/exchange.ts";
import type { Outcome } from "../../outcome.ts";
import type { RepeatSafety } from "../../wire/throttling/retry-safety.ts";
import type { Folders } from "../folders/mailbox-folders.ts";
import type { UnpromisedBehaviour } from "../unpromised.ts";
import type { NamedRequest, UnauthenticatedRequest } from "./graph-http.ts";
import type { Page } from "./paging.ts";
import type { JsonObject } from "./read-json.ts";
import type { Request } from "./request-description.ts";

/** One mailbox as the requests see it: how to ask, and its folders. Back-off, safe repetition and cancellation are done inside. */
export interface GraphMailbox {
  /** Its address, user principal name or object id. */
  readonly address: string;
  readonly call: Call;
  readonly folders: Folders;
  /** What of the service is promised nowhere, as this connection takes it. */
  readonly behaviour: UnpromisedBehaviour;
  /** Another mailbox over the same connection, with the same call. */
  other(address: string): GraphMailbox;
  /** The same mailbox during another call: with other cancellation, time-out or progress. */
  during(call: Call): GraphMailbox;
  /** Asks one thing. Throws Failure. */
  ask<In, Out>(request: Request<In, Out>, input: In): Promise<Out>;
  /**
   * Asks for many things, 20 in a request: as many Outcomes as inputs, in their order. With one input it is the request itself. Throws only when
   * cancelled.
   */
  each<In, Out>(request: Request<In, Out>, inputs: readonly In[], options?: { readonly batchSize?: number }): AsyncIterable<Outcome<Out>>;
  /** The pages of a list, from its first or from a link on. Throws Failure. */
  pages<In, P extends Page<unknown>>(request: Request<In, P>, input: In, from?: string): AsyncGenerator<P, void, undefined>;
  /** Asks for bytes (`$value`); what `read` makes of a reply is not used. Throws Failure until they begin. They must be read to their end. */
  stream<In>(request: Request<In, unknown>, input: In): Promise<AsyncIterable<Uint8Array>>;
  /** Asks a place that the server named, such as an upload URL, without our token. Throws Failure. */
  requestWithoutToken(request: NamedRequest, safety: RepeatSafety, to: UnauthenticatedRequest): Promise<JsonObject>;
}
