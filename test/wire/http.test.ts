import { randomBytes } from "node:crypto";
import { createServer as createHttpServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, test } from "vitest";
import { Failure } from "../../src/failure.ts";
import {
  droppedWhileIdle,
  type Http,
  type HttpOptions,
  type HttpRequest,
  type HttpResponse,
  neverSent,
  openHttp,
} from "../../src/wire/http.ts";
import type { Document } from "../../src/wire/xml-write.ts";
import { testCertificate } from "../lab/certificate.ts";
import { namesCertificate } from "../lab/names-certificate.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface Listening {
  listen(port: number, host: string, listening: () => void): unknown;
  address(): AddressInfo | string | null;
  close(): unknown;
}

async function portOf(server: Listening): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** An HTTP server that answers as told; its URL. */
async function serving(answer: RequestListener): Promise<URL> {
  const server = createHttpServer(answer);
  const port = await portOf(server);
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return new URL(`http://127.0.0.1:${port}/a?secret=query`);
}

/** A server of plain bytes: what a connection does when its first bytes came. */
async function speaking(onRequest: (socket: Socket, request: string, nth: number) => void): Promise<URL> {
  const sockets = new Set<Socket>();
  let count = 0;
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    // What it does to the connection is the test's own doing.
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => onRequest(socket, bytes.toString("latin1"), ++count));
  });
  const port = await portOf(server);
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return new URL(`http://127.0.0.1:${port}/`);
}

const patient = { connectMs: 20_000, replyMs: 20_000, idleMs: 20_000 };

function client(options: Partial<HttpOptions> = {}): Http {
  const http = openHttp({ timeouts: patient, maxConnections: 4, ...options });
  closing.push(() => http.close());
  return http;
}

function documentOf(bytes: Uint8Array, pieces = 1000): Document {
  return {
    size: bytes.length,
    async *open() {
      for (let at = 0; at < bytes.length; at += pieces) yield bytes.subarray(at, at + pieces);
    },
  };
}

async function allOf(response: HttpResponse): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of response.body) parts.push(part);
  return Buffer.concat(parts);
}

async function failureOf(work: Promise<unknown>): Promise<Failure> {
  const thrown = await work.then(
    () => "nothing was thrown",
    (error: unknown) => error,
  );
  if (thrown instanceof Failure) return thrown;
  throw new Error(`Not a Failure: ${thrown}`);
}

const get = (url: URL, more: Partial<HttpRequest> = {}): HttpRequest => ({ url, method: "GET", headers: {}, ...more });
const secrets = { authorization: "Basic c2VjcmV0OnNlY3JldA==" };

/** What may never be in a failure: headers, bodies, the query. */
function expectDiscreet(failure: Failure): void {
  expect(failure.message).not.toMatch(/secret|c2VjcmV0|authorization/i);
}

describe("a request", () => {
  test("arrives with its method, its headers and a body of exactly the length that was said", async () => {
    const bytes = randomBytes(300_000);
    const seen: { request: IncomingMessage; body: Buffer }[] = [];
    const url = await serving((request, response) => {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => {
        seen.push({ request, body: Buffer.concat(parts) });
        response.setHeader("X-Answer", ["a", "b"]);
        response.setHeader("Set-Cookie", ["c=1; expires=Thu, 01 Jan", "d=2"]);
        response.writeHead(201).end("größe");
      });
    });
    const response = await client().send({ url, method: "POST", headers: { "X-Ask": "1" }, body: documentOf(bytes) });
    expect(response.status).toBe(201);
    expect(response.headers.get("x-answer")).toBe("a, b");
    expect(response.headers.get("set-cookie")).toBe("c=1; expires=Thu, 01 Jan\nd=2");
    expect(await response.text(100)).toBe("größe");
    expect(seen[0]?.request.method).toBe("POST");
    expect(seen[0]?.request.headers).toMatchObject({ "x-ask": "1", "content-length": "300000", "accept-encoding": "gzip" });
    expect(seen[0]?.body.equals(bytes)).toBe(true);
  });

  test("is not redirected", async () => {
    const url = await serving((_, response) => response.writeHead(302, { location: "http://127.0.0.1:1/" }).end());
    expect((await client().send(get(url))).status).toBe(302);
  });

  test("with a header that cannot be sent fails before anything is sent, without saying what the header holds", async () => {
    let requests = 0;
    const url = await serving((_, response) => {
      requests++;
      response.end();
    });
    const failure = await failureOf(client().send(get(url, { headers: { "x-a": "secret\r\nx-injected: 1" } })));
    expect(failure.code).toBe("invalid-input");
    expect(neverSent(failure)).toBe(true);
    expectDiscreet(failure);
    expect(requests).toBe(0);
  });

  test("fails with the failure of its body, and the server does not take it for whole", async () => {
    const ended: boolean[] = [];
    let arrived = () => {};
    const arrival = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const url = await serving((request) => {
      arrived();
      request.on("error", () => undefined).resume();
      request.on("close", () => ended.push(request.complete));
    });
    const body: Document = {
      size: 1000,
      async *open() {
        yield Buffer.alloc(10);
        await arrival;
        throw new Failure("evidence-failed", "The file is gone.");
      },
    };
    expect((await failureOf(client().send({ url, method: "POST", headers: {}, body }))).code).toBe("evidence-failed");
    await expect.poll(() => ended).toEqual([false]);
  });
});

describe("connections", () => {
  const numbered = () => {
    const numbers = new Map<Socket, number>();
    return serving((request, response) => {
      numbers.set(request.socket, numbers.get(request.socket) ?? numbers.size + 1);
      request.resume().on("end", () => response.end(String(numbers.get(request.socket))));
    });
  };

  test("are used again when a body was read or discarded", async () => {
    const url = await numbered();
    const http = client();
    expect(await (await http.send(get(url))).text(10)).toBe("1");
    const response = await http.send(get(url));
    response.discard();
    await response.ended;
    expect(await (await http.send(get(url))).text(10)).toBe("1");
  });

  test("are not more than allowed: the others wait", async () => {
    const url = await numbered();
    const http = client({ maxConnections: 2 });
    const texts = await Promise.all(Array.from({ length: 8 }, async () => (await http.send(get(url))).text(10)));
    expect(new Set(texts).size).toBeLessThanOrEqual(2);
    expect(texts).toHaveLength(8);
  });

  test("that were kept open and turn out to be closed are a failure that says so, and nothing is repeated", async () => {
    let requests = 0;
    const url = await speaking((socket) => {
      requests++;
      if (requests === 1) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na");
      else socket.destroy();
    });
    const http = client();
    expect(await (await http.send(get(url))).text(10)).toBe("a");
    const failure = await failureOf(http.send(get(url, { headers: secrets })));
    expect(failure.code).toBe("broken-reply");
    expect(droppedWhileIdle(failure)).toBe(true);
    expect(neverSent(failure)).toBe(false);
    expectDiscreet(failure);
    expect(requests).toBe(2);
  });

  test("are ended by who stops reading a body", async () => {
    const closed: boolean[] = [];
    const url = await serving((_, response) => {
      response.on("close", () => closed.push(response.writableFinished));
      const more = () => {
        while (response.write(Buffer.alloc(65_536)));
      };
      response.on("drain", more);
      more();
    });
    const response = await client().send(get(url));
    for await (const part of response.body) {
      expect(part.length).toBeGreaterThan(0);
      break;
    }
    await expect.poll(() => closed).toEqual([false]);
    (await client().send(get(url))).discard();
    await expect.poll(() => closed).toEqual([false, false]);
  });
});

describe("a reply", () => {
  test("in gzip is decoded, and one cut off in it is broken", async () => {
    const bytes = Buffer.from("mail ".repeat(50_000));
    const zipped = gzipSync(bytes);
    const url = await serving((request, response) => {
      const body = request.url === "/cut" ? zipped.subarray(0, -20) : zipped;
      response.writeHead(200, { "content-encoding": "gzip" }).end(body);
    });
    expect((await allOf(await client().send(get(url)))).equals(bytes)).toBe(true);
    const cut = await client().send(get(new URL("/cut", url)));
    expect((await failureOf(allOf(cut))).code).toBe("broken-reply");
  });

  test("in a compression that was not asked for is broken", async () => {
    const url = await serving((_, response) => response.writeHead(200, { "content-encoding": "br" }).end("x"));
    expect((await failureOf((await client().send(get(url))).text(10))).code).toBe("broken-reply");
  });

  test("longer than allowed is broken, and the rest is not fetched", async () => {
    const url = await serving((_, response) => response.end("x".repeat(1001)));
    expect((await failureOf((await client().send(get(url))).text(1000))).code).toBe("broken-reply");
    expect(await (await client().send(get(url))).text(1001)).toHaveLength(1001);
  });

  test.each([
    ["nothing", ""],
    ["half a status line", "HTTP/1.1 20"],
    ["half its headers", "HTTP/1.1 200 OK\r\nContent-Le"],
    ["something that is no HTTP", "220 mail.example.com ESMTP\r\n"],
  ])("that is %s before the connection closes is broken, and may have been sent", async (_, bytes) => {
    for (const end of ["end", "destroy"] as const) {
      const url = await speaking((socket) => (end === "end" ? socket.end(bytes) : socket.write(bytes, () => socket.destroy())));
      const failure = await failureOf(client().send(get(url, { headers: secrets })));
      expect(failure.code).toBe("broken-reply");
      expect(neverSent(failure)).toBe(false);
      expect(droppedWhileIdle(failure)).toBe(false);
      expectDiscreet(failure);
    }
  });

  test.each([
    ["is shorter than it said", "Content-Length: 100\r\n\r\nsecret"],
    ["ends before its last chunk", "Transfer-Encoding: chunked\r\n\r\n6\r\nsecret\r\n"],
    ["ends inside a chunk", "Transfer-Encoding: chunked\r\n\r\nff\r\nsecret"],
    ["has a chunk of no size", "Transfer-Encoding: chunked\r\n\r\n6\r\nsecret\r\nzz\r\n"],
  ])("whose body %s is broken, whether the connection is closed or reset", async (_, rest) => {
    for (const end of ["end", "reset"] as const) {
      const url = await speaking((socket) => {
        socket.write(`HTTP/1.1 200 OK\r\n${rest}`, () => {
          // The headers must be seen first, or nothing of the reply was.
          if (end === "end") setTimeout(() => socket.end(), 30);
          else setTimeout(() => socket.resetAndDestroy(), 30);
        });
      });
      const response = await client().send(get(url));
      expect(response.status).toBe(200);
      const failure = await failureOf(allOf(response));
      expect(failure.code).toBe("broken-reply");
      expect(neverSent(failure)).toBe(false);
      expectDiscreet(failure);
    }
  });

  test("without any length ends where the connection ends", async () => {
    const url = await speaking((socket) => socket.end("HTTP/1.1 200 OK\r\n\r\nall of it"));
    expect(await (await client().send(get(url))).text(100)).toBe("all of it");
  });
});

describe("time-outs", () => {
  const silent = (answer: (response: ServerResponse) => void) =>
    serving((request, response) => request.resume().on("end", () => answer(response)));

  test("bound the wait for the answer to begin, the request's own before the general one", async () => {
    const url = await silent(() => undefined);
    const general = await failureOf(client({ timeouts: { ...patient, replyMs: 50 } }).send(get(url, { headers: secrets })));
    expect(general.code).toBe("timeout");
    expect(neverSent(general)).toBe(false);
    expectDiscreet(general);
    expect((await failureOf(client().send(get(url, { timeoutMs: 50 })))).code).toBe("timeout");
  });

  test("bound the wait between two pieces of the body", async () => {
    const url = await silent((response) => response.writeHead(200).write("a"));
    const response = await client({ timeouts: { ...patient, idleMs: 50 } }).send(get(url));
    expect((await failureOf(allOf(response))).code).toBe("timeout");
  });

  test("do not count the time that our own reader takes", async () => {
    const url = await silent((response) => response.writeHead(200).end(Buffer.alloc(500_000)));
    const response = await client({ timeouts: { ...patient, idleMs: 150 } }).send(get(url));
    let size = 0;
    for await (const part of response.body) {
      if (size === 0) await new Promise((resolve) => setTimeout(resolve, 400));
      size += part.length;
    }
    expect(size).toBe(500_000);
  });

  test("bound a server that takes the connection but never speaks TLS, and then nothing was sent", async () => {
    const url = await speaking(() => undefined);
    url.protocol = "https:";
    const failure = await failureOf(
      client({ timeouts: { ...patient, connectMs: 50 } }).send(get(new URL(url.href.replace("http:", "https:")))),
    );
    expect(failure.code).toBe("timeout");
    expect(neverSent(failure)).toBe(true);
  });

  test("bound a server that does not take the request", async () => {
    const server = createTcpServer((socket) => {
      socket.pause();
      socket.on("error", () => undefined);
      closing.push(() => socket.destroy());
    });
    const port = await portOf(server);
    closing.push(() => server.close());
    const body = documentOf(Buffer.alloc(64 * 1024 * 1024), 65_536);
    const url = new URL(`http://127.0.0.1:${port}/`);
    const http = client({ timeouts: { ...patient, idleMs: 200 } });
    expect((await failureOf(http.send({ url, method: "POST", headers: {}, body }))).code).toBe("timeout");
  });
});

describe("cancelling", () => {
  test("before sending sends nothing", async () => {
    const url = await serving((_, response) => response.end());
    const failure = await failureOf(client().send(get(url, { signal: AbortSignal.abort() })));
    expect(failure.code).toBe("cancelled");
    expect(neverSent(failure)).toBe(true);
  });

  test("ends the wait for the answer", async () => {
    const controller = new AbortController();
    const url = await serving(() => controller.abort());
    const failure = await failureOf(client().send(get(url, { signal: controller.signal })));
    expect(failure.code).toBe("cancelled");
    expect(neverSent(failure)).toBe(false);
    expect(droppedWhileIdle(failure)).toBe(false);
  });

  test("ends the wait for a connection that others use", async () => {
    const url = await serving(() => undefined);
    const http = client({ maxConnections: 1 });
    const first = new AbortController();
    const second = new AbortController();
    const sent = http.send(get(url, { signal: first.signal }));
    const waiting = http.send(get(url, { signal: second.signal }));
    second.abort();
    const failure = await failureOf(waiting);
    expect(failure.code).toBe("cancelled");
    expect(neverSent(failure)).toBe(true);
    first.abort();
    expect((await failureOf(sent)).code).toBe("cancelled");
  });

  test("ends a body that is being read", async () => {
    const controller = new AbortController();
    const url = await serving((_, response) => response.writeHead(200).write("a"));
    const response = await client().send(get(url, { signal: controller.signal }));
    const reading = async () => {
      for await (const part of response.body) {
        expect(part.length).toBe(1);
        controller.abort();
      }
    };
    expect((await failureOf(reading())).code).toBe("cancelled");
  });
});

describe("a server that cannot be reached", () => {
  test("because it refuses the connection, was sent nothing", async () => {
    const server = createTcpServer();
    const port = await portOf(server);
    await new Promise<void>((resolve) => server.close(() => resolve()));
    const failure = await failureOf(client().send(get(new URL(`http://127.0.0.1:${port}/`), { headers: secrets })));
    expect(failure.code).toBe("unreachable");
    expect(neverSent(failure)).toBe(true);
    expectDiscreet(failure);
  });

  test("because its name does not exist, was sent nothing", async () => {
    const failure = await failureOf(client().send(get(new URL("http://no-such-host.invalid/"))));
    expect(failure.code).toBe("unreachable");
    expect(neverSent(failure)).toBe(true);
  });

  test("by a protocol that is not HTTP is a matter of settings", async () => {
    expect((await failureOf(client().send(get(new URL("ftp://127.0.0.1/"))))).code).toBe("invalid-settings");
  });
});

describe("TLS", () => {
  async function secure(pair: { readonly key: string; readonly cert: string }): Promise<URL> {
    const server = createHttpsServer(pair, (_, response) => response.end("private"));
    // Whoever does not trust it ends the handshake.
    server.on("tlsClientError", () => undefined);
    const port = await portOf(server);
    closing.push(() => {
      server.closeAllConnections();
      server.close();
    });
    return new URL(`https://127.0.0.1:${port}/`);
  }

  test("is spoken with a server whose private authority was given", async () => {
    const http = client({ ca: testCertificate.cert });
    expect(await (await http.send(get(await secure(testCertificate)))).text(100)).toBe("private");
  });

  test("is refused with a server of an unknown authority, and nothing is sent", async () => {
    const url = await secure(testCertificate);
    for (const http of [client(), client({ ca: namesCertificate.cert })]) {
      const failure = await failureOf(http.send(get(url, { headers: secrets })));
      expect(failure.code).toBe("tls-failed");
      expect(neverSent(failure)).toBe(true);
      expectDiscreet(failure);
    }
  });

  test("is refused when the certificate is for another name", async () => {
    const failure = await failureOf(client({ ca: namesCertificate.cert }).send(get(await secure(namesCertificate))));
    expect(failure.code).toBe("tls-failed");
    expect(neverSent(failure)).toBe(true);
  });

  test("fails with a server that speaks plain HTTP", async () => {
    const plain = await serving((_, response) => response.end());
    const failure = await failureOf(client().send(get(new URL(plain.href.replace("http:", "https:")))));
    expect(failure.code).toBe("tls-failed");
    expect(neverSent(failure)).toBe(true);
  });

  test("needs an authority that is a certificate", async () => {
    for (const ca of ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"]) {
      const failure = await failureOf(client({ ca }).send(get(new URL("https://127.0.0.1:1/"))));
      expect(failure.code).toBe("invalid-settings");
    }
  });
});
