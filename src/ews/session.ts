import type { Call } from "../exchange/exchange.ts";
import { Failure } from "../failure.ts";
import type { Outcome } from "../outcome.ts";
import type { Limits } from "../wire/backoff.ts";
import type { Schedule } from "../wire/schedule.ts";
import type { QName } from "../wire/xml-read.ts";
import { type ArchiveFound, type ArchiveMemory, archiveMemory } from "./archive.ts";
import { isSid } from "./called.ts";
import { type Folders, openFolders } from "./folders.ts";
import type { Operation } from "./operation.ts";
import type { PublicRoutes } from "./public-routes.ts";
import { type RefusalMemory, refusalMemory } from "./refused-filters.ts";
import type { Asker } from "./repeat.ts";
import { askRouted, type Routing, streamRouted } from "./routed.ts";
import type { ConnectingName, Soap } from "./soap.ts";

/** How mailboxes of others are reached: as their owner (a role is needed), or as oneself with rights in them. */
export type Access = "impersonation" | "delegate";

/** What one streamed reply gives. `bytes` ends normally only when the whole reply was well-formed and said success. */
export interface StreamedReply<Out> {
  readonly bytes: AsyncIterable<Uint8Array> | undefined;
  /** What the reply says besides the content; reads what was not read. */
  value(): Promise<Out>;
}

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

/** What all mailboxes of one connection share. */
export interface Connection {
  readonly soap: Soap;
  readonly schedule: Schedule;
  readonly access: Access;
  readonly connectingName: ConnectingName;
  readonly limits: Limits;
  /** Where public folders are; undefined where there is no Autodiscover to ask. */
  readonly publicRoutes?: PublicRoutes | undefined;
  /** Default: each mailbox remembers it for itself. */
  readonly archives?: ArchiveMemory | undefined;
  readonly refusals?: RefusalMemory | undefined;
}

/** The address of a mailbox. Failure `invalid-input` when only its SID is known. */
export function addressOnly({ address }: EwsMailbox): string {
  if (!isSid(address)) return address;
  throw new Failure("invalid-input", `This needs the address of the mailbox: its SID ${address} is not enough.`);
}

/** Without an address: the account itself, for what belongs to no mailbox. */
export function openMailbox(connection: Connection, address: string, call: Call = {}): EwsMailbox {
  const access = call.access ?? connection.access;
  if (access === "delegate" && isSid(address)) {
    throw new Failure("invalid-input", "With delegate access a mailbox is named by its address: a SID names whom to impersonate.");
  }
  const asker: Asker = {
    soap: connection.soap,
    target: {
      // A SID leads Exchange to no mailbox: without a header it finds the way itself, by a detour.
      mailbox: address === "" || isSid(address) ? undefined : address,
      impersonate: access === "impersonation" ? { by: isSid(address) ? "SID" : connection.connectingName, name: address } : undefined,
    },
    call,
    schedule: connection.schedule,
    key: address.toLowerCase(),
    limits: connection.limits,
  };
  const { publicRoutes } = connection;
  // Autodiscover knows addresses.
  const routing: Routing | undefined =
    publicRoutes === undefined || address === "" || isSid(address) ? undefined : { routes: publicRoutes, user: address };
  let folders: Folders | undefined;
  const { archives = archiveMemory(), refusals = refusalMemory() } = connection;
  // A delegate may see less than the owner.
  const archiveKey = `${access} ${asker.key}`;
  const mailbox: EwsMailbox = {
    address,
    access,
    call,
    get folders() {
      folders ??= openFolders(mailbox);
      return folders;
    },
    archive: { read: () => archives.read(archiveKey), write: (found) => archives.write(archiveKey, found) },
    refusals,
    other: (otherAddress) => openMailbox(connection, otherAddress, call),
    during: (otherCall) => openMailbox(connection, address, otherCall),
    async ask(operation, input) {
      for await (const outcome of askRouted({ operation, input: () => input, asker }, [input], undefined, routing)) {
        if (outcome.ok) return outcome.value;
        throw outcome.failure;
      }
      throw new Failure("internal", "A question without an outcome.");
    },
    each: (operation, ids, input, options) => askRouted({ operation, input, asker }, ids, options?.batchSize, routing),
    stream: (operation, input, content) => streamRouted(operation, input, content, asker, routing),
  };
  return mailbox;
}
