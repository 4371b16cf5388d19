// src/ews/: The `Exchange` port over Exchange Web Services (SOAP). The files directly in this folder serve all its parts.

import { attachmentsIn, sha256Of } from "../exchange/attachment-hash.ts";
import type { Exchange, Mailbox, SearchableMailboxes, SearchableMailboxQuery } from "../exchange/exchange.ts";
import type { Detail, Message } from "../exchange/message.ts";
import { Failure } from "../failure.ts";
import type { Outcome } from "../outcome.ts";
import type { Http } from "../wire/http/client-interface.ts";
import { type HttpOptions, openHttp } from "../wire/http/http-client.ts";
import { defaultUserAgent, httpOptionsOf, retryLimitsOf, type ServerOptions } from "../wire/http/server-options.ts";
import type { TokenFacts } from "../wire/sign-in/token-claims.ts";
import { openRequestQueue, requestQueueOf } from "../wire/throttling/request-queue.ts";
import type { Discovered } from "./autodiscover/autodiscover.ts";
import type { AutodiscoverOptions } from "./autodiscover/options.ts";
import { openPublicRoutes } from "./folders/public-folder-routes.ts";
import type { Operation } from "./operation.ts";
import { countMemory } from "./search/count-memory.ts";
import { refusalMemory } from "./search/refusal-memory.ts";
import type { Access } from "./session/access.ts";
import { archiveMemory } from "./session/archive-mailbox.ts";
import { withConnectingName } from "./session/connecting-sid.ts";
import {
  type AutodiscoverRequest,
  defaultLifetimeMs,
  type EndpointMemory,
  fixedEndpoint,
  noEndpointMemory,
  openDiscovery,
} from "./session/endpoint.ts";
import { type EwsMailbox, requireAddress } from "./session/mailbox.ts";
import { type Connection, openMailbox } from "./session/open-mailbox.ts";
import { type ConnectingName, openSoap, type ServerVersion } from "./session/soap.ts";

/** How to reach Exchange Web Services. */
export interface EwsOptions extends ServerOptions {
  /** Such as `https://mail.example.com/EWS/Exchange.asmx`. */
  readonly url?: string | undefined;
  /** How to find the URL, where none is given. */
  readonly autodiscover?: DiscoverOptions | undefined;
  /** Facts learned about the server, for the next process. Default: none are kept. */
  readonly memory?: EndpointMemory | undefined;
  /** Returns the headers that authenticate us (`Authorization`), before each request. */
  readonly authorize?: (() => Promise<Record<string, string>>) | undefined;
  /** Wraps a client in one that signs in, instead of `authorize`. */
  readonly signIn?: ((http: Http) => Http) | undefined;
  /** Returns the claims of the token that requests are sent with, if there is one; failures are then more specific. */
  readonly token?: (() => TokenFacts | undefined) | undefined;
  /** How to reach mailboxes of other people, unless a call sets it. */
  readonly access: Access;
  /** The kind of name that identifies an impersonated mailbox. Default: `SmtpAddress`. */
  readonly connectingName?: ConnectingName | undefined;
  readonly defaultMailbox?: string | undefined;
  /** Receives the server's version with each reply. */
  readonly serverVersion?: ((version: ServerVersion) => void) | undefined;
}

/** How to find EWS. */
export interface DiscoverOptions {
  /** SMTP address of a mailbox of the organisation. */
  readonly address: string;
  /** Hosts outside the address's domain that may receive our credentials; `*.example.net` means all names below. */
  readonly allowHosts: readonly string[];
  /** How long a found endpoint is used, in milliseconds. Default: one day. */
  readonly lifetimeMs?: number | undefined;
}

// A search over a large folder may take Exchange minutes; its own limit for a call is 5.
const replyMs = 300_000;
/** Maximum time for one whole reply of Autodiscover, which has some kilobytes. */
const discoveryMs = 60_000;
// Bodies are held whole, so fewer are read at a time.
const bodyBatch = 25;

/**
 * Opens Exchange over EWS: Exchange 2013 SP1 to SE, and Exchange Online while it allows EWS. Throws Failure `invalid-settings` for an invalid URL.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/ews-reference-for-exchange
 */
export function openEws(options: EwsOptions): Exchange {
  const network = httpOptionsOf(options, replyMs);
  const http = openHttp(network);
  const { userAgent = defaultUserAgent } = options;
  const endpointMemory = endpointOf(options, userAgent);
  const connection: Connection = {
    soap: withConnectingName(
      openSoap({
        endpoint: endpointMemory.endpoint,
        http: options.signIn?.(http) ?? http,
        authorize: options.authorize,
        token: options.token,
        userAgent,
        onServerVersion: options.serverVersion,
      }),
    ),
    requestQueue: options.account === undefined ? openRequestQueue() : requestQueueOf(endpointMemory.name, options.account),
    access: options.access,
    connectingName: options.connectingName ?? "SmtpAddress",
    limits: retryLimitsOf(options),
    publicRoutes: endpointMemory.publicRoutes,
    archives: archiveMemory(),
    refusals: refusalMemory(),
    counting: countMemory(),
  };
  return {
    backend: "ews",
    mailbox(address, call) {
      const named = address ?? options.defaultMailbox;
      if (named === undefined || named === "") {
        throw new Failure("invalid-input", "No mailbox is named.", {
          hint: "Name it in mailbox, or set mailbox for this connection.",
        });
      }
      return mailboxOf(openMailbox(connection, named, call));
    },
    searchableMailboxes: (query, call) =>
      searchableMailboxes((access) => openMailbox(connection, options.defaultMailbox ?? "", { ...call, access }), query),
    async groupMembers(address, call) {
      const [{ expandGroup }, { expandDl }] = await Promise.all([import("./search/expand-group.ts"), import("./operations/expand-dl.ts")]);
      const own = (access: Access) => openMailbox(connection, options.defaultMailbox ?? "", { ...call, access });
      return expandGroup(address, (group) => askAsAccount(own, expandDl, group), call?.progress);
    },
    async messageTrace() {
      throw new Failure("unsupported", "Exchange Web Services have no message trace.", {
        hint: "On an Exchange Server, export the result of Get-MessageTrackingLog, or search every mailbox.",
      });
    },
    atATime: () => connection.requestQueue.atATime(connection.limits),
    async close() {
      http.close();
      endpointMemory.close();
    },
  };
}

/** Returns the methods of a mailbox. Each loads its code late, because a playbook starts a process for one action. */
function mailboxOf(mailbox: EwsMailbox): Mailbox {
  /** Message-IDs of the messages read here, by which a moved message can be found again. */
  const known = new Map<string, string | undefined>();
  const note = (messages: readonly Message[]) => {
    for (const { itemId, internetMessageId } of messages) known.set(itemId, internetMessageId);
  };
  return {
    address: mailbox.address,
    foreign: async (ids) => (await import("./session/id-ownership.ts")).foreignIds(mailbox, ids),
    search: async (requested) =>
      (await import("./search/search.ts")).search(mailbox, requested, {
        sha256: async (attachment) => sha256Of((await import("./messages/message-content.ts")).attachmentContent(mailbox, [attachment])),
        inside: async (attachment) =>
          attachmentsIn((await import("./messages/message-content.ts")).attachedMessages(mailbox, [attachment])),
      }),
    locate: (names, within) =>
      tap(
        deferred(async () => (await import("./search/locate-messages.ts")).locate(mailbox, names, within)),
        (located) => ("messages" in located ? note(located.messages) : undefined),
      ),
    get: (itemIds, detail) =>
      tap(
        deferred(() => getMessages(mailbox, itemIds, detail)),
        (message) => note([message]),
      ),
    mime: (itemIds) => deferred(async () => (await import("./messages/message-content.ts")).mime(mailbox, itemIds)),
    exported: (itemIds) => deferred(async () => (await import("./messages/export-messages.ts")).exported(mailbox, itemIds)),
    attachments: (itemIds) => deferred(async () => (await import("./messages/message-content.ts")).attachments(mailbox, itemIds)),
    attachedMessages: (requested) =>
      deferred(async () => (await import("./messages/message-content.ts")).attachedMessages(mailbox, requested)),
    attachmentContent: (requested) =>
      deferred(async () => (await import("./messages/message-content.ts")).attachmentContent(mailbox, requested)),
    deleteAttachments: (attachmentIds) => deferred(() => deleteAttachments(mailbox, attachmentIds)),
    folder: (name) => mailbox.folders.get(name),
    createFolder: (path) => mailbox.folders.create(path),
    copy: (itemIds, destination) =>
      deferred(async () => (await import("./moving/move-copy-delete.ts")).copy(mailbox, itemIds, destination, known)),
    move: (itemIds, destination) =>
      deferred(async () => (await import("./moving/move-copy-delete.ts")).move(mailbox, itemIds, destination, known)),
    delete: (itemIds, mode) => deferred(async () => (await import("./moving/move-copy-delete.ts")).remove(mailbox, itemIds, mode, known)),
    junk: (itemIds, how) => deferred(async () => (await import("./moving/move-copy-delete.ts")).junk(mailbox, itemIds, how, known)),
    restore: async (message) => (await import("./moving/import-mime.ts")).restoreMessage(mailbox, message),
    send: async (draft) => (await import("./sending/send-message.ts")).send(mailbox, draft),
    reply: async (requested) => (await import("./sending/reply-message.ts")).reply(mailbox, requested),
    invited: (itemIds) => deferred(async () => (await import("./calendar/calendar-entries.ts")).invited(mailbox, itemIds)),
    calendarEntries: (entryIds) => deferred(async () => (await import("./calendar/calendar-entries.ts")).entries(mailbox, entryIds)),
    removeCalendarEntries: (entryIds) =>
      deferred(async () => (await import("./calendar/calendar-entries.ts")).removeEntries(mailbox, entryIds)),
    addCalendarEntry: async (entry) => (await import("./calendar/add-calendar-entry.ts")).addEntry(mailbox, entry),
    contacts: async (query) => (await import("./messages/find-contacts.ts")).contacts(mailbox, query),
    rights: async () => {
      const { getFolderRights } = await import("./operations/get-folder.ts");
      return mailbox.ask(getFolderRights, mailbox.folders.distinguished("inbox"));
    },
    outOfOffice: async () => {
      const { getUserOofSettings } = await import("./operations/get-user-oof-settings.ts");
      return mailbox.ask(getUserOofSettings, requireAddress(mailbox));
    },
  };
}

async function* tap<T>(outcomes: AsyncIterable<Outcome<T>>, note: (value: T) => void): AsyncIterable<Outcome<T>> {
  for await (const outcome of outcomes) {
    if (outcome.ok) note(outcome.value);
    yield outcome;
  }
}

async function* deferred<T>(open: () => Promise<AsyncIterable<T>>): AsyncIterable<T> {
  yield* await open();
}

async function getMessages(mailbox: EwsMailbox, itemIds: readonly string[], detail: Detail) {
  const { getItem } = await import("./operations/get-item.ts");
  const hasBody = detail.body === "text" || detail.body === "html";
  const read = mailbox.each(
    getItem,
    itemIds,
    (ids) => ({ ids: ids.map((id) => ({ id })), detail }),
    hasBody ? { batchSize: bodyBatch } : {},
  );
  return detail.flag ? (await import("./messages/flag.ts")).withFlags(read) : read;
}

async function deleteAttachments(mailbox: EwsMailbox, attachmentIds: readonly string[]) {
  const { deleteAttachment } = await import("./operations/delete-attachment.ts");
  return mailbox.each(deleteAttachment, attachmentIds, (ids) => ids);
}

/** Asks as the account itself. An application has no mailbox, so it acts as the mailbox of the connection. Throws Failure. */
async function askAsAccount<In, Out>(own: (access: Access) => EwsMailbox, operation: Operation<In, Out>, input: In): Promise<Out> {
  return own("delegate")
    .ask(operation, input)
    .catch((thrown) => {
      const mustImpersonate = thrown instanceof Failure && thrown.wireCode === "ErrorInvalidExchangeImpersonationHeaderData";
      const mailbox = own("impersonation");
      if (!mustImpersonate || mailbox.address === "") throw thrown;
      return mailbox.ask(operation, input);
    });
}

/** Lists mailboxes as the account itself, because its own role decides, not a mailbox's. Throws Failure. */
async function searchableMailboxes(own: (access: Access) => EwsMailbox, query: SearchableMailboxQuery): Promise<SearchableMailboxes> {
  const { getSearchableMailboxes } = await import("./operations/get-searchable-mailboxes.ts");
  try {
    return await askAsAccount(own, getSearchableMailboxes, query);
  } catch (thrown) {
    if (
      !(thrown instanceof Failure) ||
      (thrown.code !== "access-denied" && thrown.code !== "role-missing") ||
      thrown.wireCode?.startsWith("HTTP")
    )
      throw thrown;
    throw new Failure("role-missing", "The account may not list searchable mailboxes: it is not in the role group Discovery Management.", {
      wireCode: thrown.wireCode,
      requestId: thrown.requestId,
      hint: "Ask an administrator to add it: Add-RoleGroupMember -Identity 'Discovery Management' -Member <account>. It may take an hour to take effect.",
      cause: thrown,
    });
  }
}

/** Returns the endpoint of EWS, from the URL or from Autodiscover. `name` is the same for all connections to the same server. */
function endpointOf(options: EwsOptions, userAgent: string) {
  const { url, memory = noEndpointMemory } = options;
  if (url !== undefined) {
    const given = urlOf(url);
    return { name: given.origin, endpoint: fixedEndpoint(given, memory), publicRoutes: undefined, close: () => undefined };
  }
  const { finding, address, lifetimeMs, close } = discoveryOf(options, discoveryNetwork(options), userAgent);
  const publicRoutes = openPublicRoutes({
    settings: async (mailbox, first) => (await import("./autodiscover/user-settings.ts")).userSettings(finding, mailbox, first),
    lifetimeMs,
  });
  const endpoint = openDiscovery(finding, { memory, lifetimeMs });
  return { name: `Autodiscover of ${address.toLowerCase()}`, endpoint, publicRoutes, close };
}

/** Returns how to run Autodiscover. */
function discoveryOf(options: EwsOptions, network: HttpOptions, userAgent: string) {
  if (options.autodiscover === undefined) throw new Failure("invalid-settings", "Neither the URL of EWS nor how to find it is given.");
  const { address, allowHosts, lifetimeMs = defaultLifetimeMs } = options.autodiscover;
  // A certificate name in the settings is the name of EWS, not of Autodiscover hosts. Only trusted hosts receive our credentials.
  const tls = { ...network.tls, serverName: undefined };
  const anonymous = openHttp({ ...network, tls: { ...tls, identity: undefined } });
  const known = openHttp({ ...network, tls });
  const signing = options.signIn?.(known) ?? known;
  const send: AutodiscoverRequest["send"] = async (request, signedIn) => {
    if (!signedIn) return anonymous.send(request);
    return signing.send({ ...request, headers: { ...request.headers, ...(await options.authorize?.()) } });
  };
  const close = () => {
    anonymous.close();
    known.close();
  };
  return { finding: { address, allowHosts, userAgent, send }, address, lifetimeMs, close };
}

/** Limits the time of a reply: the replies of Autodiscover are short. */
function discoveryNetwork(options: EwsOptions): HttpOptions {
  const network = httpOptionsOf(options, replyMs);
  return { ...network, timeouts: { ...network.timeouts, totalMs: Math.min(network.timeouts.totalMs ?? discoveryMs, discoveryMs) } };
}

/** Runs Autodiscover now, whatever is remembered. Throws Failure as `autodiscover` does. */
export async function discoverEws(
  options: EwsOptions,
  lookupOptions: Pick<AutodiscoverOptions, "step" | "signal" | "lookUpService"> = {},
): Promise<Discovered> {
  const { finding, close } = discoveryOf(options, discoveryNetwork(options), options.userAgent ?? defaultUserAgent);
  try {
    const { autodiscover } = await import("./autodiscover/autodiscover.ts");
    return await autodiscover({ ...finding, ...lookupOptions });
  } finally {
    close();
  }
}

function urlOf(url: string): URL {
  if (!URL.canParse(url) || !/^https?:/i.test(url))
    throw new Failure("invalid-settings", `The EWS URL "${url}" is not an http or https URL.`);
  return new URL(url);
}
