import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { asFailure } from "../../src/failure.ts";
import { loadSettings } from "../../src/settings/load-settings.ts";

const directory = mkdtempSync(join(tmpdir(), "mailcordon-settings-oauth-"));
afterAll(() => rmSync(directory, { recursive: true }));

const client = "tenant: example.com, client_id: 3a9b8c7d-1111-4222-8333-444455556666";

async function load(oauth: string, environment: Record<string, string> = {}, besides = "") {
  writeFileSync(join(directory, "mailcordon.yaml"), `connections: { prod: { auth: { oauth: { ${oauth} } }${besides} } }`);
  return (await loadSettings({ directory, environment: { CLIENT_SECRET: "sesame~open", ...environment } })).connection;
}
const refusal = async (...args: Parameters<typeof load>) => (await load(...args).then(() => undefined, asFailure))?.message ?? "accepted";

test("a client secret makes a connection to Exchange Online, without a URL", async () => {
  const { auth, ews, access } = await load(`${client}, client_secret: env:CLIENT_SECRET`);
  expect(ews.url?.href).toBe("https://outlook.office365.com/EWS/Exchange.asmx");
  expect(access).toBe("impersonation");
  expect(auth).toMatchObject({ kind: "oauth", cloud: "worldwide", tenant: "example.com", credential: { kind: "client-secret" } });
  expect(auth.kind === "oauth" && auth.credential.kind === "client-secret" && auth.credential.secret.reveal()).toBe("sesame~open");
  expect(JSON.stringify(auth)).not.toContain("sesame");
});

test.each([
  ["us-gcc-high", "outlook.office365.us"],
  ["us-dod", "outlook-dod.office365.us"],
  ["china", "outlook.office365.cn"],
])("in the cloud %s EWS is at %s", async (cloud, host) => {
  expect((await load(`${client}, device_code: true, cloud: ${cloud}`)).ews.url?.host).toBe(host);
});

test("a configured URL overrides that of the cloud", async () => {
  const { ews } = await load(`${client}, device_code: true`, {}, ", ews: { url: https://mail.example.com/EWS/Exchange.asmx }");
  expect(ews.url?.host).toBe("mail.example.com");
});

test("a person who signs in is a delegate by default", async () => {
  expect((await load(`${client}, device_code: true`)).access).toBe("delegate");
  expect((await load(`${client}, device_code: true`, {}, ", access: impersonation")).access).toBe("impersonation");
});

test("files are relative to the settings, and a private key may be in a separate file", async () => {
  const { auth } = await load(`${client}, certificate: { pem: cert.pem, key: /keys/key.pem, passphrase: env:CLIENT_SECRET }`);
  expect(auth).toMatchObject({
    credential: { kind: "certificate", form: "pem", files: [join(directory, "cert.pem"), "/keys/key.pem"], passphrase: expect.anything() },
  });
  const federated = await load(`${client}, federated_token_file: token`);
  expect(federated.auth).toMatchObject({ credential: { kind: "federated-token", file: join(directory, "token") } });
});

test("a managed identity needs no other setting", async () => {
  expect((await load("managed_identity: true")).auth).toMatchObject({ tenant: "", clientId: "", credential: { kind: "managed-identity" } });
});

test("AD FS needs no tenant", async () => {
  const adfs = "client_id: soc, client_secret: env:CLIENT_SECRET, authority: https://adfs.example.com/adfs";
  expect((await load(adfs)).auth).toMatchObject({ tenant: "", clientId: "soc" });
});

test("the environment alone is enough, and its credential overrides that of the file", async () => {
  const environment = { MAILCORDON_TENANT: "example.org", MAILCORDON_CLIENT_ID: "soc", MAILCORDON_CLIENT_SECRET: "other" };
  const alone = await loadSettings({ directory: tmpdir(), environment });
  expect(alone.connection.auth).toMatchObject({ kind: "oauth", tenant: "example.org", clientId: "soc" });
  const { auth } = await load(`${client}, certificate: { pfx: soc.pfx }`, environment);
  expect(auth).toMatchObject({ tenant: "example.org", credential: { kind: "client-secret" } });
  const byFile = await load(`${client}, device_code: true`, { MAILCORDON_CERTIFICATE_FILE: "soc.pem" });
  expect(byFile.auth).toMatchObject({ credential: { kind: "certificate", files: [join(directory, "soc.pem")] } });
  const byToken = await load(`${client}, device_code: true`, { MAILCORDON_TOKEN: "abc", MAILCORDON_EWS_URL: "https://mail.example.com/" });
  expect(byToken.auth.kind).toBe("bearer");
});

describe("a wrong setting is named:", () => {
  test("even the environment variable that replaces another sign-in by oauth", async () => {
    const at = mkdtempSync(join(tmpdir(), "mailcordon-stray-"));
    const basic = "auth: { basic: { username: soc, password: env:PASSWORD } }";
    writeFileSync(join(at, "mailcordon.yaml"), `connections: { lab: { ews: { url: https://mail.example.com/ }, ${basic} } }`);
    const environment = { PASSWORD: "sesame", MAILCORDON_CLIENT_SECRET: "hunter3" };
    await expect(loadSettings({ directory: at, environment })).rejects.toMatchObject({
      message: expect.stringMatching(/client_id is missing.* comes from the environment, not from the file: MAILCORDON_CLIENT_SECRET\./),
    });
    await expect(loadSettings({ directory: at, environment: { PASSWORD: "sesame" } })).resolves.toMatchObject({});
    rmSync(at, { recursive: true });
  });

  test.each([
    ["no credential", client, /auth\.oauth is not valid; put exactly one of client_secret/],
    ["two credentials", `${client}, device_code: true, managed_identity: true`, /put exactly one of client_secret/],
    ["no tenant", "client_id: soc, device_code: true", /auth\.oauth\.tenant is missing; put/],
    ["no client id", "tenant: example.com, device_code: true", /auth\.oauth\.client_id is missing; put/],
    ["a secret that stands there itself", `${client}, client_secret: sesame`, /client_secret is not valid; put env:NAME/],
    ["a cloud that is none", `${client}, device_code: true, cloud: moon`, /cloud is not valid; put worldwide, us-gcc-high/],
    [
      "an authority without TLS",
      `${client}, device_code: true, authority: http://login.example.com`,
      /authority is not valid; put the https/,
    ],
    ["two files", `${client}, certificate: { pem: a, pfx: b }`, /certificate is not valid; put either pem or pfx/],
    ["a credential that is switched off", `${client}, device_code: false`, /device_code is not valid; put true/],
    ["an unknown setting", `${client}, device_code: true, clientid: x`, /oauth\.clientid is not a setting.*client_id/],
  ])("%s", async (_what, oauth, words) => {
    const message = await refusal(oauth);
    expect(message).toMatch(words);
    expect(message).not.toContain("sesame");
  });
});
