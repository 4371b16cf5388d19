import { createServer } from "node:http";
import { afterEach, expect, test } from "vitest";
import { autodiscover } from "../../../src/ews/autodiscover/autodiscover.ts";
import type { AutodiscoverOptions, AutodiscoverStep } from "../../../src/ews/autodiscover/options.ts";
import { Failure } from "../../../src/failure.ts";
import type { AutodiscoverBehaviour, AutodiscoverRule } from "../../../src/lab/autodiscover/autodiscover.ts";
import { type Lab, startLab } from "../../../src/lab/lab.ts";
import { type LabProxy, startProxy } from "../../../src/lab/proxy.ts";
import { openHttp } from "../../../src/wire/http/http-client.ts";
import { namesCertificate } from "../../lab/names-certificate.ts";

const address = "soc@example.com";
const ewsUrl = "https://mail.example.com/EWS/Exchange.asmx";
const notFound: AutodiscoverBehaviour = { kind: "refuse", status: 404 };
/** The website of the domain, which has no Exchange. */
const website: AutodiscoverRule = { host: "example.com", behave: notFound };

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface Stage {
  readonly lab: Lab;
  readonly proxy: LabProxy;
  readonly steps: AutodiscoverStep[];
  /** Hosts that were sent credentials. */
  readonly signedIn: string[];
  find(more?: Partial<AutodiscoverOptions>): Promise<Awaited<ReturnType<typeof autodiscover>>>;
}

interface Asked {
  readonly rules: readonly AutodiscoverRule[];
  /** Further names, beside mail.example.com, that lead to the lab. */
  readonly hosts?: readonly string[];
  /** Further routes, `host:port` -> `host:port`. */
  readonly routes?: Readonly<Record<string, string>>;
  readonly password?: string;
}

/** Leads names that no resolver knows to the lab through a proxy. TLS is real, and a host without a route is unreachable. */
async function stage({ rules, hosts = ["example.com", "autodiscover.example.com"], routes = {}, password }: Asked): Promise<Stage> {
  const lab = await startLab({ tls: namesCertificate, seed: false, autodiscover: { externalUrl: ewsUrl, rules } });
  lab.store.addUser({ address });
  closing.push(() => lab.close());
  const { host } = new URL(lab.url);
  const named = Object.fromEntries(hosts.map((name) => [name.includes(":") ? name : `${name}:443`, host]));
  const proxy = await startProxy({ routes: { ...named, ...routes } });
  closing.push(() => proxy.close());
  const server = { url: new URL(proxy.url) };
  const http = openHttp({
    ca: namesCertificate.cert,
    proxy: { https: server, http: server, noProxy: [], sparesLoopback: false },
    timeouts: { connectMs: 5000, replyMs: 5000, idleMs: 5000 },
    maxConnections: 4,
  });
  closing.push(() => http.close());
  const steps: AutodiscoverStep[] = [];
  const signedIn: string[] = [];
  const authorization = `Basic ${Buffer.from(`${address}:${password ?? "lab-password"}`).toString("base64")}`;
  return {
    lab,
    proxy,
    steps,
    signedIn,
    find: (more = {}) =>
      autodiscover({
        address,
        allowHosts: [],
        userAgent: "mailcordon",
        lookUpService: async () => [],
        step: (step) => steps.push(step),
        send: (request, withCredentials) => {
          if (!withCredentials) return http.send(request);
          signedIn.push(request.url.host);
          return http.send({ ...request, headers: { ...request.headers, authorization } });
        },
        ...more,
      }),
  };
}

async function failure(work: Promise<unknown>): Promise<Failure> {
  const thrown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (thrown instanceof Failure) return thrown;
  throw new Error(`No Failure but ${String(thrown)}`);
}

test("JSON is requested first and without credentials, and its reply is enough", async () => {
  const { find, lab, signedIn } = await stage({ rules: [website] });
  expect(await find()).toMatchObject({ protocol: "Autodiscover v2", url: new URL(ewsUrl) });
  expect(signedIn).toEqual([]);
  expect(lab.requests.map(({ operation, headers, caller }) => [operation, headers.host, caller])).toEqual([
    ["autodiscover json", "example.com", undefined],
    ["autodiscover json", "autodiscover.example.com", undefined],
  ]);
});

test("without JSON, SOAP returns the URL and the accepted versions, and then POX the URL", async () => {
  const { find } = await stage({ rules: [{ protocol: "json", behave: notFound }] });
  const found = await find();
  expect(found).toMatchObject({ protocol: "Autodiscover SOAP", url: new URL(ewsUrl) });
  expect(found.schemas).toContain("Exchange2013_SP1");
  const older = await stage({
    rules: [
      { protocol: "json", behave: notFound },
      { protocol: "soap", behave: notFound },
    ],
  });
  expect(await older.find()).toMatchObject({ protocol: "Autodiscover POX", url: new URL(ewsUrl), schemas: [] });
});

test.each(["soap", "pox"] as const)("%s without an external URL returns the internal one", async (protocol) => {
  const rules: AutodiscoverRule[] = [{ protocol, behave: { kind: "answer", internal: ewsUrl } }, { behave: notFound }];
  expect(await (await stage({ rules })).find()).toMatchObject({ url: new URL(ewsUrl) });
});

test("a redirect within the domain is followed, and the credentials go there", async () => {
  const behave = { kind: "redirect", location: "https://eu.example.com/autodiscover/autodiscover.svc" } as const;
  const { find, signedIn } = await stage({
    rules: [{ protocol: "json", behave: notFound }, website, { host: "autodiscover.example.com", protocol: "soap", behave }],
    hosts: ["example.com", "autodiscover.example.com", "eu.example.com"],
  });
  expect(await find()).toMatchObject({ protocol: "Autodiscover SOAP" });
  expect(signedIn).toEqual(["example.com", "autodiscover.example.com", "eu.example.com"]);
});

test.each([
  ["a redirect of HTTP", { kind: "redirect", location: "https://autodiscover.example.net/autodiscover/autodiscover.svc" }],
  ["a redirect in SOAP's and POX's words", { kind: "redirect-url", url: "https://autodiscover.example.net/autodiscover/autodiscover.svc" }],
] as const)("%s to a foreign host gets no credentials, unless the settings allow it", async (_, behave) => {
  const rules: AutodiscoverRule[] = [{ protocol: "json", behave: notFound }, website, { host: "autodiscover.example.com", behave }];
  const hosts = ["example.com", "autodiscover.example.com", "autodiscover.example.net"];
  const { find, signedIn, lab } = await stage({ rules, hosts });
  const refused = await failure(find());
  expect(refused.code).toBe("invalid-settings");
  expect(refused.hint).toContain('allow_hosts: ["autodiscover.example.net"]');
  expect(signedIn).not.toContain("autodiscover.example.net");
  expect(lab.requests.some(({ headers }) => headers.host === "autodiscover.example.net")).toBe(false);
  for (const allowed of ["autodiscover.example.net", "*.example.net"]) {
    expect(await find({ allowHosts: [allowed] })).toMatchObject({ url: new URL(ewsUrl) });
  }
  expect((await failure(find({ allowHosts: ["example.net", "*.autodiscover.example.net"] }))).code).toBe("invalid-settings");
});

test.each([
  ["json", "https://ews.evil.example/EWS/Exchange.asmx"],
  ["soap", "https://ews.evil.example/EWS/Exchange.asmx"],
  ["pox", "https://notexample.com/EWS/Exchange.asmx"],
  ["json", "https://example.com.evil.example/EWS/Exchange.asmx"],
] as const)("%s that says EWS is at %s is not believed", async (protocol, external) => {
  const { find } = await stage({ rules: [{ protocol, behave: { kind: "answer", external } }, { behave: notFound }] });
  const refused = await failure(find());
  expect(refused.code).toBe("invalid-settings");
  expect(refused.message).toContain(new URL(external).hostname);
});

test.each([
  "http://mail.example.com/EWS/Exchange.asmx",
  "https://user:pw@mail.example.com/EWS/Exchange.asmx",
  "file:///etc/passwd",
  "javascript:alert(1)",
  "https://",
])("a URL of EWS such as %s is refused", async (external) => {
  const { find, signedIn } = await stage({ rules: [{ protocol: "json", behave: { kind: "answer", external } }, { behave: notFound }] });
  expect((await failure(find())).code).toBe("refused");
  expect(signedIn).not.toContain("user:pw@mail.example.com");
});

test("a false reply does not end the search: the next correct one is used", async () => {
  const lie: AutodiscoverBehaviour = { kind: "answer", external: "http://mail.example.com/EWS/Exchange.asmx" };
  const { find } = await stage({ rules: [{ host: "example.com", protocol: "json", behave: lie }] });
  expect(await find()).toMatchObject({ url: new URL(ewsUrl) });
});

test("a redirect to plain http is not followed", async () => {
  const { find, proxy } = await stage({
    rules: [{ behave: { kind: "redirect", location: "http://autodiscover.example.com/autodiscover/autodiscover.xml" } }],
  });
  const refused = await failure(find());
  expect(refused.message).toContain("not https");
  expect(proxy.requests.filter(({ method }) => method !== "CONNECT").length).toBe(1);
});

test.each([
  ["itself", "https://autodiscover.example.com/autodiscover/autodiscover.xml", 1],
  ["a circle of two", "https://example.com/autodiscover/autodiscover.xml", 2],
])("a loop through %s ends at once and says so", async (_, location, most) => {
  const { find, lab } = await stage({
    rules: [
      {
        host: "example.com",
        protocol: "pox",
        behave: { kind: "redirect", location: "https://autodiscover.example.com/autodiscover/autodiscover.xml" },
      },
      { host: "autodiscover.example.com", protocol: "pox", behave: { kind: "redirect", location } },
      { behave: notFound },
    ],
  });
  expect((await failure(find())).message).toContain("in a circle");
  expect(lab.requests.filter(({ operation }) => operation === "autodiscover pox").length).toBeLessThanOrEqual(2 + 2 * most);
});

test("redirects that never repeat end after ten", async () => {
  let count = 0;
  const rules: AutodiscoverRule[] = [
    {
      protocol: "json",
      get behave(): AutodiscoverBehaviour {
        return { kind: "redirect", location: `https://example.com/autodiscover/autodiscover.json/v1.0/${++count}?Protocol=EWS` };
      },
    },
    { behave: notFound },
  ];
  const { find } = await stage({ rules, hosts: ["example.com"] });
  expect((await failure(find())).message).toContain("more than 10 redirects");
  expect(count).toBe(11);
});

test("an address in another domain is looked up there, but its hosts stay foreign", async () => {
  const rules: AutodiscoverRule[] = [
    { host: "autodiscover.example.com", protocol: "soap", behave: { kind: "redirect-address", address: "soc@tenant.example.net" } },
    {
      host: "autodiscover.tenant.example.net",
      protocol: "json",
      behave: { kind: "answer", external: "https://mail.example.net/EWS/Exchange.asmx" },
    },
    { behave: notFound },
  ];
  const hosts = ["example.com", "autodiscover.example.com", "tenant.example.net", "autodiscover.tenant.example.net"];
  // The certificate has no names two levels below, so that these hosts fail by TLS: their parents do.
  const { find, signedIn } = await stage({ rules, hosts });
  const thrown = await failure(find());
  expect(signedIn.every((host) => host.endsWith("example.com"))).toBe(true);
  expect(["tls-failed", "invalid-settings"]).toContain(thrown.code);
  const near: AutodiscoverRule[] = [
    { host: "autodiscover.example.com", protocol: "pox", behave: { kind: "redirect-address", address: "soc@example.net" } },
    {
      host: "autodiscover.example.net",
      protocol: "json",
      behave: { kind: "answer", external: "https://mail.example.net/EWS/Exchange.asmx" },
    },
    { behave: notFound },
  ];
  const other = await stage({ rules: near, hosts: ["example.com", "autodiscover.example.com", "autodiscover.example.net"] });
  expect((await failure(other.find())).hint).toContain('allow_hosts: ["mail.example.net"]');
  expect(await other.find({ allowHosts: ["mail.example.net"] })).toMatchObject({
    url: new URL("https://mail.example.net/EWS/Exchange.asmx"),
  });
});

test("addresses that redirect to one another end", async () => {
  const rules: AutodiscoverRule[] = [
    { protocol: "soap", behave: { kind: "redirect-address", address: "SOC@Example.com" } },
    { behave: notFound },
  ];
  expect((await failure((await stage({ rules })).find())).message).toContain("circle of addresses");
});

test("a wrong password is sent only once, whatever hosts and protocols are left", async () => {
  const { find, signedIn } = await stage({ rules: [{ protocol: "json", behave: notFound }], password: "wrong" });
  const refused = await failure(find());
  expect(refused.code).toBe("unauthenticated");
  expect(signedIn).toEqual(["example.com"]);
  expect(JSON.stringify([refused.message, refused.hint])).not.toContain("wrong");
});

test.each(["json", "soap", "pox"] as const)("a reply of %s without an end is cut off", async (protocol) => {
  const { find } = await stage({ rules: [{ protocol, behave: { kind: "huge" } }, { behave: notFound }], hosts: ["example.com"] });
  expect((await failure(find())).message).toMatch(/bytes/);
});

const pages: readonly [string, string, string][] = [
  ["json", "text/html", "<html>Sign in</html>"],
  ["json", "application/json", '{"Protocol":"EWS"}'],
  ["json", "application/json", '["https://mail.example.com/EWS/Exchange.asmx"]'],
  ["json", "application/json", '{"Protocol":"ActiveSync","Url":"https://mail.example.com/eas"}'],
  ["json", "application/json", '{"__proto__":{"Url":"https://mail.example.com/"}}'],
  ["soap", "text/html", "<html>Sign in</html>"],
  ["soap", "text/xml", "<a/>"],
  ["soap", "text/xml", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"],
  ["pox", "text/xml", '<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"/>'],
  ["pox", "text/xml", '<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"><Response'],
  ["pox", "application/xml", "<Autodiscover>no namespace</Autodiscover>"],
];

test.each(pages)("a malformed reply of %s (%s: %s) is a failure of that host, and the search continues", async (protocol, type, body) => {
  const behave: AutodiscoverBehaviour = { kind: "content", type, body };
  const only = protocol === "json" ? "json" : protocol === "soap" ? "soap" : "pox";
  const { find } = await stage({
    rules: [
      { host: "example.com", protocol: only, behave },
      { host: "example.com", behave: notFound },
    ],
  });
  expect(await find()).toMatchObject({ url: new URL(ewsUrl) });
  const alone = await stage({ rules: [{ protocol: only, behave }, { behave: notFound }], hosts: ["example.com"] });
  expect(["broken-reply", "refused"]).toContain((await failure(alone.find())).code);
});

test("the plain-http redirect is requested without credentials, and leads on over https", async () => {
  const asked: (string | undefined)[] = [];
  const probe = createServer((request, response) => {
    asked.push(request.headers.authorization);
    response.writeHead(302, { Location: "https://discover.example.com/autodiscover/autodiscover.xml" }).end();
  });
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  closing.push(() => probe.close());
  const at = probe.address();
  const port = typeof at === "object" && at !== null ? at.port : 0;
  const { find, steps } = await stage({
    rules: [website],
    hosts: ["example.com", "discover.example.com"],
    routes: { "autodiscover.example.com:80": `127.0.0.1:${port}` },
  });
  expect(await find()).toMatchObject({ url: new URL(ewsUrl) });
  expect(asked).toEqual([undefined]);
  expect(steps.find(({ protocol }) => protocol === "redirect")?.outcome).toBe("leads to discover.example.com");
});

test("a DNS record leads to a host and a port, but does not make a foreign host trusted", async () => {
  const record = { name: "ex.example.com", port: 8443, priority: 0, weight: 0 };
  const rules: AutodiscoverRule[] = [website];
  const near = await stage({ rules, hosts: ["example.com", "ex.example.com:8443"] });
  const worse = { ...record, name: "other.example.com", priority: 5 };
  expect(await near.find({ lookUpService: async () => [worse, record] })).toMatchObject({ url: new URL(ewsUrl) });
  const far = await stage({ rules: [website, { protocol: "json", behave: notFound }], hosts: ["example.com", "ex.example.net:8443"] });
  const foreign = { ...record, name: "ex.example.net" };
  expect((await failure(far.find({ lookUpService: async () => [foreign] }))).code).toBe("invalid-settings");
  expect(far.signedIn).not.toContain("ex.example.net:8443");
});

test("a host that cannot be reached is not tried over another protocol", async () => {
  const { find, proxy } = await stage({ rules: [], hosts: ["nowhere.example.com"] });
  expect((await failure(find())).code).toBe("unreachable");
  expect(proxy.requests.map(({ target }) => target)).toEqual([
    "example.com:443",
    "autodiscover.example.com:443",
    "autodiscover.example.com:80",
  ]);
});

test("a proxy that requires a password is tried once", async () => {
  const proxy = await startProxy({ users: { svc: "secret" } });
  closing.push(() => proxy.close());
  const server = { url: new URL(proxy.url) };
  const http = openHttp({
    proxy: { https: server, http: server, noProxy: [], sparesLoopback: false },
    timeouts: { connectMs: 5000, replyMs: 5000, idleMs: 5000 },
    maxConnections: 4,
  });
  closing.push(() => http.close());
  const found = autodiscover({ address, allowHosts: [], userAgent: "mailcordon", send: (request) => http.send(request) });
  expect(await failure(found)).toMatchObject({ code: "unauthenticated", wireCode: "PROXY 407" });
  expect(proxy.requests.length).toBe(1);
});

test("a cancellation ends the search", async () => {
  const { find, lab } = await stage({ rules: [] });
  const stop = new AbortController();
  stop.abort();
  expect((await failure(find({ signal: stop.signal }))).code).toBe("cancelled");
  expect(lab.requests).toEqual([]);
});

test.each([
  "soc",
  "soc@localhost",
  "soc@192.0.2.1",
  "soc@",
  "@example.com",
  "soc@exa mple.com",
  "soc@example.com/evil",
  "soc@[::1]",
  "soc@example.com:81",
])("%s is refused as an address", async (wrong) => {
  const { find, proxy } = await stage({ rules: [] });
  expect((await failure(find({ address: wrong }))).code).toBe("invalid-settings");
  expect(proxy.requests).toEqual([]);
});

test("the replies of all hosts are in the failure, within a limit", async () => {
  const { find } = await stage({ rules: [{ protocol: "json", behave: { kind: "error", code: "X".repeat(5000) } }, { behave: notFound }] });
  const thrown = await failure(find());
  expect(thrown.message).toContain("autodiscover.example.com:");
  expect(thrown.message.length).toBeLessThan(3000);
});
