import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { connect, createServer as createTcpServer } from "node:net";
import { afterEach, expect, test, vi } from "vitest";
import { Failure } from "../../../src/failure.ts";
import { type LabProxy, type ProxyOptions, startProxy } from "../../../src/lab/proxy.ts";
import type { Http } from "../../../src/wire/http/client-interface.ts";
import { type HttpOptions, neverSent, openHttp } from "../../../src/wire/http/http-client.ts";
import { splitNoProxy } from "../../../src/wire/http/proxy-rules.ts";
import { testCertificate } from "../../lab/certificate.ts";
import { namesCertificate } from "../../lab/names-certificate.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A server that says which connection a request came over; its port. */
async function origin(tls: boolean): Promise<number> {
  const sockets = new WeakMap<object, number>();
  let count = 0;
  const listener: Parameters<typeof createServer>[1] = (request, response) => {
    const number = sockets.get(request.socket) ?? ++count;
    sockets.set(request.socket, number);
    const { host, "proxy-authorization": proxied } = request.headers;
    request.resume();
    request.on("end", () => response.end(JSON.stringify({ connection: number, host, proxied, url: request.url })));
  };
  const server = tls ? createTlsServer(namesCertificate, listener) : createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function proxyWith(options: ProxyOptions): Promise<LabProxy> {
  const proxy = await startProxy(options);
  closing.push(() => proxy.close());
  return proxy;
}

interface Through {
  readonly credentials?: { readonly username: string; readonly password: string };
  readonly noProxy?: string;
}

function client(proxy: { readonly url: string }, { credentials, noProxy = "" }: Through = {}, more: Partial<HttpOptions> = {}): Http {
  const server = { url: new URL(proxy.url), credentials };
  const http = openHttp({
    ca: namesCertificate.cert + testCertificate.cert,
    proxy: { https: server, http: server, noProxy: splitNoProxy(noProxy), sparesLoopback: false },
    timeouts: { connectMs: 5000, replyMs: 5000, idleMs: 5000 },
    maxConnections: 2,
    ...more,
  });
  closing.push(() => http.close());
  return http;
}

async function get(http: Http, url: string, signal?: AbortSignal) {
  const response = await http.send({ url: new URL(url), method: "GET", headers: {}, signal });
  const { connection, host, proxied, url: path }: Record<string, unknown> = JSON.parse((await response.text(10_000)) || "{}");
  return { status: response.status, connection, host, proxied, path };
}

async function failure(work: Promise<unknown>): Promise<Failure> {
  const thrown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (thrown instanceof Failure) return thrown;
  throw new Error(`No Failure but ${String(thrown)}`);
}

test("https goes through CONNECT: the certificate is that of the server, and the connection is used again", async () => {
  const port = await origin(true);
  const proxy = await proxyWith({ routes: { "mail.example.com:443": `127.0.0.1:${port}` } });
  const http = client(proxy);
  expect(await get(http, "https://mail.example.com/a")).toEqual({ status: 200, connection: 1, host: "mail.example.com", path: "/a" });
  expect(await get(http, "https://mail.example.com/b")).toMatchObject({ connection: 1, path: "/b" });
  expect(proxy.requests).toEqual([{ method: "CONNECT", target: "mail.example.com:443", user: undefined, status: 200 }]);
});

test("a certificate for another name is refused behind a proxy as well", async () => {
  const port = await origin(true);
  const proxy = await proxyWith({ routes: { "mail.elsewhere.example:443": `127.0.0.1:${port}` } });
  const refused = await failure(get(client(proxy), "https://mail.elsewhere.example/"));
  expect(refused.code).toBe("tls-failed");
  expect(neverSent(refused)).toBe(true);
});

test("plain http reaches the proxy as a whole URL, and the proxy's own headers go no further", async () => {
  const port = await origin(false);
  const proxy = await proxyWith({ routes: { "mail.example.com:80": `127.0.0.1:${port}` }, users: { svc: "secret" } });
  const http = client(proxy, { credentials: { username: "svc", password: "secret" } });
  const answer = await get(http, "http://mail.example.com/x?y=1");
  expect(answer).toEqual({ status: 200, connection: 1, host: "mail.example.com", path: "/x?y=1" });
  expect(proxy.requests).toEqual([{ method: "GET", target: "mail.example.com:80", user: "svc", status: 200 }]);
});

test("a proxy that is itself reached over TLS carries TLS inside TLS", async () => {
  const port = await origin(true);
  const proxy = await proxyWith({ tls: testCertificate, routes: { "mail.example.com:443": `127.0.0.1:${port}` } });
  expect(await get(client(proxy), "https://mail.example.com/")).toMatchObject({ status: 200 });
});

test.each([
  ["https", "CONNECT"],
  ["http", "GET"],
])("a 407 for %s names the missing setting after one request, which never reached the server", async (scheme, method) => {
  const port = await origin(scheme === "https");
  const target = `mail.example.com:${scheme === "https" ? 443 : 80}`;
  const proxy = await proxyWith({ routes: { [target]: `127.0.0.1:${port}` }, users: { svc: "secret" } });
  const missing = await failure(get(client(proxy), `${scheme}://mail.example.com/`));
  expect(missing).toMatchObject({ code: "unauthenticated", wireCode: "PROXY 407" });
  expect(missing.message).toContain("requires a user name");
  expect(neverSent(missing)).toBe(true);
  const wrong = await failure(get(client(proxy, { credentials: { username: "svc", password: "wrong" } }), `${scheme}://mail.example.com/`));
  expect(wrong.message).toContain("refuses the user name or the password");
  expect(wrong.message + wrong.hint).not.toMatch(/wrong(?!\w)/);
  expect(proxy.requests.map((request) => [request.method, request.status])).toEqual([
    [method, 407],
    [method, 407],
  ]);
});

test("a host that the proxy forbids is access-denied, one that it cannot reach is unreachable", async () => {
  const proxy = await startProxy({ refused: ["mail.example.com"], onlyRoutes: true });
  expect(await failure(get(client(proxy), "https://mail.example.com/"))).toMatchObject({ code: "access-denied", wireCode: "PROXY 403" });
  expect(await failure(get(client(proxy), "https://other.example.com/"))).toMatchObject({ code: "unreachable", wireCode: "PROXY 502" });
  await proxy.close();
  const gone = await failure(get(client(proxy), "https://mail.example.com/"));
  expect(gone.code).toBe("unreachable");
  expect(gone.message).toContain("the proxy 127.0.0.1");
});

test("a proxy that never answers ends in a time-out, and waiting for it can be cancelled", async () => {
  const silent = createTcpServer(() => undefined);
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const address = silent.address();
  closing.push(() => silent.close());
  const url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  const timeouts = { connectMs: 150, replyMs: 5000, idleMs: 5000 };
  const late = await failure(get(client({ url }, {}, { timeouts }), "https://mail.example.com/"));
  expect(late.code).toBe("timeout");
  expect(neverSent(late)).toBe(true);
  const stop = new AbortController();
  const waiting = failure(get(client({ url }), "https://mail.example.com/", stop.signal));
  setTimeout(() => stop.abort(), 20);
  expect((await waiting).code).toBe("cancelled");
});

test("a proxy that speaks in the server's place before the server can is not believed", async () => {
  const liar = createTcpServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"));
  });
  await new Promise<void>((resolve) => liar.listen(0, "127.0.0.1", resolve));
  const address = liar.address();
  closing.push(() => liar.close());
  const url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  const thrown = await failure(get(client({ url }), "https://mail.example.com/"));
  expect(["unreachable", "tls-failed"]).toContain(thrown.code);
  expect(neverSent(thrown)).toBe(true);
});

test("a host in no_proxy is reached without the proxy", async () => {
  const port = await origin(false);
  const proxy = await proxyWith({});
  expect(await get(client(proxy, { noProxy: `127.0.0.1:${port}` }), `http://127.0.0.1:${port}/`)).toMatchObject({ status: 200 });
  expect(proxy.requests).toEqual([]);
});

test("the server name to request and check can differ from the URL's host", async () => {
  const port = await origin(true);
  const http = client({ url: "http://127.0.0.1:9" }, { noProxy: "*" }, { tls: { serverName: "mail.example.com" } });
  expect(await get(http, `https://127.0.0.1:${port}/`)).toMatchObject({ status: 200, host: `127.0.0.1:${port}` });
  const plain = client({ url: "http://127.0.0.1:9" }, { noProxy: "*" });
  expect((await failure(get(plain, `https://127.0.0.1:${port}/`))).code).toBe("tls-failed");
});

// XSOAR's "trust any certificate" changes the HTTP adapter of the whole process.
test("only a setting lets an unknown certificate pass, and only on the connection that it is set for", async () => {
  const port = await origin(true);
  const url = `https://127.0.0.1:${port}/`;
  const bare: Partial<HttpOptions> = { ca: undefined };
  const careful = () => client({ url: "http://127.0.0.1:9" }, { noProxy: "*" }, bare);
  const before = careful();
  expect((await failure(get(before, url))).code).toBe("tls-failed");
  const careless = client({ url: "http://127.0.0.1:9" }, { noProxy: "*" }, { ...bare, tls: { verify: false } });
  expect(await get(careless, url)).toMatchObject({ status: 200 });
  for (const other of [before, careful()]) expect((await failure(get(other, url))).code).toBe("tls-failed");
});

test("no environment variable lets an unknown certificate pass", async () => {
  const port = await origin(true);
  vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
  try {
    const direct = client({ url: "http://127.0.0.1:9" }, { noProxy: "*" }, { ca: undefined });
    expect((await failure(get(direct, `https://127.0.0.1:${port}/`))).code).toBe("tls-failed");
    const proxy = await proxyWith({ routes: { "mail.example.com:443": `127.0.0.1:${port}` } });
    expect((await failure(get(client(proxy, {}, { ca: undefined }), "https://mail.example.com/"))).code).toBe("tls-failed");
  } finally {
    vi.unstubAllEnvs();
  }
});

test("a server below the least version of TLS is refused in words", async () => {
  const server = createTlsServer({ ...namesCertificate, maxVersion: "TLSv1.2" }, (_, response) => response.end("{}"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const tls = { serverName: "mail.example.com" } as const;
  const strict = client({ url: "http://127.0.0.1:9" }, { noProxy: "*" }, { tls: { ...tls, minVersion: "TLSv1.3" } });
  const refused = await failure(get(strict, `https://127.0.0.1:${port}/`));
  expect(refused.code).toBe("tls-failed");
  expect(refused.message).toContain("no version of TLS that we accept");
  expect(await get(client({ url: "http://127.0.0.1:9" }, { noProxy: "*" }, { tls }), `https://127.0.0.1:${port}/`)).toMatchObject({
    status: 200,
  });
});

test("an address of IPv6 is reached as written, with and without a proxy", async (context) => {
  const listening = await new Promise<boolean>((resolve) => {
    const probe = createTcpServer().once("error", () => resolve(false));
    probe.listen(0, "::1", () => probe.close(() => resolve(true)));
  });
  if (!listening) return context.skip("this machine has no IPv6");
  const server = createServer((request, response) => response.end(JSON.stringify({ host: request.headers.host })));
  await new Promise<void>((resolve) => server.listen(0, "::1", resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const url = `http://[::1]:${typeof address === "object" && address !== null ? address.port : 0}/`;
  const proxy = await proxyWith({ host: "::1" });
  expect(await get(client(proxy), url)).toMatchObject({ status: 200, host: new URL(url).host });
  expect(await get(client(proxy, { noProxy: "[::1]" }), url)).toMatchObject({ status: 200 });
  expect(proxy.requests.length).toBe(1);
});

test("the practice proxy forgets no tunnel when it closes", async () => {
  const port = await origin(true);
  const proxy = await startProxy();
  const { hostname, port: at } = new URL(proxy.url);
  const socket = connect(Number(at), hostname);
  await new Promise<void>((resolve) => socket.once("connect", resolve));
  socket.write(`CONNECT 127.0.0.1:${port} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await new Promise<void>((resolve) => socket.once("data", () => resolve()));
  const ended = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  await proxy.close();
  await ended;
  expect(socket.destroyed).toBe(true);
});
