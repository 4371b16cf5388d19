import { consentToAll, findApplication } from "../setup/exchange-online-commands.ts";
import type { TokenFacts } from "../wire/sign-in/token-claims.ts";
import { connectionOf, type Finding, type Step } from "./checkup.ts";
import { isOnline } from "./connection-facts.ts";

/** Checks whether the token or the roles allow the actions. */
export const permissions: Step = {
  name: "permissions",
  needs: ["token"],
  async run(checkup) {
    const connection = connectionOf(checkup);
    const facts = checkup.learned.token;
    const online = isOnline(checkup);
    if (facts === undefined) {
      const role = connection.access === "impersonation" ? "ApplicationImpersonation" : "Full Access as a delegate";
      return {
        status: "unknown",
        tried: "checked for permissions that are visible from here",
        found: `the sign-in does not show the account's roles. It needs ${role} and, to list mailboxes, Discovery Management: the steps mailbox and discovery try them`,
      };
    }
    const tried = "compared the permissions in the token with what the actions need over EWS";
    if (!online)
      return { status: "unknown", tried, found: "on premises the roles of the account decide; the steps mailbox and discovery try them" };
    return { tried, ...(facts.appOnly ? ofApplication(facts, connection.access) : ofUser(facts, connection.access)) };
  },
};

function ofApplication({ roles, appId }: TokenFacts, access: "impersonation" | "delegate"): Omit<Finding, "tried"> {
  if (access === "delegate") {
    return {
      status: "failed",
      code: "invalid-settings",
      found: "an application has no mailbox of its own, so it cannot be a delegate",
      next: ["Set for this connection:", "access: impersonation"],
    };
  }
  if (roles.includes("full_access_as_app")) return { status: "ok", found: "full_access_as_app: every mailbox, every action" };
  return {
    status: "warning",
    found:
      "full_access_as_app is missing in the token. That is right where RBAC for Applications gives the access (Application EWS.AccessAsApp)",
    next: [
      "If it does not, either limit the application to some mailboxes (see `mailcordon setup entra --backend ews --mailboxes`), or give it access to all:",
      ...(appId === undefined ? [] : findApplication(appId)),
      ...consentToAll,
    ],
  };
}

function ofUser({ scopes }: TokenFacts, access: "impersonation" | "delegate"): Omit<Finding, "tried"> {
  if (!scopes.includes("EWS.AccessAsUser.All")) {
    return {
      status: "failed",
      code: "role-missing",
      found: `EWS.AccessAsUser.All is missing in the token; it has ${scopes.join(" ") || "no scopes"}`,
      next: [
        "Entra admin center > App registrations > the application > API permissions > Add a permission > APIs my organization uses > Office 365 Exchange Online > Delegated permissions > EWS.AccessAsUser.All, then Grant admin consent.",
      ],
    };
  }
  if (access === "impersonation") {
    return {
      status: "warning",
      found: "the token belongs to a person, and Exchange Online no longer lets people impersonate",
      next: ["Set for this connection, and give the person Full Access to the mailboxes:", "access: delegate"],
    };
  }
  return { status: "ok", found: "EWS.AccessAsUser.All: the mailboxes that the person may open" };
}
