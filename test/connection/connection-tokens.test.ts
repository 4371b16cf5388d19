import { cpSync, existsSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { clientOf } from "../../src/connection/connection-tokens.ts";
import { type Lab, startLab } from "../../src/lab/lab.ts";
import type { EwsPolicy, Registration, Tenant } from "../../src/lab/sign-in/app-registration.ts";
import { build, type Ended, start } from "../built.ts";
import { clientId, makeCertificate, secret, tenantId, tenantWith } from "../wire/sign-in/tenant.ts";

// Whole processes, as they are installed, against the lab and its token endpoint.
// A copy of the installed package: some tests take a library away, which others need meanwhile.
const copy = mkdtempSync(join(tmpdir(), "mailcordon-tokens-package-"));
const program = join(copy, "dist/mailcordon.cjs");
beforeAll(() => {
  cpSync(build().folder, copy, { recursive: true });
});
afterAll(() => {
  rmSync(copy, { recursive: true });
});

interface Place {
  readonly lab: Lab;
  readonly folder: string;
  run(words?: readonly string[], changes?: Record<string, string>): Promise<Ended>;
  begin(words: readonly string[], changes?: Record<string, string>): ReturnType<typeof start>;
}

async function place(registration: Partial<Registration> = {}, tenant: Partial<Tenant> = {}, policy: EwsPolicy = {}): Promise<Place> {
  const lab = await startLab({ tenant: tenantWith(registration, tenant), policy });
  const folder = mkdtempSync(join(tmpdir(), "mailcordon-tokens-"));
  onTestFinished(async () => {
    await lab.close();
    rmSync(folder, { recursive: true });
  });
  const environment = {
    MAILCORDON_EWS_URL: lab.ewsUrl,
    MAILCORDON_AUTHORITY: lab.url,
    MAILCORDON_TENANT: tenantId,
    MAILCORDON_CLIENT_ID: clientId,
    MAILCORDON_CLIENT_SECRET: secret,
    MAILCORDON_MAILBOX: "hr@example.com",
  };
  const begin = (words: readonly string[], changes: Record<string, string> = {}) =>
    start(process.execPath, [program, ...words], { ...environment, ...changes }, folder);
  return { lab, folder, begin, run: (words = ["get-out-of-office"], changes = {}) => begin(words, changes).ended };
}

const good = { code: 0, err: "", out: expect.stringContaining('"success":true') };
const asked = ({ lab }: Place) => lab.entra?.requests.map((request) => request.asked);
const operations = ({ lab }: Place) => lab.requests.map(({ operation, status }) => `${operation ?? "-"} ${status}`);
const tokensOf = ({ folder }: Place) => join(folder, ".cache/mailcordon/tokens");

/** While it runs, the identity library is not there. */
async function withoutLibrary<T>(work: () => Promise<T>): Promise<T> {
  const library = join(copy, "dist/msal.cjs");
  renameSync(library, `${library}.away`);
  try {
    return await work();
  } finally {
    renameSync(`${library}.away`, library);
  }
}

describe("with a client secret", () => {
  test("the first process fetches a token, and the second uses it, without a request and without the identity library", async () => {
    const here = await place();
    expect(await here.run()).toMatchObject(good);
    expect(asked(here)).toEqual(["openid-configuration", "client_credentials"]);
    expect(await withoutLibrary(() => here.run())).toMatchObject(good);
    expect(asked(here)).toHaveLength(2);
    expect(here.lab.requests.map(({ acting }) => acting)).toEqual(["hr@example.com", "hr@example.com"]);
  });

  test("the token is stored where only its owner can read it", async () => {
    const here = await place();
    await here.run();
    const [file = ""] = readdirSync(tokensOf(here));
    expect(statSync(join(tokensOf(here), file)).mode & 0o777).toBe(0o600);
    expect(statSync(tokensOf(here)).mode & 0o777).toBe(0o700);
  });

  test("a hostile cache is ignored", async () => {
    const here = await place();
    await here.run();
    const [file = ""] = readdirSync(tokensOf(here));
    for (const content of ["", "{", '{"token":"x\\r\\nX-Injected: 1","obtainedAt":0,"expiresAt":9e15}', "\0".repeat(1_000_000)]) {
      writeFileSync(join(tokensOf(here), file), content);
      expect(await here.run()).toMatchObject(good);
    }
    expect(asked(here)?.filter((one) => one === "client_credentials")).toHaveLength(5);
  });

  test("a token that the server refuses is renewed once, and the request is sent again", async () => {
    const here = await place();
    await here.run();
    here.lab.entra?.revokeTokens();
    expect(await here.run()).toMatchObject(good);
    expect(operations(here).slice(1)).toEqual(["- 401", "GetUserOofSettings 200"]);
    expect(asked(here)?.filter((one) => one === "client_credentials")).toHaveLength(2);
  });

  test("a server that refuses every token is asked twice before the failure is reported", async () => {
    const here = await place();
    await here.run();
    here.lab.addFault({ kind: "401", times: 100 });
    const ended = await here.run();
    expect(ended.code).toBe(10);
    expect(ended.err).toContain(`refuses the token of the application ${clientId}`);
    expect(operations(here).slice(1)).toEqual(["GetUserOofSettings 401", "GetUserOofSettings 401"]);
    expect(asked(here)?.filter((one) => one === "client_credentials")).toHaveLength(2);
  });

  test.each([
    ["that has expired", { secrets: [{ value: secret, expires: new Date(0) }] }, {}, 10, "AADSTS7000222"],
    ["that is wrong", { secrets: [{ value: "another~one" }] }, {}, 10, "AADSTS7000215"],
    ["for another tenant", {}, { MAILCORDON_TENANT: "nowhere.example" }, 10, "AADSTS90002"],
  ])("%s the call fails with Entra's code and never prints the secret", async (_what, registration, changes, code, words) => {
    const here = await place(registration);
    const ended = await here.run(["get-out-of-office", "--verbose"], changes);
    expect(ended.code).toBe(code);
    expect(ended.err).toContain(words);
    expect(here.lab.requests).toEqual([]);
    expect(`${ended.out}${ended.err}`).not.toContain(secret);
  });

  test("the log of requests shows neither secret nor token", async () => {
    const here = await place();
    const ended = await here.run(["get-out-of-office", "--verbose"]);
    expect(ended).toMatchObject({ code: 0, err: expect.stringContaining("/oauth2/v2.0/token") });
    expect(`${ended.out}${ended.err}`).not.toContain(secret);
    expect(`${ended.out}${ended.err}`).not.toContain("eyJ");
  });
});

describe("with a certificate", () => {
  test.each([
    ["in PEM", "certificate: { pem: both.pem }"],
    ["in PEM with its key apart", "certificate: { pem: cert.pem, key: key.pem }"],
    ["in PFX", "certificate: { pfx: both.pfx, passphrase: env:PASSPHRASE }"],
  ])("%s a token is fetched", async (_how, credential) => {
    const directory = mkdtempSync(join(tmpdir(), "mailcordon-tokens-certificate-"));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const { cert, both } = makeCertificate(directory);
    writeFileSync(join(directory, "both.pem"), both);
    const here = await place({ certificates: [cert], secrets: [] });
    const client = `tenant: ${tenantId}, client_id: ${clientId}, authority: "${here.lab.url}"`;
    const config = join(directory, "mailcordon.yaml");
    writeFileSync(config, `connections: { lab: { ews: { url: "${here.lab.ewsUrl}" }, auth: { oauth: { ${client}, ${credential} } } } }`);
    const only = { MAILCORDON_TENANT: "", MAILCORDON_CLIENT_ID: "", MAILCORDON_CLIENT_SECRET: "", MAILCORDON_AUTHORITY: "" };
    const changes = { ...only, MAILCORDON_EWS_URL: "", PASSPHRASE: "open" };
    expect(await here.run(["get-out-of-office", "--config", config], changes)).toMatchObject(good);
    expect(await withoutLibrary(() => here.run(["get-out-of-office", "--config", config], changes))).toMatchObject(good);
  });
});

test.skipIf(!existsSync("/usr/bin/script"))(
  "with a device code (needs the program script) a person signs in once, and later processes renew by themselves",
  async () => {
    const here = await place({ publicClient: true, scopes: { exchange: ["EWS.AccessAsUser.All"] } }, { deviceCode: { interval: 0.05 } });
    const config = join(here.folder, "mailcordon.yaml");
    const client = `tenant: ${tenantId}, client_id: ${clientId}, authority: "${here.lab.url}", device_code: true`;
    writeFileSync(config, `connections: { lab: { ews: { url: "${here.lab.ewsUrl}" }, auth: { oauth: { ${client} } } } }`);
    const environment = { MAILCORDON_MAILBOX: "hr@example.com" };
    const none = {
      MAILCORDON_TENANT: "",
      MAILCORDON_CLIENT_ID: "",
      MAILCORDON_CLIENT_SECRET: "",
      MAILCORDON_AUTHORITY: "",
      MAILCORDON_EWS_URL: "",
    };
    // Without a terminal nobody would see the code.
    expect(await here.run(["get-out-of-office"], none)).toMatchObject({ code: 10, err: expect.stringContaining("in a terminal") });
    const first = start("script", ["-qefc", `"${process.execPath}" "${program}" get-out-of-office`, "/dev/null"], environment, here.folder);
    await first.said("enter the code");
    const [code = ""] = here.lab.entra?.waiting ?? [];
    expect(here.lab.entra?.approve(code, "hr@example.com")).toBe(true);
    expect(await first.ended).toMatchObject({ code: 0, out: expect.stringContaining(`enter the code ${code} at ${here.lab.url}/device`) });
    expect(here.lab.requests.at(-1)).toMatchObject({ caller: "hr@example.com", acting: "hr@example.com" });
    here.lab.entra?.revokeTokens();
    expect(await here.run(["get-out-of-office"], none)).toMatchObject({ code: 0, out: good.out });
    expect(asked(here)?.slice(-2)).toEqual(["openid-configuration", "refresh_token"]);
    expect(here.lab.entra?.waiting).toEqual([]);
  },
);

describe("Exchange Online that", () => {
  test("blocks EWS for the application names the list, the client id and the command", async () => {
    const here = await place({}, {}, { ewsEnabled: true, ewsAllowedAppIDs: ["00000000-1111-4222-8333-444455556666"] });
    const ended = await here.run();
    expect(ended.code).toBe(11);
    for (const words of [clientId, "EwsEnabled", "EwsAllowedAppIDs", "Set-OrganizationConfig"]) expect(ended.err).toContain(words);
  });

  test("blocks one mailbox names the mailbox", async () => {
    const here = await place({}, {}, { disabledMailboxes: ["hr@example.com"] });
    const ended = await here.run();
    expect(ended).toMatchObject({ code: 11, err: expect.stringContaining("Get-CASMailbox -Identity 'hr@example.com'") });
    expect(await here.run(["get-out-of-office", "--mailbox", "soc@example.com"])).toMatchObject(good);
  });

  test.each([
    ["no permission at all", {}],
    ["the permission of another interface", { exchange: ["Mail.Read"] }],
  ])("finds in the token %s asks for full_access_as_app", async (_what, roles) => {
    const ended = await (await place({ roles })).run();
    expect(ended).toMatchObject({ code: 12, err: expect.stringContaining("full_access_as_app") });
  });

  test("refuses a request is asked with a new token by the next process, so a new permission takes effect immediately", async () => {
    const roles = { exchange: ["Mail.Read"] };
    const here = await place({ roles });
    expect(await here.run()).toMatchObject({ code: 12 });
    roles.exchange.push("full_access_as_app");
    expect(await here.run()).toMatchObject(good);
  });

  test("grants the right itself (RBAC for Applications) needs no permission in the token", async () => {
    const here = await place({ roles: {}, exchangeRole: true, mailboxes: ["hr@example.com"] });
    expect(await here.run()).toMatchObject(good);
    expect(await here.run(["get-out-of-office", "--mailbox", "soc@example.com"])).toMatchObject({ code: 12 });
  });

  test("requires an application to name the mailbox", async () => {
    const here = await place();
    const ended = await here.run(["get-out-of-office"], { MAILCORDON_ACCESS: "delegate" });
    expect(ended.code).not.toBe(0);
    expect(ended.err).toContain("ErrorInvalidExchangeImpersonationHeaderData");
  });
});

test("a configured scope is used for Exchange, not for Graph", () => {
  const oauth = {
    kind: "oauth",
    cloud: "us-dod",
    tenant: "t",
    clientId: "c",
    authority: undefined,
    scope: "https://mail.example.com/.default",
    credential: { kind: "managed-identity" },
  } as const;
  expect(clientOf(oauth, "exchange").scope).toBe("https://mail.example.com/.default");
  expect(clientOf(oauth, "graph").scope).toBe("https://dod-graph.microsoft.us/.default");
  expect(clientOf({ ...oauth, scope: undefined }, "exchange").scope).toBe("https://outlook-dod.office365.us/.default");
});
