import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { AutodiscoverRule } from "../../src/lab/autodiscover/autodiscover.ts";
import { type Lab, type LabOptions, startLab } from "../../src/lab/lab.ts";
import { type LabProxy, type ProxyOptions, startProxy } from "../../src/lab/proxy.ts";
import { labPassword } from "../../src/lab/store/store.ts";
import { type Built, build, type Ended, start } from "../built.ts";
import { namesCertificate } from "../lab/names-certificate.ts";
import { clientId, secret, tenantId, tenantWith } from "../wire/sign-in/tenant.ts";

// Whole processes over real TLS: names that no resolver knows lead to the lab through a proxy.

let built: Built;
const root = mkdtempSync(join(tmpdir(), "mailcordon-open-"));
beforeAll(() => {
  built = build();
});
afterAll(() => {
  rmSync(root, { recursive: true });
});

let home = root;
const closing: (() => unknown)[] = [];
beforeEach(() => {
  home = mkdtempSync(join(root, "home-"));
  writeFileSync(join(home, "ca.pem"), namesCertificate.cert);
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const ewsUrl = "https://mail.example.com/EWS/Exchange.asmx";

async function startedLab(options: LabOptions = {}): Promise<Lab> {
  const lab = await startLab({ tls: namesCertificate, ...options });
  closing.push(() => lab.close());
  return lab;
}

async function startedProxy(lab: Lab, hosts: readonly string[], options: ProxyOptions = {}): Promise<LabProxy> {
  const { host } = new URL(lab.url);
  const proxy = await startProxy({ routes: Object.fromEntries(hosts.map((name) => [`${name}:443`, host])), ...options });
  closing.push(() => proxy.close());
  return proxy;
}

/** Runs the program with these settings for its connection, lines of YAML. */
async function run(
  lines: readonly string[],
  words: readonly string[] = ["get-out-of-office"],
  environment: Record<string, string> = {},
): Promise<Ended> {
  const account = "auth: { basic: { username: soc@example.com, password: env:PW } }";
  const all = [account, "mailbox: soc@example.com", ...lines].map((line) => `    ${line}\n`).join("");
  writeFileSync(join(home, "mailcordon.yaml"), `connections:\n  c:\n${all}`);
  return start(process.execPath, [built.program, ...words], { PW: labPassword, ...environment }, home).ended;
}

const answer = ({ out }: Ended) => JSON.parse(out);
const through = (proxy: LabProxy) => `proxy: { url: "${proxy.url}" }`;
const found = "ews: { autodiscover: true, ca_file: ca.pem }";

test("an address and a password are enough: the server is found, and the next process knows it", async () => {
  const lab = await startedLab({
    autodiscover: { externalUrl: ewsUrl, rules: [{ host: "example.com", behave: { kind: "refuse", status: 404 } }] },
  });
  const proxy = await startedProxy(lab, ["example.com", "autodiscover.example.com", "mail.example.com"]);
  expect(answer(await run([found, through(proxy)]))).toMatchObject({ success: true, mailbox: "soc@example.com" });
  expect(lab.requests.map(({ operation, headers }) => `${operation} at ${headers.host}`)).toEqual([
    "autodiscover json at example.com",
    "autodiscover json at autodiscover.example.com",
    "GetUserOofSettings at mail.example.com",
  ]);
  const folder = join(home, ".cache/mailcordon/servers");
  const [file = ""] = readdirSync(folder);
  expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(readFileSync(join(folder, file), "utf8")).not.toContain(labPassword);
  expect(answer(await run([found, through(proxy)]))).toMatchObject({ success: true });
  expect(lab.requests.slice(3).map(({ operation }) => operation)).toEqual(["GetUserOofSettings"]);
});

test("a public folder is searched by the mailbox that Autodiscover names", async () => {
  const lab = await startedLab({ autodiscover: { externalUrl: ewsUrl } });
  const proxy = await startedProxy(lab, ["example.com", "autodiscover.example.com", "mail.example.com"]);
  const searched = await run([found, through(proxy)], ["search-emails-extended", "--folder", "public:Notices"]);
  expect(answer(searched)).toMatchObject({ items: [{ subject: "Fire drill" }] });
  const asked = lab.requests.filter(({ headers }) => headers.host === "mail.example.com");
  expect(asked.length).toBeGreaterThan(2);
  expect(new Set(asked.map(({ anchorMailbox }) => anchorMailbox))).toEqual(new Set(["public-folders@example.com"]));
});

test("a server that has moved is found within the same call", async () => {
  const rules: AutodiscoverRule[] = [
    { protocol: "json", behave: { kind: "answer", external: "https://old.example.com/EWS/Exchange.asmx" } },
  ];
  const lab = await startedLab({ autodiscover: { externalUrl: ewsUrl, rules } });
  const hosts = ["example.com", "mail.example.com"];
  const before = await startedProxy(lab, [...hosts, "old.example.com"]);
  expect(answer(await run([found, through(before)]))).toMatchObject({ success: true });
  rules.length = 0;
  const after = await startedProxy(lab, hosts);
  expect(answer(await run([found, through(after)]))).toMatchObject({ success: true });
  expect(after.requests.map(({ target, status }) => [target, status])).toEqual([
    ["old.example.com:443", 502],
    ["example.com:443", 200],
    ["mail.example.com:443", 200],
  ]);
});

test("a server of a foreign domain receives no request until the settings allow it", async () => {
  const external = "https://ews.example.net/EWS/Exchange.asmx";
  const lab = await startedLab({ autodiscover: { externalUrl: external, rules: [] } });
  const proxy = await startedProxy(lab, ["example.com", "ews.example.net"]);
  const refused = await run([found, through(proxy)]);
  expect(answer(refused)).toMatchObject({ success: false, error: { code: "invalid-settings" } });
  expect(refused.err).toContain('allow_hosts: ["ews.example.net"]');
  expect(refused.code).toBe(3);
  expect(proxy.requests.some(({ target }) => target.startsWith("ews.example.net"))).toBe(false);
  const allowed = 'ews: { autodiscover: { allow_hosts: ["ews.example.net"] }, ca_file: ca.pem }';
  expect(answer(await run([allowed, through(proxy)]))).toMatchObject({ success: true });
});

test("a message whose server could not be found was certainly not sent", async () => {
  const lab = await startedLab();
  const proxy = await startedProxy(lab, ["nowhere.example.com"]);
  const lost = await run([found, through(proxy)], ["send-email", "--to", "hr@example.com", "--subject", "Hello", "--body-text", "Hello"]);
  expect(answer(lost).error?.code ?? answer(lost).results[0].error.code).toBe("unreachable");
});

test("an explicit URL skips the search", async () => {
  const lab = await startedLab();
  const proxy = await startedProxy(lab, ["mail.example.com"]);
  expect(answer(await run([`ews: { url: "${ewsUrl}", autodiscover: true, ca_file: ca.pem }`, through(proxy)]))).toMatchObject({
    success: true,
  });
  expect(lab.requests.map(({ operation }) => operation)).toEqual(["GetUserOofSettings"]);
});

test("a version that the server refuses is tried by the first process only", async () => {
  const lab = await startedLab({ version: "Exchange2013", newestVersion: "Exchange2013" });
  const proxy = await startedProxy(lab, ["mail.example.com"]);
  const lines = [`ews: { url: "${ewsUrl}", ca_file: ca.pem }`, through(proxy)];
  for (const _ of [1, 2]) expect(answer(await run(lines))).toMatchObject({ success: true });
  expect(lab.requests.map(({ status }) => status)).toEqual([500, 200, 200]);
});

test("a proxy in the settings receives its password, and a refusal names the setting to check", async () => {
  const lab = await startedLab();
  const proxy = await startedProxy(lab, ["mail.example.com"], { users: { svc: "open sesame" } });
  const ews = `ews: { url: "${ewsUrl}", ca_file: ca.pem }`;
  const signed = `proxy: { url: "${proxy.url}", username: svc, password: env:PROXY_PW }`;
  expect(answer(await run([ews, signed], undefined, { PROXY_PW: "open sesame" }))).toMatchObject({ success: true });
  const wrong = await run([ews, signed], undefined, { PROXY_PW: "shut sesame" });
  expect(answer(wrong)).toMatchObject({ error: { code: "unauthenticated", wire_code: "PROXY 407" } });
  expect(wrong.err).toContain("proxy.username and proxy.password");
  expect(wrong.err + wrong.out).not.toContain("sesame");
  expect(proxy.requests.map(({ status }) => status)).toEqual([200, 407]);
});

test("the environment's proxy is used except for hosts in NO_PROXY", async () => {
  const lab = await startedLab();
  const proxy = await startedProxy(lab, ["mail.example.com"]);
  const ews = `ews: { url: "${ewsUrl}", ca_file: ca.pem }`;
  expect(answer(await run([ews], undefined, { HTTPS_PROXY: proxy.url }))).toMatchObject({ success: true });
  const here = [`ews: { url: "${lab.ewsUrl}", ca_file: ca.pem }`, "tls: { server_name: mail.example.com }"];
  expect(answer(await run(here, undefined, { HTTPS_PROXY: proxy.url }))).toMatchObject({ success: true });
  expect(proxy.requests.length).toBe(1);
  const spared = await run([ews, "timeouts: { connect_seconds: 5 }"], undefined, { https_proxy: proxy.url, no_proxy: "example.com" });
  expect(answer(spared)).toMatchObject({ success: false });
  expect(proxy.requests.length).toBe(1);
});

test("a server with an older TLS than the settings allow receives no sign-in", async () => {
  const server = createServer({ ...namesCertificate, maxVersion: "TLSv1.2" }, (_, response) => response.writeHead(404).end());
  let asked = 0;
  server.on("request", () => asked++);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  const { port } = server.address() as AddressInfo;
  const ews = `ews: { url: "https://127.0.0.1:${port}/EWS/Exchange.asmx", ca_file: ca.pem }`;
  const strict = await run([ews, "tls: { server_name: mail.example.com, min_version: TLSv1.3 }"]);
  expect(answer(strict)).toMatchObject({ error: { code: "tls-failed", message: expect.stringContaining("no version of TLS") } });
  expect(asked).toBe(0);
  await run([ews, "tls: { server_name: mail.example.com }"]);
  expect(asked).toBeGreaterThan(0);
});

test("a server is reached by its IPv6 address", async (context) => {
  const lab = await startLab({ host: "::1" }).catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code !== "EADDRNOTAVAIL" && thrown.code !== "EAFNOSUPPORT") throw thrown;
    return context.skip("this machine has no IPv6");
  });
  closing.push(() => lab.close());
  expect(lab.ewsUrl).toContain("[::1]");
  expect(answer(await run([`ews: { url: "${lab.ewsUrl}" }`]))).toMatchObject({ success: true });
});

test("the answer reports the wait for Exchange, which never exceeds the limit in the settings", async () => {
  const lab = await startedLab({ faults: [{ kind: "server-busy-fault", operation: "GetUserOofSettings", backOffMs: 300 }] });
  const lines = [`ews: { url: "${lab.ewsUrl}", ca_file: ca.pem }`, "tls: { server_name: mail.example.com }"];
  const waited = await run(lines);
  expect(answer(waited)).toMatchObject({ success: true, waited_ms: expect.any(Number) });
  expect(answer(waited).waited_ms).toBeGreaterThanOrEqual(300);
  const impatient = [...lines, "throttling: { max_wait_seconds: 1 }"];
  lab.addFault({ kind: "server-busy-fault", operation: "GetUserOofSettings", backOffMs: 30_000 });
  expect(answer(await run(impatient))).toMatchObject({ success: false, error: { code: "busy" } });
});

test.skipIf(!existsSync("/usr/bin/script"))("on a terminal the wait is printed while it lasts (needs the program script)", async () => {
  const lab = await startedLab({ faults: [{ kind: "server-busy-fault", operation: "GetUserOofSettings", backOffMs: 300 }] });
  await run([`ews: { url: "${lab.ewsUrl}", ca_file: ca.pem }`, "tls: { server_name: mail.example.com }"], ["--version"]);
  const words = `"${process.execPath}" "${built.program}" get-out-of-office --json`;
  const { out } = await start("script", ["-qefc", words, "/dev/null"], { PW: labPassword }, home).ended;
  expect(out).toMatch(/waiting 1 s: /);
  expect(out).toMatch(/"waited_ms": ?\d+/);
});

test("unchecked certificates are reported on stderr, in the answer and in the audit log, after a success and after a failure", async () => {
  const lab = await startedLab();
  const careless = [`ews: { url: "${lab.ewsUrl}" }`, "tls: { verify: false }"];
  const read = await run(careless);
  expect(answer(read)).toMatchObject({ success: true, tls_verified: false });
  expect(read.err).toContain("WARNING: the server's certificate is not checked");
  const quiet = await run(careless, ["get-out-of-office", "--quiet", "--mailbox", "nobody@example.com"]);
  expect(quiet.err).toBe("");
  expect(answer(quiet)).toMatchObject({ success: false, tls_verified: false });
  const sent = await run(careless, ["send-email", "--to", "hr@example.com", "--subject", "Hello", "--body-text", "Hello", "--yes"]);
  expect(answer(sent)).toMatchObject({ success: true, tls_verified: false });
  const entries = readFileSync(join(home, ".local/state/mailcordon/audit.jsonl"), "utf8").trim().split("\n");
  expect(entries.map((line) => [JSON.parse(line).phase, JSON.parse(line).tls_verified])).toEqual([
    ["read", false],
    ["read", false],
    ["began", false],
    ["ended", false],
  ]);
  const careful = await run([`ews: { url: "${lab.ewsUrl}" }`]);
  expect(answer(careful)).toMatchObject({ success: false, error: { code: "tls-failed" } });
  expect(answer(careful)).not.toHaveProperty("tls_verified");
  expect(careful.err).not.toContain("WARNING");
});

test("the command line reaches a mailbox by its SID, its archive and a public folder", async () => {
  const lab = await startedLab();
  const hr = lab.store.mailbox("hr@example.com");
  if (hr === undefined) throw new Error("The lab has no such mailbox.");
  const archive = lab.store.openArchive(hr);
  const shared = lab.store.openPublicFolders();
  shared.createFolder(shared.root, "Security", "IPF.Note");
  const [item] = hr.known("inbox").items.values();
  if (item === undefined) throw new Error("The mailbox is empty.");
  archive.copy(hr.copy(item, archive.root), archive.root);
  const lines = [`ews: { url: "${lab.ewsUrl}", ca_file: ca.pem }`, "tls: { server_name: mail.example.com }"];
  const search = (...words: string[]) => run(lines, ["search-emails-extended", "--mailbox", hr.user.sid, ...words]);
  expect(answer(await search("--folder", "archive:"))).toMatchObject({ success: true, mailbox: hr.user.sid });
  const copy = ["copy-email", "--mailbox", hr.user.sid, "--item-id", item.id, "--destination-folder", "public:Security"];
  expect(answer(await run(lines, copy))).toMatchObject({ success: true });
  expect(shared.folderAt(["Security"])?.totalCount).toBe(1);
  expect(answer(await search("--folder", "public:Security"))).toMatchObject({ items: [{ subject: item.subject }] });
});

test("a connection with the back end graph reaches the mailbox with an application's token and with a ready token", async () => {
  const roles = { graph: ["MailboxSettings.Read", "Mail.Read"] };
  const lab = await startLab({ tenant: tenantWith({ roles }), graph: { tokens: { ready: roles.graph } } });
  closing.push(() => lab.close());
  const graph = { backend: "graph", graph: { url: lab.graphUrl }, mailbox: "user03@example.com" };
  const oauth = { tenant: tenantId, client_id: clientId, authority: lab.url, client_secret: "env:SECRET" };
  const connections = { app: { ...graph, auth: { oauth } }, ready: { ...graph, auth: { bearer: { token: "env:TOKEN" } } } };
  writeFileSync(join(home, "mailcordon.yaml"), JSON.stringify({ connections }));
  for (const connection of Object.keys(connections)) {
    const before = lab.requests.length;
    const words = [built.program, "get-out-of-office", "--connection", connection, "--json"];
    const ended = await start(process.execPath, words, { SECRET: secret, TOKEN: "ready", HOME: home }, home).ended;
    expect(answer(ended)).toMatchObject({ success: true, backend: "graph", mailbox: "user03@example.com" });
    expect(lab.requests.slice(before).some(({ path }) => path.startsWith("/v1.0/users/user03%40example.com/mailboxSettings"))).toBe(true);
    expect(lab.requests.slice(before).some(({ path }) => path.startsWith("/EWS"))).toBe(false);
  }
});

test("the list of mailboxes comes from the Admin API with a token of its own, or from the source in the settings", async () => {
  const roles = { graph: ["MailboxSettings.Read", "User.Read.All"], exchange: ["Exchange.ManageAsAppV2"] };
  const lab = await startLab({ tenant: tenantWith({ roles, recipientsRole: true }), graph: { tokens: { ready: roles.graph } } });
  closing.push(() => lab.close());
  const oauth = { tenant: "example.com", client_id: clientId, authority: lab.url, client_secret: "env:SECRET" };
  const connection = (graph: object, auth: object = { oauth }) => ({
    backend: "graph",
    graph: { url: lab.graphUrl, ...graph },
    mailbox: "user03@example.com",
    auth,
  });
  const connections = {
    auto: connection({ admin_api_url: lab.url }),
    directory: connection({ admin_api_url: lab.url, mailbox_list: "directory" }),
    unknown: connection({}),
    ready: connection({ admin_api_url: lab.url }, { bearer: { token: "env:TOKEN" } }),
  };
  const impossible = connection({ mailbox_list: "admin_api" }, { bearer: { token: "env:TOKEN" } });
  const sources: unknown[] = [];
  for (const name of [...Object.keys(connections), "impossible"]) {
    const written = name === "impossible" ? { impossible } : connections;
    writeFileSync(join(home, "mailcordon.yaml"), JSON.stringify({ connections: written }));
    const words = [built.program, "get-searchable-mailboxes", "--connection", name, "--json"];
    const { error, source } = answer(await start(process.execPath, words, { SECRET: secret, TOKEN: "ready", HOME: home }, home).ended);
    sources.push(source ?? error);
  }
  expect(sources).toEqual([
    "admin_api",
    "directory",
    "directory",
    "directory",
    expect.objectContaining({ code: "invalid-settings", message: expect.stringContaining("mailbox_list") }),
  ]);
  const asked = lab.requests.filter(({ operation }) => operation === "admin-api-mailbox");
  expect(asked.map(({ path }) => path.replace(/\?.*/, ""))).toEqual([`/adminapi/v2.0/${tenantId}/Mailbox`]);
});

test("the Admin API receives no token without its permission; the directory is listed, and the answer gives the reason", async () => {
  const roles = { graph: ["MailboxSettings.Read", "User.Read.All"], exchange: ["full_access_as_app"] };
  const lab = await startLab({ tenant: tenantWith({ roles, recipientsRole: true }) });
  closing.push(() => lab.close());
  const oauth = { tenant: tenantId, client_id: clientId, authority: lab.url, client_secret: "env:SECRET" };
  const graph = { url: lab.graphUrl, admin_api_url: lab.url };
  const listed = async (settings: object) => {
    const connection = { backend: "graph", graph: { ...graph, ...settings }, mailbox: "user03@example.com", auth: { oauth } };
    writeFileSync(join(home, "mailcordon.yaml"), JSON.stringify({ connections: { c: connection } }));
    return answer(
      await start(process.execPath, [built.program, "get-searchable-mailboxes", "--json"], { SECRET: secret, HOME: home }, home).ended,
    );
  };
  expect(await listed({})).toMatchObject({ success: true, source: "directory", note: expect.stringContaining("role-missing") });
  expect(await listed({ mailbox_list: "admin_api" })).toMatchObject({
    success: false,
    error: { code: "role-missing", hint: expect.stringContaining("Exchange.ManageAsAppV2") },
  });
  expect(lab.requests.filter(({ operation }) => operation === "admin-api-mailbox")).toEqual([]);
});
