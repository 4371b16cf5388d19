import { createHash, randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  type Stats,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

/** What makes two tokens different: nothing of it is secret. */
export interface TokenKey {
  readonly authority: string;
  readonly tenant: string;
  readonly clientId: string;
  readonly scope: string;
  /** How the client proves who it is. */
  readonly credential: string;
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
  forget(key: TokenKey): void;
}

/** The library's own notes hold a few tokens of some thousand characters each. Bytes. */
const largest = 262_144;
/** Entra's longest-lived tokens last 28 hours, those of managed identities 24; what claims more was not written by us. Milliseconds. */
const longest = 48 * 3_600_000;
/** Two clocks that wrote and read it may differ by this much. Milliseconds. */
const skew = 300_000;

/**
 * One file for each key, `directory` and files readable by their owner only. Written beside and renamed, so that a reader finds a whole
 * token and never a half one, whatever other processes do. What is not exactly as it was written (a link, another owner, other rights,
 * other content) is not used. Synchronous: it is one small file, and the start of every process waits for it.
 */
export function openTokenCache(directory: string): TokenCache {
  const pathOf = (key: TokenKey): string => {
    const name = createHash("sha256")
      .update(JSON.stringify(listed(key)))
      .digest("hex");
    return join(directory, `${name}.json`);
  };
  return {
    read(key) {
      if (!isOurs(directory)) return undefined;
      const text = quietly(() => readOwn(pathOf(key)));
      return text === undefined ? undefined : parsed(text, key);
    },
    write(key, token) {
      return quietly(() => writeOwn(directory, pathOf(key), JSON.stringify({ key: listed(key), ...token }))) ?? false;
    },
    forget(key) {
      if (isOurs(directory)) quietly(() => unlinkSync(pathOf(key)));
    },
  };
}

/** For who wants no token on disk. */
export const noTokenCache: TokenCache = { read: () => undefined, write: () => false, forget: () => undefined };

function listed(key: TokenKey): readonly string[] {
  return [key.authority, key.tenant, key.clientId, key.scope, key.credential];
}

/** A cache that cannot be used is no error: undefined. Everything else is. */
function quietly<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" && /^E[A-Z]+$/.test(thrown.code)) return undefined;
    throw thrown;
  }
}

/** Nobody else may put a file there. Windows has no such rights; there the folder of the user's profile protects it. */
function isOurs(directory: string): boolean {
  const found = quietly(() => lstatSync(directory));
  return found?.isDirectory() === true && isPrivate(found);
}

function isPrivate(found: Stats): boolean {
  const uid = process.getuid?.();
  return uid === undefined || (found.uid === uid && (found.mode & 0o077) === 0);
}

function readOwn(path: string): string | undefined {
  // O_NONBLOCK: a pipe in its place must not hold us.
  const file = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  try {
    const found = fstatSync(file);
    return found.isFile() && isPrivate(found) && found.size <= largest ? readFileSync(file, "utf8") : undefined;
  } finally {
    closeSync(file);
  }
}

function writeOwn(directory: string, path: string, text: string): boolean {
  if (Buffer.byteLength(text) > largest) return false;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (!isOurs(directory)) return false;
  const beside = `${path}.${randomBytes(8).toString("hex")}`;
  try {
    const file = openSync(beside, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    try {
      writeFileSync(file, text);
    } finally {
      closeSync(file);
    }
    renameSync(beside, path);
    return true;
  } catch (thrown) {
    quietly(() => unlinkSync(beside));
    throw thrown;
  }
}

function parsed(text: string, key: TokenKey): CachedToken | undefined {
  const value = json(text);
  if (typeof value !== "object" || value === null) return undefined;
  const found: Partial<Record<keyof CachedToken | "key", unknown>> = value;
  const { token, obtainedAt, expiresAt, saved } = found;
  if (JSON.stringify(found.key) !== JSON.stringify(listed(key))) return undefined;
  if (typeof token !== "string" || !isSendable(token)) return undefined;
  if (typeof obtainedAt !== "number" || typeof expiresAt !== "number") return undefined;
  if (obtainedAt > Date.now() + skew || expiresAt < obtainedAt || expiresAt - obtainedAt > longest) return undefined;
  return { token, obtainedAt, expiresAt, ...(typeof saved === "string" ? { saved } : {}) };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined;
    throw thrown;
  }
}

/** `b64token` of RFC 6750, section 2.1: nothing that could end a header. */
export function isSendable(token: string): boolean {
  return /^[A-Za-z0-9\-._~+/]+=*$/.test(token);
}
