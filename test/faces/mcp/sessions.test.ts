import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { afterEach, describe, expect, test } from "vitest";
import { mcpServer } from "../../../src/faces/mcp/server.ts";
import { openSessions } from "../../../src/faces/mcp/sessions.ts";
import { raw } from "../http/server.ts";
import { countSheep, opened, shearSheep } from "../toy.ts";

const ends: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A server that takes the caller's word for who it is, which the real one does not. */
async function served(now?: () => number, publicUrl = ""): Promise<URL> {
  const sessions = openSessions(publicUrl, now);
  const serve = async () =>
    mcpServer({ actions: [countSheep, shearSheep], host: opened(), findEvidence: async () => undefined, version: "1.2.3" });
  const server = createAdaptorServer({ fetch: (request) => sessions.handle(request, request.headers.get("authorization") ?? "", serve) });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ends.push(
    () => new Promise((resolve) => server.close(resolve)),
    () => sessions.close(),
  );
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`);
}

async function connected(url: URL, caller = "ann", capabilities = {}) {
  const client = new Client({ name: "test", version: "0" }, { capabilities });
  const transport = new StreamableHTTPClientTransport(url, { requestInit: { headers: { authorization: caller } } });
  await client.connect(transport as Parameters<Client["connect"]>[0]);
  ends.push(() => client.close());
  return { client, session: transport.sessionId ?? "" };
}

/** A session without a client, which would go on asking by itself. */
async function begun(url: URL, caller: string): Promise<string> {
  const clientInfo = { name: "test", version: "0" };
  const params = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo };
  return (await asked(url, { authorization: caller }, "initialize", params)).headers.get("mcp-session-id") ?? "";
}

const asked = (url: URL, headers: Record<string, string>, method = "tools/list", params = {}) =>
  fetch(url, {
    method: "POST",
    headers: { accept: "application/json, text/event-stream", "content-type": "application/json", ...headers },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
  });

test("a client lists and calls the tools over HTTP", async () => {
  const { client } = await connected(await served());
  expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(["count_sheep", "shear_sheep"]);
  expect(await client.callTool({ name: "count_sheep" })).toMatchObject({ structuredContent: { success: true } });
});

test("a person is asked over HTTP in the middle of a call", async () => {
  const { client } = await connected(await served(), "ann", { elicitation: {} });
  client.setRequestHandler(ElicitRequestSchema, () => ({ action: "accept", content: { confirm: true } }));
  expect(await client.callTool({ name: "shear_sheep" })).toMatchObject({ structuredContent: { counts: { succeeded: 1, failed: 1 } } });
});

test("a session is not found by another caller", async () => {
  const url = await served();
  const { session } = await connected(url, "ann");
  expect((await asked(url, { authorization: "ann", "mcp-session-id": session })).status).toBe(200);
  expect((await asked(url, { authorization: "bob", "mcp-session-id": session })).status).toBe(404);
});

test("a session that ended is not found", async () => {
  const url = await served();
  const { session } = await connected(url);
  await fetch(url, { method: "DELETE", headers: { authorization: "ann", "mcp-session-id": session } });
  expect((await asked(url, { authorization: "ann", "mcp-session-id": session })).status).toBe(404);
});

test("a request without a session is refused unless it initialises one", async () => {
  expect((await asked(await served(), { authorization: "ann" })).status).toBe(400);
});

/** The status of a request of a page of this origin, which the browser has sent to this host. */
async function statusOf(url: URL, origin: string, host: string): Promise<number> {
  const lines = [
    "POST /mcp HTTP/1.1",
    `Host: ${host}`,
    `Origin: ${origin}`,
    "Authorization: ann",
    "Connection: close",
    "Content-Length: 0",
  ];
  return Number(/^HTTP\/1\.1 (\d+)/.exec(await raw(url.origin, `${lines.join("\r\n")}\r\n\r\n`))?.[1]);
}

describe("a page of a browser", () => {
  // What is let in is answered that it lacks what every client sends.
  const letIn = 406;

  test("is refused unless this server on this machine sent it", async () => {
    const url = await served();
    const { port } = url;
    expect(await statusOf(url, "https://evil.example", url.host)).toBe(403);
    expect(await statusOf(url, "null", url.host)).toBe(403);
    expect(await statusOf(url, `http://127.0.0.1:${Number(port) + 1}`, url.host)).toBe(403);
    for (const name of ["127.0.0.1", "localhost", "[::1]"])
      expect([name, await statusOf(url, `http://${name}:${port}`, `${name}:${port}`)]).toEqual([name, letIn]);
  });

  test.each(["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "localhost.", "192.0.2.1", "0.0.0.0"])(
    "whose host %s was pointed to this machine is refused",
    async (name) => {
      const url = await served();
      expect(await statusOf(url, `http://${name}:${url.port}`, `${name}:${url.port}`)).toBe(403);
    },
  );

  test("of the address in the settings is accepted", async () => {
    const url = await served(undefined, "https://mailcordon.example.com/below");
    expect(await statusOf(url, "https://mailcordon.example.com", "mailcordon.example.com")).toBe(letIn);
    expect(await statusOf(url, "http://mailcordon.example.com", "mailcordon.example.com")).toBe(403);
  });
});

test("a session without requests for half an hour ends when another begins", async () => {
  let now = 0;
  const url = await served(() => now);
  const session = await begun(url, "ann");
  now = 30 * 60 * 1000;
  await begun(url, "bob");
  expect((await asked(url, { authorization: "ann", "mcp-session-id": session })).status).toBe(200);
  now += 30 * 60 * 1000 + 1;
  await begun(url, "bob");
  expect((await asked(url, { authorization: "ann", "mcp-session-id": session })).status).toBe(404);
});

test("the twenty-first session of a caller replaces the one without requests for longest", async () => {
  let now = 0;
  const url = await served(() => now++);
  const first = await begun(url, "ann");
  const other = await begun(url, "bob");
  const more = [];
  for (let made = 0; made < 20; made++) more.push(await begun(url, "ann"));
  expect((await asked(url, { authorization: "ann", "mcp-session-id": first })).status).toBe(404);
  expect((await asked(url, { authorization: "ann", "mcp-session-id": more[0] ?? "" })).status).toBe(200);
  expect((await asked(url, { authorization: "bob", "mcp-session-id": other })).status).toBe(200);
});
