import { clientOf } from "../../connection/connection-tokens.ts";
import type { Failure } from "../../failure.ts";
import { adminApiPermission, mayList } from "../../graph/session/admin-api.ts";
import { attempt } from "../../outcome.ts";
import { consentToExchange, findApplication, recipientsRole, registerInExchange } from "../../setup/exchange-online-commands.ts";
import { readyToken, withTokens } from "../../wire/sign-in/bearer-token.ts";
import { type TokenFacts, tokenFacts } from "../../wire/sign-in/token-claims.ts";
import { connectionOf, type Finding, type Step } from "../checkup.ts";
import { powerShellSafe } from "../connection-facts.ts";
import { newToken } from "../token-check.ts";
import { listsByAdminApi } from "./graph-permissions.ts";

type MailboxListFinding = Omit<Finding, "tried">;

const instead: readonly string[] = [
  "Or list the directory instead of Exchange Online; set for this connection:",
  "graph: { mailbox_list: auto }",
];

/**
 * Checks whether the Exchange Online Admin API lists mailboxes. That needs a token for Exchange Online, a permission in it, and an Exchange role
 * that no token shows. A request for one mailbox tests the role.
 * @see https://learn.microsoft.com/en-us/exchange/reference/admin-api-authentication
 */
export const mailboxList: Step = {
  name: "graph-mailbox-list",
  needs: ["graph"],
  async run(checkup) {
    const { auth, graph } = connectionOf(checkup);
    const { adminApi } = graph.mailboxList;
    if (!checkup.actions.some((action) => listsByAdminApi(action, checkup)))
      return { status: "skipped", tried: "checked which actions list mailboxes", found: "none of the checked actions does" };
    if (auth.kind !== "oauth" || adminApi === undefined) {
      return {
        status: "failed",
        code: "invalid-settings",
        tried: "checked how the account signs in to Exchange Online",
        found: "the Exchange Online Admin API needs its own token, which only oauth can get",
        next: instead,
      };
    }
    const fetched = `fetched a new token for ${clientOf(auth, "exchange").scope}`;
    const token = await attempt(() => newToken(auth, "exchange", checkup));
    if (!token.ok) return { tried: fetched, ...failedBy(token.failure) };
    const facts = tokenFacts(token.value);
    const missing = facts && missingPermissionOf(facts);
    if (facts !== undefined && missing !== undefined) {
      checkup.learned.listLacks = missing;
      return { tried: `${fetched} and checked its permission`, ...lacking(missing, facts) };
    }
    const answer = await checkup.learned.probe?.mailboxList({
      url: adminApi.origin,
      // The API's address needs the tenant's id; the settings may contain one of its domains.
      tenant: async () => facts?.tenant ?? auth.tenant,
      signIn: (http) => withTokens(http, readyToken(token.value)),
      isRequired: true,
    });
    if (answer === undefined) throw new Error("a step asked Exchange Online before Microsoft Graph was opened");
    const tried = `${fetched}, and asked ${adminApi.origin} for one mailbox`;
    if (answer.ok) return { status: "ok", tried, found: `${describePermission(facts)}, and an Exchange role that shows recipients` };
    return { tried, ...(answer.failure.code === "role-missing" ? withoutRole(facts) : failedBy(answer.failure)) };
  },
};

function failedBy({ code, message, hint }: Failure): MailboxListFinding {
  return { status: "failed", code, found: message, next: [hint, ...instead] };
}

/** Returns the permission that the token lacks. */
function missingPermissionOf(facts: TokenFacts): string | undefined {
  if (facts.appOnly) return mayList(facts) ? undefined : adminApiPermission.application;
  return facts.scopes.includes(adminApiPermission.delegated) ? undefined : adminApiPermission.delegated;
}

/** Describes the permission that allows the request. */
function describePermission(facts: TokenFacts | undefined): string {
  if (facts === undefined) return "its permission, which the token does not show";
  if (!facts.appOnly) return adminApiPermission.delegated;
  return facts.roles.find((role) => role === adminApiPermission.application) ?? adminApiPermission.older;
}

function lacking(permission: string, facts: TokenFacts): MailboxListFinding {
  const kind = facts.appOnly ? "Application permissions" : "Delegated permissions";
  return {
    status: "failed",
    code: "role-missing",
    found: `missing in the token for Exchange Online: ${permission} (get-searchable-mailboxes); it has ${[...facts.roles, ...facts.scopes].join(" ") || "none"}`,
    next: [
      `Grant it (Entra admin center > the application > API permissions > Add a permission > APIs my organization uses > Office 365 Exchange Online > ${kind}, then Grant admin consent); an earlier token lacks it for up to an hour:`,
      ...(facts.appOnly ? [...find(facts), ...consentToExchange(permission)] : []),
      "Also give it an Exchange role that shows recipients:",
      ...roleFor(facts),
      ...instead,
    ],
  };
}

/** Explains a refusal despite the permission: the role is missing, as far as that is visible. */
function withoutRole(facts: TokenFacts | undefined): MailboxListFinding {
  const permission = describePermission(facts);
  const isOlder = permission === adminApiPermission.older;
  return {
    status: "failed",
    code: "role-missing",
    found: `Exchange Online refuses the list although the token has ${permission}: ${isOlder ? `it takes ${adminApiPermission.application}, or ` : ""}the account or application has no Exchange role that shows recipients`,
    next: [
      ...(isOlder ? ["Grant the permission:", ...find(facts), ...consentToExchange(adminApiPermission.application)] : []),
      "Give the role (it takes effect after 30 minutes to 2 hours):",
      ...(facts?.appOnly === false || isOlder ? [] : find(facts)),
      ...roleFor(facts),
      ...instead,
    ],
  };
}

function find(facts: TokenFacts | undefined): readonly string[] {
  const { appId } = facts ?? {};
  if (appId !== undefined) return findApplication(appId);
  return ["# replace the text in brackets with the application's client id", ...findApplication("<client id>")];
}

function roleFor(facts: TokenFacts | undefined): readonly string[] {
  return facts?.appOnly === false
    ? recipientsRole(powerShellSafe(facts.user ?? "<person>"))
    : [...registerInExchange, ...recipientsRole(undefined)];
}
