// src/graph/session/: How one mailbox sends requests: URL, headers, expected replies, batches, retries and pages.

import type { Call, SearchableMailbox, SearchableMailboxQuery } from "../../exchange/exchange.ts";
import { asFailure, Failure } from "../../failure.ts";
import type { Http } from "../../wire/http/client-interface.ts";
import { type HttpOptions, openHttp } from "../../wire/http/http-client.ts";
import type { TokenFacts } from "../../wire/sign-in/token-claims.ts";
import { anyMailbox, getMailboxes } from "../requests/admin-api-mailbox.ts";
import { openGraphHttp } from "./graph-http.ts";
import type { GraphMailbox } from "./mailbox.ts";
import { type Connection, openMailbox } from "./open-mailbox.ts";
import { encodedSegment } from "./request-description.ts";

/** How the Exchange Online Admin API is reached. */
export interface AdminApi {
  /** Such as `https://outlook.office365.com`. */
  readonly url: string;
  /** The id of the tenant. Throws Failure; `role-missing` where it is known before asking. */
  tenant(call: Call | undefined): Promise<string>;
  /** A client that signs in to Exchange Online, around the one it is given. */
  readonly signIn: (http: Http) => Http;
  /** Whether its list is wanted or none; otherwise the directory's is given where this cannot be had. */
  readonly isRequired: boolean;
}

/** What is opened for one list: it is seldom asked for. */
export interface AdminApiConnection {
  readonly admin: AdminApi;
  readonly network: HttpOptions;
  readonly userAgent: string;
  readonly connection: Connection;
}

/**
 * The mailboxes that Exchange Online lists. The interface is a preview, so it may change.
 * Throws Failure; `role-missing` when the application may not.
 * @see https://learn.microsoft.com/en-us/exchange/reference/admin-api-get-started
 */
export function listByAdminApi(
  adminConnection: AdminApiConnection,
  { filter = "" }: SearchableMailboxQuery,
  call: Call = {},
): Promise<readonly SearchableMailbox[]> {
  return withAdminApi(adminConnection, call, async (account, tenant) => {
    const found = new Map<string, SearchableMailbox>();
    for await (const { items } of account.pages(getMailboxes, tenant)) {
      for (const one of items) if (one !== undefined && matchesFilter(one, filter)) found.set(one.mailbox.toLowerCase(), one);
    }
    return [...found.values()];
  });
}

/** Asks for one mailbox, to see whether the application may. Throws Failure as the list does. */
export function tryAdminApi(adminConnection: AdminApiConnection, call: Call = {}): Promise<void> {
  return withAdminApi(adminConnection, call, (account, tenant) => account.ask(anyMailbox, tenant));
}

async function withAdminApi<T>(
  { admin, network, userAgent, connection }: AdminApiConnection,
  call: Call,
  work: (account: GraphMailbox, tenant: string) => Promise<T>,
): Promise<T> {
  const http = openHttp({ ...network, tls: { ...network.tls, identity: undefined } });
  try {
    const tenant = await admin.tenant(call);
    const base = new URL(`${admin.url.replace(/\/$/, "")}/adminapi/v2.0/${encodedSegment(tenant)}`);
    const rest = openGraphHttp({ base, http: admin.signIn(http), anonymous: http, userAgent });
    // All who list wait together.
    return await work(openMailbox({ ...connection, rest }, "Exchange Online Admin API", call), tenant);
  } catch (thrown) {
    throw explainRefusal(asFailure(thrown));
  } finally {
    http.close();
  }
}

/**
 * The permission that a token must have for it. The older one, of PowerShell, is not known to be refused.
 * @see https://learn.microsoft.com/en-us/exchange/reference/admin-api-authentication
 */
export const adminApiPermission = {
  application: "Exchange.ManageAsAppV2",
  delegated: "Exchange.ManageV2",
  older: "Exchange.ManageAsApp",
} as const;

/** Whether the token of an application has it: it is given by consent alone, so a token without it is refused. */
export function mayList({ roles }: Pick<TokenFacts, "roles">): boolean {
  return roles.some((role) => role === adminApiPermission.application || role === adminApiPermission.older);
}

/** Its Get-Mailbox takes no filter. */
function matchesFilter({ mailbox, displayName = "" }: SearchableMailbox, filter: string): boolean {
  const beginning = filter.toLowerCase();
  return mailbox.toLowerCase().startsWith(beginning) || displayName.toLowerCase().startsWith(beginning);
}

function explainRefusal(failure: Failure): Failure {
  if (failure.code !== "access-denied" && failure.code !== "role-missing" && failure.code !== "unauthenticated") return failure;
  const { wireCode, requestId } = failure;
  return new Failure("role-missing", "The application may not list mailboxes over the Exchange Online Admin API.", {
    wireCode,
    requestId,
    hint: "It needs the application permission Exchange.ManageAsAppV2 of Office 365 Exchange Online with admin consent, and a role of Exchange that shows recipients (View-Only Recipients) on its service principal. Or put graph: { mailbox_list: directory }.",
    cause: failure,
  });
}
