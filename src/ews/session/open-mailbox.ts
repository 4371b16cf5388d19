import type { Call } from "../../exchange/exchange.ts";
import { Failure } from "../../failure.ts";
import type { RetryLimits } from "../../wire/throttling/backoff-delay.ts";
import type { RequestQueue } from "../../wire/throttling/request-queue.ts";
import type { Folders } from "../folders/mailbox-folders.ts";
import type { PublicRoutes } from "../folders/public-folder-routes.ts";
import { type Routing, sendRouted, streamRouted } from "../folders/public-folder-routing.ts";
import { openFolders } from "../folders/resolve-folder-path.ts";
import { type CountMemory, countMemory } from "../search/count-memory.ts";
import { type RefusalMemory, refusalMemory } from "../search/refusal-memory.ts";
import type { Access } from "./access.ts";
import { type ArchiveMemory, archiveMemory } from "./archive-mailbox.ts";
import { isSid } from "./connecting-sid.ts";
import type { EwsMailbox } from "./mailbox.ts";
import type { RequestSender } from "./retry.ts";
import type { ConnectingName, Soap } from "./soap.ts";

/** What all mailboxes of one connection share. */
export interface Connection {
  readonly soap: Soap;
  readonly requestQueue: RequestQueue;
  readonly access: Access;
  readonly connectingName: ConnectingName;
  readonly limits: RetryLimits;
  /** Locations of public folders; undefined where there is no Autodiscover. */
  readonly publicRoutes?: PublicRoutes | undefined;
  /** Default: each mailbox remembers it separately. */
  readonly archives?: ArchiveMemory | undefined;
  readonly refusals?: RefusalMemory | undefined;
  readonly counting?: CountMemory | undefined;
}

/** Opens a mailbox. An empty address means the account itself, for operations that concern no mailbox. */
export function openMailbox(connection: Connection, address: string, call: Call = {}): EwsMailbox {
  const access = call.access ?? connection.access;
  if (access === "delegate" && isSid(address)) {
    throw new Failure("invalid-input", "With delegate access a mailbox is named by its address: a SID names whom to impersonate.");
  }
  const sender: RequestSender = {
    soap: connection.soap,
    target: {
      // Exchange cannot route a request by a SID. Without the header it finds the mailbox itself, with an extra hop.
      mailbox: address === "" || isSid(address) ? undefined : address,
      impersonate: access === "impersonation" ? { by: isSid(address) ? "SID" : connection.connectingName, name: address } : undefined,
    },
    call,
    requestQueue: connection.requestQueue,
    key: address.toLowerCase(),
    limits: connection.limits,
  };
  const { publicRoutes } = connection;
  // Autodiscover needs an address.
  const routing: Routing | undefined =
    publicRoutes === undefined || address === "" || isSid(address) ? undefined : { routes: publicRoutes, user: address };
  let folders: Folders | undefined;
  const { archives = archiveMemory(), refusals = refusalMemory(), counting = countMemory() } = connection;
  // A delegate may see less than the owner.
  const archiveKey = `${access} ${sender.key}`;
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
    counting,
    other: (otherAddress) => openMailbox(connection, otherAddress, call),
    during: (otherCall) => openMailbox(connection, address, otherCall),
    async ask(operation, input) {
      for await (const outcome of sendRouted({ operation, input: () => input, sender }, [input], undefined, routing)) {
        if (outcome.ok) return outcome.value;
        throw outcome.failure;
      }
      throw new Failure("internal", "A question without an outcome.");
    },
    each: (operation, ids, input, options) => sendRouted({ operation, input, sender }, ids, options?.batchSize, routing),
    stream: (operation, input, content) => streamRouted(operation, input, content, sender, routing),
  };
  return mailbox;
}
