import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer as createTcpServer, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { describe, expect, test, vi } from "vitest";
import { Failure } from "../../../src/failure.ts";
import { droppedWhileIdle, neverSent } from "../../../src/wire/http/http-client.ts";
import type { Document } from "../../../src/wire/xml/write-xml.ts";
import {
  allOf,
  client,
  closing,
  documentOf,
  expectDiscreet,
  failureOf,
  get,
  patient,
  portOf,
  secrets,
  serving,
  speaking,
} from "./servers.ts";

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

  test("with a header that cannot be sent fails before anything is sent, without showing the header's value", async () => {
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

  test("that were kept open and turn out to be closed fail with that reason, and nothing is repeated", async () => {
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

  test("that pass from an answered request to a waiting one are known to be open, so a lost request on them may have been done", async () => {
    let requests = 0;
    const url = await speaking((socket) => {
      requests++;
      if (requests === 1) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na");
      else socket.destroy();
    });
    const http = client({ maxConnections: 1 });
    const first = http.send(get(url));
    const waiting = failureOf(http.send(get(url)));
    expect(await (await first).text(10)).toBe("a");
    const failure = await waiting;
    expect(failure.code).toBe("broken-reply");
    expect(neverSent(failure)).toBe(false);
    expect(requests).toBe(2);
  });

  test("that are waited for leave the answer its own time, which is not that of connecting", async () => {
    const url = await serving((_, response) => void setTimeout(() => response.end("late"), 400));
    const http = client({ maxConnections: 1, timeouts: { ...patient, connectMs: 100 } });
    const texts = await Promise.all([1, 2].map(async () => (await http.send(get(url))).text(10)));
    expect(texts).toEqual(["late", "late"]);
  });

  test("that serve many waiting requests keep no listener of earlier ones", async () => {
    const url = await serving((request, response) => request.resume().on("end", () => response.end()));
    const warnings: Error[] = [];
    const warned = (warning: Error) => warnings.push(warning);
    process.on("warning", warned);
    closing.push(() => process.off("warning", warned));
    const http = client({ maxConnections: 1 });
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        const response = await http.send(get(url));
        await response.text(10);
      }),
    );
    await new Promise((resolve) => setImmediate(resolve));
    expect(warnings).toEqual([]);
  });

  test("are closed when a reader stops within a body", async () => {
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

  test("bound the whole of a body that trickles in, and the connection is closed", async () => {
    let closed = false;
    const url = await serving((request, response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write("a"), 20);
      request.socket.on("close", () => {
        clearInterval(timer);
        closed = true;
      });
    });
    const response = await client({ timeouts: { ...patient, totalMs: 400 } }).send(get(url));
    const failure = await failureOf(allOf(response));
    expect([failure.code, failure.message]).toEqual(["timeout", expect.stringContaining("did not end its reply within 0.4 s")]);
    await vi.waitFor(() => expect(closed).toBe(true));
  });

  test("bound a compressed body that trickles in as well", async () => {
    const url = await serving((request, response) => {
      response.writeHead(200, { "content-encoding": "gzip" });
      const zipped = gzipSync(randomBytes(100_000));
      let at = 0;
      const timer = setInterval(() => response.write(zipped.subarray(at, ++at)), 20);
      request.socket.on("close", () => clearInterval(timer));
    });
    const response = await client({ timeouts: { ...patient, totalMs: 400 } }).send(get(url));
    expect((await failureOf(allOf(response))).code).toBe("timeout");
  });

  test("do not count the time that our own reader takes", async () => {
    const url = await silent((response) => response.writeHead(200).end(Buffer.alloc(500_000)));
    const response = await client({ timeouts: { ...patient, idleMs: 150, totalMs: 250 } }).send(get(url));
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
