import { consentToAll, exchangeResource, findApplication } from "../setup/exchange-online.ts";
import { isOnline } from "../wire/clouds.ts";
import { type TokenFacts, tokenFacts } from "../wire/token-facts.ts";
import { type Checkup, connectionOf, type Finding, type Step } from "./checkup.ts";
import { urlOf } from "./place.ts";

/** Minutes. Microsoft's own libraries renew a token when less is left; one that nobody renews is at its end. */
const almostOver = 5;

/** What the token says of itself. Its signature is the server's business. */
export const token: Step = {
  name: "token",
  needs: ["settings"],
  async run(checkup) {
    const { auth } = connectionOf(checkup);
    if (auth.kind !== "bearer")
      return { status: "skipped", tried: "looked how the account signs in", found: "with a password: there is no token" };
    const tried = "read the token that the settings name";
    const facts = tokenFacts(auth.token.reveal());
    if (facts === undefined)
      return { status: "unknown", tried, found: "it is no JSON Web Token, so it says nothing of itself; the server may still take it" };
    checkup.learned.token = facts;
    return { tried, ...judge(facts, checkup) };
  },
};

function judge(facts: TokenFacts, checkup: Checkup): Omit<Finding, "tried"> {
  const url = urlOf(connectionOf(checkup));
  const { audience, expiresAt } = facts;
  const about = described(facts);
  const minutes = expiresAt === undefined ? undefined : Math.floor((expiresAt.getTime() - checkup.now()) / 60_000);
  if (minutes !== undefined && minutes < 0) {
    return {
      status: "failed",
      code: "unauthenticated",
      found: `it ended ${-minutes} minutes ago. ${about}`,
      next: ["Get a new token (it lives about an hour), or give an application registration to the settings, so that it is renewed."],
    };
  }
  const wanted = isOnline(url) ? url.origin : undefined;
  if (wanted !== undefined && audience !== undefined && !isFor(audience, wanted)) {
    return {
      status: "failed",
      code: "unauthenticated",
      found: `it is for another resource. ${about}`,
      next: ["Ask for the token with this scope:", `${wanted}/.default`],
    };
  }
  if (wanted === undefined && audience !== undefined && !audience.toLowerCase().includes(url.hostname.toLowerCase())) {
    return {
      status: "warning",
      found: `its audience does not name ${url.hostname}. ${about}`,
      next: [
        "On premises the audience is the address of the server as Entra or ADFS knows it; ask for this scope:",
        `${url.origin}/.default`,
      ],
    };
  }
  if (minutes !== undefined && minutes < almostOver) {
    return { status: "warning", found: `${minutes} minutes are left. ${about}`, next: ["Get a new token before a long call."] };
  }
  return { status: "ok", found: about };
}

/** An audience is a URL with or without a slash at its end, or the resource's id. */
function isFor(audience: string, origin: string): boolean {
  return [origin, exchangeResource].includes(audience.replace(/\/+$/, "").toLowerCase());
}

function described(facts: TokenFacts): string {
  const parts: readonly (readonly [string, string | undefined])[] = [
    ["tenant", facts.tenant],
    ["application", facts.appId],
    ["user", facts.user],
    ["audience", facts.audience],
    ["roles", facts.roles.join(" ")],
    ["scopes", facts.scopes.join(" ")],
    ["valid until", facts.expiresAt?.toISOString()],
  ];
  return parts.flatMap(([name, value]) => (value === undefined || value === "" ? [] : [`${name} ${value}`])).join(", ");
}

/** Whether the token or the roles allow what the actions do. */
export const permissions: Step = {
  name: "permissions",
  needs: ["token"],
  async run(checkup) {
    const connection = connectionOf(checkup);
    const facts = checkup.learned.token;
    const online = isOnline(urlOf(connection));
    if (facts === undefined) {
      const role = connection.access === "impersonation" ? "ApplicationImpersonation" : "Full Access as a delegate";
      return {
        status: "unknown",
        tried: "looked for permissions that can be seen from here",
        found: `a password says nothing of roles; needed are ${role} and, to list mailboxes, Discovery Management: the steps mailbox and discovery try them`,
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
      "If it does not, either limit the application to some mailboxes (see `mailcordon setup entra --mailboxes`), or let it into all:",
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
      found: "the token is of a person, and Exchange Online has no impersonation for people any more",
      next: ["Set for this connection, and give the person Full Access to the mailboxes:", "access: delegate"],
    };
  }
  return { status: "ok", found: "EWS.AccessAsUser.All: the mailboxes that the person may open" };
}
