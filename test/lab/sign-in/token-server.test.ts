import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  randomUUID,
  sign,
  verify,
  X509Certificate,
} from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Lab, startLab } from "../../../src/lab/lab.ts";
import { clientId, makeCertificate, secret, tenantId, tenantWith } from "../../wire/sign-in/tenant.ts";

// Asked by hand, as RFC 6749 and Microsoft's pages say, and checked with node:crypto alone.
const directory = mkdtempSync(join(tmpdir(), "mailcordon-lab-token-"));
const files = makeCertificate(directory);
const publicApp = {
  clientId: "11111111-1111-4222-8333-444455556666",
  name: "Console",
  publicClient: true,
  scopes: { exchange: ["EWS.AccessAsUser.All"] },
};
const withoutConsent = { clientId: "22222222-1111-4222-8333-444455556666", name: "Nobody's", publicClient: true };
let lab: Lab;
beforeAll(async () => {
  const one = tenantWith({ certificates: [files.cert], managedIdentity: true }, { deviceCode: { seconds: 60, interval: 1 } });
  lab = await startLab({ tenant: { ...one, registrations: [...one.registrations, publicApp, withoutConsent] } });
});
afterAll(async () => {
  await lab.close();
  rmSync(directory, { recursive: true });
});

/** What is asked after in the answers, by its name there. */
type Answer = Record<
  "access_token" | "refresh_token" | "device_code" | "user_code" | "token_endpoint" | "jwks_uri" | "error_description",
  string
> & { readonly keys: JsonWebKey[]; readonly metadata: unknown };
async function read(response: Response): Promise<Answer> {
  return JSON.parse(await response.text());
}

const tokenUrl = (tenant = tenantId) => `${lab.url}/${tenant}/oauth2/v2.0/token`;
async function post(url: string, form: Record<string, string>) {
  const response = await fetch(url, { method: "POST", body: new URLSearchParams(form) });
  return { status: response.status, body: await read(response) };
}
const application = { grant_type: "client_credentials", client_id: clientId, scope: "https://outlook.office365.com/.default" };
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());

test("a token has Entra's claims and a signature that the published key verifies", async () => {
  const { status, body } = await post(tokenUrl(), { ...application, client_secret: secret });
  expect(status).toBe(200);
  expect(body).toMatchObject({ token_type: "Bearer", expires_in: 3599 });
  expect(claimsOf(body.access_token)).toMatchObject({
    aud: "https://outlook.office365.com",
    iss: `https://sts.windows.net/${tenantId}/`,
    tid: tenantId,
    appid: clientId,
    idtyp: "app",
    roles: ["full_access_as_app"],
    oid: expect.stringMatching(/^[0-9a-f-]{36}$/),
  });
  const discovery = await read(await fetch(`${lab.url}/example.com/v2.0/.well-known/openid-configuration`));
  expect(discovery.token_endpoint).toBe(tokenUrl());
  const { keys } = await read(await fetch(discovery.jwks_uri));
  const [header = "", claims = "", signature = ""] = body.access_token.split(".");
  const key = createPublicKey({ key: keys[0] ?? {}, format: "jwk" });
  expect(verify("sha256", Buffer.from(`${header}.${claims}`), key, Buffer.from(signature, "base64url"))).toBe(true);
});

test("instance discovery names the lab alone", async () => {
  const found = await read(await fetch(`${lab.url}/common/discovery/instance?api-version=1.1`));
  expect(found.metadata).toEqual([expect.objectContaining({ aliases: [new URL(lab.url).host] })]);
});

test.each([
  ["a wrong secret", { client_secret: "wrong" }, 401, "invalid_client", 7000215],
  ["no proof", {}, 401, "invalid_client", 7000218],
  ["an unknown application", { client_id: randomUUID(), client_secret: secret }, 400, "unauthorized_client", 700016],
  ["an unknown resource", { client_secret: secret, scope: "https://other.example/.default" }, 400, "invalid_resource", 500011],
  ["a single permission", { client_secret: secret, scope: "https://outlook.office365.com/x" }, 400, "invalid_scope", 1002012],
  ["an unknown grant", { client_secret: secret, grant_type: "password" }, 400, "unsupported_grant_type", 70003],
  [
    "an assertion that is none",
    { client_assertion: "x", client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" },
    400,
    "invalid_request",
    50027,
  ],
])("%s is refused", async (_what, form, status, error, number) => {
  const answer = await post(tokenUrl(), { ...application, ...form });
  expect(answer).toMatchObject({ status, body: { error, error_codes: [number], correlation_id: expect.any(String) } });
  expect(answer.body.error_description).toMatch(new RegExp(`^AADSTS${number}: `));
});

test.each([
  ["nowhere.example", 90002],
  ["nowhere", 900023],
])("the tenant %s is refused", async (tenant, number) => {
  expect((await post(tokenUrl(tenant), { ...application, client_secret: secret })).body).toMatchObject({ error_codes: [number] });
});

describe("A client assertion", () => {
  const other = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  const thumbprint = createHash("sha256").update(new X509Certificate(files.cert).raw).digest("base64url");

  function assertion(header: object = {}, claims: object = {}, key: KeyObject = createPrivateKey(files.key), padding: object = {}) {
    const now = Math.floor(Date.now() / 1000);
    const all = { aud: tokenUrl(), iss: clientId, sub: clientId, jti: randomUUID(), nbf: now, exp: now + 600, ...claims };
    const signed = `${part({ alg: "RS256", typ: "JWT", "x5t#S256": thumbprint, ...header })}.${part(all)}`;
    const made = sign("sha256", Buffer.from(signed), { key, ...padding });
    return `${signed}.${made.toString("base64url")}`;
  }
  const with_ = (client_assertion: string) =>
    post(tokenUrl(), { ...application, client_assertion, client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" });
  // RSASSA-PSS with a salt as long as the hash (RFC 7518, 3.5): 6 is RSA_PKCS1_PSS_PADDING of OpenSSL.
  const pss = { padding: 6, saltLength: 32 };

  test.each([
    ["RS256 and x5t#S256", () => assertion()],
    ["PS256 and x5t#S256", () => assertion({ alg: "PS256" }, {}, createPrivateKey(files.key), pss)],
    ["the issuer as its audience", () => assertion({}, { aud: `${lab.url}/${tenantId}/v2.0` })],
  ])("with %s is taken", async (_what, made) => {
    expect((await with_(made())).status).toBe(200);
  });

  test.each([
    ["another key", () => assertion({}, {}, other), 700027],
    ["another certificate's thumbprint", () => assertion({ "x5t#S256": createHash("sha256").update("x").digest("base64url") }), 700027],
    ["a signature of the other kind", () => assertion({ alg: "PS256" }), 700027],
    ["no algorithm", () => assertion({ alg: "none" }), 700027],
    ["another audience", () => assertion({}, { aud: "https://elsewhere.example/token" }), 700023],
    ["another issuer", () => assertion({}, { iss: "other" }), 700021],
    ["another subject", () => assertion({}, { sub: "other" }), 700021],
    ["an end in the past", () => assertion({}, { exp: 1000 }), 700024],
    ["a beginning in the future", () => assertion({}, { nbf: Math.floor(Date.now() / 1000) + 1000 }), 700024],
    ["no end", () => assertion({}, { exp: undefined }), 700024],
  ])("with %s is refused", async (_what, made, number) => {
    expect(await with_(made())).toMatchObject({ status: 401, body: { error_codes: [number] } });
  });
});

describe("A device code", () => {
  const begin = (id: string) =>
    post(`${lab.url}/${tenantId}/oauth2/v2.0/devicecode`, {
      client_id: id,
      scope: "https://outlook.office365.com/.default offline_access",
    });
  const poll = (device_code: string, client_id = publicApp.clientId) =>
    post(tokenUrl(), { grant_type: "urn:ietf:params:oauth:grant-type:device_code", client_id, device_code });

  test("is pending, then gives tokens once, and the refresh token gives more", async () => {
    const { body } = await begin(publicApp.clientId);
    expect(body).toMatchObject({
      expires_in: 60,
      interval: 1,
      verification_uri: `${lab.url}/device`,
      message: expect.stringContaining(body.user_code),
    });
    expect((await poll(body.device_code)).body).toMatchObject({ error: "authorization_pending", error_codes: [70016] });
    expect(lab.entra?.approve("NO SUCH", "soc@example.com")).toBe(false);
    expect(lab.entra?.approve(body.user_code, "nobody@example.com")).toBe(false);
    expect(lab.entra?.approve(body.user_code, "soc@example.com")).toBe(true);
    const { body: tokens } = await poll(body.device_code);
    expect(claimsOf(tokens.access_token)).toMatchObject({ upn: "soc@example.com", scp: "EWS.AccessAsUser.All", idtyp: "user" });
    expect((await poll(body.device_code)).body).toMatchObject({ error_codes: [70018] });
    const refresh = {
      grant_type: "refresh_token",
      client_id: publicApp.clientId,
      scope: application.scope,
      refresh_token: tokens.refresh_token,
    };
    expect((await post(tokenUrl(), refresh)).status).toBe(200);
    expect((await post(tokenUrl(), { ...refresh, client_id: withoutConsent.clientId })).body).toMatchObject({ error_codes: [700082] });
    lab.entra?.revokeSessions();
    expect((await post(tokenUrl(), refresh)).body).toMatchObject({ error: "invalid_grant" });
  });

  test("that is declined, or another application's, gives nothing", async () => {
    const { body } = await begin(publicApp.clientId);
    expect((await poll(body.device_code, withoutConsent.clientId)).body).toMatchObject({ error_codes: [70018] });
    expect(lab.entra?.decline(body.user_code)).toBe(true);
    expect((await poll(body.device_code)).body).toMatchObject({ error: "authorization_declined" });
  });

  test("needs consent, and a public client", async () => {
    const { body } = await begin(withoutConsent.clientId);
    lab.entra?.approve(body.user_code, "soc@example.com");
    expect((await poll(body.device_code, withoutConsent.clientId)).body).toMatchObject({ error_codes: [65001] });
    expect((await begin(clientId)).body).toMatchObject({ error_codes: [7000218] });
  });
});

describe("The machine's metadata service", () => {
  const ask = (query: string, headers: Record<string, string> = { Metadata: "true" }) =>
    fetch(`${lab.url}/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://graph.microsoft.com/${query}`, { headers });

  test("gives a token of the identity, numbers as text", async () => {
    const body = await read(await ask(""));
    expect(body).toMatchObject({ client_id: clientId, expires_in: "3599", token_type: "Bearer" });
    expect(claimsOf(body.access_token)).toMatchObject({ aud: "https://graph.microsoft.com" });
  });

  test("wants its header, which no browser or redirect sends, and a known identity", async () => {
    expect((await ask("", {})).status).toBe(400);
    expect((await ask(`&client_id=${publicApp.clientId}`)).status).toBe(400);
  });
});

test("other paths are ignored, and a form that never ends is refused", async () => {
  expect((await fetch(`${lab.url}/${tenantId}/oauth2/v2.0/authorize`)).status).toBe(404);
  expect(await post(tokenUrl(), { ...application, client_secret: "x".repeat(100_000) })).toMatchObject({
    status: 400,
    body: { error_codes: [900144] },
  });
});

test("requests are recorded without secrets", async () => {
  await post(tokenUrl(), { ...application, client_secret: secret });
  expect(lab.entra?.requests.at(-1)).toEqual({
    method: "POST",
    path: `/${tenantId}/oauth2/v2.0/token`,
    asked: "client_credentials",
    clientId,
    status: 200,
    refused: undefined,
  });
});
