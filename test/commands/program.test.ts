import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { actionNames } from "../../src/actions/load.ts";
import { program } from "../../src/commands/program.ts";
import { runCli } from "../../src/faces/cli/cli.ts";
import type { Screen } from "../../src/faces/cli/screen.ts";
import { type Lab, startLab } from "../../src/lab/lab.ts";
import { campaign } from "../../src/lab/seed/campaign.ts";
import { socAddress } from "../../src/lab/seed/seed.ts";
import { clientId, makeCertificate, tenantId, tenantWith } from "../wire/sign-in/tenant.ts";

/** Every kind of secret that settings can name, each with a mark that is in nothing else. */
const secrets = {
  PASSWORD: "marked-password-7Qx",
  WRONG_PASSWORD: "marked-wrong-8Rw",
  TOKEN: "marked-token-9Sv",
  CLIENT_SECRET: "marked-client~secret-1Tu",
  WRONG_CLIENT_SECRET: "marked-other~secret-2Ut",
  PASSPHRASE: "marked-passphrase-3Vs",
  PROXY_PASSWORD: "marked-proxy-4Wr",
};

let lab: Lab;
const folder = mkdtempSync(join(tmpdir(), "mailcordon-program-"));
const config = join(folder, "mailcordon.yaml");

beforeAll(async () => {
  const { key, cert, both } = makeCertificate(folder);
  const pem = join(folder, "both.pem");
  writeFileSync(pem, both);
  const secretsOf = tenantWith({ secrets: [{ value: secrets.CLIENT_SECRET }], certificates: [cert] });
  lab = await startLab({ password: secrets.PASSWORD, tokens: { [secrets.TOKEN]: socAddress }, tenant: secretsOf });
  const ews = { url: lab.ewsUrl };
  const mailbox = "user03@example.com";
  const basic = (password: string) => ({ basic: { username: socAddress, password } });
  const oauth = { tenant: tenantId, client_id: clientId, authority: lab.url };
  const connections = {
    basic: { ews, mailbox, auth: basic("env:PASSWORD") },
    wrong: { ews, mailbox, auth: basic("env:WRONG_PASSWORD") },
    ntlm: { ews, mailbox, auth: { ntlm: { username: socAddress, password: "env:PASSWORD" } } },
    auto: { ews, mailbox, auth: { auto: { username: socAddress, password: "env:PASSWORD", token: "env:TOKEN" } } },
    bearer: { ews, mailbox, auth: { bearer: { token: "env:TOKEN" } } },
    "bearer-of-another": { ews, mailbox, auth: { bearer: { token: "env:WRONG_PASSWORD" } } },
    secret: { ews, mailbox, auth: { oauth: { ...oauth, client_secret: "env:CLIENT_SECRET" } } },
    "wrong-secret": { ews, mailbox, auth: { oauth: { ...oauth, client_secret: "env:WRONG_CLIENT_SECRET" } } },
    certificate: { ews, mailbox, auth: { oauth: { ...oauth, certificate: { pem, passphrase: "env:PASSPHRASE" } } } },
    graph: { backend: "graph", graph: { url: lab.graphUrl }, mailbox, auth: { oauth: { ...oauth, client_secret: "env:CLIENT_SECRET" } } },
    proxied: {
      ews,
      mailbox,
      auth: basic("env:PASSWORD"),
      proxy: { url: "http://127.0.0.1:1", username: "soc", password: "env:PROXY_PASSWORD" },
    },
  };
  writeFileSync(config, JSON.stringify({ connections }));
  for (const [name, value] of Object.entries(secrets)) vi.stubEnv(name, value);
  for (const name of ["HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"]) vi.stubEnv(name, folder);
  keys = key.split("\n").slice(1, -2);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await lab.close();
  rmSync(folder, { recursive: true });
});
let keys: readonly string[] = [];

async function run(words: readonly string[], terminal = false) {
  const written = { out: "", err: "" };
  const screen: Screen = {
    stdin: Object.assign(new PassThrough().end(), { isTTY: false }),
    stdout: { isTTY: terminal, columns: 100, write: (text) => (written.out += text) },
    stderr: { isTTY: terminal, columns: 100, write: (text) => (written.err += text) },
    signal: new AbortController().signal,
  };
  const code = await runCli(words, program(join(import.meta.dirname, "../../package.json")), screen);
  return { code, ...written };
}

/** Returns the encoded forms of a secret, and the secret itself. */
function shapes(secret: string): readonly string[] {
  const pairs = [`${socAddress}:${secret}`, `soc:${secret}`].map((pair) => Buffer.from(pair).toString("base64"));
  return [secret, encodeURIComponent(secret), Buffer.from(secret).toString("base64").replace(/=+$/, "").slice(0, -1), ...pairs];
}

function expectNoSecret(text: string) {
  for (const secret of Object.values(secrets)) for (const shape of shapes(secret)) expect(text).not.toContain(shape);
  // A JSON Web Token begins so; a line of the certificate's key is long.
  expect(text).not.toMatch(/eyJ[\w-]{10,}/);
  for (const line of keys) expect(text).not.toContain(line);
}

const connections = [
  "basic",
  "wrong",
  "ntlm",
  "auto",
  "bearer",
  "bearer-of-another",
  "secret",
  "wrong-secret",
  "certificate",
  "graph",
  "proxied",
];

describe("no secret and no token is in any output, even with --verbose:", () => {
  test.each(connections)("doctor over the connection %s", async (connection) => {
    for (const terminal of [false, true]) {
      const { out, err } = await run(["doctor", "--config", config, "--connection", connection, "--verbose"], terminal);
      expect(out).toContain("settings");
      expectNoSecret(out + err);
    }
  });

  test.each(connections)("an action over the connection %s", async (connection) => {
    const { out, err, code } = await run(["get-out-of-office", "--config", config, "--connection", connection, "--verbose"], true);
    expect(out + err).not.toBe("");
    if (["basic", "bearer", "secret", "certificate"].includes(connection))
      expect([connection, code, err]).toEqual([connection, 0, expect.any(String)]);
    expectNoSecret(out + err);
  });

  const where = ["--mailbox", "user03@example.com", "--internet-message-id", campaign.messageId];
  const inputs: Readonly<Record<string, readonly string[]>> = {
    "copy-email": [...where, "--destination-folder", "drafts"],
    "delete-attachments": [...where, "--all"],
    "get-contacts": ["--mailbox", "user03@example.com"],
    "get-out-of-office": ["--mailbox", "user03@example.com"],
    "get-searchable-mailboxes": [],
    "search-emails-extended": ["--mailboxes", "user03@example.com"],
    "send-email": ["--mailbox", "user03@example.com", "--to", "user04@example.com", "--subject", "s", "--body-text", "b"],
    "reply-to-email": [...where, "--body-text", "b"],
  };
  test.each(actionNames)("%s, in the audit file either", async (action) => {
    const files = ["--out", join(folder, "evidence"), "--audit-file", join(folder, "audit.jsonl")];
    const { out, err } = await run([
      action,
      ...(inputs[action] ?? where),
      "--yes",
      "--config",
      config,
      "--connection",
      "basic",
      "--verbose",
      ...files,
    ]);
    // A request was sent, so the log had something to hide.
    expect(err).toMatch(/^> #1 POST http:\/\/127\.0\.0\.1:\d+\/EWS\/Exchange\.asmx \w+, \d+ bytes;.*; authorization: \[hidden\]/m);
    expectNoSecret(out + err);
  });

  test("the audit file of all of them", () => expectNoSecret(readFileSync(join(folder, "audit.jsonl"), "utf8")));

  test.each([
    [["--help"]],
    [["actions"]],
    [["exit-codes"]],
    [["setup", "entra", "--tenant", "example.com"]],
    [["setup", "onprem", "--account", "soc@example.com"]],
    [["setup", "entra", "--tenant", "example.com", "--backend", "graph"]],
    [["doctor", "--plan", "graph", "--config", config, "--connection", "secret", "--verbose"]],
    [["doctor", "--plan", "graph", "--config", config, "--connection", "proxied", "--offline"]],
    [["get-out-of-office", "--config", config, "--connection", "none-of-these", "--verbose"]],
  ])("%j", async (words) => {
    const { out, err } = await run(words);
    expectNoSecret(out + err);
  });
});

test("without --verbose no request is printed", async () => {
  const { err } = await run(["get-out-of-office", "--config", config, "--connection", "basic"]);
  expect(err).not.toMatch(/^[<>!] #/m);
});

test("doctor prints JSON outside a terminal and text on one, and exits with the code of the blocking step", async () => {
  const { out, code, err } = await run(["doctor", "--config", config, "--connection", "wrong"]);
  const document = JSON.parse(out);
  expect(out.trimEnd()).not.toContain("\n");
  expect(document).toMatchObject({ success: false, steps: expect.any(Array), actions: expect.any(Array) });
  expect([code, err]).toEqual([10, ""]);
  const shown = await run(["doctor", "--config", config, "--connection", "basic", "--actions", "delete-email"], true);
  expect(shown.out).toMatch(/^ok {7}settings {14}connection basic/m);
  expect(shown.out).toContain("The action would work.");
  expect(shown.code).toBe(0);
});

test("doctor prints no control character, whatever the name of the mailbox", async () => {
  const { out, err } = await run(
    ["doctor", "--config", config, "--connection", "basic", "--mailbox", "a\u001b[2J\u202e@example.com", "--verbose"],
    true,
  );
  expect(out).toContain("a␛[2J<U+202E>@example.com");
  expect(out + err).not.toMatch(/[\u001b\u202e]/);
});

test("doctor refuses an unknown action with the nearest name", async () => {
  const { err, code } = await run(["doctor", "--actions", "delete-mail"]);
  expect([code, err]).toEqual([2, expect.stringContaining("Did you mean delete-email?")]);
});
