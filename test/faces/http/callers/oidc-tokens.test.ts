import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT, UnsecuredJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Oidc, openTokenReader } from "../../../../src/faces/http/callers/oidc-tokens.ts";

/** An issuer on loopback. */
let server: Server;
let issuer: string;
let said: { issuer: string; jwks_uri: string };
let keys: JWK[];
let own: CryptoKey;
let strange: CryptoKey;
let broken = false;
beforeAll(async () => {
  const pair = await generateKeyPair("RS256");
  own = pair.privateKey;
  strange = (await generateKeyPair("RS256")).privateKey;
  keys = [{ ...(await exportJWK(pair.publicKey)), kid: "one", alg: "RS256", use: "sig" }];
  server = createServer((request, reply) => {
    const found = request.url === "/.well-known/openid-configuration" ? said : request.url === "/keys" ? { keys } : undefined;
    reply.writeHead(broken ? 500 : found === undefined ? 404 : 200, { "content-type": "application/json" });
    reply.end(JSON.stringify(found ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  said = { issuer, jwks_uri: `${issuer}/keys` };
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const audience = "api://mailcordon";
const reader = (changed: Partial<Oidc> = {}) =>
  openTokenReader({ issuer, audience, rolesClaim: "roles", jwksUrl: undefined, requireMailboxes: false, ...changed });

interface Made {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly key?: CryptoKey | Uint8Array;
  readonly header?: Readonly<Record<string, string>>;
}

function token({ claims = {}, key = own, header = {} }: Made = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const all = { iss: issuer, aud: audience, sub: "ann", exp: now + 600, iat: now, roles: ["read"], ...claims };
  const kept = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  return new SignJWT(kept).setProtectedHeader({ alg: "RS256", kid: "one", ...header }).sign(key);
}

test("a token of the issuer identifies its bearer and the bearer's rights", async () => {
  const read = reader();
  expect(await read(await token({ claims: { name: "Ann", roles: ["read", "contain", "Owner"] } }))).toEqual({
    id: "oidc:ann",
    name: "Ann",
    person: "ann",
    grant: { roles: ["read", "contain"], mailboxes: undefined, connections: undefined },
  });
});

test("a token without mailboxes is refused if they are required", async () => {
  const read = reader({ requireMailboxes: true });
  expect(await read(await token())).toBeUndefined();
  const mailboxes = ["ann@example.com"];
  expect((await read(await token({ claims: { mailcordon_mailboxes: mailboxes } })))?.grant.mailboxes).toEqual(mailboxes);
});

const seconds = (from: number) => Math.floor(Date.now() / 1000) + from;
const refused: Readonly<Record<string, () => Promise<string>>> = {
  "of another key": () => token({ key: strange }),
  "of a key that is not there": () => token({ header: { kid: "two" } }),
  "of another issuer": () => token({ claims: { iss: "https://evil.example" } }),
  "for another audience": () => token({ claims: { aud: "api://other" } }),
  "for nobody": () => token({ claims: { aud: undefined } }),
  "that has expired": () => token({ claims: { exp: seconds(-120) } }),
  "that never expires": () => token({ claims: { exp: undefined } }),
  "that is not valid yet": () => token({ claims: { nbf: seconds(600) } }),
  "without a subject": () => token({ claims: { sub: undefined } }),
  "with an empty subject": () => token({ claims: { sub: "" } }),
  "that is not signed": async () =>
    new UnsecuredJWT({ sub: "ann", roles: ["admin"] }).setIssuer(issuer).setAudience(audience).setExpirationTime("1h").encode(),
  "that is signed with the public key as a secret": () => token({ key: Buffer.from(JSON.stringify(keys[0])), header: { alg: "HS256" } }),
  "whose mailboxes cannot be read": () => token({ claims: { mailcordon_mailboxes: "ann@example.com" } }),
  "whose connections cannot be read": () => token({ claims: { mailcordon_connections: [1] } }),
  "whose interfaces cannot be read": () => token({ claims: { mailcordon_interfaces: "mcp" } }),
  "that was changed": async () => {
    const [head, , signature] = (await token()).split(".");
    return [
      head,
      Buffer.from(JSON.stringify({ iss: issuer, aud: audience, sub: "ann", exp: seconds(600), roles: ["admin"] })).toString("base64url"),
      signature,
    ].join(".");
  },
  "that is none": async () => "a.b.c",
  "that is a text": async () => "hello",
};
test.each(Object.entries(refused))("a token %s is refused", async (_, make) => {
  expect(await reader()(await make())).toBeUndefined();
});

test.each([
  ["roles", { roles: "read send" }, ["read", "send"]],
  ["scp", { scp: "openid read", roles: ["admin"] }, ["read"]],
  ["realm_access.roles", { realm_access: { roles: ["contain"] } }, ["contain"]],
  ["https://example.com/roles", { "https://example.com/roles": ["send"] }, ["send"]],
  ["roles", { roles: undefined }, []],
  ["roles", { roles: { admin: true } }, []],
  ["roles", { roles: ["ADMIN", "read "] }, []],
  ["__proto__.roles", {}, []],
  ["constructor.name", {}, []],
])("the roles of the claim %s of %j", async (rolesClaim, claims, roles) => {
  expect((await reader({ rolesClaim })(await token({ claims })))?.grant.roles).toEqual(roles);
});

test("claims limit the mailboxes that the bearer may open", async () => {
  const claims = { mailcordon_mailboxes: ["*@example.com"], mailcordon_connections: [] };
  expect((await reader()(await token({ claims })))?.grant).toEqual({ roles: ["read"], mailboxes: ["*@example.com"], connections: [] });
});

test.each([
  [undefined, undefined],
  [["mcp"], ["mcp"]],
  [
    ["mcp", "http", "ftp"],
    ["http", "mcp"],
  ],
  [["ftp"], []],
])("the claim mailcordon_interfaces %j limits the bearer to %j", async (mailcordon_interfaces, interfaces) => {
  expect((await reader()(await token({ claims: { mailcordon_interfaces } })))?.grant.interfaces).toEqual(interfaces);
});

describe("an OpenID Connect issuer", () => {
  test("with another name in its metadata is reported as a wrong setting", async () => {
    const other = { ...said };
    said.issuer = "https://evil.example";
    await expect(reader()(await token())).rejects.toMatchObject({ code: "invalid-settings" });
    Object.assign(said, other);
  });

  test("with configured keys is not asked for its metadata", async () => {
    const other = { ...said };
    said.issuer = "https://elsewhere.example";
    expect(await reader({ jwksUrl: `${issuer}/keys` })(await token())).toBeDefined();
    Object.assign(said, other);
  });

  test("is asked once for the place of its keys, however many tokens arrive at a time", async () => {
    const asking = vi.spyOn(globalThis, "fetch");
    const read = reader();
    const given = await token();
    const callers = await Promise.all(Array.from({ length: 10 }, () => read(given)));
    expect(callers.map((caller) => caller?.id)).toEqual(Array(10).fill("oidc:ann"));
    expect(asking.mock.calls.filter(([url]) => String(url).endsWith("openid-configuration"))).toHaveLength(1);
    asking.mockRestore();
  });

  test("whose keys would arrive over plain HTTP is reported as a wrong setting", async () => {
    const far = "https://issuer.example";
    const asking = vi.spyOn(globalThis, "fetch").mockResolvedValue(Response.json({ issuer: far, jwks_uri: "http://issuer.example/keys" }));
    await expect(reader({ issuer: far })(await token())).rejects.toMatchObject({ code: "invalid-settings" });
    asking.mockRestore();
  });

  test("that does not reply is reported, and asked again with the next token", async () => {
    const read = reader();
    broken = true;
    await expect(read(await token())).rejects.toMatchObject({ code: "unreachable" });
    broken = false;
    expect(await read(await token())).toBeDefined();
  });
});
