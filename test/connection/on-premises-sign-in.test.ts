import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { open } from "../../src/connection/open-connection.ts";
import { asFailure } from "../../src/failure.ts";
import type { Lab, LabOptions } from "../../src/lab/lab.ts";
import { loadSettings } from "../../src/settings/load-settings.ts";
import { type Built, build, start } from "../built.ts";
import { testCertificate } from "../lab/certificate.ts";
import { anna, startSmallLab } from "../lab/ews/soap-client.ts";
import { hasOpenssl, withOpenssl } from "../openssl.ts";
import { clientId, makeCertificate, secret, tenantId, tenantWith } from "../wire/sign-in/tenant.ts";

const folder = mkdtempSync(join(tmpdir(), "mailcordon-sign-in-"));
afterAll(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, "ca.pem"), testCertificate.cert);

let lab: Lab;
afterEach(() => lab.close());
const labOf = async (options: LabOptions) => {
  lab = await startSmallLab({ tls: testCertificate, ...options });
};

/** The state of anna's automatic replies, asked as the settings say; or the Failure. */
async function ask(auth: string, environment: Record<string, string> = {}): Promise<unknown> {
  const ca = lab.url.startsWith("https:") ? ', ca_file: "ca.pem"' : "";
  writeFileSync(
    join(folder, "mailcordon.yaml"),
    `connections: { lab: { ews: { url: "${lab.ewsUrl}"${ca} }, auth: { ${auth} }, mailbox: ${anna} } }`,
  );
  try {
    const settings = await loadSettings({
      directory: folder,
      environment: { P: "anna-secret", WRONG: "wrong", PASS: "sesame", ...environment },
    });
    const { exchange } = await open(settings);
    try {
      return (await exchange.mailbox(anna).outOfOffice()).state;
    } finally {
      await exchange.close();
    }
  } catch (thrown) {
    return asFailure(thrown);
  }
}
const signIns = () => lab.requests.map(({ signIn }) => signIn);

describe("a connection whose settings say", () => {
  test("ntlm signs in even if Extended Protection is required", async () => {
    await labOf({ signIn: { schemes: ["Negotiate", "NTLM"], extendedProtection: "Require" } });
    expect(await ask("ntlm: { username: 'EXAMPLE\\anna', password: env:P }")).toBe("Disabled");
    expect(signIns()).toEqual(["NTLM: challenged", "NTLM"]);
  });

  test("auto chooses a method that the server offers", async () => {
    await labOf({ signIn: { schemes: ["NTLM", "Basic"] } });
    expect(await ask("auto: { username: anna@example.com, password: env:P }")).toBe("Disabled");
    expect(signIns()).toEqual([undefined, "NTLM: challenged", "NTLM"]);
  });

  test.each(["basic", "ntlm", "auto"])("%s sends a wrong password once", async (way) => {
    await labOf({ signIn: { schemes: way === "basic" ? ["Basic"] : ["NTLM"] } });
    for (let times = 0; times < 3; times++) {
      expect(await ask(`${way}: { username: anna, password: env:WRONG }`)).toMatchObject({ code: "unauthenticated" });
    }
    expect(signIns().filter((how) => how?.endsWith("wrong password"))).toHaveLength(1);
  });
});

describe("auto with an application's tokens", () => {
  beforeEach(() => {
    vi.stubEnv("XDG_CACHE_HOME", mkdtempSync(join(folder, "cache-")));
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });
  const begin = (options: LabOptions) => labOf({ tls: undefined, tenant: tenantWith(), ...options });
  const oauth = (value = "env:APPLICATION") =>
    `oauth: { tenant: ${tenantId}, client_id: ${clientId}, authority: "${lab.url}", client_secret: ${value} }`;
  const environment = { APPLICATION: secret };
  const asked = () => lab.entra?.requests.map((request) => request.asked);
  const statuses = () => lab.requests.map(({ method, status }) => `${method} ${status}`);

  test("fetches one when the server asks for it, and the next process uses the same", async () => {
    await begin({ signIn: { schemes: ["Negotiate"], bearerWhenAsked: true } });
    expect(await ask(`auto: { ${oauth()} }`, environment)).toBe("Disabled");
    expect(await ask(`auto: { ${oauth()} }`, environment)).toBe("Disabled");
    expect(asked()).toEqual(["openid-configuration", "client_credentials"]);
    expect(lab.requests.at(-1)).toMatchObject({ acting: anna, signIn: undefined });
    expect(statuses()).toEqual(["GET 401", "GET 401", "POST 200", "GET 401", "GET 401", "POST 200"]);
  });

  test("renews it once when the server refuses it", async () => {
    await begin({ signIn: { schemes: [] } });
    expect(await ask(`auto: { ${oauth()} }`, environment)).toBe("Disabled");
    lab.entra?.revokeTokens();
    expect(await ask(`auto: { ${oauth()} }`, environment)).toBe("Disabled");
    expect(asked()?.filter((what) => what === "client_credentials")).toHaveLength(2);
    expect(statuses().slice(2)).toEqual(["GET 401", "POST 401", "POST 200"]);
  });

  test("fetches none if NTLM is offered and an account is configured", async () => {
    await begin({ signIn: { schemes: ["NTLM"] } });
    expect(await ask(`auto: { username: anna, password: env:P, ${oauth()} }`, environment)).toBe("Disabled");
    expect(asked()).toEqual([]);
  });

  test("prefers a token to Basic, and reports Entra's answer if there is none", async () => {
    await begin({ signIn: { schemes: ["Basic"] } });
    expect(await ask(`auto: { username: anna, password: env:P, ${oauth("env:WRONG")} }`, environment)).toMatchObject({
      code: "unauthenticated",
      wireCode: "AADSTS7000215",
    });
    expect(statuses()).toEqual(["GET 401"]);
  });

  test("fetches it at an AD FS, for the address of a server on premises", async () => {
    await begin({ signIn: { schemes: ["Negotiate"] }, tenant: tenantWith({}, { adfs: true, servers: ["https://mail.example.com"] }) });
    const adfs = (scope: string) =>
      `auto: { oauth: { client_id: ${clientId}, client_secret: env:APPLICATION, authority: "${lab.url}/adfs", scope: "${scope}" } }`;
    expect(await ask(adfs("https://mail.example.com/.default"), environment)).toBe("Disabled");
    expect(await ask(adfs("https://mail.example.net/.default"), environment)).toMatchObject({ wireCode: "AADSTS500011" });
  });

  test("names the token that Exchange refuses", async () => {
    await begin({ signIn: { schemes: [] }, tenant: tenantWith({ roles: { exchange: ["Mail.Read"] } }) });
    expect(await ask(`auto: { ${oauth()} }`, environment)).toMatchObject({
      code: "role-missing",
      message: expect.stringContaining(clientId),
    });
  });
});

describe.skipIf(!hasOpenssl)(`client certificates${hasOpenssl ? "" : " (skipped: openssl is not installed)"}`, () => {
  let authority: string;
  beforeAll(() => {
    withOpenssl((run, at) => {
      const key = (name: string) => ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-keyout", name];
      run("req", "-x509", ...key("ca.key"), "-nodes", "-out", "ca.pem", "-days", "2", "-subj", "/CN=authority of a test");
      run("req", ...key("anna.key"), "-passout", "pass:sesame", "-out", "anna.csr", "-subj", `/CN=${anna}`);
      run("x509", "-req", "-in", "anna.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-out", "anna.pem");
      run(
        "pkcs12",
        "-export",
        "-in",
        "anna.pem",
        "-inkey",
        "anna.key",
        "-passin",
        "pass:sesame",
        "-out",
        "anna.pfx",
        "-passout",
        "pass:sesame",
      );
      const old = ["-keypbe", "PBE-SHA1-RC2-40", "-certpbe", "PBE-SHA1-RC2-40", "-legacy"];
      run(
        "pkcs12",
        "-export",
        ...old,
        "-in",
        "anna.pem",
        "-inkey",
        "anna.key",
        "-passin",
        "pass:sesame",
        "-out",
        "old.pfx",
        "-passout",
        "pass:sesame",
      );
      run("req", "-x509", ...key("other.key"), "-nodes", "-out", "other.pem", "-days", "2", "-subj", `/CN=${anna}`);
      authority = readFileSync(join(at, "ca.pem"), "utf8");
      for (const name of ["anna.key", "anna.pem", "anna.pfx", "old.pfx", "other.key", "other.pem"])
        writeFileSync(join(folder, name), readFileSync(join(at, name)));
      writeFileSync(join(folder, "both.pem"), Buffer.concat([readFileSync(join(at, "anna.key")), readFileSync(join(at, "anna.pem"))]));
    });
  });
  const start = () => labOf({ tls: { ...testCertificate, clientAuthority: authority }, signIn: { schemes: [] } });

  test.each([
    ["PEM files", "pem: anna.pem, key: anna.key, passphrase: env:PASS"],
    ["one PEM file", "pem: both.pem, passphrase: env:PASS"],
    ["a PFX file", "pfx: anna.pfx, passphrase: env:PASS"],
  ])("sign in from %s", async (_, files) => {
    await start();
    expect(await ask(`client_certificate: { ${files} }`)).toBe("Disabled");
    expect(lab.requests).toMatchObject([{ signIn: "certificate", caller: anna, status: 200 }]);
  });

  test("of an unknown authority are refused", async () => {
    await start();
    expect(await ask("client_certificate: { pem: other.pem, key: other.key }")).toMatchObject({ code: "unauthenticated" });
  });

  test.each([
    ["a wrong passphrase", "pem: anna.pem, key: anna.key, passphrase: env:P", /passphrase is wrong or missing/],
    ["no passphrase", "pem: anna.pem, key: anna.key", /passphrase is wrong or missing/],
    ["a wrong passphrase of a PFX", "pfx: anna.pfx, passphrase: env:P", /passphrase is wrong or missing/],
    ["a PFX encrypted as Windows did it for long", "pfx: old.pfx, passphrase: env:PASS", /export it again with AES256_SHA256/],
    ["the key of another certificate", "pem: anna.pem, key: other.key", /the key does not belong to the certificate/],
    ["no key", "pem: anna.pem", /there is no private key in PEM form/],
    ["no certificate", "pem: anna.key, passphrase: env:PASS", /not a certificate and a key in PEM form/],
    ["a file that is no PFX", "pfx: anna.pem", /not a PFX file/],
    ["a file that is not there", "pfx: nowhere.pfx", /auth\.client_certificate: .*\(ENOENT\)/],
  ])("that cannot be used (%s) are named before anything is sent", async (_, files, message) => {
    await start();
    expect(await ask(`client_certificate: { ${files} }`)).toMatchObject({
      code: "invalid-settings",
      message: expect.stringMatching(message),
    });
    expect(lab.requests).toEqual([]);
  });
});

describe("the built program", () => {
  let built: Built;
  beforeAll(() => {
    built = build();
  });
  const run = (environment: Record<string, string>) =>
    start(
      process.execPath,
      [built.program, "get-out-of-office", "--mailbox", anna, "--json"],
      {
        ...{ MAILCORDON_EWS_URL: lab.ewsUrl, MAILCORDON_CA_FILE: join(folder, "ca.pem"), MAILCORDON_ACCESS: "delegate" },
        ...environment,
      },
      folder,
    ).ended;
  const account = { MAILCORDON_USERNAME: "EXAMPLE\\anna", MAILCORDON_PASSWORD: "anna-secret" };

  test.each(["ntlm", "auto"])("signs in by %s, set by the environment", async (way) => {
    rmSync(join(folder, "mailcordon.yaml"), { force: true });
    await labOf({ signIn: { schemes: ["NTLM"], extendedProtection: "Require" } });
    const { code, out } = await run({ ...account, MAILCORDON_AUTH: way });
    expect([code, JSON.parse(out)]).toMatchObject([0, { success: true, mailbox: anna }]);
  });

  test("sends a wrong password once and prints a hint", async () => {
    await labOf({ signIn: { schemes: ["NTLM"] } });
    const { code, out } = await run({ ...account, MAILCORDON_PASSWORD: "wrong", MAILCORDON_AUTH: "ntlm" });
    expect(code).toBe(10);
    expect(out).toContain("they are tried only once, to avoid locking the account");
    expect(signIns()).toEqual(["NTLM: challenged", "NTLM: wrong password"]);
  });

  test("starts a lab that requires NTLM with channel binding, and reaches it by the printed commands", async () => {
    await labOf({});
    writeFileSync(join(folder, "key.pem"), testCertificate.key);
    const words = ["--auth", "negotiate,ntlm", "--extended-protection", "require", "--tls-cert", "ca.pem", "--tls-key", "key.pem"];
    const running = start(process.execPath, [built.program, "lab", ...words], {}, folder);
    try {
      await running.said("}\n");
      const { environment, mailcordon_yaml } = JSON.parse(running.out());
      expect(environment).toMatchObject({ MAILCORDON_AUTH: "ntlm", MAILCORDON_CA_FILE: join(folder, "ca.pem") });
      const reached = await start(process.execPath, [built.program, "get-out-of-office"], environment, folder).ended;
      expect(JSON.parse(reached.out)).toMatchObject({ success: true });
      writeFileSync(join(folder, "lab.yaml"), mailcordon_yaml);
      const password = { MAILCORDON_CONFIG: "lab.yaml", MAILCORDON_PASSWORD: environment.MAILCORDON_PASSWORD };
      expect((await start(process.execPath, [built.program, "get-out-of-office"], password, folder).ended).code).toBe(0);
    } finally {
      running.kill("SIGTERM");
      await running.ended;
    }
  });

  test.each(["--entra", "--entra-cert", "--entra-block"])(
    "starts a lab with a tenant by %s, and reaches it by the printed commands",
    async (flag) => {
      await labOf({});
      writeFileSync(join(folder, "app.pem"), makeCertificate(folder).both);
      const running = start(process.execPath, [built.program, "lab", flag, ...(flag === "--entra-cert" ? ["app.pem"] : [])], {}, folder);
      try {
        await running.said("}\n");
        const { environment, mailcordon_yaml } = JSON.parse(running.out());
        writeFileSync(join(folder, "lab.yaml"), mailcordon_yaml);
        const withFile = { MAILCORDON_CONFIG: "lab.yaml", MAILCORDON_CLIENT_SECRET: environment.MAILCORDON_CLIENT_SECRET ?? "" };
        for (const said of [environment, withFile]) {
          const reached = await start(process.execPath, [built.program, "get-out-of-office"], said, folder).ended;
          if (flag === "--entra-block") expect(JSON.parse(reached.out)).toMatchObject({ error: { code: "access-denied" } });
          else expect(JSON.parse(reached.out)).toMatchObject({ success: true });
        }
      } finally {
        running.kill("SIGTERM");
        await running.ended;
      }
    },
  );

  test.each([
    [["--entra-cert", "ca.pem.key"], "ca.pem.key"],
    [["--auth", "kerberos"], "--auth must be one of basic, ntlm, negotiate"],
    [["--extended-protection", "yes"], "--extended-protection must be one of none, allow, require"],
    [["--tls-cert", "ca.pem"], "--tls-cert and --tls-key need each other"],
  ])("refuses a lab with %j", async (words, message) => {
    await labOf({});
    const { code, err, out } = await start(process.execPath, [built.program, "lab", ...words], {}, folder).ended;
    expect([code, err + out]).toEqual([2, expect.stringContaining(message)]);
  });

  test("names the requirements of Kerberos", async () => {
    await labOf({ signIn: { schemes: ["Negotiate"] } });
    const { code, out } = await run({ MAILCORDON_AUTH: "kerberos" });
    expect(code).toBe(10);
    expect(out).toContain("npm install kerberos");
  });
});
