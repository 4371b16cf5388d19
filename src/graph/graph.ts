import { attachmentsIn, sha256Of } from "../exchange/attachment-hash.ts";
import type { Exchange, Mailbox } from "../exchange/exchange.ts";
import { Failure } from "../failure.ts";
import type { Http } from "../wire/http/client-interface.ts";
import { openHttp } from "../wire/http/http-client.ts";
import { defaultUserAgent, httpOptionsOf, retryLimitsOf, type ServerOptions } from "../wire/http/server-options.ts";
import { openRequestQueue, requestQueueOf } from "../wire/throttling/request-queue.ts";
import type { AdminApi, AdminApiConnection } from "./session/admin-api.ts";
import { openGraphHttp } from "./session/graph-http.ts";
import type { GraphMailbox } from "./session/mailbox.ts";
import { type Connection, openMailbox } from "./session/open-mailbox.ts";
import { defaultBehaviour, type UnpromisedBehaviour } from "./unpromised.ts";

/** How to reach Microsoft Graph. */
export interface GraphOptions extends ServerOptions {
  /** With its version, such as `https://graph.microsoft.com/v1.0`. */
  readonly url: string;
  /** Wraps a client in one that signs in. */
  readonly signIn: (http: Http) => Http;
  readonly defaultMailbox?: string | undefined;
  /** Behaviour that Microsoft does not promise; each has a default. */
  readonly behaviour?: Partial<UnpromisedBehaviour> | undefined;
  /** The source tried first for the list of mailboxes. Default: the directory. */
  readonly adminApi?: AdminApi | undefined;
}

// Graph itself gives up after about 100 s.
const replyMs = 150_000;
// Per application and mailbox: https://learn.microsoft.com/en-us/graph/throttling-limits#outlook-service-limits
const maxPerMailbox = 4;
// Another page of Microsoft's allows an application 4, whatever the mailbox, so begin with these and learn whether more are served:
// https://learn.microsoft.com/en-us/graph/throttling-limits
const firstConcurrency = 4;

/** Opens what all requests of one connection share. Throws Failure `invalid-settings` for an invalid URL. */
export function openSession(options: GraphOptions): { readonly connection: Connection; close(): void } {
  const base = urlOf(options.url);
  const network = httpOptionsOf(options, replyMs);
  const http = openHttp(network);
  // Only Graph receives our credentials.
  const anonymous = openHttp({ ...network, tls: { ...network.tls, identity: undefined } });
  const { userAgent = defaultUserAgent, account } = options;
  const connection: Connection = {
    rest: openGraphHttp({ base, http: options.signIn(http), anonymous, userAgent }),
    requestQueue: account === undefined ? openRequestQueue() : requestQueueOf(base.origin, account),
    limits: { ...retryLimitsOf(options), maxPerMailbox, firstConcurrency },
    behaviour: { ...defaultBehaviour, ...options.behaviour },
  };
  return {
    connection,
    close() {
      http.close();
      anonymous.close();
    },
  };
}

/**
 * Opens Exchange Online over Microsoft Graph v1.0. Throws Failure `invalid-settings` for an invalid URL.
 * @see https://learn.microsoft.com/en-us/graph/api/resources/mail-api-overview
 */
export function openGraph(options: GraphOptions): Exchange {
  const { connection, close } = openSession(options);
  return {
    backend: "graph",
    mailbox(address, call) {
      const named = address ?? options.defaultMailbox;
      if (named === undefined || named === "") {
        throw new Failure("invalid-input", "No mailbox is named.", { hint: "Name it in mailbox, or set mailbox for this connection." });
      }
      return mailboxOf(openMailbox(connection, named, call));
    },
    async searchableMailboxes(query, call) {
      const { adminApi, defaultMailbox = "" } = options;
      const adminConnection = adminApi && adminConnectionOf(adminApi, options, connection);
      return (await import("./mailboxes/searchable-mailboxes.ts")).searchableMailboxes(
        openMailbox(connection, defaultMailbox, call),
        query,
        adminConnection,
      );
    },
    async groupMembers(address, call) {
      return (await import("./mailboxes/group-members.ts")).groupMembers(openMailbox(connection, "", call), address);
    },
    atATime: () => connection.requestQueue.atATime(connection.limits),
    async messageTrace(query, call) {
      return (await import("./mailboxes/message-trace.ts")).messageTrace(openMailbox(connection, "", call), query);
    },
    close: async () => close(),
  };
}

/** Returns the methods of a mailbox. Each loads its code late, because a playbook starts a process for one action. */
function mailboxOf(mailbox: GraphMailbox): Mailbox {
  return {
    address: mailbox.address,
    // Every path names the mailbox before the id.
    foreign: async () => new Set(),
    search: async (requested) =>
      (await import("./search/search.ts")).search(mailbox, requested, {
        sha256: async (attachment) => sha256Of((await import("./messages/message-content.ts")).attachmentContent(mailbox, [attachment])),
        inside: async (attachment) => attachmentsIn((await import("./messages/attachments.ts")).attachedMessages(mailbox, [attachment])),
      }),
    locate: (names, within) => deferred(async () => (await import("./search/locate-messages.ts")).locate(mailbox, names, within)),
    get: (itemIds, detail) => deferred(async () => (await import("./messages/read-messages.ts")).getMessages(mailbox, itemIds, detail)),
    mime: (itemIds) => deferred(async () => (await import("./messages/message-content.ts")).mime(mailbox, itemIds)),
    exported: (itemIds) => deferred(async () => (await import("./messages/export-messages.ts")).exported(mailbox, itemIds)),
    attachments: (itemIds) => deferred(async () => (await import("./messages/attachments.ts")).attachments(mailbox, itemIds)),
    attachedMessages: (ids) => deferred(async () => (await import("./messages/attachments.ts")).attachedMessages(mailbox, ids)),
    attachmentContent: (requested) =>
      deferred(async () => (await import("./messages/message-content.ts")).attachmentContent(mailbox, requested)),
    deleteAttachments: (ids) => deferred(async () => (await import("./messages/attachments.ts")).deleteAttachments(mailbox, ids)),
    folder: (name) => mailbox.folders.get(name),
    createFolder: (path) => mailbox.folders.create(path),
    copy: (itemIds, destination) =>
      deferred(async () => (await import("./moving/move-copy-delete.ts")).copy(mailbox, itemIds, destination)),
    move: (itemIds, destination) =>
      deferred(async () => (await import("./moving/move-copy-delete.ts")).move(mailbox, itemIds, destination)),
    delete: (itemIds, mode) => deferred(async () => (await import("./moving/move-copy-delete.ts")).remove(mailbox, itemIds, mode)),
    junk: (itemIds, how) => deferred(async () => (await import("./moving/move-copy-delete.ts")).junk(mailbox, itemIds, how)),
    restore: async (message) => (await import("./moving/restore-message.ts")).restoreMessage(mailbox, message),
    send: async (draft) => (await import("./sending/send-message.ts")).send(mailbox, draft),
    reply: async (requested) => (await import("./sending/reply-message.ts")).reply(mailbox, requested),
    invited: (itemIds) => deferred(async () => (await import("./calendar/calendar-entries.ts")).invited(mailbox, itemIds)),
    calendarEntries: (entryIds) => deferred(async () => (await import("./calendar/calendar-entries.ts")).entries(mailbox, entryIds)),
    removeCalendarEntries: (entryIds) =>
      deferred(async () => (await import("./calendar/calendar-entries.ts")).removeEntries(mailbox, entryIds)),
    addCalendarEntry: async (entry) => (await import("./calendar/add-calendar-entry.ts")).addEntry(mailbox, entry),
    contacts: async (query) => (await import("./messages/find-contacts.ts")).contacts(mailbox, query),
    rights: async () => (await import("./mailboxes/inbox-rights.ts")).rights(mailbox),
    outOfOffice: async () => (await import("./mailboxes/out-of-office.ts")).outOfOffice(mailbox),
  };
}

async function* deferred<T>(open: () => Promise<AsyncIterable<T>>): AsyncIterable<T> {
  yield* await open();
}

/** Returns how this connection reaches the Exchange Online Admin API. */
export function adminConnectionOf(admin: AdminApi, options: GraphOptions, connection: Connection): AdminApiConnection {
  return { admin, userAgent: options.userAgent ?? defaultUserAgent, connection, network: httpOptionsOf(options, replyMs) };
}

function urlOf(url: string): URL {
  if (!URL.canParse(url) || !/^https?:/i.test(url)) {
    throw new Failure("invalid-settings", `The URL of Microsoft Graph "${url}" is not an http or https URL.`);
  }
  return new URL(url);
}
