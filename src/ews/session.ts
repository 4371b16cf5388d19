import type { Call } from "../exchange/exchange.ts";
import type { Outcome } from "../outcome.ts";
import type { QName } from "../wire/xml-read.ts";
import type { Folders } from "./folders.ts";
import type { Operation } from "./operation.ts";

/** What one streamed reply gives. `bytes` ends normally only when the whole reply was well-formed and said success. */
export interface StreamedReply<Out> {
  readonly bytes: AsyncIterable<Uint8Array> | undefined;
  /** What the reply says besides the content; reads what was not read. */
  value(): Promise<Out>;
}

/** One mailbox as the operations see it: how to ask, and its folders. Back-off, safe repetition and cancellation are done inside. */
export interface EwsMailbox {
  readonly address: string;
  readonly access: "impersonation" | "delegate";
  readonly call: Call;
  readonly folders: Folders;
  /** Another mailbox over the same connection, with the same call. */
  other(address: string): EwsMailbox;
  /** Asks something that has one response message. Throws Failure. */
  ask<In, Out>(operation: Operation<In, Out>, input: In): Promise<Out>;
  /**
   * Asks for many things in batches: as many Outcomes as ids, in their order. `input` makes one request of some of the ids (the
   * response messages come in the order of the ids that it writes). Throws only when cancelled.
   */
  each<Id, In, Out>(
    operation: Operation<In, Out>,
    ids: readonly Id[],
    input: (ids: readonly Id[]) => In,
    options?: { readonly batchSize?: number },
  ): AsyncIterable<Outcome<Out>>;
  /** Asks for one thing whose reply holds one large base64 content. Throws Failure until the content begins. */
  stream<In, Out>(operation: Operation<In, Out>, input: In, content: readonly QName[]): Promise<StreamedReply<Out>>;
}
