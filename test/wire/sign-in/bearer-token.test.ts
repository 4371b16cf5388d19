import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { Failure } from "../../../src/failure.ts";
import { withTokens } from "../../../src/wire/sign-in/bearer-token.ts";
import type { TokenSource } from "../../../src/wire/sign-in/token-source.ts";
import { http } from "./tenant.ts";

/** A server that answers as it is told, and keeps what came: the header and the body. */
async function server(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const came: string[] = [];
  const listening = createServer((request, response) => {
    let body = "";
    request.on("data", (text) => {
      body += String(text);
    });
    request.on("end", () => {
      came.push(`${request.headers.authorization} ${body}`);
      answer(request, response);
    });
  });
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    listening.closeAllConnections();
    await new Promise((resolve) => listening.close(resolve));
  });
  const { port } = listening.address() as AddressInfo;
  return { url: new URL(`http://127.0.0.1:${port}/`), came };
}

const source = (other: string | undefined) => {
  const another = vi.fn<TokenSource["another"]>(async () => other);
  return { token: async () => "old", another, distrust: vi.fn<TokenSource["distrust"]>(), facts: () => undefined };
};
const takes = (token: string, challenge = "Bearer") =>
  server((request, response) => {
    const good = request.headers.authorization === `Bearer ${token}`;
    response.writeHead(good ? 200 : 401, good ? {} : { "www-authenticate": challenge }).end("x");
  });
const post = (url: URL) => {
  const body = Buffer.from("whole body");
  return { url, method: "POST" as const, headers: { a: "b" }, body: { size: body.length, open: () => once(body) } };
};
async function* once(bytes: Uint8Array) {
  yield bytes;
}

test("a token that is taken is not renewed", async () => {
  const { url, came } = await takes("old");
  const tokens = source("new");
  expect((await withTokens(http(), tokens).send(post(url))).status).toBe(200);
  expect(came).toEqual(["Bearer old whole body"]);
  expect(tokens.another).not.toHaveBeenCalled();
});

test("a token that is refused is replaced once, and the whole request goes again", async () => {
  const { url, came } = await takes("new");
  expect((await withTokens(http(), source("new")).send(post(url))).status).toBe(200);
  expect(came).toEqual(["Bearer old whole body", "Bearer new whole body"]);
});

test("a server that refuses the new one, too, has its refusal passed on", async () => {
  const { url, came } = await takes("neither");
  const response = await withTokens(http(), source("new")).send(post(url));
  expect(response.status).toBe(401);
  expect(await response.text(10)).toBe("x");
  expect(came).toHaveLength(2);
});

test("a refusal is passed on if there is no other token", async () => {
  const { url, came } = await takes("neither");
  expect((await withTokens(http(), source(undefined)).send(post(url))).status).toBe(401);
  expect(came).toHaveLength(1);
});

test("the claims that the server demands are passed on if there are any", async () => {
  const claims = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}';
  for (const [encoded, expected] of [
    [Buffer.from(claims).toString("base64"), claims],
    ["bm90IGpzb24=", undefined],
  ] as const) {
    const { url } = await takes("new", `Basic realm="a, b", Bearer error="insufficient_claims", claims="${encoded}"`);
    const tokens = source("new");
    await withTokens(http(), tokens).send(post(url));
    expect(tokens.another.mock.calls[0]?.[0]).toEqual({ token: "old", claims: expected });
  }
});

test("a token that is forbidden something is not left to the next process, and goes on being used in this one", async () => {
  const { url, came } = await server((_request, response) => response.writeHead(403).end());
  const tokens = source("new");
  const client = withTokens(http(), tokens);
  for (let i = 0; i < 2; i++) expect((await client.send(post(url))).status).toBe(403);
  expect(tokens.distrust).toHaveBeenCalledWith("old");
  expect(came).toEqual(["Bearer old whole body", "Bearer old whole body"]);
});

test("a request for which there is no token is not sent", async () => {
  const { url, came } = await takes("old");
  const without: TokenSource = { ...source(undefined), token: () => Promise.reject(new Failure("unauthenticated", "no")) };
  await expect(withTokens(http(), without).send(post(url))).rejects.toMatchObject({ code: "unauthenticated" });
  expect(came).toEqual([]);
});
