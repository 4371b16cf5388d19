import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type CachedToken, noTokenCache, openTokenCache, type TokenKey } from "../../../src/wire/sign-in/token-cache.ts";
import { folder } from "./tenant.ts";

const key: TokenKey = { authority: "https://login.example.com/t", tenant: "t", clientId: "c", scope: "s", credential: "client-secret" };
const good = (): CachedToken => ({ token: "abc.def.ghi", obtainedAt: Date.now(), expiresAt: Date.now() + 3_600_000 });
const fileIn = (directory: string) => join(directory, readdirSync(directory)[0] ?? "");

/** A cache with one token, and its file. */
function written(token = good()) {
  const directory = join(folder(), "tokens");
  const cache = openTokenCache(directory);
  expect(cache.write(key, token)).toBe(true);
  return { directory, cache, file: fileIn(directory) };
}

test("a written token is read back, and so is the library's own data", () => {
  const token = { ...good(), saved: '{"RefreshToken":{}}' };
  const { directory } = written(token);
  expect(openTokenCache(directory).read(key)).toEqual(token);
});

test("another tenant, application, scope, authority, kind of credential or credential has another token", () => {
  const { cache } = written();
  for (const name of ["authority", "tenant", "clientId", "scope", "credential", "identity"] as const) {
    expect([name, cache.read({ ...key, [name]: "other" })]).toEqual([name, undefined]);
  }
});

test("folder and file are its owner's only, whatever the umask is", () => {
  const before = process.umask(0);
  try {
    const { directory, file } = written();
    expect((statSync(directory).mode & 0o777).toString(8)).toBe("700");
    expect((statSync(file).mode & 0o777).toString(8)).toBe("600");
  } finally {
    process.umask(before);
  }
});

test("nothing is left beside the file, and the name tells nothing", () => {
  const { directory, cache } = written();
  cache.write(key, good());
  expect(readdirSync(directory)).toEqual([expect.stringMatching(/^[0-9a-f]{64}\.json$/)]);
});

describe("What is not as it was written is not used:", () => {
  const broken: readonly (readonly [string, (text: string) => string])[] = [
    ["an empty file", () => ""],
    ["half a file", (text) => text.slice(0, text.length / 2)],
    ["something else", () => "[1,2,3]"],
    ["null", () => "null"],
    ["the token of another key", (text) => text.replace('"client-secret"', '"device-code"')],
    ["a token that would end the header", (text) => text.replace("abc.def.ghi", "abc\\r\\nX-Injected: 1")],
    ["a token that is no text", (text) => text.replace('"abc.def.ghi"', "17")],
    ["an end that is no number", (text) => text.replace(/"expiresAt":\d+/, '"expiresAt":"tomorrow"')],
    ["an end in years", (text) => text.replace(/"expiresAt":\d+/, '"expiresAt":99999999999999')],
    ["a beginning in the future", (text) => text.replace(/"obtainedAt":\d+/, `"obtainedAt":${Date.now() + 3_000_000}`)],
    ["more than any token has", (text) => `${text}${" ".repeat(300_000)}`],
  ];
  test.each(broken)("%s", (_what, damage) => {
    const { cache, file } = written();
    const text = readFileSync(file, "utf8");
    expect(damage(text)).not.toBe(text);
    writeFileSync(file, damage(text));
    expect(cache.read(key)).toBeUndefined();
    expect(cache.write(key, good())).toBe(true);
    expect(cache.read(key)).toMatchObject({ token: "abc.def.ghi" });
  });

  test("a file that others may read", () => {
    const { cache, file } = written();
    chmodSync(file, 0o644);
    expect(cache.read(key)).toBeUndefined();
  });

  test("a folder that others may write to", () => {
    const { cache, directory } = written();
    chmodSync(directory, 0o770);
    expect(cache.read(key)).toBeUndefined();
    expect(cache.write(key, good())).toBe(false);
  });

  test("a link in place of the file, which is replaced and not followed", () => {
    const { cache, directory, file } = written();
    const elsewhere = join(folder(), "elsewhere.json");
    writeFileSync(elsewhere, readFileSync(file), { mode: 0o600 });
    const before = readFileSync(elsewhere, "utf8");
    unlinkSync(file);
    symlinkSync(elsewhere, file);
    expect(cache.read(key)).toBeUndefined();
    cache.write(key, { ...good(), token: "new" });
    expect(readFileSync(elsewhere, "utf8")).toBe(before);
    expect(lstatSync(fileIn(directory)).isFile()).toBe(true);
  });

  test("a link in place of the folder", () => {
    const { directory } = written();
    const link = join(folder(), "tokens");
    symlinkSync(directory, link);
    expect(openTokenCache(link).read(key)).toBeUndefined();
    expect(openTokenCache(link).write(key, good())).toBe(false);
  });

  test("a folder in place of the file", () => {
    const { cache, file } = written();
    unlinkSync(file);
    mkdirSync(file);
    expect(cache.read(key)).toBeUndefined();
    expect(cache.write(key, good())).toBe(false);
  });
});

test("a cache that cannot be written to is no error", () => {
  const file = join(folder(), "file");
  writeFileSync(file, "");
  const cache = openTokenCache(join(file, "tokens"));
  expect(cache.write(key, good())).toBe(false);
  expect(cache.read(key)).toBeUndefined();
});

test("without a cache nothing is kept", () => {
  expect(noTokenCache.write(key, good())).toBe(false);
  expect(noTokenCache.read(key)).toBeUndefined();
});
