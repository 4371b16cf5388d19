import { type EwsPolicy, type Registration, resources } from "../../sign-in/app-registration.ts";
import type { SeenToken, TokenServer } from "../../sign-in/token-server.ts";
import type { User } from "../../store/organisation.ts";

/** The caller of an accepted token. */
export interface BearerCaller {
  readonly user: User;
  /** The application's own token: it has no mailbox and must impersonate. */
  readonly appOnly: boolean;
  readonly app: Registration;
}

/** Why a token is refused: by HTTP, before any SOAP. */
export interface BearerRefusal {
  readonly status: 401 | 403;
  /** Value of `x-ms-diagnostics`. */
  readonly diagnostics: string | undefined;
}

const refusal = (status: 401 | 403, number: number, reason: string, category: string): BearerRefusal => ({
  status,
  diagnostics: `${number};reason="${reason}";error_category="${category}"`,
});

/**
 * Returns the caller of a token of the lab's tenant. The numbers 2000003 and 2000008 and their texts were seen from Exchange Online; the others are
 * modelled on them.
 */
export async function bearerCaller(
  server: TokenServer,
  policy: EwsPolicy,
  token: string,
  user: (upn: string) => User | undefined,
): Promise<BearerCaller | BearerRefusal> {
  const seen = await server.see(token);
  const wrong = seen === undefined ? "not a JWT" : problemOf(seen, server);
  if (seen === undefined || wrong === "not a JWT") return refusal(401, 2000001, "The token cannot be read.", "invalid_token");
  if (wrong !== undefined) return wrong;
  const { app, jwt } = seen;
  if (app === undefined) return refusal(401, 2000005, "The application is not known.", "invalid_client");
  const scopes = jwt.claims.get("scp");
  const roles = jwt.claims.get("roles");
  const delegated = typeof scopes === "string";
  const granted = delegated ? scopes.split(" ") : Array.isArray(roles) ? roles : [];
  const needed = delegated ? "EWS.AccessAsUser.All" : "full_access_as_app";
  if (!granted.includes(needed) && (delegated || app.exchangeRole !== true)) {
    if (granted.filter(Boolean).length > 0)
      return refusal(403, 2000008, "The token contains not enough scope to make this call.", "invalid_grant");
    return refusal(401, 2000008, "The token contains no permissions, or permissions can not be understood.", "invalid_grant");
  }
  const blocked = policy.ewsEnabled === false || (policy.ewsEnabled === true && !policy.ewsAllowedAppIDs?.includes(app.clientId));
  if (blocked) return { status: 403, diagnostics: undefined };
  if (!delegated) return { user: userOf(app), appOnly: true, app };
  const upn = jwt.claims.get("upn");
  const found = typeof upn === "string" ? user(upn) : undefined;
  return found === undefined ? refusal(401, 2000006, "The user is not known.", "invalid_user") : { user: found, appOnly: false, app };
}

function problemOf({ jwt, trusted, revoked }: SeenToken, server: TokenServer): BearerRefusal | undefined {
  const { aud, tid, exp, nbf } = Object.fromEntries(jwt.claims);
  const now = Date.now() / 1000;
  if (!trusted) return refusal(401, 2000002, "The signature of the token is invalid.", "invalid_signature");
  const ours: readonly string[] = [...resources.exchange, ...(server.tenant.servers ?? [])];
  if (typeof aud !== "string" || !ours.includes(aud))
    return refusal(401, 2000003, "The audience claim value is invalid 'aud'.", "invalid_resource");
  if (tid !== server.tenant.id) return refusal(401, 2000004, "The tenant of the token does not exist.", "invalid_tenant");
  const timely = typeof exp === "number" && exp > now && typeof nbf === "number" && nbf <= now + 300;
  if (!timely || revoked) return refusal(401, 2000007, "The token has expired.", "invalid_lifetime");
  return undefined;
}

/** An application as an account: it has no mailbox. */
function userOf(app: Registration): User {
  return {
    address: `${app.clientId}@applications.invalid`,
    displayName: app.name,
    password: "",
    aliases: [],
    upn: app.clientId,
    sid: `S-1-8-${app.clientId}`,
    roles: ["ApplicationImpersonation"],
    purpose: "others",
    impersonationScope: app.mailboxes,
    fullAccess: [],
    sendAs: [],
  };
}
