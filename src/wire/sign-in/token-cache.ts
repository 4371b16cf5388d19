import { noPrivateFiles, openPrivateFiles, type PrivateFiles } from "../../files/private-files.ts";

/** The differences between two tokens, none of them secret. */
export interface TokenKey {
  readonly authority: string;
  readonly tenant: string;
  readonly clientId: string;
  readonly scope: string;
  /** The kind of credential. */
  readonly credential: string;
  /** Identifies the credential, by `identityOf`, without revealing it. */
  readonly identity?: string | undefined;
}

export interface CachedToken {
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly obtainedAt: number;
  readonly expiresAt: number;
  /** The identity library's data for renewing a sign-in: opaque, and as secret as the token. */
  readonly saved?: string | undefined;
}

/** Tokens of earlier processes. */
export interface TokenCache {
  /** Undefined if there is no trustworthy token. An expired token is still returned, because its `saved` may be used. */
  read(key: TokenKey): CachedToken | undefined;
  /** Returns false if the token could not be kept: the next process then fetches its own. */
  write(key: TokenKey, token: CachedToken): boolean;
}

/** In milliseconds. Entra's longest-lived tokens last 28 hours, those of managed identities 24; an entry that claims more is not ours. */
const maxLifetimeMs = 48 * 3_600_000;
/** In milliseconds. The clocks of the writing and the reading process may differ by this much. */
const clockSkewMs = 300_000;

/** Opens a cache with one private file per key. */
export function openTokenCache(directory: string): TokenCache {
  return cacheIn(openPrivateFiles(directory));
}

/** A cache for users who want no token on disk. */
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

/** Returns whether the token is a `b64token` of RFC 6750, section 2.1: it cannot end a header. */
export function isSendable(token: string): boolean {
  return /^[A-Za-z0-9\-._~+/]+=*$/.test(token);
}
