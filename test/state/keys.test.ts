import { createHash } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { openKeys } from "../../src/state/keys.ts";
import { openDatabase } from "../../src/state/postgres.ts";
import type { State } from "../../src/state/state.ts";
import { soon } from "../soon.ts";
import { temporaryState } from "./temporary.ts";

const folder = temporaryState();
let state: State;
beforeAll(async () => {
  state = await folder.open();
});
afterAll(() => folder.remove());

/** The keys of another process, which may be told that it hears nothing, or of somebody who reads a key. */
async function apart() {
  const database = await openDatabase(folder);
  let gone = false;
  let missed: ((id: string | undefined) => void) | undefined;
  let looked: (() => Promise<void>) | undefined;
  const other = openKeys({
    ...database,
    get isListening() {
      return !gone;
    },
    onNotification(topic, told) {
      missed = told;
      database.onNotification(topic, (id) => gone || told(id));
    },
    async query(row, text, values) {
      const rows = await database.query(row, text, values);
      if (/secret_hash FROM/.test(text)) await looked?.();
      return rows;
    },
  });
  return {
    database,
    other,
    isGone(now: boolean) {
      gone = now;
      if (!gone) missed?.(undefined);
    },
    onLookUp: (act: () => Promise<void>) => (looked = act),
  };
}

const grant = { roles: ["read", "contain"] as const, mailboxes: ["*@example.com", "ann@example.org"], connections: ["prod"] };

test("an API key is found with its rights", async () => {
  const { id, secret } = await state.keys.create({ name: 'Søren\'s "key"; drop table', grant });
  expect(secret).toMatch(/^mck_[0-9a-f]{12}_[A-Za-z0-9_-]{43}$/);
  expect(await state.keys.find(secret)).toEqual({ id, name: 'Søren\'s "key"; drop table', grant });
});

test("the secret is nowhere in the database, only the hash of its random part", async () => {
  const { id, secret } = await state.keys.create({ name: "hashed", grant });
  const database = await openDatabase(folder);
  const { rows } = await database.execute("SELECT keys::text AS everything, secret_hash FROM mailcordon.keys WHERE id = $1", [id]);
  await database.close();
  const words = secret.slice("mck_".length + 12 + 1);
  expect(rows[0].everything).not.toContain(words);
  expect(rows[0].secret_hash).toEqual(createHash("sha256").update(words).digest());
});

test("no change of a single character of a key leaves it valid", async () => {
  const { secret } = await state.keys.create({ name: "changed", grant });
  await fc.assert(
    fc.asyncProperty(
      fc.nat({ max: secret.length - 1 }),
      fc.string({ minLength: 1, maxLength: 1, unit: "grapheme-ascii" }),
      async (at, character) => {
        const other = secret.slice(0, at) + character + secret.slice(at + 1);
        expect((await state.keys.find(other))?.name).toBe(other === secret ? "changed" : undefined);
      },
    ),
    { numRuns: 60 },
  );
});

test.each([
  "",
  "mck_",
  "mck__",
  "mck_000000000000_",
  `mck_000000000000_${"A".repeat(43)}`,
  `${"a".repeat(100_000)}`,
  "mck_' OR 1=1 --",
  "\u0000",
])("a text that was never issued is not an API key: %j", async (text) => {
  expect(await state.keys.find(text)).toBeUndefined();
});

test("the id of one API key with the secret of another is refused", async () => {
  const one = await state.keys.create({ name: "one", grant });
  const other = await state.keys.create({ name: "other", grant });
  expect(await state.keys.find(`mck_${one.id}_${other.secret.slice(17)}`)).toBeUndefined();
});

test("a revoked API key fails immediately where it is revoked, within a moment in every process, and is revoked once", async () => {
  const second = await folder.open();
  const { id, secret } = await state.keys.create({ name: "revoked", grant });
  for (const { keys } of [state, second]) expect(await keys.find(secret)).toBeDefined();
  const told: string[] = [];
  second.keys.onRevoked((one) => told.push(one));
  expect(await state.keys.revoke(id)).toBe(true);
  expect(await state.keys.find(secret)).toBeUndefined();
  // Sooner than it would be forgotten by itself.
  await soon(async () => expect(await second.keys.find(secret)).toBeUndefined());
  expect(told).toContain(id);
  expect(await state.keys.revoke(id)).toBe(false);
  expect(await state.keys.revoke("nosuchkey")).toBe(false);
  await second.close();
});

test("a process without its connection learns of missed revocations when it reconnects", async () => {
  const { id, secret } = await state.keys.create({ name: "unheard", grant });
  const { database, other, isGone } = await apart();
  expect(await other.find(secret)).toBeDefined();
  const told: string[] = [];
  other.onRevoked((one) => told.push(one));
  isGone(true);
  expect(await state.keys.revoke(id)).toBe(true);
  // Not by what is remembered, while nothing is heard.
  expect(await other.find(secret)).toBeUndefined();
  isGone(false);
  await soon(() => expect(told).toContain(id));
  await database.close();
});

test("a revoked API key fails after five seconds even without a revocation notice", async () => {
  const { id, secret } = await state.keys.create({ name: "unsaid", grant });
  vi.useFakeTimers({ toFake: ["Date"] });
  try {
    expect(await state.keys.find(secret)).toBeDefined();
    const { database } = await apart();
    await database.execute("UPDATE mailcordon.keys SET revoked_at = now() WHERE id = $1", [id]);
    await database.close();
    vi.setSystemTime(Date.now() + 4999);
    expect(await state.keys.find(secret)).toBeDefined();
    vi.setSystemTime(Date.now() + 1);
    expect(await state.keys.find(secret)).toBeUndefined();
  } finally {
    vi.useRealTimers();
  }
});

test("an API key that is revoked during its look-up is not cached", async () => {
  const { id, secret } = await state.keys.create({ name: "raced", grant });
  const { database, other, onLookUp } = await apart();
  onLookUp(async () => {
    await state.keys.revoke(id);
    await soon(() => expect(told).toContain(id));
  });
  const told: string[] = [];
  other.onRevoked((one) => told.push(one));
  // It was valid when it was read.
  expect(await other.find(secret)).toBeDefined();
  expect(await other.find(secret)).toBeUndefined();
  await database.close();
});

test("a cached API key is refused from the moment it expires", async () => {
  const { secret } = await state.keys.create({ name: "short", grant, expiresAt: new Date(Date.now() + 700) });
  expect(await state.keys.find(secret)).toBeDefined();
  await soon(async () => expect(await state.keys.find(secret)).toBeUndefined());
});

test("an expired API key is refused", async () => {
  const { secret } = await state.keys.create({ name: "old", grant, expiresAt: new Date(Date.now() - 1) });
  expect(await state.keys.find(secret)).toBeUndefined();
});

test("the list of API keys has all of them with their times and without their secrets", async () => {
  const { id, secret } = await state.keys.create({ name: "listed", grant, expiresAt: new Date("2999-01-01T00:00:00Z") });
  await state.keys.find(secret);
  const entry = (await state.keys.list()).find((key) => key.id === id);
  expect(entry).toEqual({
    id,
    name: "listed",
    grant,
    createdAt: expect.any(Date),
    expiresAt: new Date("2999-01-01T00:00:00Z"),
    revokedAt: undefined,
    lastUsedAt: expect.any(Date),
  });
});

test.each([
  ["no role", { roles: [], mailboxes: undefined, connections: undefined }],
  ["no mailbox", { roles: ["read"] as const, mailboxes: [], connections: undefined }],
  ["no connection", { roles: ["read"] as const, mailboxes: undefined, connections: [] }],
])("an API key for %s is not created", async (_, nothing) => {
  await expect(state.keys.create({ name: "nothing", grant: nothing })).rejects.toMatchObject({ code: "invalid-input" });
});
