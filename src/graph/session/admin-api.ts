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

/** How to reach the Exchange Online Admin API. */
export interface AdminApi {
  /** Such as `https://outlook.office365.com`. */
  readonly url: string;
  /** Returns the id of the tenant. Throws Failure; `role-missing` where the missing role is known before a request. */
  tenant(call: Call | undefined): Promise<string>;
  /** Wraps a client in one that signs in to Exchange Online. */
  readonly signIn: (http: Http) => Http;
  /** True when only this list is acceptable; otherwise the directory's list replaces it where it is not available. */
  readonly isRequired: boolean;
}

/** Opened for each list, because it is seldom needed. */
export interface AdminApiConnection {
  readonly admin: AdminApi;
  readonly network: HttpOptions;
  readonly userAgent: string;
  readonly connection: Connection;
}

/**
 * Lists the mailboxes that Exchange Online shows. The interface is a preview, so it may change. Throws Failure; `role-missing` when the application
 * may not use it.
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

/** Requests one mailbox, to check whether the application may. Throws Failure as the list does. */
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
    // All callers of the list wait together.
    return await work(openMailbox({ ...connection, rest }, "Exchange Online Admin API", call), tenant);
  } catch (thrown) {
    throw explainRefusal(asFailure(thrown));
  } finally {
    http.close();
  }
}

/**
 * The permission that a token needs for it. The older permission, made for PowerShell, is not known to be refused.
 * @see https://learn.microsoft.com/en-us/exchange/reference/admin-api-authentication
 */
export const adminApiPermission = {
  application: "Exchange.ManageAsAppV2",
  delegated: "Exchange.ManageV2",
  older: "Exchange.ManageAsApp",
} as const;

/** Tells whether an application's token has the permission. Only consent grants it, so a token without it is refused. */
export function mayList({ roles }: Pick<TokenFacts, "roles">): boolean {
  return roles.some((role) => role === adminApiPermission.application || role === adminApiPermission.older);
}

/** Filters here, because Get-Mailbox of this interface accepts no filter. */
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
