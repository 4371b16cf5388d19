import { generateKeyPairSync, sign } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import type { Lab } from "../../../src/lab/lab.ts";
import type { CertificateFile } from "../../../src/wire/sign-in/client-certificate.ts";
import { authorityOf, type EntraClient, type EntraCredential } from "../../../src/wire/sign-in/entra-client.ts";
import { fetchToken } from "../../../src/wire/sign-in/entra-token.ts";
import { tokenFacts } from "../../../src/wire/sign-in/token-claims.ts";
import { testCertificate } from "../../lab/certificate.ts";
import { bySecret, clientId, clientOf, folder, http, labWith, makeCertificate, secret, tenantId, tenantWith } from "./tenant.ts";

const fetching = (client: EntraClient, more: Partial<Parameters<typeof fetchToken>[1]> = {}) =>
  fetchToken(client, { http: http(), signal: new AbortController().signal, ...more });
const failing = (client: EntraClient, more = {}) =>
  fetching(client, more).then(
    () => expect.fail("A token was given."),
    (failure) => failure,
  );
const lastRefused = (lab: Lab) => lab.entra?.requests.at(-1)?.refused;

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("A client secret", () => {
  test("gives a token of the application for the resource of the scope", async () => {
    const lab = await labWith(tenantWith());
    const { token, expiresAt } = await fetching(clientOf(lab));
    expect(tokenFacts(token)).toMatchObject({
      audience: "https://outlook.office365.com",
      tenant: tenantId,
      appId: clientId,
      roles: ["full_access_as_app"],
      appOnly: true,
    });
    expect(tokenFacts(token)?.expiresAt?.getTime()).toBeCloseTo(expiresAt, -4);
  });

  test("may name the tenant by its domain", async () => {
    const lab = await labWith(tenantWith());
    await expect(fetching(clientOf(lab, bySecret, { tenant: "example.com" }))).resolves.toMatchObject({ saved: undefined });
  });

  const expired = { value: "old~value", expires: new Date(Date.now() - 1000) };
  test.each([
    ["that is wrong", "other~value", {}, 7000215, /client secret is wrong/],
    ["that has expired", "old~value", {}, 7000222, /client secret has expired/],
    [
      "of an application that the tenant does not know",
      secret,
      { clientId: "00000000-1111-4222-8333-444455556666" },
      700016,
      /is not known/,
    ],
    ["for a tenant that is none", secret, { tenant: "nowhere.example" }, 90002, /there is no tenant nowhere\.example/],
    ["for a tenant with a name that is none", secret, { tenant: "nowhere" }, 900023, /nowhere is not the name/],
    ["for a resource that is unknown", secret, { scope: "https://nothing.example/.default" }, 500011, /resource/],
    ["for a scope without /.default", secret, { scope: "https://outlook.office365.com/full_access_as_app" }, 1002012, /scope/],
  ])("%s is refused with Entra's code and what to do", async (_what, value, other, number, words) => {
    const lab = await labWith(tenantWith({ secrets: [{ value: secret }, expired] }));
    const failure = await failing(clientOf(lab, { kind: "client-secret", secret: () => value }, other));
    expect(failure).toMatchObject({ code: "unauthenticated", wireCode: `AADSTS${number}`, message: expect.stringMatching(words) });
    expect(failure.requestId).toMatch(/^[0-9a-f-]{36}$/);
    expect(failure.hint.length).toBeGreaterThan(20);
    expect(lastRefused(lab)).toBe(number);
    expect(`${failure.message}${failure.hint}${JSON.stringify(failure)}${String(failure.cause)}`).not.toContain(value);
  });

  test("goes over TLS that a private authority signed", async () => {
    const lab = await labWith(tenantWith(), { tls: testCertificate });
    expect((await failing(clientOf(lab))).code).toBe("tls-failed");
    await expect(fetching(clientOf(lab), { http: http(testCertificate.cert) })).resolves.toBeDefined();
  });

  test("is not sent to another host that the authority names", async () => {
    const lab = await labWith(tenantWith());
    const elsewhere = await labWith(tenantWith());
    const own = http();
    const lying = {
      ...own,
      send: (request: Parameters<typeof own.send>[0]) =>
        own.send({ ...request, url: request.method === "GET" ? new URL(request.url.pathname, elsewhere.url) : request.url }),
    };
    expect(await failing(clientOf(lab), { http: lying })).toMatchObject({ code: "unreachable" });
    expect(elsewhere.entra?.requests.map(({ asked }) => asked)).toEqual(["openid-configuration"]);
  });
});

describe("A certificate", () => {
  const directory = mkdtempSync(join(tmpdir(), "mailcordon-entra-"));
  afterAll(() => rmSync(directory, { recursive: true }));
  const files = makeCertificate(directory);
  const other = makeCertificate(directory);
  const by = (file: CertificateFile): EntraCredential => ({ kind: "certificate", read: () => file });

  test("signs with PS256 and names itself by x5t#S256", async () => {
    const lab = await labWith(tenantWith({ certificates: [files.cert], secrets: [] }));
    let form = new URLSearchParams();
    const own = http();
    const watching = {
      ...own,
      async send(request: Parameters<typeof own.send>[0]) {
        if (request.body) for await (const bytes of request.body.open()) form = new URLSearchParams(Buffer.from(bytes).toString());
        return own.send(request);
      },
    };
    await fetching(clientOf(lab, by({ kind: "pem", text: files.both })), { http: watching });
    const [header = "", claims = ""] = (form.get("client_assertion") ?? "").split(".");
    expect(JSON.parse(Buffer.from(header, "base64url").toString())).toMatchObject({ alg: "PS256", "x5t#S256": expect.any(String) });
    expect(JSON.parse(Buffer.from(claims, "base64url").toString())).toMatchObject({ iss: clientId, sub: clientId });
  });

  test("may be in a PFX file", async () => {
    const lab = await labWith(tenantWith({ certificates: [files.cert], secrets: [] }));
    const file: CertificateFile = { kind: "pfx", bytes: files.pfx, passphrase: "open" };
    await expect(fetching(clientOf(lab, by(file)))).resolves.toBeDefined();
  });

  test("that the application does not have is refused with AADSTS700027", async () => {
    const lab = await labWith(tenantWith({ certificates: [files.cert] }));
    const failure = await failing(clientOf(lab, by({ kind: "pem", text: other.both })));
    expect(failure).toMatchObject({ code: "unauthenticated", wireCode: "AADSTS700027", hint: expect.stringContaining("upload") });
  });
});

describe("A federated token", () => {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const issuer = "https://builds.example.org";
  const credential = {
    issuer,
    subject: "repo:soc",
    audience: "api://AzureADTokenExchange",
    publicKey: String(publicKey.export({ type: "spki", format: "pem" })),
  };
  const tokenOf = (claims: object) => {
    const now = Math.floor(Date.now() / 1000);
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const all = { iss: issuer, sub: credential.subject, aud: credential.audience, nbf: now, exp: now + 600, ...claims };
    const signed = `${part({ alg: "RS256", kid: "1" })}.${part(all)}`;
    return `${signed}.${sign("sha256", Buffer.from(signed), privateKey).toString("base64url")}`;
  };

  test("is read each time anew", async () => {
    const lab = await labWith(tenantWith({ federated: [credential], secrets: [] }));
    let now = tokenOf({ sub: "repo:other" });
    const client = clientOf(lab, { kind: "federated-token", read: () => now });
    expect(await failing(client)).toMatchObject({ wireCode: "AADSTS700213" });
    now = tokenOf({});
    await expect(fetching(client)).resolves.toBeDefined();
  });

  test.each([
    ["of another issuer", { iss: "https://elsewhere.example.org" }, 700211],
    ["for another audience", { aud: "api://other" }, 700212],
    ["that has expired", { exp: 1000 }, 700024],
  ])("%s is refused", async (_what, claims, number) => {
    const lab = await labWith(tenantWith({ federated: [credential] }));
    expect(await failing(clientOf(lab, { kind: "federated-token", read: () => tokenOf(claims) }))).toMatchObject({
      wireCode: `AADSTS${number}`,
    });
  });
});

describe("A managed identity", () => {
  test("is that of the machine, or the one with the client id", async () => {
    const lab = await labWith(tenantWith({ managedIdentity: true }));
    vi.stubEnv("AZURE_POD_IDENTITY_AUTHORITY_HOST", lab.url);
    for (const id of ["", clientId]) {
      const { token } = await fetching(clientOf(lab, { kind: "managed-identity" }, { tenant: "", clientId: id, authority: undefined }));
      expect(tokenFacts(token)).toMatchObject({ appId: clientId, audience: "https://outlook.office365.com" });
    }
  });
});

describe("A device code", () => {
  const publicApp = () =>
    tenantWith({ publicClient: true, scopes: { exchange: ["EWS.AccessAsUser.All"] } }, { deviceCode: { interval: 0.05 } });
  const byCode: EntraCredential = { kind: "device-code" };
  const answering = (lab: Lab, answer: (code: string) => void) => (text: string) => {
    const [, code = "", where] = /enter the code (\w+) at (\S+) to sign in/.exec(text) ?? [];
    expect(where).toBe(`${lab.url}/device`);
    answer(code);
  };

  test("is printed, and the token is that of the person who entered it", async () => {
    const lab = await labWith(publicApp());
    const { token } = await fetching(clientOf(lab, byCode), {
      progress: answering(lab, (code) => lab.entra?.approve(code, "soc@example.com")),
    });
    expect(tokenFacts(token)).toMatchObject({ user: "soc@example.com", scopes: ["EWS.AccessAsUser.All"], appOnly: false });
  });

  test("is not requested again while the sign-in is valid", async () => {
    const lab = await labWith(publicApp());
    const shown = vi.fn(answering(lab, (code) => lab.entra?.approve(code, "soc@example.com")));
    const first = await fetching(clientOf(lab, byCode), { progress: shown });
    const second = await fetching(clientOf(lab, byCode), { progress: shown, saved: first.saved });
    expect(shown).toHaveBeenCalledTimes(1);
    lab.entra?.revokeSessions();
    await fetching(clientOf(lab, byCode), { progress: shown, saved: second.saved });
    expect(shown).toHaveBeenCalledTimes(2);
  });

  test("is not waited for if no person can see it", async () => {
    const lab = await labWith(publicApp());
    expect(await failing(clientOf(lab, byCode))).toMatchObject({ code: "unauthenticated", hint: expect.stringContaining("terminal") });
    expect(lab.entra?.waiting).toEqual([]);
  });

  test("that is declined is a failure", async () => {
    const lab = await labWith(publicApp());
    const failure = await failing(clientOf(lab, byCode), { progress: answering(lab, (code) => lab.entra?.decline(code)) });
    expect(failure).toMatchObject({ code: "unauthenticated", message: expect.stringContaining("declined") });
  });

  test("is given up when the call is cancelled", async () => {
    const lab = await labWith(publicApp());
    const stop = new AbortController();
    const failure = await failing(clientOf(lab, byCode), { signal: stop.signal, progress: () => stop.abort() });
    expect(failure).toMatchObject({ code: "cancelled" });
  });

  test("needs an application that is a public client", async () => {
    const lab = await labWith(tenantWith());
    expect(await failing(clientOf(lab, byCode), { progress: () => undefined })).toMatchObject({ wireCode: "AADSTS7000218" });
  });
});

describe("An AD FS", () => {
  const servers = ["https://mail.example.com"];
  const at = (lab: Lab, credential: EntraCredential) =>
    clientOf(lab, credential, { authority: new URL("/adfs", lab.url), tenant: "", scope: `${servers[0]}/.default` });

  test("gives a token for a server on premises by a secret, and by a certificate", async () => {
    const { cert, both } = makeCertificate(folder());
    const lab = await labWith(tenantWith({ certificates: [cert] }, { adfs: true, servers }));
    const byCertificate: EntraCredential = { kind: "certificate", read: () => ({ kind: "pem", text: both, passphrase: undefined }) };
    for (const credential of [bySecret, byCertificate]) {
      const { token } = await fetching(at(lab, credential));
      expect(tokenFacts(token)).toMatchObject({ appId: clientId, audience: "https://mail.example.com" });
    }
    expect(lab.entra?.requests.map(({ path }) => path)).toEqual([
      "/adfs/.well-known/openid-configuration",
      "/adfs/oauth2/token/",
      "/adfs/.well-known/openid-configuration",
      "/adfs/oauth2/token/",
    ]);
  });

  test("lets a person sign in by a code", async () => {
    const registration = { publicClient: true, scopes: { exchange: ["EWS.AccessAsUser.All"] } };
    const lab = await labWith(tenantWith(registration, { adfs: true, servers, deviceCode: { interval: 0.05 } }));
    const { token } = await fetching(at(lab, { kind: "device-code" }), {
      progress: (text) => lab.entra?.approve(/the code (\w+)/.exec(text)?.[1] ?? "", "soc@example.com"),
    });
    expect(tokenFacts(token)).toMatchObject({ user: "soc@example.com", audience: "https://mail.example.com" });
  });

  test("that does not exist is reported with its host", async () => {
    const lab = await labWith(tenantWith());
    expect(await failing(at(lab, bySecret))).toMatchObject({
      code: "unauthenticated",
      message: expect.stringContaining(new URL(lab.url).host),
    });
  });
});

test("the authority is that of the cloud, with the tenant; AD FS has no tenant", () => {
  const client = { cloud: "china", tenant: "example.com", clientId, scope: "s", credential: bySecret } as const;
  expect(authorityOf(client).href).toBe("https://login.partner.microsoftonline.cn/example.com");
  expect(authorityOf({ ...client, authority: new URL("https://adfs.example.com/adfs/") }).href).toBe("https://adfs.example.com/adfs");
});
