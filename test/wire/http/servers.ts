import { createServer as createHttpServer, type RequestListener } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { afterEach, expect } from "vitest";
import { Failure } from "../../../src/failure.ts";
import type { Http } from "../../../src/wire/http/client-interface.ts";
import { type HttpOptions, openHttp } from "../../../src/wire/http/http-client.ts";
import type { HttpRequest, HttpResponse } from "../../../src/wire/http/request-and-response.ts";
import type { Document } from "../../../src/wire/xml/write-xml.ts";

// Servers that answer as told, on loopback, and a client for them; all are closed after each test.

export const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface Listening {
  listen(port: number, host: string, listening: () => void): unknown;
  address(): AddressInfo | string | null;
  close(): unknown;
}

export async function portOf(server: Listening): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** An HTTP server that answers as told; its URL. */
export async function serving(answer: RequestListener): Promise<URL> {
  const server = createHttpServer(answer);
  const port = await portOf(server);
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return new URL(`http://127.0.0.1:${port}/a?secret=query`);
}

/** A server of plain bytes: what a connection does when its first bytes came. */
export async function speaking(onRequest: (socket: Socket, request: string, nth: number) => void): Promise<URL> {
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

export const patient = { connectMs: 20_000, replyMs: 20_000, idleMs: 20_000 };

export function client(options: Partial<HttpOptions> = {}): Http {
  const http = openHttp({ timeouts: patient, maxConnections: 4, ...options });
  closing.push(() => http.close());
  return http;
}

export function documentOf(bytes: Uint8Array, pieces = 1000): Document {
  return {
    size: bytes.length,
    async *open() {
      for (let at = 0; at < bytes.length; at += pieces) yield bytes.subarray(at, at + pieces);
    },
  };
}

export async function allOf(response: HttpResponse): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of response.body) parts.push(part);
  return Buffer.concat(parts);
}

export async function failureOf(work: Promise<unknown>): Promise<Failure> {
  const thrown = await work.then(
    () => "nothing was thrown",
    (error: unknown) => error,
  );
  if (thrown instanceof Failure) return thrown;
  throw new Error(`Not a Failure: ${thrown}`);
}

export const get = (url: URL, more: Partial<HttpRequest> = {}): HttpRequest => ({ url, method: "GET", headers: {}, ...more });
export const secrets = { authorization: "Basic c2VjcmV0OnNlY3JldA==" };

/** What may never be in a failure: headers, bodies, the query. */
export function expectDiscreet(failure: Failure): void {
  expect(failure.message).not.toMatch(/secret|c2VjcmV0|authorization/i);
}
