import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { asFailure } from "../src/failure.ts";
import { loadSettings } from "../src/settings.ts";

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
  ["auto: { username: soc, password: env:P, token: env:T }", { kind: "auto", account: { username: "soc" } }],
  ["client_certificate: { pem: cert.pem, key: key.pem }", { kind: "client-certificate", form: "pem", files: ["cert.pem", "key.pem"] }],
  ["client_certificate: { pfx: soc.pfx, passphrase: env:P }", { kind: "client-certificate", form: "pfx", files: ["soc.pfx"] }],
])("auth: { %s } is read, its files beside the settings", async (auth, expected) => {
  const files = "files" in expected ? { files: expected.files?.map((file) => join(directory, file)) } : {};
  expect(await load(auth)).toMatchObject({ ...expected, ...files });
});

test("no secret shows when the settings are printed", async () => {
  for (const auth of [
    "ntlm: { username: a, password: env:P }",
    "auto: { username: a, password: env:P, token: env:T }",
    "client_certificate: { pfx: a, passphrase: env:P }",
  ]) {
    expect(JSON.stringify(await load(auth))).not.toMatch(/hunter2|abc/);
  }
});

describe("what is wrong is named, with what to put:", () => {
  test.each([
    ["ntlm: { username: soc }", "auth.ntlm.password is missing; put env:NAME"],
    ["ntlm: { username: soc, password: hunter2 }", "auth.ntlm.password is not right; put env:NAME"],
    ["ntlm: { user: soc, password: env:P }", "auth.ntlm.user is not a setting"],
    ["kerberos: true", "auth.kerberos is not right; put {}"],
    ["kerberos: {}, ntlm: { username: soc, password: env:P }", "auth is not right; put one of auto, basic or ntlm"],
    ["auto: { username: soc }", "auth.auto is not right; put both username and password, or neither"],
    ["client_certificate: { pem: a, pfx: b }", "auth.client_certificate is not right; put either pem or pfx"],
    ["ntlmm: {}", "auth.ntlmm is not a setting. Did you mean connections.prod.auth.ntlm?"],
  ])("auth: { %s }", async (auth, message) => {
    expect(await refusal(auth)).toContain(`connections.prod.${message}`);
  });
});

describe("the environment", () => {
  const account = { MAILCORDON_USERNAME: "other", MAILCORDON_PASSWORD: "hunter3" };

  test("gives a user name and a password to the way that the file has", async () => {
    expect(await load("ntlm: { username: soc, password: env:P }", account)).toMatchObject({ kind: "ntlm", username: "other" });
    expect(await load("auto: { token: env:T }", account)).toMatchObject({
      kind: "auto",
      account: { username: "other" },
      token: expect.anything(),
    });
    expect(await load("kerberos: {}", account)).toMatchObject({ kind: "basic", username: "other" });
  });

  test("alone can say everything, and which way it is", async () => {
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

  test("that chooses a way keeps what the file says of it, and nothing else", async () => {
    const auth = await load("basic: { username: soc, password: env:P }", { MAILCORDON_AUTH: "basic", MAILCORDON_TOKEN: "abc" });
    expect(auth).toMatchObject({ kind: "basic", username: "soc" });
    expect(await load("basic: { username: soc, password: env:P }", { MAILCORDON_AUTH: "kerberos" })).toEqual({ kind: "kerberos" });
  });

  test("that chooses a way that there is not is told so", async () => {
    expect(await refusal("kerberos: {}", { MAILCORDON_AUTH: "nltm" })).toContain(
      "auth.nltm is not a setting. Did you mean connections.prod.auth.ntlm?",
    );
  });

  test("puts its secrets where they can be revealed", async () => {
    const auth = await load("ntlm: { username: soc, password: env:P }", account);
    expect(auth.kind === "ntlm" && auth.password.reveal()).toBe("hunter3");
  });
});
