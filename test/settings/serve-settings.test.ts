import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { readWrittenSettings, type WrittenSettings } from "../../src/settings/load-settings.ts";
import { readServe } from "../../src/settings/serve-settings.ts";

const folder = mkdtempSync(join(tmpdir(), "mailcordon-serve-settings-"));
afterAll(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, "cert.pem"), "certificate");
writeFileSync(join(folder, "key.pem"), "key");
writeFileSync(join(folder, "url"), "postgresql://filed\n");

const written = (serve?: unknown): WrittenSettings => ({
  serve,
  connections: ["a"],
  defaultConnection: "a",
  home: folder,
  path: undefined,
  foundFile: undefined,
  requirePerson: false,
  sweep: { secondPersonAbove: undefined },
});
const read = (serve?: unknown, flags = {}, environment: Record<string, string> = { XDG_STATE_HOME: join(folder, "state-home") }) =>
  readServe(written(serve), flags, { environment });

test("by default the server listens on this machine only, with its state in the folder of the user, wherever the settings are", () => {
  expect(read()).toEqual({
    host: "127.0.0.1",
    port: 8025,
    tls: undefined,
    behindProxy: false,
    publicUrl: "",
    stateDir: join(folder, "state-home/mailcordon-state"),
    databaseUrl: undefined,
    oidc: undefined,
    maxBodyBytes: 40 * 1024 * 1024,
    maxConcurrency: 64,
    timeoutMs: 300_000,
    keepHours: 24,
    keyDays: undefined,
    openMetrics: false,
    worksOnSweeps: true,
  });
});

describe("the database of an earlier version beside the settings", () => {
  const earlier = join(folder, "mailcordon-state");
  beforeEach(() => mkdirSync(join(earlier, "postgres/data"), { recursive: true }));
  afterEach(() => rmSync(earlier, { recursive: true }));

  test("is named with the way to keep using it, and no empty one is begun", () => {
    const hint = expect.stringContaining(`serve: { state_dir: ${earlier} }`);
    const expected = { code: "invalid-settings", message: expect.stringContaining(earlier), hint };
    expect(() => read()).toThrow(expect.objectContaining(expected));
  });

  test("is used if state_dir names it, and does not matter beside another folder or a database of one's own", () => {
    expect(read({ state_dir: "mailcordon-state" }).stateDir).toBe(earlier);
    expect(read({ state_dir: "other" }).stateDir).toBe(join(folder, "other"));
    expect(read({}, {}, { DATABASE_URL: "postgresql:///x" }).databaseUrl).toBe("postgresql:///x");
  });
});

describe("a host that other machines can reach", () => {
  test.each(["0.0.0.0", "::", "192.0.2.7", "mailcordon.example.com", "127.0.0.1.example.com", "[::]"])(
    "%s is refused without TLS",
    (host) => {
      for (const asked of [() => read({ host }), () => read({}, { host })]) {
        expect(asked).toThrow(expect.objectContaining({ code: "invalid-settings", message: expect.stringContaining("serve.host") }));
      }
    },
  );

  test("is accepted with TLS or with behind_proxy", () => {
    const tls = { cert_file: "cert.pem", key_file: "key.pem" };
    expect(read({ host: "0.0.0.0", tls }).tls).toEqual({ cert: Buffer.from("certificate"), key: Buffer.from("key") });
    expect(read({ host: "0.0.0.0", behind_proxy: true }).behindProxy).toBe(true);
  });

  test.each(["127.0.0.1", "127.1.2.3", "localhost", "::1"])("is not %s", (host) => {
    expect(read({ host }).host).toBe(host);
  });
});

test("flags override the file", () => {
  expect(read({ host: "127.0.0.2", port: 1 }, { host: "127.0.0.3", port: 2 })).toMatchObject({ host: "127.0.0.3", port: 2 });
});

test("the database is set by the setting, otherwise by DATABASE_URL", () => {
  const environment = { DATABASE_URL: "postgresql://usual", OWN: "postgresql://own" };
  expect(read({}, {}, environment).databaseUrl).toBe("postgresql://usual");
  expect(read({ database_url: "env:OWN" }, {}, environment).databaseUrl).toBe("postgresql://own");
  expect(read({ database_url: "file:url" }, {}, environment).databaseUrl).toBe("postgresql://filed");
  expect(read({}, {}, { DATABASE_URL: "" }).databaseUrl).toBeUndefined();
});

test("a link begins with the public address without its final slash", () => {
  expect(read({ public_url: "https://mailcordon.example.com/api/" }).publicUrl).toBe("https://mailcordon.example.com/api");
});

test.each([
  ["an unknown setting", { prot: 1 }, /serve\.prot/],
  ["a port that is none", { port: 65_536 }, /serve\.port is not valid; put a port/],
  ["a port that is a text", { port: "x" }, /serve\.port/],
  ["the database's address itself", { database_url: "postgresql://u:marked-secret@h/d" }, /serve\.database_url.*never the secret/],
  ["a variable that is not set", { database_url: "env:NOWHERE" }, /serve\.database_url.*NOWHERE/],
  ["a certificate without its key", { tls: { cert_file: "cert.pem" } }, /serve\.tls\.key_file is missing/],
  ["a certificate that is not there", { tls: { cert_file: "no.pem", key_file: "key.pem" } }, /serve\.tls\.cert_file/],
  ["an issuer in the clear", { oidc: { issuer: "http://issuer.example", audience: "a" } }, /serve\.oidc\.issuer/],
  [
    "what is neither true nor false",
    { oidc: { issuer: "https://issuer.example", audience: "a", require_mailboxes: "yes" } },
    /serve\.oidc\.require_mailboxes/,
  ],
  ["an issuer without an audience", { oidc: { issuer: "https://issuer.example" } }, /serve\.oidc\.audience is missing/],
  ["a limit of nothing", { max_concurrency: 0 }, /serve\.max_concurrency/],
  ["no section", "on", /serve/],
])("the wrong setting %s is named without its value", (_, serve, message) => {
  const asked = () => read(serve);
  expect(asked).toThrow(expect.objectContaining({ code: "invalid-settings", message: expect.stringMatching(message) }));
  expect(asked).toThrow(expect.objectContaining({ message: expect.not.stringContaining("marked-secret") }));
});

describe("the settings of a server", () => {
  const file = (text: string) => {
    const path = join(folder, "mailcordon.yaml");
    writeFileSync(path, text);
    return readWrittenSettings({ flags: { config: path }, environment: {}, directory: folder });
  };

  test("have every connection and the default one", async () => {
    expect(await file("default: b\nconnections: { a: {}, b: {} }\nserve: { port: 1 }")).toMatchObject({
      connections: ["a", "b"],
      defaultConnection: "b",
      serve: { port: 1 },
      home: folder,
    });
    expect(await file("connections: { a: {} }")).toMatchObject({ connections: ["a"], defaultConnection: "a" });
    expect(await file("connections: { a: {}, b: {} }")).toMatchObject({ connections: ["a", "b"], defaultConnection: undefined });
  });

  test("are refused with a default that is not a connection", async () => {
    await expect(file("default: c\nconnections: { a: {} }")).rejects.toMatchObject({ code: "invalid-settings" });
  });

  test("without a file have the connection of the environment", async () => {
    const environment = { MAILCORDON_EWS_URL: "https://mail.example.com/EWS/Exchange.asmx" };
    const place = { environment, directory: mkdtempSync(join(folder, "empty-")) };
    expect(await readWrittenSettings(place)).toMatchObject({ connections: ["environment"], defaultConnection: "environment" });
  });
});
