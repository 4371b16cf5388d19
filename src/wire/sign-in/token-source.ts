import { createHmac } from "node:crypto";
import { asFailure, Failure } from "../../failure.ts";
import type { Http } from "../http/client-interface.ts";
import { neverReached } from "../http/http-failure.ts";
import { authorityOf, type EntraClient } from "./entra-client.ts";
import { type CachedToken, isSendable, type TokenCache, type TokenKey } from "./token-cache.ts";
import { type TokenFacts, tokenFacts } from "./token-claims.ts";

/** The options of one request. */
export interface TokenRequest {
  readonly signal?: AbortSignal | undefined;
  /** Shows a person the next step when a person signs in. */
  readonly progress?: ((text: string) => void) | undefined;
}

/** A token that the server refused. */
export interface RefusedToken {
  readonly token: string;
  /** The server's demands on another token: the `claims` of its challenge, as JSON. */
  readonly claims?: string | undefined;
}

/** Returns tokens that are valid for some minutes, and fetches one if necessary. Concurrent callers share one fetch. */
export interface TokenSource {
  /** A failure here always comes before the request was sent. Failures: those of `fetchToken` in entra-token.ts. */
  token(request?: TokenRequest): Promise<string>;
  /** Returns another token; undefined if the refused one was fetched just now, since another would be no better. Failures: as `token`. */
  another(refused: RefusedToken, request?: TokenRequest): Promise<string | undefined>;
  /**
   * Records that the server accepts the token but it lacks a permission: the next process must not reuse it, since only a new token contains a
   * permission granted meanwhile.
   */
  distrust(token: string): void;
  /** The claims of the current token; undefined if there is none, or it shows none. */
  facts(): TokenFacts | undefined;
}

export interface TokenSourceOptions {
  readonly client: EntraClient;
  readonly http: Http;
  readonly cache: TokenCache;
  /** Milliseconds since 1970. */
  readonly now?: (() => number) | undefined;
}

/** In milliseconds. A request takes minutes at most, and clocks differ; Entra's own libraries renew equally early. */
const renewBeforeMs = 300_000;
/** In milliseconds. A token that is refused this soon after its fetch is refused for its contents, not its age. */
const justFetchedMs = 60_000;

/** The identity library is loaded only to fetch a token: a process that finds one starts as fast as with a password. */
export function openTokenSource({ client, http, cache, now = Date.now }: TokenSourceOptions): TokenSource {
  const known: TokenKey = {
    authority: client.credential.kind === "managed-identity" ? "managed-identity" : authorityOf(client).href,
    tenant: client.tenant,
    clientId: client.clientId,
    scope: client.scope,
    credential: client.credential.kind,
  };
  /** Reads the credential again: a long-running process may get another one. */
  const keyNow = (): TokenKey => {
    try {
      return { ...known, identity: identityOf(client) };
    } catch (thrown) {
      throw neverReached(asFailure(thrown));
    }
  };
  let current: CachedToken | undefined;
  /** The last token that this process fetched. */
  let own: CachedToken | undefined;
  let flight: SharedFetch<CachedToken> | undefined;

  const isFresh = ({ obtainedAt, expiresAt }: CachedToken): boolean => {
    // For tokens valid for less than ten minutes: half their lifetime.
    const margin = Math.min(renewBeforeMs, (expiresAt - obtainedAt) / 2);
    return now() < expiresAt - margin;
  };

  async function fetched(refused: RefusedToken | undefined, signal: AbortSignal, progress?: (text: string) => void): Promise<CachedToken> {
    const { fetchToken } = await import("./entra-token.ts");
    const key = keyNow();
    const old = current ?? cache.read(key);
    try {
      const { token, expiresAt, saved } = await fetchToken(client, { http, signal, progress, saved: old?.saved, claims: refused?.claims });
      if (!isSendable(token)) throw new Failure("broken-reply", "The token endpoint returned a token that cannot be sent in a header.");
      own = { token, obtainedAt: now(), expiresAt, saved };
      cache.write(key, own);
      return own;
    } catch (thrown) {
      // The identity provider may work again before the old token expires.
      if (old !== undefined && old.token !== refused?.token && now() < old.expiresAt && asFailure(thrown).retryable && !signal.aborted)
        return old;
      throw thrown;
    } finally {
      // The next fetch is an hour away.
      http.close();
    }
  }

  /** Returns a valid token of this process or another one that was not refused. */
  function atHand(refused: string | undefined): string | undefined {
    const usable = (found: CachedToken | undefined): found is CachedToken =>
      found !== undefined && found.token !== refused && isFresh(found);
    if (!usable(current)) current = [cache.read(keyNow())].find(usable) ?? current;
    return usable(current) ? current.token : undefined;
  }

  async function inFlight(refused: RefusedToken | undefined, { signal, progress }: TokenRequest): Promise<string> {
    if (signal?.aborted) throw neverReached(cancelled());
    flight ??= openSharedFetch(
      (stop, show) => fetched(refused, stop, progress && show),
      () => {
        flight = undefined;
      },
    );
    try {
      current = await flight.join(signal, progress);
      return current.token;
    } catch (thrown) {
      throw neverReached(asFailure(thrown));
    }
  }

  function distrust(token: string): void {
    const key = keyNow();
    const kept = cache.read(key);
    // Keep what renews a sign-in.
    if (kept?.token === token) cache.write(key, { ...kept, expiresAt: kept.obtainedAt });
  }

  return {
    token: async (request = {}) => atHand(undefined) ?? inFlight(undefined, request),
    async another(refused, request = {}) {
      const found = atHand(refused.token);
      if (found !== undefined) return found;
      const futile =
        own !== undefined && own.token === refused.token && now() < own.obtainedAt + justFetchedMs && refused.claims === undefined;
      if (!futile) return inFlight(refused, request);
      distrust(refused.token);
      return undefined;
    },
    distrust,
    facts: () => current && tokenFacts(current.token),
  };
}

/**
 * Returns an identifier of the secret or certificate, so that a token of another one is not reused: 16 bytes of an HMAC, from which a secret of
 * Entra's length cannot be recovered. Undefined for a person, a machine, and a federated token, which changes every hour. Failures: those of
 * reading the credential.
 */
function identityOf({ credential, tenant, clientId }: EntraClient): string | undefined {
  const hash = (parts: readonly (string | Uint8Array)[]): string => {
    const hmac = createHmac("sha256", clientId);
    for (const part of parts) hmac.update(part).update("\0");
    return hmac.digest().subarray(0, 16).toString("base64url");
  };
  if (credential.kind === "client-secret") return hash([tenant, credential.secret()]);
  if (credential.kind !== "certificate") return undefined;
  // Hashes the whole file: to extract the certificate of a PFX takes too long for the start of a process.
  const file = credential.read();
  return hash([tenant, file.kind === "pfx" ? file.bytes : file.text]);
}

function cancelled(): Failure {
  return new Failure("cancelled", "The call was cancelled.");
}

/** A fetch that several callers wait for. A cancelled caller leaves; when the last one leaves, the fetch is stopped. */
interface SharedFetch<T> {
  join(signal: AbortSignal | undefined, progress: ((text: string) => void) | undefined): Promise<T>;
}

/** `ended` is called once: when the work is done, or when no caller waits any more. */
function openSharedFetch<T>(
  work: (signal: AbortSignal, progress: (text: string) => void) => Promise<T>,
  ended: () => void,
): SharedFetch<T> {
  const stop = new AbortController();
  const shown = new Set<(text: string) => void>();
  let last: string | undefined;
  let waiting = 0;
  let over = false;
  const end = (): void => {
    if (!over) ended();
    over = true;
  };
  const tell = (text: string): void => {
    last = text;
    for (const show of shown) show(text);
  };
  const done = work(stop.signal, tell).finally(end);
  // Callers that left already have their failure.
  done.catch(() => undefined);
  return {
    async join(signal, progress) {
      waiting++;
      if (progress !== undefined) shown.add(progress);
      if (last !== undefined) progress?.(last);
      let leave: () => void = () => undefined;
      const left = new Promise<never>((_resolve, reject) => {
        leave = () => reject(cancelled());
      });
      signal?.addEventListener("abort", leave, { once: true });
      try {
        return await Promise.race([done, left]);
      } finally {
        signal?.removeEventListener("abort", leave);
        if (progress !== undefined) shown.delete(progress);
        waiting--;
        if (waiting === 0 && !over) {
          end();
          stop.abort();
        }
      }
    },
  };
}
