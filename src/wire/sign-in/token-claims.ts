import { parseJson } from "../../text/parse-json.ts";
/** The claims in a token. Undefined where a claim is missing, or not in Entra's form. */
export interface TokenFacts {
  /** The resource of the token: a URL, or the resource's application id. */
  readonly audience: string | undefined;
  readonly issuer: string | undefined;
  readonly tenant: string | undefined;
  /** The client id of the application. */
  readonly appId: string | undefined;
  /** Application permissions (`full_access_as_app`). Those of RBAC for Applications are not in the token. */
  readonly roles: readonly string[];
  /** Delegated permissions (`EWS.AccessAsUser.All`). */
  readonly scopes: readonly string[];
  /** The signed-in user, in a delegated token. */
  readonly user: string | undefined;
  readonly expiresAt: Date | undefined;
  /** True for a token of the application itself, false for a token of a user. */
  readonly appOnly: boolean;
}

/**
 * Reads a JSON Web Token (RFC 7519) without checking its signature, which is the server's part. Undefined if it is not one: a token is opaque to
 * its client.
 * @see https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference
 */
export function tokenFacts(token: string): TokenFacts | undefined {
  const claims = claimsOf(token);
  if (claims === undefined) return undefined;
  const textClaim = (name: string): string | undefined => {
    const value = claims.get(name);
    return typeof value === "string" ? value : undefined;
  };
  const expires = claims.get("exp");
  const roles = claims.get("roles");
  const scopes = textClaim("scp")?.split(" ").filter(Boolean) ?? [];
  const audience = claims.get("aud");
  return {
    audience: typeof audience === "string" ? audience : Array.isArray(audience) ? audience.filter(isText).join(" ") : undefined,
    issuer: textClaim("iss"),
    tenant: textClaim("tid"),
    appId: textClaim("appid") ?? textClaim("azp"),
    roles: Array.isArray(roles) ? roles.filter(isText) : [],
    scopes,
    user: textClaim("upn") ?? textClaim("unique_name") ?? textClaim("preferred_username"),
    // The limit is the year 9999: a later Date has no ISO text.
    expiresAt: typeof expires === "number" && expires >= 0 && expires < 253_402_300_800 ? new Date(expires * 1000) : undefined,
    appOnly: textClaim("idtyp") === "app" || scopes.length === 0,
  };
}

function claimsOf(token: string): ReadonlyMap<string, unknown> | undefined {
  const [, payload, signature] = token.split(".");
  if (payload === undefined || signature === undefined) return undefined;
  const claims = parseJson(Buffer.from(payload, "base64url").toString("utf8"));
  return typeof claims === "object" && claims !== null && !Array.isArray(claims) ? new Map(Object.entries(claims)) : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
