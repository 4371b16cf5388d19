import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { actionNames } from "../../src/actions/load.ts";
import { serverVariants } from "../../src/lab/server-variants.ts";
import { type Built, build, start } from "../built.ts";
import { testCertificate } from "../lab/certificate.ts";

// Whole processes: the lab as its command starts it, and the program as the lab says.
let built: Built;
const root = mkdtempSync(join(tmpdir(), "mailcordon-lab-command-"));
beforeAll(() => {
  built = build();
});
afterAll(() => {
  rmSync(root, { recursive: true });
});
let home = root;
let running: ReturnType<typeof start> | undefined;
beforeEach(() => {
  home = mkdtempSync(join(root, "home-"));
});
afterEach(async () => {
  running?.kill("SIGTERM");
  await running?.ended;
  running = undefined;
});

const begin = (words: readonly string[], environment: Record<string, string> = {}) =>
  start(process.execPath, [built.program, ...words], environment, home);
const ask = async (environment: Record<string, string>, ...words: string[]) => {
  const { out, code } = await begin(["get-out-of-office", ...words], environment).ended;
  return { code, ...JSON.parse(out) };
};

/** Starts the lab, and writes the settings that it prints into the folder of the test. */
async function lab(...words: string[]) {
  const process = begin(["lab", ...words]);
  running = process;
  await process.said("}\n");
  const said = JSON.parse(process.out());
  writeFileSync(join(home, "lab.yaml"), said.mailcordon_yaml);
  return { ...said, url: new URL(said.ews_url).origin, file: { MAILCORDON_CONFIG: "lab.yaml" } };
}

const enter = async (page: string, form: Record<string, string>) => {
  const response = await fetch(page, { method: "POST", body: new URLSearchParams(form) });
  return { status: response.status, text: await response.text() };
};

/** A change to the printed settings: from, to. */
type Change = readonly [RegExp, string];
const withoutAuthority: Change = [/, ca_file: "[^"]*"/, ""];
const byBasic: Change = [/ntlm:/, "basic:"];
const byTicket: Change = [/ntlm: \{[^}]*\}/, "kerberos: {}"];
const tls = ["--tls-cert", "cert.pem", "--tls-key", "key.pem"];

describe("doctor names each fault that the lab's command sets:", () => {
  test.each<[string, readonly string[], Change | undefined, Record<string, string>, string, string]>([
    ["an application that may not use EWS", ["--entra-block"], undefined, {}, "ews", "EwsAllowedAppIDs"],
    ["a secret that is wrong", ["--entra"], undefined, { MAILCORDON_CLIENT_SECRET: "wr0ng" }, "token", "Add-MgApplicationPassword"],
    ["a certificate of an authority that nobody knows", tls, withoutAuthority, {}, "tls", "ca_file"],
    [
      "a proxy with another password",
      ["--proxy-user", "svc:right", ...tls],
      undefined,
      { MAILCORDON_PROXY_PASSWORD: "wr0ng" },
      "tls",
      "proxy.password",
    ],
    ["a server that takes no Basic", ["--auth", "ntlm"], byBasic, {}, "ews", "auth: { auto:"],
    ["a ticket that nobody has", ["--auth", "ntlm,negotiate"], byTicket, { MAILCORDON_PASSWORD: "" }, "ews", "kerberos"],
    ["a way to sign in that the server does not offer", ["--auth", "negotiate"], undefined, {}, "ews", "auto"],
    ["a server that is overloaded", ["--fault", "server-busy-fault::1:99,backOffMs=60000"], undefined, {}, "ews", "Wait 60 s"],
  ])("%s", async (_what, words, change, environment, step, next) => {
    writeFileSync(join(home, "cert.pem"), testCertificate.cert);
    writeFileSync(join(home, "key.pem"), testCertificate.key);
    const said = await lab(...words);
    const [from, to] = change ?? [/^/, ""];
    expect(said.mailcordon_yaml).toMatch(from);
    writeFileSync(join(home, "lab.yaml"), said.mailcordon_yaml.replace(from, to));
    const { out, code } = await begin(["doctor", "--json"], { ...secretsOf(said.environment), ...said.file, ...environment }).ended;
    const { success, steps } = JSON.parse(out);
    expect(success).toBe(false);
    expect(code).toBeGreaterThan(0);
    const [first] = steps.filter(({ status }: { status: string }) => status === "failed");
    expect(first).toMatchObject({ name: step });
    expect(JSON.stringify(first.next)).toContain(next);
  });
});

describe("doctor names each fault of Microsoft Graph that the lab's command sets:", () => {
  const [soc, hr] = ["soc@example.com", "hr@example.com"];
  test.each<[string, readonly string[], readonly string[], string, string]>([
    [
      "a permission that nobody granted",
      ["--graph-permissions", "Mail.Read"],
      [],
      "graph-permissions",
      "Where-Object Value -eq 'Mail.Send'",
    ],
    ["a mailbox outside of the scope", ["--graph-mailboxes", soc], ["--mailbox", hr], "graph-mailbox", `-Member '${hr}'`],
    ["a mailbox on premises", ["--on-premises", soc], [], "graph-mailbox", "backend: auto"],
    ["a person without a licence", ["--unlicensed", soc], [], "graph-mailbox", "Get-MgUserLicenseDetail"],
  ])("%s", async (_what, words, more, step, next) => {
    const said = await lab("--entra", ...words);
    const { out, code } = await begin(["doctor", "--json", "--connection", "online", ...more], {
      ...secretsOf(said.environment),
      ...said.file,
    }).ended;
    const { success, steps } = JSON.parse(out);
    expect([success, code]).toEqual([false, expect.any(Number)]);
    expect(code).not.toBe(0);
    const [first] = steps.filter(({ status }: { status: string }) => status === "failed");
    expect(first).toMatchObject({ name: step });
    expect(JSON.stringify(first.next)).toContain(next);
  });

  test("nothing if there is no fault, over Graph and for both back ends of a hybrid organisation", async () => {
    const said = await lab("--entra", "--on-premises", hr);
    const environment = { ...secretsOf(said.environment), ...said.file };
    for (const [connection, mailbox] of [
      ["online", soc],
      ["hybrid", soc],
      ["hybrid", hr],
    ] as const) {
      const { out, code } = await begin(["doctor", "--json", "--connection", connection, "--mailbox", mailbox], environment).ended;
      expect([connection, mailbox, code, JSON.parse(out).message]).toEqual([
        connection,
        mailbox,
        0,
        `All ${actionNames.length} actions would work.`,
      ]);
    }
    const plan = await begin(["doctor", "--plan", "graph", "--connection", "lab"], environment).ended;
    expect([plan.code, JSON.parse(plan.out).ready]).toEqual([0, "yes"]);
  });
});

/** Returns the secrets that the settings file takes from the environment. */
function secretsOf(environment: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => /(PASSWORD|SECRET)$/.test(name)));
}

describe("a lab with a tenant", () => {
  test("that exchanges tokens of another issuer writes one into a private file and accepts it", async () => {
    const said = await lab("--entra-federated", "issued");
    expect(statSync(join(home, "issued")).mode & 0o777).toBe(0o600);
    expect(said.environment).toMatchObject({ MAILCORDON_FEDERATED_TOKEN_FILE: join(home, "issued") });
    expect(await ask(said.environment)).toMatchObject({ code: 0, success: true });
    expect(await ask(said.file)).toMatchObject({ code: 0, success: true });
    writeFileSync(join(home, "issued"), "another");
    rmSync(join(home, ".cache"), { recursive: true });
    expect(await ask(said.file)).toMatchObject({ code: 10, error: { code: "unauthenticated" } });
  });

  test("accepts the identity of the machine", async () => {
    const said = await lab("--entra");
    writeFileSync(
      join(home, "mailcordon.yaml"),
      `connections: { c: { ews: { url: "${said.ews_url}" }, auth: { oauth: { managed_identity: true } }, mailbox: hr@example.com } }`,
    );
    expect(await ask({ AZURE_POD_IDENTITY_AUTHORITY_HOST: said.url })).toMatchObject({ code: 0, success: true, mailbox: "hr@example.com" });
  });

  test.skipIf(!existsSync("/usr/bin/script"))("accepts a person who enters the code on its page (needs the program script)", async () => {
    const said = await lab("--entra");
    expect(said.device_login_url).toBe(`${said.url}/device`);
    const program = `"${process.execPath}" "${built.program}" get-out-of-office --connection person --json`;
    const person = start("script", ["-qefc", program, "/dev/null"], said.file, home);
    await person.said("enter the code");
    const [, code = "", page = ""] = /enter the code (\w+) at (\S+) to sign in/.exec(person.out()) ?? [];
    expect(page).toBe(said.device_login_url);
    const form = await (await fetch(page)).text();
    expect(form).toContain('name="code"');
    expect(await enter(page, { code: "no such code", account: "hr@example.com" })).toMatchObject({ status: 400 });
    expect(await enter(page, { code, account: "nobody@example.com" })).toMatchObject({ status: 400 });
    const done = await enter(page, { code: code.toLowerCase(), account: "soc@example.com" });
    expect(done).toMatchObject({ status: 200, text: expect.stringContaining("Signed in.") });
    expect(await person.ended).toMatchObject({ code: 0, out: expect.stringContaining("soc@example.com") });
    // The second process asks nobody.
    expect(await ask(said.file, "--connection", "person")).toMatchObject({ code: 0, success: true });
  });

  test("is refused with two kinds of proof", async () => {
    const { code, err, out } = await begin(["lab", "--entra-cert", "a.pem", "--entra-federated", "b"]).ended;
    expect([code, err + out]).toEqual([2, expect.stringContaining("--entra-cert and --entra-federated exclude each other")]);
  });
});

describe("the acts of the lab's command", () => {
  test("are one line for each move of a message", async () => {
    const said = await lab("--acts", join(home, "acts.jsonl"));
    const words = ["--mailbox", "finance@example.com", "--internet-message-id", "<20f7c1.4711@mailer.example.net>", "--yes", "--json"];
    await begin(["delete-email", ...words], said.environment).ended;
    const [act, ...more] = readFileSync(join(home, "acts.jsonl"), "utf8").trim().split("\n");
    expect(JSON.parse(act ?? "")).toMatchObject({ act: "move", mailbox: "finance@example.com", from: "Inbox", to: "Deletions" });
    expect(more).toEqual([]);
  });
});

describe("the server variants of the lab's command", () => {
  test("are the variants of its server", async () => {
    const said = await lab("--habits", "get-405, no-new-ids");
    expect((await fetch(said.ews_url)).status).toBe(405);
  });

  test("are refused by name if unknown", async () => {
    const { code, err } = await begin(["lab", "--habits", "no-new-ids,polite"]).ended;
    expect(code).toBeGreaterThan(0);
    expect(err).toContain('"polite" is not a habit');
  });

  test("are listed in its help and in its guide", async () => {
    const { out } = await begin(["lab", "--help"]).ended;
    const guide = readFileSync(join(import.meta.dirname, "../..", "docs", "lab.md"), "utf8");
    const names = Object.keys(serverVariants);
    expect(names.filter((name) => !out.includes(name) || !guide.includes(`\`${name}`))).toEqual([]);
  });
});
