import type { AuthenticationResult, Configuration, PublicClientApplication } from "@azure/msal-node";
import { Failure } from "../../failure.ts";
import type { Http } from "../http/client-interface.ts";
import { readCertificate } from "./client-certificate.ts";
import { authorityOf, type EntraClient, type EntraCredential, isAdfs } from "./entra-client.ts";
import { entraFailure, type SignInDetails } from "./entra-failure.ts";
import { type EntraNetwork, entraNetwork } from "./entra-network.ts";

export interface FetchedToken {
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  /** What the library needs to renew a sign-in without the person, for the next fetch. */
  readonly saved: string | undefined;
}

export interface FetchOptions {
  readonly http: Http;
  readonly signal: AbortSignal;
  /** Shows a person the next step. Without it nobody can sign in. */
  readonly progress?: ((text: string) => void) | undefined;
  readonly saved?: string | undefined;
  /** The claims that a server demands of the token (`claims` of a bearer challenge), as JSON. */
  readonly claims?: string | undefined;
}

/**
 * Fetches a token with Microsoft's identity library, past every cache. Failures: `unauthenticated` and `role-missing` with Entra's code,
 * `invalid-settings` for an unusable credential, `busy`, `broken-reply`, `cancelled`, and those of the network.
 * @see https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow
 * @see https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-device-code
 */
export async function fetchToken(client: EntraClient, fetch: FetchOptions): Promise<FetchedToken> {
  const network = entraNetwork(fetch.http, fetch.signal);
  const url = client.credential.kind === "managed-identity" ? new URL("http://169.254.169.254") : authorityOf(client);
  const about: SignInDetails = { host: url.host, tenant: client.tenant, clientId: client.clientId, scope: client.scope };
  try {
    return await fetchWith(client, fetch, network);
  } catch (thrown) {
    if (thrown instanceof Failure) throw thrown;
    const failure = fetch.signal.aborted ? new Failure("cancelled", "The call was cancelled.") : network.failure();
    if (failure !== undefined) throw failure;
    const refusal = network.refusal();
    if (refusal !== undefined) throw entraFailure(refusal, about);
    // The library's error may contain the request, so only its code is passed on.
    const code = thrown instanceof Error && "errorCode" in thrown && typeof thrown.errorCode === "string" ? thrown.errorCode : "unknown";
    throw new Failure("unauthenticated", `${about.host} issued no token (${code}).`, { wireCode: code });
  }
}

async function fetchWith(client: EntraClient, fetch: FetchOptions, network: EntraNetwork): Promise<FetchedToken> {
  const { credential, clientId, scope } = client;
  const requested = { scopes: [scope], ...(fetch.claims === undefined ? {} : { claims: fetch.claims }) };
  switch (credential.kind) {
    case "managed-identity":
      return managedIdentity(client, network, fetch.claims);
    case "device-code":
      return signIn(client, fetch, network);
    case "client-secret":
    case "certificate":
    case "federated-token": {
      const { ConfidentialClientApplication } = await import("../../libraries/msal.ts");
      const proof = await proofOf(credential);
      const application = new ConfidentialClientApplication({
        auth: { clientId, ...(await authorityFor(client, network)), ...proof },
        system: system(network),
      });
      return fetchedTokenOf(await application.acquireTokenByClientCredential({ ...requested, skipCache: true }));
    }
  }
}

function system(network: EntraNetwork): NonNullable<Configuration["system"]> {
  return { networkClient: network, loggerOptions: { loggerCallback: () => undefined, piiLoggingEnabled: false } };
}

async function proofOf(credential: Extract<EntraCredential, { kind: "client-secret" | "certificate" | "federated-token" }>) {
  if (credential.kind === "client-secret") return { clientSecret: credential.secret() };
  if (credential.kind === "federated-token") return { clientAssertion: credential.read() };
  const { privateKey, thumbprintSha256 } = await readCertificate(credential.read());
  return { clientCertificate: { privateKey, thumbprintSha256 } };
}

/**
 * Finds the endpoints of an authority. The library knows those of Microsoft's clouds. Others are requested here: the library insists on https, even
 * on loopback, and would accept endpoints on other hosts.
 */
async function authorityFor(client: EntraClient, network: EntraNetwork): Promise<Partial<Configuration["auth"]>> {
  const url = authorityOf(client);
  if (client.authority === undefined) return { authority: url.href };
  const discovery = `${url.href}${isAdfs(url) ? "" : "/v2.0"}/.well-known/openid-configuration`;
  const { status, body } = await network.sendGetRequestAsync<unknown>(discovery);
  const refusal = network.refusal();
  if (refusal !== undefined) {
    throw entraFailure(refusal, { host: url.host, tenant: client.tenant, clientId: client.clientId, scope: client.scope });
  }
  if (!isMetadata(body) || new URL(body.token_endpoint).origin !== url.origin) {
    throw new Failure("unreachable", `${url.host} names no token endpoint of its own (HTTP ${status}).`, {
      wireCode: `HTTP ${status}`,
      hint: "Check authority and tenant: OpenID discovery (/.well-known/openid-configuration) must answer below them.",
    });
  }
  const secure = new URL(url);
  secure.protocol = "https:";
  return { authority: secure.href, knownAuthorities: [url.host], authorityMetadata: JSON.stringify(body) };
}

function isMetadata(body: unknown): body is { readonly token_endpoint: string } {
  if (typeof body !== "object" || body === null) return false;
  const { token_endpoint, issuer }: { token_endpoint?: unknown; issuer?: unknown } = body;
  return typeof token_endpoint === "string" && URL.canParse(token_endpoint) && typeof issuer === "string";
}

/** @see https://learn.microsoft.com/en-us/entra/identity/managed-identities-azure-resources/how-to-use-vm-token */
async function managedIdentity({ clientId, scope }: EntraClient, network: EntraNetwork, claims?: string): Promise<FetchedToken> {
  const { ManagedIdentityApplication } = await import("../../libraries/msal.ts");
  const application = new ManagedIdentityApplication({
    ...(clientId === "" ? {} : { managedIdentityIdParams: { userAssignedClientId: clientId } }),
    system: system(network),
  });
  return fetchedTokenOf(
    await application.acquireToken({ resource: scope, forceRefresh: true, ...(claims === undefined ? {} : { claims }) }),
  );
}

async function signIn(client: EntraClient, fetch: FetchOptions, network: EntraNetwork): Promise<FetchedToken> {
  const { InteractionRequiredAuthError, PublicClientApplication } = await import("../../libraries/msal.ts");
  const application = new PublicClientApplication({
    auth: { clientId: client.clientId, ...(await authorityFor(client, network)) },
    system: system(network),
  });
  const claims = fetch.claims === undefined ? {} : { claims: fetch.claims };
  const [account] = await accountsOf(application, fetch.saved);
  if (account !== undefined) {
    try {
      const renewed = await application.acquireTokenSilent({ account, scopes: [client.scope], forceRefresh: true, ...claims });
      return fetchedTokenOf(renewed, application.getTokenCache().serialize());
    } catch (thrown) {
      // Entra demands that the person signs in again; every other error is rethrown.
      if (!(thrown instanceof InteractionRequiredAuthError) && network.refusal()?.error !== "invalid_grant") throw thrown;
    }
  }
  const { progress } = fetch;
  if (progress === undefined) {
    throw new Failure("unauthenticated", "A person must sign in, but there is no terminal to show the code on.", {
      hint: "Run any action in a terminal: it shows a code and where to enter it. After that it works unattended.",
    });
  }
  const request = {
    scopes: [client.scope, "offline_access"],
    ...claims,
    cancel: false,
    deviceCodeCallback: ({ userCode, verificationUri }: { userCode: string; verificationUri: string }) =>
      progress(`enter the code ${printable(userCode)} at ${printable(verificationUri)} to sign in`),
  };
  const cancel = () => {
    request.cancel = true;
  };
  fetch.signal.addEventListener("abort", cancel, { once: true });
  try {
    return fetchedTokenOf(await application.acquireTokenByDeviceCode(request), application.getTokenCache().serialize());
  } finally {
    fetch.signal.removeEventListener("abort", cancel);
  }
}

async function accountsOf(application: PublicClientApplication, saved: string | undefined) {
  if (saved === undefined) return [];
  try {
    application.getTokenCache().deserialize(saved);
  } catch (thrown) {
    // Another version of the library wrote it: the person signs in again.
    if (thrown instanceof SyntaxError) return [];
    throw thrown;
  }
  return application.getTokenCache().getAllAccounts();
}

/** Makes a server's text safe for a terminal. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "").slice(0, 200);
}

function fetchedTokenOf(result: AuthenticationResult | null, saved?: string): FetchedToken {
  if (result === null || result.expiresOn === null || result.accessToken === "") {
    throw new Failure("broken-reply", "The reply of the token endpoint contains no token.");
  }
  return { token: result.accessToken, expiresAt: result.expiresOn.getTime(), saved };
}
