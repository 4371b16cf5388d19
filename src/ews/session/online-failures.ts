import { Failure } from "../../failure.ts";
import type { HttpResponse } from "../../wire/http/request-and-response.ts";
import { clouds } from "../../wire/sign-in/clouds.ts";
import type { TokenFacts } from "../../wire/sign-in/token-claims.ts";

/** Resource "Office 365 Exchange Online", which some tokens name by this id. */
const exchangeId = "00000002-0000-0ff1-ce00-000000000000";

/** The day on which Exchange Online ends EWS (Exchange Team Blog, February 2026). */
export const retirement = Date.UTC(2027, 3, 1);

/** The token and the mailbox of a request. */
export interface RequestContext {
  readonly token: TokenFacts;
  readonly mailbox: string | undefined;
}

/**
 * Converts a reply of Exchange Online without SOAP to a Failure; undefined where the status says no more than on premises. Exchange Online does not
 * say why it forbids EWS, so the content of the token decides which cause is named first.
 * @see https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/set-organizationconfig (EwsEnabled, EwsAllowedAppIDs)
 */
export function onlineFailure(
  { status, headers }: Pick<HttpResponse, "status" | "headers">,
  { token, mailbox }: RequestContext,
  now = Date.now(),
): Failure | undefined {
  if (!isTokenForOnline(token)) return undefined;
  const details = { wireCode: `HTTP ${status}`, requestId: headers.get("request-id") };
  const application = token.appId === undefined ? "this application" : `the application ${token.appId}`;
  const reason = diagnosticsCode(headers.get("x-ms-diagnostics"));
  if (now >= retirement && (status === 403 || status === 404 || status === 410)) {
    return new Failure("unsupported", "Exchange Online no longer has EWS: it ended on 2027-04-01.", {
      ...details,
      hint: "Use Microsoft Graph for mailboxes of Exchange Online. EWS remains for mailboxes on premises.",
    });
  }
  if (reason === "2000008") {
    return new Failure("role-missing", `Exchange Online accepts the token of ${application}, but it allows too little (${reason}).`, {
      ...details,
      hint: token.appOnly
        ? "In the Entra admin center open App registrations, the application, API permissions: add Office 365 Exchange Online, application permission full_access_as_app, then Grant admin consent. A token that was fetched before lasts about an hour."
        : "In the Entra admin center open App registrations, the application, API permissions: add Office 365 Exchange Online, delegated permission EWS.AccessAsUser.All, then Grant admin consent and sign in again.",
    });
  }
  if (status === 401) {
    const reasonText = reason === undefined ? "" : ` (${reason})`;
    return new Failure("unauthenticated", `Exchange Online refuses the token of ${application}${reasonText}.`, {
      ...details,
      hint: "The token is for the right resource. Check tenant and cloud, and this machine's clock; `mailcordon doctor` shows what is in the token.",
    });
  }
  if (status !== 403) return undefined;
  return new Failure(
    "access-denied",
    `Exchange Online blocks EWS for ${application}${mailbox === undefined ? "" : ` or for ${mailbox}`}.`,
    {
      ...details,
      hint: [
        `By default it does so since October 2026. An administrator allows it with Set-OrganizationConfig: EwsEnabled true, and ${application} added to EwsAllowedAppIDs, which is one comma-separated text (it takes up to 24 hours to take effect); \`mailcordon doctor\` prints the PowerShell lines that keep what is in the list.`,
        ...(mailbox === undefined
          ? []
          : [`If other mailboxes work: Get-CASMailbox -Identity '${escapeForPowerShell(mailbox)}' | fl EwsEnabled, and its licence.`]),
        ...(token.appOnly && !token.roles.includes("full_access_as_app")
          ? ["The token has no full_access_as_app either: that is correct only where RBAC for Applications grants the access."]
          : []),
      ].join(" "),
    },
  );
}

function isTokenForOnline({ audience }: TokenFacts): boolean {
  const named = audience?.replace(/(?<!\/)\/+$/, "").toLowerCase();
  return named === exchangeId || Object.values(clouds).some(({ exchange }) => named === `https://${exchange}`);
}

/** Returns only the number, because the text is untrusted. @see https://learn.microsoft.com/en-us/openspecs/exchange_server_protocols/ms-oxwoauth */
function diagnosticsCode(diagnostics: string | undefined): string | undefined {
  return /^\s*(\d{7})\s*;/.exec(diagnostics ?? "")?.[1];
}

/** Escapes text for single quotes of PowerShell. */
function escapeForPowerShell(text: string): string {
  return text.replace(/['\u2018-\u201b]/g, "''");
}
