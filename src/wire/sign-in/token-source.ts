import { createHmac } from "node:crypto";
import { asFailure, Failure } from "../../failure.ts";
import type { Http } from "../http/client-interface.ts";
import { neverReached } from "../http/http-failure.ts";
import { authorityOf, type EntraClient } from "./entra-client.ts";
import { type CachedToken, isSendable, type TokenCache, type TokenKey } from "./token-cache.ts";
import { type TokenFacts, tokenFacts } from "./token-claims.ts";

/** What one request asks for. */
export interface TokenRequest {
  readonly signal?: AbortSignal | undefined;
  /** Shows a person what to do, where a person signs in. */
  readonly progress?: ((text: string) => void) | undefined;
}

/** A token that the server turned down. */
export interface RefusedToken {
  readonly token: string;
  /** What the server demands of another one: the `claims` of its challenge, as JSON. */
  readonly claims?: string | undefined;
}

/** Gives a token that is good for some minutes, fetched when there is none. All who ask while one is fetched get that one. */
export interface TokenSource {
  /** A failure here is known to come before the request was sent. Failures: those of `fetchToken` in entra-token.ts. */
  token(request?: TokenRequest): Promise<string>;
  /** Another one; undefined when the refused one came just now, since another would not be better. Failures: the same. */
  another(refused: RefusedToken, request?: TokenRequest): Promise<string | undefined>;
  /**
   * Says that the server takes the token and finds too little in it: the next process shall not use it, since a permission that is granted
   * meanwhile is only in a new one.
   */
  distrust(token: string): void;
  /** What the token at hand says; undefined when there is none yet, or it says nothing. */
  facts(): TokenFacts | undefined;
}

export interface TokenSourceOptions {
  readonly client: EntraClient;
  readonly http: Http;
  readonly cache: TokenCache;
  /** Milliseconds since 1970. */
  readonly now?: (() => number) | undefined;
}

/** A request takes minutes at most, and clocks differ: Entra's own libraries renew this long before the end, too. Milliseconds. */
const renewBeforeMs = 300_000;
/** A token that is turned down this soon after it came is turned down for what it says, not for its age. Milliseconds. */
const justFetchedMs = 60_000;

/** The identity library is loaded only when a token must be fetched: a process that finds one starts as fast as with a password. */
export function openTokenSource({ client, http, cache, now = Date.now }: TokenSourceOptions): TokenSource {
  const known: TokenKey = {
    authority: client.credential.kind === "managed-identity" ? "managed-identity" : authorityOf(client).href,
    tenant: client.tenant,
    clientId: client.clientId,
    scope: client.scope,
    credential: client.credential.kind,
  };
  /** With the credential as it is now: a process that runs for weeks may see another one. */
  const keyNow = (): TokenKey => {
    try {
      return { ...known, identity: identityOf(client) };
    } catch (thrown) {
      throw neverReached(asFailure(thrown));
    }
  };
  let current: CachedToken | undefined;
  /** The last one that this process fetched. */
  let own: CachedToken | undefined;
  let flight: SharedFetch<CachedToken> | undefined;

  const isFresh = ({ obtainedAt, expiresAt }: CachedToken): boolean => {
    // Half of its life, for tokens that live shorter than ten minutes.
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
      // What hinders may be over before the old token is.
      if (old !== undefined && old.token !== refused?.token && now() < old.expiresAt && asFailure(thrown).retryable && !signal.aborted)
        return old;
      throw thrown;
    } finally {
      // The next one is wanted in an hour.
      http.close();
    }
  }

  /** The token at hand, in this process or from another, that was not refused. */
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
    // What renews a sign-in stays.
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
 * Which secret or certificate it is, so that a token of another one is not taken for its own: 16 bytes of an HMAC, from which nobody gets
 * back to a secret of Entra's length. Undefined where nothing is to be told apart: a person, a machine, and a federated token, which is
 * another one every hour. Failures: those of reading the credential.
 */
function identityOf({ credential, tenant, clientId }: EntraClient): string | undefined {
  const hash = (parts: readonly (string | Uint8Array)[]): string => {
    const hmac = createHmac("sha256", clientId);
    for (const part of parts) hmac.update(part).update("\0");
    return hmac.digest().subarray(0, 16).toString("base64url");
  };
  if (credential.kind === "client-secret") return hash([tenant, credential.secret()]);
  if (credential.kind !== "certificate") return undefined;
  // The whole file, since a PFX shows its certificate only after work that the start of a process has no time for.
  const file = credential.read();
  return hash([tenant, file.kind === "pfx" ? file.bytes : file.text]);
}

function cancelled(): Failure {
  return new Failure("cancelled", "The call was cancelled.");
}

/** Work that several wait for. Who is cancelled leaves; when the last one leaves, the work is stopped. */
interface SharedFetch<T> {
  join(signal: AbortSignal | undefined, progress: ((text: string) => void) | undefined): Promise<T>;
}

/** `ended` is called once: when the work is done, or when nobody waits for it any more. */
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
  // Whoever left was told already.
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
