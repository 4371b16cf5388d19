import type { IncomingMessage, ServerResponse } from "node:http";
import { socAddress } from "../seed/seed-people.ts";
import type { User } from "../store/organisation.ts";
import { type Registration, resources, type Tenant } from "./app-registration.ts";
import { DeviceCodes } from "./device-code.ts";
import { devicePage } from "./device-page.ts";
import { audienceOf, issueToken, objectIdOf } from "./issue-token.ts";
import { type Jwt, openSigner, readJwt } from "./jwt.ts";
import { authenticateClient } from "./token-client.ts";
import { TokenError } from "./token-error.ts";
import { devicePath, endpointUrls, instancePath, isMetadataPath, isTokenPath, tokenEndpointAt } from "./token-paths.ts";

/** One request to the token endpoint as the lab saw it, without secrets. */
export interface TokenRequest {
  readonly method: string;
  readonly path: string;
  /** `grant_type`, or the kind of another request. */
  readonly asked: string;
  readonly clientId: string | undefined;
  /** HTTP status. */
  readonly status: number;
  /** Number of the AADSTS code of a refusal. */
  readonly refused: number | undefined;
}

/** A parsed token that the lab may have issued; `trusted` if the lab signed it. */
export interface SeenToken {
  readonly jwt: Jwt;
  readonly trusted: boolean;
  readonly app: Registration | undefined;
  readonly revoked: boolean;
}

/** The lab's control of sign-ins. */
export interface TokenServer {
  readonly tenant: Tenant;
  readonly requests: readonly TokenRequest[];
  /** Returns undefined if the path does not belong to the token endpoint. */
  handler(path: string): ((request: IncomingMessage, response: ServerResponse) => Promise<void>) | undefined;
  /** User codes that wait for a person. */
  readonly waiting: readonly string[];
  /** Records a person's consent in the browser. Returns false if there is no such code or no such user. */
  approve(userCode: string, address: string): boolean;
  decline(userCode: string): boolean;
  /** Invalidates all tokens issued until now. */
  revokeTokens(): void;
  /** Invalidates refresh tokens as well. */
  revokeSessions(): void;
  /** Parses a token, for a server that received it. */
  see(token: string): Promise<SeenToken | undefined>;
}

/** Forms have some thousand bytes; an assertion is the longest part. Bytes. */
const largestForm = 65_536;
const logLimit = 10_000;
/** RFC 8628, 3.4, and the short name that Microsoft's libraries use. */
const deviceGrants: readonly string[] = ["urn:ietf:params:oauth:grant-type:device_code", "device_code"];

/** Opens an imitation of Microsoft Entra ID for one tenant. `user`: returns the account with an address. */
export function openTokenServer(tenant: Tenant, user: (address: string) => User | undefined): TokenServer {
  const signer = openSigner();
  const devices = new DeviceCodes(tenant);
  const requests: TokenRequest[] = [];
  const revoked = new Set<string>();
  const issued = new Set<string>();

  const app = (clientId: string): Registration => {
    const found = tenant.registrations.find((one) => one.clientId.toLowerCase() === clientId.toLowerCase());
    if (found === undefined)
      throw new TokenError(700016, "unauthorized_client", `Application with identifier '${clientId}' was not found in the directory.`);
    if (found.disabled === true) throw new TokenError(7000112, "unauthorized_client", `Application '${clientId}' is disabled.`);
    return found;
  };

  async function answer(audience: { scope: string; app: Registration; user?: User | undefined }): Promise<Record<string, unknown>> {
    // A scope without a resource, such as `Mail.Read`, is one of Microsoft Graph.
    const resource = audienceOf(audience.scope.split(" ").find((one) => one.includes("/")) ?? `${resources.graph[0]}/.default`, tenant);
    const { token, seconds } = await issueToken(signer, tenant, audience.app, resource, Date.now(), audience.user);
    issued.add(token);
    return { token_type: "Bearer", expires_in: seconds, ext_expires_in: seconds, access_token: token };
  }

  async function delegated(of: { app: Registration; scope: string; user: User; refreshToken: string }, base: string) {
    const { app, user, scope, refreshToken } = of;
    if (app.scopes === undefined)
      throw new TokenError(65001, "invalid_grant", "The user or administrator has not consented to use the application.");
    const uid = objectIdOf(user);
    const now = Math.floor(Date.now() / 1000);
    const about = { iat: now, nbf: now, exp: now + 3600, oid: uid, sub: uid, tid: tenant.id, preferred_username: user.upn, ver: "2.0" };
    return {
      ...(await answer({ scope, app, user })),
      scope,
      refresh_token: refreshToken,
      id_token: await signer.sign({ aud: app.clientId, iss: `${base}/${tenant.id}/v2.0`, ...about }),
      client_info: Buffer.from(JSON.stringify({ uid, utid: tenant.id })).toString("base64url"),
    };
  }

  async function token(form: URLSearchParams, base: string, named: string): Promise<unknown> {
    const now = Date.now();
    const said = (name: string) => form.get(name) ?? undefined;
    const client = app(said("client_id") ?? "");
    const scope = said("scope") ?? "";
    const grant = said("grant_type");
    switch (grant !== undefined && deviceGrants.includes(grant) ? "device_code" : grant) {
      case "client_credentials": {
        const audiences = [endpointUrls(base, named).token, endpointUrls(base, tenant.id).token, endpointUrls(base, tenant.id).issuer];
        const proof = { secret: said("client_secret"), assertionType: said("client_assertion_type"), assertion: said("client_assertion") };
        authenticateClient(client, proof, audiences, now);
        if (!scope.endsWith("/.default"))
          throw new TokenError(1002012, "invalid_scope", `The provided value for scope ${scope} is not valid.`);
        return answer({ scope, app: client });
      }
      case "device_code":
        if (client.publicClient !== true) throw new TokenError(7000218, "invalid_client", "The client is not a public one.");
        return delegated({ app: client, ...devices.redeem(client, said("device_code") ?? "", now) }, base);
      case "refresh_token":
        return delegated({ app: client, scope, ...devices.refresh(client, said("refresh_token") ?? "") }, base);
      default:
        throw new TokenError(70003, "unsupported_grant_type", "The app requested an unsupported grant type.");
    }
  }

  function discovery(base: string, named: string): unknown {
    const { token, device, keys, issuer } = endpointUrls(base, named);
    return {
      token_endpoint: token,
      device_authorization_endpoint: device,
      authorization_endpoint: token.replace(/token\/?$/, "authorize"),
      end_session_endpoint: token.replace(/token\/?$/, "logout"),
      jwks_uri: keys,
      issuer,
      token_endpoint_auth_methods_supported: ["client_secret_post", "private_key_jwt"],
      id_token_signing_alg_values_supported: ["RS256"],
      response_types_supported: ["code"],
      subject_types_supported: ["pairwise"],
    };
  }

  /** @see https://learn.microsoft.com/en-us/entra/identity/managed-identities-azure-resources/how-to-use-vm-token */
  async function managedIdentity(request: IncomingMessage, query: URLSearchParams): Promise<unknown> {
    if (request.headers.metadata !== "true") throw new TokenError(0, "invalid_request", "Required metadata header not specified.");
    const clientId = query.get("client_id");
    const client = tenant.registrations.find((one) => one.managedIdentity === true && (clientId === null || one.clientId === clientId));
    if (client === undefined) throw new TokenError(0, "invalid_request", "Identity not found.");
    const resource = query.get("resource") ?? "";
    const { access_token, expires_in } = await answer({ scope: `${resource.replace(/\/$/, "")}/.default`, app: client });
    const expires = Math.floor(Date.now() / 1000) + Number(expires_in);
    // The metadata service writes its numbers as text.
    return {
      access_token,
      client_id: client.clientId,
      expires_in: String(expires_in),
      expires_on: String(expires),
      resource,
      token_type: "Bearer",
    };
  }

  async function respond(request: IncomingMessage, url: URL, form: URLSearchParams): Promise<unknown> {
    const base = url.origin;
    if (isMetadataPath(url.pathname)) return managedIdentity(request, url.searchParams);
    if (url.pathname === instancePath) {
      const aliases = { preferred_network: url.host, preferred_cache: url.host, aliases: [url.host] };
      return { tenant_discovery_endpoint: endpointUrls(base, tenant.id).configuration, metadata: [aliases] };
    }
    const { named = "", what } = tokenEndpointAt(url.pathname) ?? {};
    const isAdfs = tenant.adfs === true && named === "adfs";
    if (!isAdfs) checkTenant(named, what === "token" || what === "device");
    if (what === "configuration") return discovery(base, isAdfs ? named : tenant.id);
    if (what === "keys") return signer.keys();
    if (request.method !== "POST") throw new TokenError(900561, "invalid_request", "The endpoint only accepts POST requests.");
    if (what === "token") return token(form, base, named);
    const client = app(form.get("client_id") ?? "");
    if (client.publicClient !== true) throw new TokenError(7000218, "invalid_client", "The client is not a public one.");
    return devices.begin(client, form.get("scope") ?? "", Date.now(), base);
  }

  function checkTenant(name: string, asksForTokens: boolean): void {
    if (name === tenant.id.toLowerCase() || tenant.domains.some((domain) => domain.toLowerCase() === name)) return;
    const isName = /^[0-9a-f-]{36}$/.test(name) || name.includes(".");
    if (!isName)
      throw new TokenError(900023, "invalid_request", `Specified tenant identifier '${name}' is neither a valid DNS name nor a GUID.`);
    throw new TokenError(90002, asksForTokens ? "invalid_request" : "invalid_tenant", `Tenant '${name}' not found.`);
  }

  function approve(userCode: string, address: string): boolean {
    const found = user(address);
    return found !== undefined && devices.answer(userCode, found);
  }

  /** Serves a person in a browser, or `curl -d code=… -d account=…`. */
  async function servePerson(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = new URLSearchParams(await textOf(request));
    const code = form.get("code")?.trim().toUpperCase() ?? "";
    const declines = form.get("answer") === "no";
    const done = declines ? devices.answer(code, "declined") : approve(code, form.get("account")?.trim() ?? "");
    const said = done ? (declines ? "Declined." : "Signed in.") : "There is no such code that waits, or no such account.";
    const isPost = request.method === "POST";
    response
      .writeHead(isPost && !done ? 400 : 200, { "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store" })
      .end(devicePage(socAddress, isPost ? said : undefined));
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const secure = "encrypted" in request.socket && request.socket.encrypted === true;
    const url = new URL(request.url ?? "/", `${secure ? "https" : "http"}://${request.headers.host ?? "localhost"}`);
    let form = new URLSearchParams();
    let status = 200;
    let refused: number | undefined;
    let body: unknown;
    try {
      form = new URLSearchParams(await textOf(request));
      body = await respond(request, url, form);
    } catch (error) {
      if (!(error instanceof TokenError)) throw error;
      body = error.body(Date.now());
      status = error.status;
      refused = error.number;
    }
    const requested = form.get("grant_type") ?? url.pathname.split("/").filter(Boolean).at(-1) ?? "";
    const clientId = form.get("client_id") ?? url.searchParams.get("client_id") ?? undefined;
    requests.push({ method: request.method ?? "", path: url.pathname, asked: requested, clientId, status, refused });
    if (requests.length > logLimit) requests.splice(0, requests.length - logLimit);
    response
      .writeHead(status, { "Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store" })
      .end(JSON.stringify(body));
  }

  return {
    tenant,
    requests,
    handler: (path) => (path === devicePath ? servePerson : isTokenPath(path) ? serve : undefined),
    get waiting() {
      return devices.waiting;
    },
    approve,
    decline: (userCode) => devices.answer(userCode, "declined"),
    revokeTokens() {
      for (const one of issued) revoked.add(one);
    },
    revokeSessions() {
      devices.revoke();
    },
    async see(text) {
      const jwt = readJwt(text);
      if (jwt === undefined) return undefined;
      const appId = jwt.claims.get("appid");
      return {
        jwt,
        trusted: await signer.verify(jwt),
        app: tenant.registrations.find((one) => one.clientId === appId),
        revoked: revoked.has(text),
      };
    },
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > largestForm) throw new TokenError(900144, "invalid_request", "The request is too large.");
  }
  return text;
}
