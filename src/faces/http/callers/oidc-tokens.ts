import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from "jose";
import { Failure } from "../../../failure.ts";
import { interfaces, type Role, roles } from "../../../state/keys.ts";
import type { Caller, TokenReader } from "./authentication.ts";

/** The identity provider whose tokens are accepted. */
export interface Oidc {
  readonly issuer: string;
  readonly audience: string;
  /** The claim that lists the roles; dots lead into objects, as in `realm_access.roles`. */
  readonly rolesClaim: string;
  /** URL of the issuer's signing keys; undefined: the one in the issuer's description. */
  readonly jwksUrl: string | undefined;
  /** A token that names no mailboxes is refused, instead of standing for all. */
  readonly requireMailboxes: boolean;
}

/** Signature algorithms with a private key of the issuer. None whose signatures a verifier could create, and never `none`. */
const algorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"];
/** Clocks differ; Microsoft Entra ID recommends five minutes at most. Seconds. */
const clockTolerance = 60;
/** An issuer answers in a moment or not at all. Milliseconds. */
const issuerMs = 5_000;

/**
 * Opens a reader for tokens of an identity provider: it checks signature, issuer, audience and times. `rolesClaim` lists the roles;
 * `mailcordon_mailboxes`, `mailcordon_connections` and `mailcordon_interfaces` (lists of texts) limit what the caller may use.
 * @see https://www.rfc-editor.org/rfc/rfc8725 (what to check) and https://openid.net/specs/openid-connect-discovery-1_0.html
 */
export function openTokenReader(oidc: Oidc): TokenReader {
  let keys: ReturnType<typeof createRemoteJWKSet> | undefined;
  let finding: Promise<string> | undefined;
  // Anybody can send text that looks like a token, so only one request at a time goes to the issuer.
  const found = () => {
    finding ??= discover(oidc.issuer).finally(() => {
      finding = undefined;
    });
    return finding;
  };
  return async (token) => {
    // A token has three parts; other text does not justify a request to the issuer.
    if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return undefined;
    keys ??= createRemoteJWKSet(new URL(oidc.jwksUrl ?? (await found())), { timeoutDuration: issuerMs });
    const { issuer, audience } = oidc;
    try {
      const { payload } = await jwtVerify(token, keys, { issuer, audience, algorithms, clockTolerance, requiredClaims: ["exp", "sub"] });
      return callerOf(payload, oidc);
    } catch (thrown) {
      const ours = thrown instanceof errors.JWKSTimeout || !(thrown instanceof errors.JOSEError) || thrown.code === "ERR_JOSE_GENERIC";
      if (!ours) return undefined;
      throw unreachable("The keys of the issuer of tokens", thrown);
    }
  };
}

async function discover(issuer: string): Promise<string> {
  const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  let found: unknown;
  try {
    const reply = await fetch(url, { redirect: "error", signal: AbortSignal.timeout(issuerMs) });
    if (reply.status >= 500) throw new Error(`status ${reply.status}`);
    if (reply.ok) found = await reply.json();
  } catch (thrown) {
    throw unreachable("The description of the issuer of tokens", thrown);
  }
  if (typeof found === "object" && found !== null && "issuer" in found && found.issuer === issuer) {
    if ("jwks_uri" in found && typeof found.jwks_uri === "string" && isAsSafe(found.jwks_uri, issuer)) return found.jwks_uri;
  }
  throw new Failure("invalid-settings", "serve.oidc.issuer: the issuer's own description names another issuer, or no signing keys.", {
    hint: "Set serve.oidc.issuer exactly as the issuer writes it, or set serve.oidc.jwks_url.",
  });
}

/** Signing keys that arrive over an unprotected connection may be anybody's. */
function isAsSafe(url: string, issuer: string): boolean {
  return URL.canParse(url) && ["https:", new URL(issuer).protocol].includes(new URL(url).protocol);
}

/** Returns undefined for a token with an unreadable limit: it must not grant more than intended. */
function callerOf(payload: JWTPayload, { rolesClaim, requireMailboxes }: Oidc): Caller | undefined {
  const { sub, name, preferred_username } = payload;
  const mailboxes = textsOf(payload.mailcordon_mailboxes);
  const connections = textsOf(payload.mailcordon_connections);
  const wanted = textsOf(payload.mailcordon_interfaces);
  if (wanted === "malformed") return undefined;
  if (sub === undefined || sub === "" || sub.length > 255 || mailboxes === "malformed" || connections === "malformed") return undefined;
  if (requireMailboxes && mailboxes === undefined) return undefined;
  const shown = [name, preferred_username].find((text) => typeof text === "string");
  return {
    id: `oidc:${sub}`,
    name: typeof shown === "string" ? shown : sub,
    person: sub,
    grant: {
      roles: rolesIn(claimAt(payload, rolesClaim)),
      mailboxes,
      connections,
      interfaces: wanted && interfaces.filter((one) => wanted.includes(one)),
    },
  };
}

function textsOf(claim: unknown): readonly string[] | undefined | "malformed" {
  if (claim === undefined) return undefined;
  return Array.isArray(claim) && claim.every((each) => typeof each === "string") ? claim : "malformed";
}

function claimAt(payload: JWTPayload, path: string): unknown {
  if (Object.hasOwn(payload, path)) return payload[path];
  let found: unknown = payload;
  for (const step of path.split(".")) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, step)) return undefined;
    found = Object.entries(found).find(([name]) => name === step)?.[1];
  }
  return found;
}

/** Returns the roles in a list, or in one text separated by spaces, like `scope`. Unknown roles are ignored. */
function rolesIn(claim: unknown): readonly Role[] {
  const names: readonly unknown[] = typeof claim === "string" ? claim.split(" ") : Array.isArray(claim) ? claim : [];
  return roles.filter((role) => names.includes(role));
}

function unreachable(what: string, cause: unknown): Failure {
  return new Failure("unreachable", `${what} cannot be had.`, { hint: "Check serve.oidc and the network.", cause });
}
