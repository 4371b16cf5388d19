import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import * as z from "zod";
import { Failure } from "../failure.ts";
import { schema } from "./migrations.ts";
import { type Database, notifySql } from "./postgres.ts";

/**
 * The roles of a caller: `read` reads, `contain` changes, creates and deletes, `send` sends, `approve` approves the plans of sweeps, `admin` does all of
 * this and sees the jobs of others.
 */
export const roles = ["read", "contain", "send", "approve", "admin"] as const;
export type Role = (typeof roles)[number];

/** The ways to call `mailcordon serve` that an API key can be limited to. */
export const interfaces = ["http", "mcp"] as const;
export type Interface = (typeof interfaces)[number];

/** The rights of one caller. */
export interface Grant {
  readonly roles: readonly Role[];
  /** Addresses, or `*@example.com` for a domain; undefined: every mailbox. */
  readonly mailboxes: readonly string[] | undefined;
  /** Names of connections; undefined: every connection. */
  readonly connections: readonly string[] | undefined;
  /** Interfaces; undefined: every interface. */
  readonly interfaces?: readonly Interface[] | undefined;
}

/** A caller with an API key. */
export interface KeyHolder {
  readonly id: string;
  readonly name: string;
  /** The person who has the API key, as stated by its creator. */
  readonly owner?: string | undefined;
  readonly grant: Grant;
}

/** An API key in a list; its secret is stored nowhere. */
export interface KeyEntry extends KeyHolder {
  readonly createdAt: Date;
  readonly expiresAt?: Date | undefined;
  readonly revokedAt?: Date | undefined;
  readonly lastUsedAt?: Date | undefined;
}

/** The API keys of the HTTP server. */
export interface Keys {
  /** Creates an API key. Only this result contains its secret. Throws Failure `invalid-input` for a grant that grants nothing. */
  create(key: {
    readonly name: string;
    readonly owner?: string | undefined;
    readonly grant: Grant;
    readonly expiresAt?: Date | undefined;
  }): Promise<{
    readonly id: string;
    readonly secret: string;
  }>;
  /** Returns all API keys ever created, the oldest first. */
  list(): Promise<readonly KeyEntry[]>;
  /** Returns false if no valid API key has this id. */
  revoke(id: string): Promise<boolean>;
  /** Returns undefined if the secret is unknown, revoked or expired. An API key revoked by another process stops working within a moment. */
  find(secret: string): Promise<KeyHolder | undefined>;
  /** Calls `onRevoked` with the id of every API key revoked from now on, by any process; possibly more than once. Only one listener. */
  onRevoked(onRevoked: (id: string) => void): void;
}

const secretForm = /^mck_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/;

const Entry = z.object({
  id: z.string(),
  name: z.string(),
  roles: z.array(z.enum(roles)),
  mailboxes: z.array(z.string()).nullable(),
  connections: z.array(z.string()).nullable(),
  interfaces: z.array(z.enum(interfaces)).nullable(),
  owner: z.string().nullable(),
  created_at: z.date(),
  expires_at: z.date().nullable(),
  revoked_at: z.date().nullable(),
  last_used_at: z.date().nullable(),
});
const Stored = Entry.extend({ secret_hash: z.instanceof(Buffer) });
const columns = Object.keys(Entry.shape).join(", ");

/** The last use of an API key is written at most this often: a write per call would cost more than the look-up. */
const lastUsedIntervalMs = 60_000;

/**
 * An API key that was found is cached this long, since its query takes a tenth of a short call. A revocation is notified immediately; the short
 * time covers a network that fails silently.
 */
const cachedMs = 5000;

/** Opens the API keys in a database. */
export function openKeys(database: Database): Keys {
  const kept = new Map<string, { readonly row: z.output<typeof Stored>; readonly until: number }>();
  let revocations = 0;
  let tell: ((id: string) => void) | undefined;
  const forget = (id: string) => {
    revocations += 1;
    kept.delete(id);
    tell?.(id);
  };
  database.onNotification("revoked", (id) => {
    if (id !== undefined) return forget(id);
    revocations += 1;
    kept.clear();
    // Asks which ones were revoked meanwhile; if the database is lost again, this is called again.
    database.query(z.object({ id: z.string() }), `SELECT id FROM ${schema}.keys WHERE revoked_at IS NOT NULL`).then(
      (revoked) => {
        for (const { id } of revoked) forget(id);
      },
      () => undefined,
    );
  });

  const lookUp = async (id: string) => {
    const [row] = await database.query(
      Stored,
      `SELECT ${columns}, secret_hash FROM ${schema}.keys WHERE id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())`,
      [id],
    );
    return row;
  };

  return {
    async create({ name, owner, grant, expiresAt }) {
      if (grant.roles.length === 0) throw new Failure("invalid-input", `Give the key at least one role: ${roles.join(", ")}.`);
      if ([grant.mailboxes, grant.connections, grant.interfaces].some((list) => list?.length === 0))
        throw new Failure("invalid-input", "An empty list of mailboxes, connections or interfaces grants nothing.");
      const id = randomBytes(6).toString("hex");
      const words = randomBytes(32).toString("base64url");
      await database.query(
        z.unknown(),
        `INSERT INTO ${schema}.keys (id, name, secret_hash, roles, mailboxes, connections, interfaces, expires_at, owner) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
        [
          id,
          name,
          hashOf(words),
          grant.roles,
          grant.mailboxes ?? null,
          grant.connections ?? null,
          grant.interfaces ?? null,
          expiresAt ?? null,
          owner ?? null,
        ],
      );
      return { id, secret: `mck_${id}_${words}` };
    },
    async list() {
      const rows = await database.query(Entry, `SELECT ${columns} FROM ${schema}.keys ORDER BY created_at, id`);
      return rows.map((row) => ({
        ...holderOf(row),
        createdAt: row.created_at,
        expiresAt: row.expires_at ?? undefined,
        revokedAt: row.revoked_at ?? undefined,
        lastUsedAt: row.last_used_at ?? undefined,
      }));
    },
    async revoke(id) {
      const revoked = await database.query(
        z.unknown(),
        `UPDATE ${schema}.keys SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL RETURNING ${notifySql("revoked", "id")}`,
        [id],
      );
      if (revoked.length === 0) return false;
      forget(id);
      return true;
    },
    async find(secret) {
      const [, id, words] = secretForm.exec(secret) ?? [];
      if (id === undefined || words === undefined) return undefined;
      const now = Date.now();
      const known = kept.get(id);
      // Without the secret a caller waits as long as for an unknown id.
      if (known !== undefined && database.isListening && known.until > now && timingSafeEqual(hashOf(words), known.row.secret_hash)) {
        return holderOf(known.row);
      }
      const before = revocations;
      const row = await lookUp(id);
      // Do the same work for an unknown id, so that the response time reveals nothing.
      const same = timingSafeEqual(hashOf(words), row?.secret_hash ?? Buffer.alloc(32));
      if (row === undefined || !same) return undefined;
      if (database.isListening && before === revocations) {
        kept.set(id, { row, until: Math.min(now + cachedMs, row.expires_at?.getTime() ?? Number.POSITIVE_INFINITY) });
      }
      if (row.last_used_at === null || Date.now() - row.last_used_at.getTime() > lastUsedIntervalMs) {
        await database.query(z.unknown(), `UPDATE ${schema}.keys SET last_used_at = now() WHERE id = $1`, [id]);
      }
      return holderOf(row);
    },
    onRevoked(onRevoked) {
      tell = onRevoked;
    },
  };
}

function holderOf({ id, name, owner, roles, mailboxes, connections, interfaces: interfaceList }: z.output<typeof Entry>): KeyHolder {
  const limits = { mailboxes: mailboxes ?? undefined, connections: connections ?? undefined, interfaces: interfaceList ?? undefined };
  return { id, name, owner: owner ?? undefined, grant: { roles, ...limits } };
}

/** Returns one round of SHA-256: the secret has 256 random bits, so nobody can guess it, however fast each guess is. */
function hashOf(words: string): Buffer {
  return createHash("sha256").update(words).digest();
}
