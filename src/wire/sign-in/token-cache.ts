import { noPrivateFiles, openPrivateFiles, type PrivateFiles } from "../../files/private-files.ts";

/** What makes two tokens different: nothing of it is secret. */
export interface TokenKey {
  readonly authority: string;
  readonly tenant: string;
  readonly clientId: string;
  readonly scope: string;
  /** How the client proves who it is. */
  readonly credential: string;
  /** Which one it is, as `identityOf` says it without saying what it is. */
  readonly identity?: string | undefined;
}

export interface CachedToken {
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly obtainedAt: number;
  readonly expiresAt: number;
  /** What the identity library needs to renew a sign-in: opaque, and as secret as the token. */
  readonly saved?: string | undefined;
}

/** Tokens of earlier processes. */
export interface TokenCache {
  /** Undefined when there is none that can be trusted; one that has expired is given, for its `saved`. */
  read(key: TokenKey): CachedToken | undefined;
  /** False when it could not be kept: the next process then fetches its own. */
  write(key: TokenKey, token: CachedToken): boolean;
}

/** Entra's longest-lived tokens last 28 hours, those of managed identities 24; what claims more was not written by us. Milliseconds. */
const maxLifetimeMs = 48 * 3_600_000;
/** Two clocks that wrote and read it may differ by this much. Milliseconds. */
const clockSkewMs = 300_000;

/** One private file for each key. */
export function openTokenCache(directory: string): TokenCache {
  return cacheIn(openPrivateFiles(directory));
}

/** For who wants no token on disk. */
export const noTokenCache: TokenCache = cacheIn(noPrivateFiles);

function cacheIn(files: PrivateFiles): TokenCache {
  return {
    read(key) {
      const found = files.read(keyParts(key));
      return found === undefined ? undefined : checkCached(found);
    },
    write: (key, token) => files.write(keyParts(key), token),
  };
}

function keyParts(key: TokenKey): readonly string[] {
  const { authority, tenant, clientId, scope, credential, identity } = key;
  return [authority, tenant, clientId, scope, credential, ...(identity === undefined ? [] : [identity])];
}

function checkCached({ token, obtainedAt, expiresAt, saved }: Readonly<Record<string, unknown>>): CachedToken | undefined {
  if (typeof token !== "string" || !isSendable(token)) return undefined;
  if (typeof obtainedAt !== "number" || typeof expiresAt !== "number") return undefined;
  if (obtainedAt > Date.now() + clockSkewMs || expiresAt < obtainedAt || expiresAt - obtainedAt > maxLifetimeMs) return undefined;
  return { token, obtainedAt, expiresAt, ...(typeof saved === "string" ? { saved } : {}) };
}

/** `b64token` of RFC 6750, section 2.1: nothing that could end a header. */
export function isSendable(token: string): boolean {
  return /^[A-Za-z0-9\-._~+/]+=*$/.test(token);
}
