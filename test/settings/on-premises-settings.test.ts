import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { asFailure } from "../../src/failure.ts";
import { loadSettings } from "../../src/settings/load-settings.ts";

const directory = mkdtempSync(join(tmpdir(), "mailcordon-settings-on-premises-"));
afterAll(() => rmSync(directory, { recursive: true }));

const ews = "https://mail.example.com/EWS/Exchange.asmx";
async function load(auth: string | undefined, environment: Record<string, string> = {}) {
  const yaml = auth === undefined ? "{}" : `connections: { prod: { ews: { url: "${ews}" }, auth: { ${auth} } } }`;
  writeFileSync(join(directory, "mailcordon.yaml"), yaml);
  return (await loadSettings({ directory, environment: { P: "hunter2", T: "abc", ...environment } })).connection.auth;
}
const refusal = async (...args: Parameters<typeof load>) => (await load(...args).then(() => undefined, asFailure))?.message ?? "accepted";

test.each([
  ["ntlm: { username: 'EXAMPLE\\soc', password: env:P }", { kind: "ntlm", username: "EXAMPLE\\soc" }],
  ["kerberos: {}", { kind: "kerberos" }],
  ["auto: {}", { kind: "auto", account: undefined, token: undefined }],
  ["auto: { username: soc, password: env:P, token: env:T }", { kind: "auto", account: { username: "soc" }, atLeast: undefined }],
  ["auto: { username: soc, password: env:P, at_least: ntlm }", { kind: "auto", account: { username: "soc" }, atLeast: "ntlm" }],
  ["client_certificate: { pem: cert.pem, key: key.pem }", { kind: "client-certificate", form: "pem", files: ["cert.pem", "key.pem"] }],
  ["client_certificate: { pfx: soc.pfx, passphrase: env:P }", { kind: "client-certificate", form: "pfx", files: ["soc.pfx"] }],
])("auth: { %s } is read, with files relative to the settings", async (auth, expected) => {
  const files = "files" in expected ? { files: expected.files?.map((file) => join(directory, file)) } : {};
  expect(await load(auth)).toMatchObject({ ...expected, ...files });
});

const application = "oauth: { tenant: example.com, client_id: soc, client_secret: env:P }";

test("auto accepts an application, as auth itself does", async () => {
  const auth = await load(`auto: { username: soc, password: env:P, ${application} }`);
  expect(auth).toMatchObject({
    kind: "auto",
    account: { username: "soc" },
    token: undefined,
    oauth: { kind: "oauth", clientId: "soc", credential: { kind: "client-secret" } },
  });
  expect(JSON.stringify(auth)).not.toContain("hunter2");
  await expect(load("auto: { oauth: { tenant: example.com, client_id: soc, client_secret: env:NONE } }")).rejects.toThrow(
    "connections.prod.auth.auto.oauth.client_secret: the environment variable NONE is not set",
  );
});

test("no secret is visible in printed settings", async () => {
  for (const auth of [
    "ntlm: { username: a, password: env:P }",
    "auto: { username: a, password: env:P, token: env:T }",
    "client_certificate: { pfx: a, passphrase: env:P }",
  ]) {
    expect(JSON.stringify(await load(auth))).not.toMatch(/hunter2|abc/);
  }
});

describe("a wrong setting is named with the accepted values:", () => {
  test.each([
    ["ntlm: { username: soc }", "auth.ntlm.password is missing; put env:NAME"],
    ["ntlm: { username: soc, password: hunter2 }", "auth.ntlm.password is not valid; put env:NAME"],
    ["ntlm: { user: soc, password: env:P }", "auth.ntlm.user is not a setting"],
    ["kerberos: true", "auth.kerberos is not valid; put {}"],
    ["kerberos: {}, ntlm: { username: soc, password: env:P }", "auth is not valid; put one of auto, basic or ntlm"],
    ["auto: { username: soc }", "auth.auto is not valid; put both username and password, or neither"],
    [
      "auto: { at_least: NTLM }",
      "auth.auto.at_least is not valid; put the weakest way to sign in that may be used: basic, ntlm, kerberos, oauth",
    ],
    ["auto: { username: soc, password: env:P, at_least: oauth }", "auth.auto is not valid; put token or oauth, when at_least is oauth"],
    [
      `auto: { token: env:T, ${application} }`,
      "auth.auto is not valid; put token (an existing token) or oauth (which fetches one), not both",
    ],
    ["auto: { oauth: { tenant: a, client_id: b } }", "auth.auto.oauth is not valid; put exactly one of client_secret"],
    ["auto: { oauth: { clientid: b, device_code: true } }", "auth.auto.oauth.clientid is not a setting. Did you mean"],
    ["client_certificate: { pem: a, pfx: b }", "auth.client_certificate is not valid; put either pem or pfx"],
    ["ntlmm: {}", "auth.ntlmm is not a setting. Did you mean connections.prod.auth.ntlm?"],
  ])("auth: { %s }", async (auth, message) => {
    expect(await refusal(auth)).toContain(`connections.prod.${message}`);
  });
});

describe("the environment", () => {
  const account = { MAILCORDON_USERNAME: "other", MAILCORDON_PASSWORD: "hunter3" };

  test("sets user name and password of the sign-in method in the file", async () => {
    expect(await load("ntlm: { username: soc, password: env:P }", account)).toMatchObject({ kind: "ntlm", username: "other" });
    expect(await load("auto: { token: env:T }", account)).toMatchObject({
      kind: "auto",
      account: { username: "other" },
      token: expect.anything(),
    });
    expect(await load("kerberos: {}", account)).toMatchObject({ kind: "basic", username: "other" });
  });

  test("sets the application of auto if the method is auto, and a ready token replaces it", async () => {
    const oauth = { MAILCORDON_TENANT: "example.org", MAILCORDON_CLIENT_ID: "other", MAILCORDON_CLIENT_SECRET: "hunter3" };
    const fetched = { kind: "auto", token: undefined, oauth: { tenant: "example.org", clientId: "other" } };
    expect(await load("auto: { token: env:T }", oauth)).toMatchObject(fetched);
    expect(await load(undefined, { MAILCORDON_EWS_URL: ews, MAILCORDON_AUTH: "auto", ...oauth })).toMatchObject(fetched);
    const byCertificate = await load(`auto: { ${application} }`, { MAILCORDON_CERTIFICATE_FILE: "soc.pem" });
    expect(byCertificate).toMatchObject({ oauth: { clientId: "soc", credential: { kind: "certificate" } } });
    expect(await load(`auto: { ${application} }`, { MAILCORDON_TOKEN: "abc" })).toMatchObject({ kind: "auto", oauth: undefined });
    expect(await load("basic: { username: soc, password: env:P }", oauth)).toMatchObject({ kind: "oauth", clientId: "other" });
  });

  test("alone can set everything, the method included", async () => {
    const environment = { MAILCORDON_EWS_URL: ews, ...account };
    expect(await load(undefined, environment)).toMatchObject({ kind: "basic" });
    expect(await load(undefined, { ...environment, MAILCORDON_AUTH: "ntlm" })).toMatchObject({ kind: "ntlm", username: "other" });
    expect(await load(undefined, { ...environment, MAILCORDON_AUTH: "auto", MAILCORDON_TOKEN: "abc" })).toMatchObject({
      kind: "auto",
      account: { username: "other" },
      token: expect.anything(),
    });
    expect(await load(undefined, { ...environment, MAILCORDON_AUTH: "kerberos" })).toEqual({ kind: "kerberos" });
  });

  test("that chooses a method keeps only the file's settings of that method", async () => {
    const auth = await load("basic: { username: soc, password: env:P }", { MAILCORDON_AUTH: "basic", MAILCORDON_TOKEN: "abc" });
    expect(auth).toMatchObject({ kind: "basic", username: "soc" });
    expect(await load("basic: { username: soc, password: env:P }", { MAILCORDON_AUTH: "kerberos" })).toEqual({ kind: "kerberos" });
  });

  test("that chooses an unknown method is refused with its name", async () => {
    expect(await refusal("kerberos: {}", { MAILCORDON_AUTH: "nltm" })).toContain(
      "auth.nltm is not a setting. Did you mean connections.prod.auth.ntlm?",
    );
  });

  test("sets secrets that can be revealed", async () => {
    const auth = await load("ntlm: { username: soc, password: env:P }", account);
    expect(auth.kind === "ntlm" && auth.password.reveal()).toBe("hunter3");
  });
});
