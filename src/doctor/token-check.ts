import { clientOf, openTokens } from "../connection/connection-tokens.ts";
import { asFailure } from "../failure.ts";
import { leastOf } from "../graph/permissions.ts";
import type { OAuth } from "../settings/oauth-settings.ts";
import type { OnPremises } from "../settings/on-premises-settings.ts";
import { Secret } from "../settings/secrets.ts";
import { addCertificate, addSecret, consentToAll, exchangeResource, findApplication } from "../setup/exchange-online-commands.ts";
import { consentToGraph, graphResource } from "../setup/graph-commands.ts";
import { openHttp } from "../wire/http/http-client.ts";
import { readCertificate } from "../wire/sign-in/client-certificate.ts";
import { clouds } from "../wire/sign-in/clouds.ts";
import { authorityOf, type EntraCredential } from "../wire/sign-in/entra-client.ts";
import { noTokenCache } from "../wire/sign-in/token-cache.ts";
import { type TokenFacts, tokenFacts } from "../wire/sign-in/token-claims.ts";
import { openTokenSource } from "../wire/sign-in/token-source.ts";
import { lifetimeOf } from "./certificate-lifetime.ts";
import { type Checkup, connectionOf, type Finding, type Step } from "./checkup.ts";
import { cloudOf, httpOptionsOf } from "./connection-facts.ts";

/** In minutes. Microsoft's own libraries renew a token when less is left; a token without renewal is about to expire. */
const almostExpiredMinutes = 5;

/** In days. A certificate that expires sooner is reported. */
const warningDays = 30;

/** Shows the token's claims; fetches the token first if there is an application. The server checks its signature. */
export const token: Step = {
  name: "token",
  needs: ["settings"],
  async run(checkup) {
    const { auth } = connectionOf(checkup);
    switch (auth.kind) {
      case "bearer":
        return { tried: "read the token that the settings name", ...judge(auth.token.reveal(), checkup) };
      case "oauth":
        return fetched(auth, checkup);
      case "auto":
        return judgeOptionalToken(auth, checkup);
      default:
        return { status: "skipped", tried: "checked how the account signs in", found: "it uses no token" };
    }
  },
};

/** Judges a token that is optional: if the server also accepts a password, a missing token blocks nothing. */
async function judgeOptionalToken(
  { account, token: ready, oauth }: Extract<OnPremises, { kind: "auto" }>,
  checkup: Checkup,
): Promise<Finding> {
  if (ready === undefined && oauth === undefined)
    return { status: "skipped", tried: "checked how the account signs in", found: "it uses no token" };
  const tried = "read the token that the settings name";
  const finding: Finding = oauth === undefined ? { tried, ...judge(ready?.reveal() ?? "", checkup) } : await fetched(oauth, checkup);
  if (finding.status !== "failed" || account === undefined) return finding;
  return { ...finding, status: "warning", found: `${finding.found.replace(/\.$/, "")}. Only the password of ${account.username} is left` };
}

async function fetched(auth: OAuth, checkup: Checkup): Promise<Finding> {
  const resource = checkup.backEnd === "graph" ? "graph" : "exchange";
  const client = clientOf(auth, resource);
  const host = client.credential.kind === "managed-identity" ? "the managed identity of this machine" : authorityOf(client).host;
  const tried = `fetched a new token for ${client.scope} from ${host} (${client.credential.kind})`;
  try {
    const text = await newToken(auth, resource, checkup);
    checkup.learned.fresh = new Secret(text);
    const judged = judge(text, checkup);
    const lifetime = await credentialLifetime(client.credential, checkup.now());
    if (judged.status === "ok" && lifetime.status === "warning") return { tried, ...lifetime, found: `${lifetime.found}. ${judged.found}` };
    return { tried, ...judged, found: `${judged.found}; ${lifetime.found}` };
  } catch (thrown) {
    const { code, message, hint, wireCode } = asFailure(thrown);
    return { status: "failed", code, tried, found: message, next: [hint, ...repair(wireCode, client.clientId, checkup)] };
  }
}

/** Returns a token that was not cached; for a person, the cached one. Throws Failure. */
export async function newToken(auth: OAuth, resource: "exchange" | "graph", checkup: Checkup): Promise<string> {
  const client = clientOf(auth, resource);
  const http = openHttp(await httpOptionsOf(checkup));
  try {
    // A cached token shows nothing about the secret. A person is not asked again while a cached token exists.
    const source =
      client.credential.kind === "device-code" ? openTokens(auth, resource, http) : openTokenSource({ client, http, cache: noTokenCache });
    return await source.token({ signal: checkup.signal, progress: checkup.tell });
  } finally {
    http.close();
  }
}

async function credentialLifetime(credential: EntraCredential, now: number): Promise<Pick<Finding, "status" | "found" | "next">> {
  if (credential.kind === "client-secret") return { status: "ok", found: "the expiry of the client secret is not visible from here" };
  if (credential.kind !== "certificate") return { status: "ok", found: `signed in by ${credential.kind}` };
  const { certificate } = await readCertificate(credential.read(), now);
  const { days, when } = lifetimeOf(certificate, now);
  const found = `the certificate ${days < 0 ? "expired" : "expires"} ${when}`;
  if (days >= warningDays) return { status: "ok", found };
  return {
    status: "warning",
    found,
    next: ["Create a new certificate and upload it beside the old one: `mailcordon setup entra` prints the commands."],
  };
}

/** Returns the commands that carry out the hint. */
function repair(wireCode: string | undefined, clientId: string, { backEnd, actions }: Checkup): readonly string[] {
  if (clientId === "") return [];
  const found = findApplication(clientId);
  switch (wireCode) {
    case "AADSTS7000215":
    case "AADSTS7000222":
      return [...found, ...addSecret];
    case "AADSTS700027":
    case "AADSTS700030":
      return [...found, ...addCertificate("mailcordon.cer")];
    case "AADSTS65001":
      return [...found, ...(backEnd === "graph" ? consentToGraph(leastOf(actions)) : consentToAll)];
    default:
      return [];
  }
}

function judge(text: string, checkup: Checkup): Omit<Finding, "tried"> {
  const facts = tokenFacts(text);
  if (facts === undefined)
    return { status: "unknown", found: "it is not a JSON Web Token, so its contents are not visible; the server may still accept it" };
  checkup.learned.token = facts;
  const { audience, expiresAt } = facts;
  const about = described(facts);
  const minutes = expiresAt === undefined ? undefined : Math.floor((expiresAt.getTime() - checkup.now()) / 60_000);
  if (minutes !== undefined && minutes < 0) {
    return {
      status: "failed",
      code: "unauthenticated",
      found: `it expired ${-minutes} minutes ago. ${about}`,
      next: ["Get a new token (it is valid for about an hour), or configure an application registration (auth.oauth), which renews it."],
    };
  }
  const astray = audience === undefined ? undefined : (checkup.backEnd === "graph" ? wrongGraphAudience : wrongAudience)(audience, checkup);
  if (astray !== undefined) return { ...astray, found: `${astray.found}. ${about}` };
  if (minutes !== undefined && minutes < almostExpiredMinutes) {
    return { status: "warning", found: `${minutes} minutes are left. ${about}`, next: ["Get a new token before a long call."] };
  }
  return { status: "ok", found: about };
}

/** Returns a finding if the token is not for Microsoft Graph in the cloud of the connection. */
function wrongGraphAudience(audience: string, checkup: Checkup): Omit<Finding, "tried"> | undefined {
  const named = audience.replace(/(?<!\/)\/+$/, "").toLowerCase();
  const own = clouds[cloudOf(checkup)];
  if (named === graphResource || named === `https://${own.graph}`) return undefined;
  const isExchange = named === exchangeResource || Object.values(clouds).some(({ exchange }) => named === `https://${exchange}`);
  return {
    status: "failed",
    code: "unauthenticated",
    found: isExchange ? "it is for Exchange Web Services, not for Microsoft Graph" : "it is for another resource",
    next: ["Ask for the token with this scope:", `https://${own.graph}/.default`],
  };
}

/** Returns a finding if the token is visibly not for this server. */
function wrongAudience(audience: string, checkup: Checkup): Omit<Finding, "tried"> | undefined {
  const named = audience.replace(/(?<!\/)\/+$/, "").toLowerCase();
  const url = checkup.learned.url ?? connectionOf(checkup).ews.url;
  const cloud = Object.values(clouds).find(({ exchange }) => exchange === url?.hostname);
  const isGraph = named === graphResource || Object.values(clouds).some(({ graph }) => named === `https://${graph}`);
  const isExchange = named === exchangeResource || Object.values(clouds).some(({ exchange }) => named === `https://${exchange}`);
  const right = cloud === undefined ? !isGraph : named === exchangeResource || named === `https://${cloud.exchange}`;
  if (!right) {
    return {
      status: "failed",
      code: "unauthenticated",
      found: isGraph ? "it is for Microsoft Graph, not for Exchange Web Services" : "it is for another resource",
      next: ["Ask for the token with this scope:", `https://${(cloud ?? clouds.worldwide).exchange}/.default`],
    };
  }
  if (cloud !== undefined || isExchange || url === undefined || named.includes(url.hostname.toLowerCase())) return undefined;
  return {
    status: "warning",
    found: `its audience does not name ${url.hostname}`,
    next: [
      "On premises the audience is the address of the server as Entra or AD FS knows it; ask for this scope:",
      `${url.origin}/.default`,
    ],
  };
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
