import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { asFailure } from "../../src/failure.ts";
import { loadSettings } from "../../src/settings/load-settings.ts";

const root = mkdtempSync(join(tmpdir(), "mailcordon-network-settings-"));
afterAll(() => rmSync(root, { recursive: true }));
let directory = root;
beforeEach(() => {
  directory = mkdtempSync(join(root, "case-"));
});

/** One connection with these lines in it. */
async function load(lines: string, environment: Record<string, string> = {}) {
  writeFileSync(join(directory, "mailcordon.yaml"), `connections:\n  c:\n    ${lines.trim().replaceAll("\n", "\n    ")}\n`);
  return (await loadSettings({ directory, environment: { PW: "hunter2", ...environment } })).connection;
}
const refusal = async (...args: Parameters<typeof load>) => (await load(...args).then(() => undefined, asFailure))?.message ?? "accepted";

const url = "ews: { url: https://mail.example.com/EWS/Exchange.asmx }";
const auth = "auth: { basic: { username: soc@example.com, password: env:PW } }";

test("Autodiscover is switched on by `true` and begins with the mailbox or the account if it is an address", async () => {
  const found = await load(`ews: { autodiscover: true }\n${auth}\nmailbox: desk@example.com`);
  expect(found.ews).toMatchObject({ url: undefined, autodiscover: { address: "desk@example.com", allowHosts: [], cacheHours: undefined } });
  expect((await load(`ews: { autodiscover: true }\n${auth}`)).ews.autodiscover?.address).toBe("soc@example.com");
  const own = await load(`ews: { autodiscover: { address: a@example.org, allow_hosts: ["*.example.net"], cache_hours: 1 } }\n${auth}`);
  expect(own.ews.autodiscover).toEqual({ address: "a@example.org", allowHosts: ["*.example.net"], cacheHours: 1 });
});

test("an explicit URL skips Autodiscover, whatever its settings", async () => {
  const { ews } = await load(`ews: { url: https://mail.example.com/EWS/Exchange.asmx, autodiscover: true }\n${auth}`);
  expect(ews.url?.host).toBe("mail.example.com");
  expect(ews.autodiscover).toBeUndefined();
});

test("the environment can set only the address", async () => {
  const environment = { MAILCORDON_AUTODISCOVER_ADDRESS: "soc@example.com", MAILCORDON_USERNAME: "soc", MAILCORDON_PASSWORD: "x" };
  const { connection } = await loadSettings({ directory, environment });
  expect(connection).toMatchObject({ name: "environment", ews: { url: undefined, autodiscover: { address: "soc@example.com" } } });
});

test.each([
  ["no URL and no Autodiscover", auth, /connections\.c\.ews\.url is missing; .*autodiscover: true/],
  [
    "Autodiscover without an address",
    "ews: { autodiscover: true }\nauth: { basic: { username: 'EXAMPLE\\soc', password: env:PW } }",
    /ews\.autodiscover\.address is missing/,
  ],
  ["Autodiscover that is switched off", `ews: { autodiscover: false }\n${auth}`, /connections\.c\.ews\.url is missing/],
  [
    "a host with a scheme",
    `ews: { autodiscover: { allow_hosts: ["https://a.example.com"] } }\n${auth}`,
    /allow_hosts\.0 is not valid; put names of hosts/,
  ],
  ["every host", `ews: { autodiscover: { allow_hosts: ["*"] } }\n${auth}`, /allow_hosts\.0 is not valid/],
  [
    "a setting of Autodiscover that is none",
    `ews: { autodiscover: { alow_hosts: [] } }\n${auth}`,
    /autodiscover\.alow_hosts is not a setting.*allow_hosts/,
  ],
  [
    "a proxy with a password in its URL",
    `${url}\n${auth}\nproxy: { url: "http://svc:hunter3@proxy.example.com" }`,
    /proxy\.url is not valid/,
  ],
  ["a proxy of another kind", `${url}\n${auth}\nproxy: { url: "socks5://proxy.example.com" }`, /proxy\.url is not valid/],
  [
    "a proxy password in plain sight",
    `${url}\n${auth}\nproxy: { url: "http://p.example", username: svc, password: hunter3 }`,
    /proxy\.password is not valid; put env:NAME/,
  ],
  ["a proxy user without a password", `${url}\n${auth}\nproxy: { url: "http://p.example", username: svc }`, /proxy is not valid; put both/],
  [
    "a TLS version that is not safe",
    `${url}\n${auth}\ntls: { min_version: TLSv1.1 }`,
    /tls\.min_version is not valid; put TLSv1\.2 or TLSv1\.3/,
  ],
  ["a verification that is neither on nor off", `${url}\n${auth}\ntls: { verify: "no" }`, /tls\.verify is not valid; put true/],
])("the wrong setting %s is named with the accepted values", async (_, lines, message) => {
  const said = await refusal(lines);
  expect(said).toMatch(message);
  expect(said).not.toContain("hunter3");
});

test("a proxy in the settings serves http and https with its secret, and replaces those of the environment", async () => {
  const lines = `${url}\n${auth}\nproxy: { url: "http://proxy.example.com:3128", username: svc, password: env:PROXY_PW, no_proxy: [a.example, "b.example:8443"] }`;
  const { network } = await load(lines, { PROXY_PW: "s3cret", HTTPS_PROXY: "http://other.example.com", NO_PROXY: "*" });
  const server = { url: new URL("http://proxy.example.com:3128"), credentials: { username: "svc", password: "s3cret" } };
  expect(network.proxy).toEqual({ https: server, http: server, noProxy: ["a.example", "b.example:8443"], sparesLoopback: false });
  expect(
    (await load(`${url}\n${auth}\nproxy: { url: http://p.example, no_proxy: "a.example, b.example" }`)).network.proxy?.noProxy,
  ).toEqual(["a.example", "b.example"]);
});

// IBM's connector asks Autodiscover exactly when it checks certificates: one switch for two things.
test("the check of certificates and Autodiscover are set independently", async () => {
  const network = { ews: ["{ url: https://mail.example.com/EWS/Exchange.asmx }", "{ autodiscover: true }"], verify: [true, false] };
  for (const ews of network.ews) {
    for (const verify of network.verify) {
      const found = await load(`ews: ${ews}\n${auth}\ntls: { verify: ${verify} }`);
      expect([found.ews.autodiscover !== undefined, found.network.tls.verify]).toEqual([ews.includes("autodiscover"), verify]);
    }
  }
});

// XSOAR's branch for Office 365 takes the proxy also where it is switched off.
test("the environment's proxies are used by default, and `none` ignores them", async () => {
  const environment = { HTTPS_PROXY: "http://proxy.example.com:3128", NO_PROXY: "example.org" };
  const { network } = await load(`${url}\n${auth}`, environment);
  expect(network.proxy).toMatchObject({ noProxy: ["example.org"], sparesLoopback: true });
  expect((await load(`${url}\n${auth}\nproxy: { url: none }`, environment)).network.proxy).toBeUndefined();
  expect((await load(`${url}\n${auth}`)).network.proxy).toBeUndefined();
});

test("certificates are checked unless the file disables it, which no variable or flag can", async () => {
  expect((await load(`${url}\n${auth}`, { MAILCORDON_TLS_VERIFY: "false", NODE_TLS_REJECT_UNAUTHORIZED: "0" })).network.tls).toEqual({
    serverName: undefined,
    minVersion: undefined,
    verify: true,
  });
  const tls = "tls: { server_name: mail.example.com, min_version: TLSv1.3, verify: false }";
  expect((await load(`${url}\n${auth}\n${tls}`)).network.tls).toEqual({
    serverName: "mail.example.com",
    minVersion: "TLSv1.3",
    verify: false,
  });
});
