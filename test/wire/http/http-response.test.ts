import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { droppedWhileIdle, neverSent } from "../../../src/wire/http/http-client.ts";
import { allOf, client, expectDiscreet, failureOf, get, secrets, serving, speaking } from "./servers.ts";

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

  test("marks its end with a length or chunks, and not if it ends with the connection", async () => {
    const framings: [string, boolean][] = [
      ["Content-Length: 4\r\n\r\nmail", true],
      ["Transfer-Encoding: chunked\r\n\r\n4\r\nmail\r\n0\r\n\r\n", true],
      ["Transfer-Encoding: gzip\r\n\r\nmail", false],
      ["Connection: close\r\n\r\nmail", false],
    ];
    for (const [framing, isFramed] of framings) {
      const url = await speaking((socket) => socket.end(`HTTP/1.1 200 OK\r\n${framing}`));
      const response = await client().send(get(url));
      expect([framing, response.isFramed, await response.text(10)]).toEqual([framing, isFramed, "mail"]);
    }
  });

  test("in a compression that was not requested is broken", async () => {
    const url = await serving((_, response) => response.writeHead(200, { "content-encoding": "br" }).end("x"));
    expect((await failureOf((await client().send(get(url))).text(10))).code).toBe("broken-reply");
  });

  test("longer than allowed is broken, and the rest is not fetched", async () => {
    const url = await serving((_, response) => response.end("x".repeat(1001)));
    expect((await failureOf((await client().send(get(url))).text(1000))).code).toBe("broken-reply");
    expect(await (await client().send(get(url))).text(1001)).toHaveLength(1001);
  });

  test.each([
    ["plain", undefined],
    ["in gzip, where a little becomes much", "gzip"],
  ])("with more bytes than a reply may have is broken and not read further, %s", async (_, encoding) => {
    const bytes = Buffer.alloc(3_000_000);
    const url = await serving((_request, response) => {
      if (encoding === undefined) response.end(bytes);
      else response.writeHead(200, { "content-encoding": encoding }).end(gzipSync(bytes));
    });
    const response = await client({ maxReplyBytes: 1_000_000 }).send(get(url));
    let size = 0;
    const failure = await failureOf(
      (async () => {
        for await (const part of response.body) size += part.length;
      })(),
    );
    expect([failure.code, failure.message]).toEqual(["broken-reply", expect.stringContaining("more than 1000000 bytes")]);
    expect(size).toBeLessThanOrEqual(1_000_000);
    expect((await allOf(await client({ maxReplyBytes: 3_000_000 }).send(get(url)))).length).toBe(3_000_000);
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
