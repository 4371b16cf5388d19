import type { Call } from "../../exchange/exchange.ts";
import { Failure } from "../../failure.ts";
import type { Outcome } from "../../outcome.ts";
import type { QName } from "../../wire/xml/read-xml.ts";
import type { Folders } from "../folders/mailbox-folders.ts";
import type { Operation } from "../operation.ts";
import type { CountMemory } from "../search/count-memory.ts";
import type { RefusalMemory } from "../search/refusal-memory.ts";
import type { Access } from "./access.ts";
import type { ArchiveFound } from "./archive-mailbox.ts";
import { isSid } from "./connecting-sid.ts";
import type { StreamedReply } from "./streamed-reply.ts";

/** One mailbox for the operations: it sends requests and resolves folders. Back-off, safe retries and cancellation happen inside. */
export interface EwsMailbox {
  readonly address: string;
  readonly access: Access;
  readonly call: Call;
  readonly folders: Folders;
  /** Whether the mailbox has an archive, as far as known. The connection remembers it. */
  readonly archive: { read(): ArchiveFound | undefined; write(found: ArchiveFound): void };
  /** Filters that the server was seen to refuse. The connection remembers them. */
  readonly refusals: RefusalMemory;
  /** How the server was seen to count items. The connection remembers it. */
  readonly counting: CountMemory;
  /** Returns another mailbox on the same connection, with the same call. */
  other(address: string): EwsMailbox;
  /** Returns the same mailbox for another call, with other cancellation, time-out or progress. */
  during(call: Call): EwsMailbox;
  /** Sends an operation with one response message. Throws Failure. */
  ask<In, Out>(operation: Operation<In, Out>, input: In): Promise<Out>;
  /**
   * Sends an operation for many ids in batches and returns as many Outcomes as ids, in their order. `input` makes the input of one request from some
   * of the ids (the response messages are in the order of the ids that it writes). Throws only when cancelled.
   */
  each<Id, In, Out>(
    operation: Operation<In, Out>,
    ids: readonly Id[],
    input: (ids: readonly Id[]) => In,
    options?: { readonly batchSize?: number },
  ): AsyncIterable<Outcome<Out>>;
  /** Sends an operation whose reply has one large base64 content. Throws Failure until the content begins. */
  stream<In, Out>(operation: Operation<In, Out>, input: In, content: readonly QName[]): Promise<StreamedReply<Out>>;
}

/** Returns the address of a mailbox. Throws Failure `invalid-input` when only its SID is known. */
export function requireAddress({ address }: EwsMailbox): string {
  if (!isSid(address)) return address;
  throw new Failure("invalid-input", `This needs the address of the mailbox: its SID ${address} is not enough.`);
}
