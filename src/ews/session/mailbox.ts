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

/** One mailbox as the operations see it: how to ask, and its folders. Back-off, safe repetition and cancellation are done inside. */
export interface EwsMailbox {
  readonly address: string;
  readonly access: Access;
  readonly call: Call;
  readonly folders: Folders;
  /** Whether it has an archive mailbox, as far as that was told; remembered by the connection. */
  readonly archive: { read(): ArchiveFound | undefined; write(found: ArchiveFound): void };
  /** Which filters the server was seen to refuse; remembered by the connection. */
  readonly refusals: RefusalMemory;
  /** What the server was seen to count; remembered by the connection. */
  readonly counting: CountMemory;
  /** Another mailbox over the same connection, with the same call. */
  other(address: string): EwsMailbox;
  /** The same mailbox during another call: with other cancellation, time-out or progress. */
  during(call: Call): EwsMailbox;
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

/** The address of a mailbox. Failure `invalid-input` when only its SID is known. */
export function requireAddress({ address }: EwsMailbox): string {
  if (!isSid(address)) return address;
  throw new Failure("invalid-input", `This needs the address of the mailbox: its SID ${address} is not enough.`);
}
