import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { asFailure } from "../../src/failure.ts";
import { variables } from "../../src/settings/environment-variables.ts";
import { loadSettings, readWrittenSettings, type SettingsPlace } from "../../src/settings/load-settings.ts";

const root = mkdtempSync(join(tmpdir(), "mailcordon-settings-"));
afterAll(() => rmSync(root, { recursive: true }));
let directory = root;
beforeEach(() => {
  directory = mkdtempSync(join(root, "case-"));
});

const good = `
default: prod
evidence_dir: evidence
connections:
  prod:
    ews: { url: https://mail.example.com/EWS/Exchange.asmx, ca_file: ca.pem }
    auth: { basic: { username: 'EXAMPLE\\soc', password: env:PROD_PASSWORD } }
    mailbox: soc@example.com
    timeouts: { reply_seconds: 30 }
    throttling: { max_wait_seconds: 90 }
  token:
    ews: { url: https://mail.example.org/EWS/Exchange.asmx }
    auth: { bearer: { token: file:token.txt } }
    access: delegate
`;

function load(yaml: string | undefined, environment: Record<string, string> = {}, flags: SettingsPlace["flags"] = {}) {
  if (yaml !== undefined) writeFileSync(join(directory, "mailcordon.yaml"), yaml);
  return loadSettings({ directory, environment: { PROD_PASSWORD: "hunter2", ...environment }, flags });
}

/** The message of the failure, without the path before it. */
async function refusal(...args: Parameters<typeof load>): Promise<string> {
  const failure = await load(...args).then(() => undefined, asFailure);
  expect(failure?.code).toBe("invalid-settings");
  return (failure?.message ?? "accepted").replaceAll(`${directory}/`, "");
}

test("a file sets the default connection, with paths relative to the file", async () => {
  const { connection, evidence, audit } = await load(good);
  expect(connection).toMatchObject({
    name: "prod",
    mailbox: "soc@example.com",
    access: "impersonation",
    auth: { kind: "basic", username: "EXAMPLE\\soc" },
    timeouts: { connect: undefined, reply: 30, idle: undefined },
    throttling: { maxWait: 90, maxConcurrency: undefined },
  });
  expect(connection.ews.url?.href).toBe("https://mail.example.com/EWS/Exchange.asmx");
  expect(connection.ews.caFile).toBe(join(directory, "ca.pem"));
  expect(connection.auth.kind === "basic" && connection.auth.password.reveal()).toBe("hunter2");
  expect(evidence).toEqual({ folder: join(directory, "evidence") });
  expect(audit).toMatchObject({ file: join(homedir(), ".local/state/mailcordon/audit.jsonl"), reads: true, key: undefined });
});

test("another connection is chosen by the environment, or by a flag that overrides it", async () => {
  writeFileSync(join(directory, "token.txt"), "abc\n");
  const { connection } = await load(good, { MAILCORDON_CONNECTION: "token" });
  expect(connection).toMatchObject({ name: "token", access: "delegate", auth: { kind: "bearer" } });
  expect(connection.auth.kind === "bearer" && connection.auth.token.reveal()).toBe("abc");
  expect((await load(good, { MAILCORDON_CONNECTION: "token" }, { connection: "prod" })).connection.name).toBe("prod");
});

test("the environment overrides the file, and flags override the environment", async () => {
  const environment = {
    MAILCORDON_MAILBOX: "other@example.com",
    MAILCORDON_ACCESS: "delegate",
    MAILCORDON_REPLY_SECONDS: "5",
    MAILCORDON_MAX_WAIT_SECONDS: "7",
    MAILCORDON_MAX_CONCURRENCY: "3",
    MAILCORDON_TOTAL_SECONDS: "8",
    MAILCORDON_MAX_REPLY_MEGABYTES: "2",
    MAILCORDON_EVIDENCE_DIR: "env",
  };
  const { connection, evidence } = await load(good, environment);
  expect(connection).toMatchObject({
    mailbox: "other@example.com",
    access: "delegate",
    timeouts: { reply: 5, total: 8 },
    maxReplyBytes: 2 * 1024 * 1024,
    throttling: { maxWait: 7, maxConcurrency: 3 },
  });
  expect(evidence).toEqual({ folder: join(directory, "env") });
  const flags = { evidenceDir: "flag", auditFile: "audit.jsonl" };
  expect(await load(good, environment, flags)).toMatchObject({
    evidence: { folder: join(directory, "flag") },
    audit: { file: join(directory, "audit.jsonl") },
  });
});

test("a person is required over MCP only if the file says so", async () => {
  expect((await load(good, {})).requirePerson).toBe(false);
  expect((await load(`${good}\nmcp: { require_person: true }\n`, {})).requirePerson).toBe(true);
  await expect(load(`${good}\nmcp: { require_person: "yes" }\n`, {})).rejects.toMatchObject({ code: "invalid-settings" });
  const config = join(directory, "person.yaml");
  writeFileSync(config, `${good}\nmcp: { require_person: true }\n`);
  expect((await readWrittenSettings({ flags: { config }, environment: {}, directory })).requirePerson).toBe(true);
});

test("a token in the environment replaces a password in the file", async () => {
  const { connection } = await load(good, { MAILCORDON_TOKEN: "abc" });
  expect(connection.auth.kind === "bearer" && connection.auth.token.reveal()).toBe("abc");
});

test("the environment alone is enough", async () => {
  writeFileSync(join(directory, "password"), "hunter3\n");
  const { connection } = await load(undefined, {
    MAILCORDON_EWS_URL: "https://mail.example.com/EWS/Exchange.asmx",
    MAILCORDON_USERNAME: "soc@example.com",
    MAILCORDON_PASSWORD_FILE: "password",
  });
  expect(connection).toMatchObject({ name: "environment", auth: { kind: "basic", username: "soc@example.com" } });
  expect(connection.auth.kind === "basic" && connection.auth.password.reveal()).toBe("hunter3");
});

test("every environment variable replaces a setting that exists", async () => {
  for (const [variable, path] of Object.entries(variables)) {
    const value = variable.endsWith("_SECONDS") ? "abc" : "";
    expect(path.length, variable).toBeGreaterThan(0);
    if (value !== "") expect(await refusal(good, { [variable]: value })).toContain(`connections.prod.${path.join(".")} is not valid`);
  }
});

describe("the settings file is found", () => {
  const user = () => {
    const config = join(directory, "config");
    mkdirSync(join(config, "mailcordon"), { recursive: true });
    writeFileSync(join(config, "mailcordon", "mailcordon.yaml"), good.replaceAll("prod", "mine"));
    return { XDG_CONFIG_HOME: config };
  };

  test("in the user's folder if the working directory has none", async () => {
    expect((await load(undefined, user())).connection.name).toBe("mine");
  });

  test("in the working directory before the user's folder", async () => {
    expect((await load(good, user())).connection.name).toBe("prod");
  });

  test("by MAILCORDON_CONFIG, and by --config before it", async () => {
    writeFileSync(join(directory, "a.yaml"), good.replaceAll("prod", "a"));
    writeFileSync(join(directory, "b.yaml"), good.replaceAll("prod", "b"));
    expect((await load(good, { MAILCORDON_CONFIG: "a.yaml" })).connection.name).toBe("a");
    expect((await load(good, { MAILCORDON_CONFIG: "a.yaml" }, { config: "b.yaml" })).connection.name).toBe("b");
  });

  test("or is reported as missing", async () => {
    expect(await refusal(undefined, {}, { config: "c.yaml" })).toBe("--config: there is no file c.yaml.");
    expect(await refusal(undefined)).toMatch(
      /^No connection is set .* Add one under connections in mailcordon\.yaml, or set MAILCORDON_EWS_URL or MAILCORDON_BACKEND\.$/,
    );
  });
});

describe("a wrong setting is named with the accepted values", () => {
  const changed = (from: string | RegExp, to: string) => {
    expect(good).toMatch(from);
    return good.replace(from, to);
  };
  test.each([
    [
      "no URL",
      () => changed("url: https://mail.example.com/EWS/Exchange.asmx, ", ""),
      /connections\.prod\.ews\.url is missing; put the address of Exchange Web Services, such as https:/,
    ],
    [
      "a URL that is none",
      () => changed("https://mail.example.com/EWS/Exchange.asmx", "mail.example.com"),
      /connections\.prod\.ews\.url is not valid; put the address/,
    ],
    [
      "a URL with a password in it",
      () => changed("https://mail.example.com", "https://soc:hunter2@mail.example.com"),
      /connections\.prod\.ews\.url is not valid/,
    ],
    [
      "plain http",
      () => changed("https://mail.example.com", "http://mail.example.com"),
      /connections\.prod\.ews\.url is plain http.*put an https address/,
    ],
    [
      "an unknown setting",
      () => changed("ca_file:", "cafile:"),
      /connections\.prod\.ews\.cafile is not a setting\. Did you mean connections\.prod\.ews\.ca_file\?/,
    ],
    [
      "an unknown setting at the top",
      () => changed("evidence_dir", "evidence_directory_or_so"),
      /evidence_directory_or_so is not a setting\. Known here: connections, default, aliases, evidence_dir, evidence_s3, audit_file, audit, mcp, sweep, serve\./,
    ],
    [
      "an unknown access",
      () => changed("access: delegate", "access: owner"),
      /connections\.token\.access is not valid; put impersonation or delegate/,
    ],
    [
      "a concurrency of nothing",
      () => changed("max_wait_seconds: 90", "max_concurrency: 0"),
      /throttling\.max_concurrency is not valid; put the maximum/,
    ],
    [
      "seconds that are no number",
      () => changed("30", "soon"),
      /connections\.prod\.timeouts\.reply_seconds is not valid; put the maximum number of seconds/,
    ],
    [
      "two ways to log in",
      () => changed("auth: { basic", "auth: { bearer: { token: env:T }, basic"),
      /connections\.prod\.auth is not valid; put one of auto, basic or ntlm .* bearer .* and oauth/,
    ],
    [
      "a default that is none",
      () => changed("default: prod", "default: prodd"),
      /There is no connection prodd \(the settings have: prod, token\)\. Did you mean prod\?/,
    ],
    [
      "no default among several",
      () => changed("default: prod", ""),
      /default is missing; put one of: prod, token, or use --connection NAME/,
    ],
    ["a list instead of settings", () => "[1, 2]", /put `connections:`/],
  ])("%s", async (_, yaml, message) => {
    expect(await refusal(yaml())).toMatch(message);
  });

  test("several mistakes are reported together", async () => {
    const message = await refusal(
      good.replace("https://mail.example.com", "ftp://mail.example.com").replace("access: delegate", "access: 1"),
    );
    expect(message).toContain("connections.prod.ews.url");
    expect(message).toContain("connections.token.access");
  });
});

describe("a secret", () => {
  test.each(["hunter2secret", "12345678", "[hunter2secret]"])(
    "written in the file itself (%s) is refused without being printed",
    async (literal) => {
      const message = await refusal(good.replace("env:PROD_PASSWORD", literal));
      expect(message).toMatch(/connections\.prod\.auth\.basic\.password is not valid; put env:NAME .* or file:PATH/);
      expect(message).not.toContain("hunter2secret");
      expect(message).not.toContain("12345678");
    },
  );

  test("in a line that is not YAML is not printed, only the position of the line", async () => {
    const message = await refusal(good.replace("password: env:PROD_PASSWORD } }", "password: 'hunter2secret } }"));
    expect(message).toMatch(/^mailcordon\.yaml, line \d+, column \d+: this is not YAML/);
    expect(message).not.toContain("hunter2secret");
  });

  test("of an unused connection may be missing", async () => {
    expect((await load(good)).connection.name).toBe("prod");
  });

  test("that is missing is reported with its setting and its source", async () => {
    expect(await refusal(good, { PROD_PASSWORD: "" })).toBe(
      "connections.prod.auth.basic.password: the environment variable PROD_PASSWORD is empty. Put the secret there.",
    );
  });

  test("is not visible in printed settings", async () => {
    expect(JSON.stringify(await load(good))).not.toContain("hunter2");
  });
});

test.each(["http://127.0.0.1:8080", "http://localhost", "http://[::1]:9"])(
  "plain http is accepted for this machine: %s",
  async (origin) => {
    expect(
      (await load(good.replace("https://mail.example.com/EWS/Exchange.asmx", `"${origin}/EWS/Exchange.asmx"`))).connection.ews.url?.origin,
    ).toBe(origin);
  },
);

test.each(["http://127.0.0.1.example.com", "http://localhost.example.com", "http://10.0.0.1"])(
  "plain http is refused for a host that only resembles this machine: %s",
  async (origin) => {
    expect(await refusal(good.replace("https://mail.example.com/EWS/Exchange.asmx", `"${origin}/EWS/Exchange.asmx"`))).toContain(
      "plain http",
    );
  },
);

test("aliases that expand without limit are refused", async () => {
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${"bcdefghij"
    .split("")
    .map((name, at) => `${name}: &${name} [${Array(9).fill(`*${"abcdefghij"[at]}`).join(",")}]`)
    .join("\n")}\n`;
  expect(await refusal(bomb)).toBe("mailcordon.yaml: its aliases (*name) cannot be resolved.");
});

describe("Microsoft Graph:", () => {
  const oauth = "tenant: example.com, client_id: 3a9b8c7d-1111-4222-8333-444455556666, client_secret: env:PROD_PASSWORD";
  const yaml = (lines: string) => `connections:\n  prod: { backend: graph, ${lines} }`;

  test.each([
    ["", "https://graph.microsoft.com/v1.0"],
    [", cloud: us-dod", "https://dod-graph.microsoft.us/v1.0"],
    [", cloud: china", "https://microsoftgraph.chinacloudapi.cn/v1.0"],
  ])("has the address of its cloud by default%s", async (cloud, url) => {
    const { connection } = await load(yaml(`auth: { oauth: { ${oauth}${cloud} } }`));
    expect([connection.backend, connection.graph.url.href]).toEqual(["graph", url]);
  });

  test("does not accept a password", async () => {
    expect(await refusal(yaml("auth: { basic: { username: soc, password: env:PROD_PASSWORD } }"))).toContain("put oauth, or bearer");
  });

  test("receives no token over plain http", async () => {
    expect(await refusal(yaml(`auth: { oauth: { ${oauth} } }, graph: { url: "http://graph.example.com/v1.0" }`))).toContain("graph.url");
  });

  test("can be chosen by the environment, and the default is EWS", async () => {
    expect((await load(good)).connection.backend).toBe("ews");
    const environment = { MAILCORDON_BACKEND: "graph", MAILCORDON_GRAPH_URL: "https://graph.example.com/v1.0", MAILCORDON_TOKEN: "ready" };
    const { connection } = await load(good, environment);
    expect([connection.backend, connection.graph.url.href]).toEqual(["graph", "https://graph.example.com/v1.0"]);
  });
});

describe("a connection without `backend`", () => {
  const backendOf = async (yaml: string) => (await load(yaml, { TOKEN: "t" })).connection.backend;
  const oauth = "oauth: { tenant: example.com, client_id: 11111111-2222-3333-4444-555555555555, client_secret: env:TOKEN }";

  test.each([
    ["to Exchange Online is over Graph", `auth: { ${oauth} }`, "graph"],
    ["with a ready token and no URL is over Graph", "auth: { bearer: { token: env:TOKEN } }", "graph"],
    ["with a URL is over EWS", `ews: { url: "https://mail.example.com/EWS/Exchange.asmx" }\n    auth: { ${oauth} }`, "ews"],
    ["with Autodiscover is over EWS", `ews: { autodiscover: true }\n    mailbox: soc@example.com\n    auth: { ${oauth} }`, "ews"],
  ])("%s", async (_, lines, expected) => {
    expect(await backendOf(`connections:\n  one:\n    ${lines}\n`)).toBe(expected);
  });

  test("to Exchange Online is over EWS if that is named", async () => {
    expect(await backendOf(`connections:\n  one:\n    backend: ews\n    auth: { ${oauth} }\n`)).toBe("ews");
  });
});
