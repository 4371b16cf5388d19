import { readFileSync } from "node:fs";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import { mountMcp } from "../../../src/faces/mcp/mount.ts";
import type { State } from "../../../src/state/state.ts";
import { soon } from "../../soon.ts";
import { temporaryState } from "../../state/temporary.ts";
import { startToys, type ToyServer } from "../http/server.ts";

const folder = temporaryState();
let state: State;
let toys: ToyServer;
const clients: Client[] = [];
beforeAll(async () => {
  state = await folder.open();
  toys = await startToys(state, { maxConcurrency: 1 }, { mount: mountMcp });
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
});
afterAll(async () => {
  await toys.close();
  await folder.remove();
});

async function connected(key: string, query = ""): Promise<Client> {
  const client = new Client({ name: "test", version: "0" });
  const ways = { requestInit: { headers: { authorization: `Bearer ${key}` } } };
  const transport = new StreamableHTTPClientTransport(new URL(`${toys.url}/mcp${query}`), ways);
  await client.connect(transport as Parameters<Client["connect"]>[0]);
  clients.push(client);
  return client;
}
const call = (client: Client, name: string, input: Record<string, unknown> = {}) => client.callTool({ name, arguments: input });

test("every request without an API key is refused", async () => {
  expect((await toys.call("/mcp", { body: { jsonrpc: "2.0", id: 1, method: "initialize", params: {} } })).status).toBe(401);
});

test.each([
  [["read"], ["count_sheep"]],
  [["send"], ["tell_shepherd"]],
  [
    ["read", "contain"],
    ["count_sheep", "shear_sheep"],
  ],
  [["admin"], ["count_sheep", "shear_sheep", "tell_shepherd"]],
] as const)("an API key with the roles %j has the tools %j", async (roles, names) => {
  const client = await connected(await toys.key(roles));
  expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(names);
});

test("a tool of another role is not found", async () => {
  await expect(call(await connected(await toys.key(["read"])), "shear_sheep")).rejects.toThrow("There is no tool");
});

test("an API key for MCP alone is refused by every path of HTTP, and one for HTTP alone by MCP, however the path is written", async () => {
  const http = [
    "/v1/actions",
    "/v1/actions/count-sheep",
    "/v1/jobs/x",
    "/v1/evidence/x",
    "/openapi.json",
    "/metrics",
    "/v1/connection",
    "/mcp/",
  ];
  const mcp = ["/mcp", "/mcp?connection=hill", "/%6dcp"];
  const body = { jsonrpc: "2.0", id: 1, method: "ping" };
  for (const [own, others, name] of [
    ["mcp", http, "HTTP"],
    ["http", mcp, "MCP"],
  ] as const) {
    const key = await toys.key(["admin"], { interfaces: [own] });
    for (const path of others) {
      for (const sent of [{ key }, { key, body }]) {
        const { status, json } = await toys.call(path, sent);
        expect([path, status, json.code]).toEqual([path, 403, "access-denied"]);
        expect(json.detail).toContain(`may not use ${name}: its API key or token is for ${own.toUpperCase()} only`);
      }
    }
    for (const path of ["/healthz", "/readyz"]) expect((await toys.call(path, { key })).status).toBe(200);
  }
  const agent = await connected(await toys.key(["read"], { interfaces: ["mcp"] }));
  expect(await call(agent, "count_sheep")).toMatchObject({ isError: false });
  const program = await toys.key(["read"], { interfaces: ["http"] });
  expect((await toys.call("/v1/actions/count-sheep", { key: program, body: {} })).status).toBe(200);
  const both = await toys.key(["read"], { interfaces: ["http", "mcp"] });
  expect((await toys.call("/v1/actions", { key: both })).status).toBe(200);
  expect(await call(await connected(both), "count_sheep")).toMatchObject({ isError: false });
});

test("a mailbox outside the limits of the API key is refused", async () => {
  const client = await connected(await toys.key(["read"], { mailboxes: ["ann@example.com"] }));
  expect(await call(client, "count_sheep", { mailbox: "ann@example.com" })).toMatchObject({ isError: false });
  const { structuredContent } = await call(client, "count_sheep", { mailbox: "bob@example.com" });
  expect(structuredContent).toMatchObject({ error: { code: "access-denied" } });
});

test("a connection outside the limits of the API key is refused", async () => {
  const key = await toys.key(["read"], { connections: ["hill"] });
  await expect(connected(key, "?connection=farm")).rejects.toThrow();
  expect(await call(await connected(key), "count_sheep")).toMatchObject({ isError: false });
});

test("a call over MCP is in the audit log with its API key", async () => {
  const key = await toys.key(["contain"]);
  const client = await connected(key);
  const { structuredContent } = await call(client, "shear_sheep");
  const { confirmation } = z.looseObject({ confirmation: z.looseObject({ token: z.string() }) }).parse(structuredContent);
  await call(client, "shear_sheep", { confirmation: confirmation.token });
  expect(toys.told).toContain("shorn");
  const id = key.split("_")[1];
  const lines = readFileSync(`${toys.folder}/audit.jsonl`, "utf8").trim().split("\n");
  expect(lines.map((line) => JSON.parse(line).actor)).toEqual([`key:${id}`, `key:${id}`]);
});

test("evidence is a resource only for a caller that may open its mailbox", async () => {
  const owner = await connected(await toys.key(["read"], { mailboxes: ["ann@example.com"] }));
  const kept = await call(owner, "count_sheep", { mailbox: "ann@example.com", keep: "wool" });
  const { sha256 } = z.looseObject({ sha256: z.string() }).parse(kept.structuredContent);
  const uri = `mailcordon-evidence://sha256/${sha256}`;
  expect((await owner.readResource({ uri })).contents).toEqual([expect.objectContaining({ blob: btoa("wool") })]);
  const other = await connected(await toys.key(["read"], { mailboxes: ["bob@example.com"] }));
  await expect(other.readResource({ uri })).rejects.toThrow("There is no evidence");
  const sender = await connected(await toys.key(["send"]));
  await expect(sender.readResource({ uri })).rejects.toThrow("There is no evidence");
});

test("a call without a free slot is refused in its result", async () => {
  const client = await connected(await toys.key(["read"]));
  const waiting = call(client, "count_sheep", { wait: true });
  await soon(() => expect(toys.waiting).toBe(1));
  expect((await call(client, "count_sheep")).structuredContent).toMatchObject({ error: { code: "busy" } });
  toys.release();
  expect(await waiting).toMatchObject({ isError: false });
});

test("agents that wait for a person take at most half of the slots, and those of one caller half of these", async () => {
  const own = await startToys(state, { maxConcurrency: 8 }, { mount: mountMcp });
  const key = await own.key(["contain", "read"]);
  const client = new Client({ name: "test", version: "0" }, { capabilities: { elicitation: {} } });
  let asked = 0;
  let answer: (() => void) | undefined;
  const person = new Promise<void>((resolve) => {
    answer = resolve;
  });
  client.setRequestHandler(ElicitRequestSchema, async () => {
    asked += 1;
    await person;
    return { action: "decline" };
  });
  const ways = { requestInit: { headers: { authorization: `Bearer ${key}` } } };
  const transport = new StreamableHTTPClientTransport(new URL(`${own.url}/mcp`), ways);
  await client.connect(transport as Parameters<Client["connect"]>[0]);
  const waiting = [1, 2, 3].map(() => call(client, "shear_sheep"));
  await soon(() => expect(asked).toBe(3));
  expect((await call(client, "shear_sheep")).structuredContent).toMatchObject({ error: { code: "busy" } });
  expect((await call(client, "count_sheep")).structuredContent).toMatchObject({ error: { code: "busy" } });
  await expect(client.listTools()).rejects.toThrow("Too many calls");
  await expect(client.readResource({ uri: `mailcordon-evidence://sha256/${"0".repeat(64)}` })).rejects.toThrow("Too many calls");
  const other = new Client({ name: "test", version: "0" });
  const others = { requestInit: { headers: { authorization: `Bearer ${await own.key(["admin"])}` } } };
  await other.connect(new StreamableHTTPClientTransport(new URL(`${own.url}/mcp`), others) as Parameters<Client["connect"]>[0]);
  expect((await call(other, "count_sheep")).structuredContent).toMatchObject({ success: true });
  await other.close();
  expect((await own.call("/v1/actions/count-sheep", { key, body: {} })).status).toBe(200);
  answer?.();
  await Promise.all(waiting);
  expect((await call(client, "count_sheep")).structuredContent).toMatchObject({ success: true });
  expect(own.told).toEqual([]);
  await client.close();
  await own.close();
});

test("a person must confirm if the settings require it", async () => {
  const own = await startToys(state, { requirePerson: true }, { mount: mountMcp });
  const client = new Client({ name: "test", version: "0" });
  const ways = { requestInit: { headers: { authorization: `Bearer ${await own.key(["admin"])}` } } };
  await client.connect(new StreamableHTTPClientTransport(new URL(`${own.url}/mcp`), ways) as Parameters<Client["connect"]>[0]);
  const { structuredContent } = await call(client, "shear_sheep");
  expect(structuredContent).toMatchObject({ error: { code: "confirmation-required", message: expect.stringContaining("A person") } });
  expect(structuredContent).not.toHaveProperty("confirmation");
  await client.close();
  await own.close();
});

test.each([
  ["a batch", '[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":2,"method":"ping"}]', 400],
  ["what is no JSON", "{", 400],
  ["more than a body may have", `{"jsonrpc":"2.0","id":1,"method":"${"x".repeat(1024 * 1024)}"}`, 413],
])("the request %s is refused", async (_, body, status) => {
  const headers = { accept: "application/json, text/event-stream", "content-type": "application/json" };
  const reply = await toys.call("/mcp", { key: await toys.key(["read"]), body, headers });
  expect(reply.status).toBe(status);
  expect(reply.json).toMatchObject({ jsonrpc: "2.0", id: null, error: { message: expect.stringContaining("batches are refused") } });
});

test("a call has the same time limit as a call over HTTP", async () => {
  const own = await startToys(state, { timeoutMs: 50 }, { mount: mountMcp });
  const client = new Client({ name: "test", version: "0" });
  const ways = { requestInit: { headers: { authorization: `Bearer ${await own.key(["admin"])}` } } };
  await client.connect(new StreamableHTTPClientTransport(new URL(`${own.url}/mcp`), ways) as Parameters<Client["connect"]>[0]);
  const { structuredContent, isError } = await call(client, "count_sheep", { wait: true });
  expect([isError, structuredContent]).toMatchObject([
    true,
    { error: { code: "timeout", hint: expect.stringContaining("serve.timeout_seconds") } },
  ]);
  // It has given its place back.
  expect(own.waiting).toBe(0);
  await client.close();
  await own.close();
});

test("a request that is too large is refused", async () => {
  const { status } = await toys.call("/mcp", { key: await toys.key(["read"]), body: { text: "x".repeat(1024 * 1024) } });
  expect(status).toBe(413);
});

test.each([
  ["deeper than any input", `{"jsonrpc":"2.0","id":1,"method":"ping","params":${'{"a":'.repeat(40)}1${"}".repeat(41)}`, 400],
  ["longer than the largest input of the tools", `{"jsonrpc":"2.0","id":1,"method":"${"x".repeat(400_000)}"}`, 413],
])("the message %s is refused", async (_, body, status) => {
  const headers = { accept: "application/json, text/event-stream", "content-type": "application/json" };
  const reply = await toys.call("/mcp", { key: await toys.key(["read"]), body, headers });
  expect([reply.status, reply.json.error]).toEqual([status, expect.objectContaining({ message: expect.stringContaining("The input ") })]);
});

test("a running call ends normally while the server is being stopped", async () => {
  const own = await startToys(state, {}, { mount: mountMcp });
  const client = new Client({ name: "test", version: "0" });
  const ways = { requestInit: { headers: { authorization: `Bearer ${await own.key(["read"])}` } } };
  await client.connect(new StreamableHTTPClientTransport(new URL(`${own.url}/mcp`), ways) as Parameters<Client["connect"]>[0]);
  const waiting = client.callTool({ name: "count_sheep", arguments: { wait: true } });
  await soon(() => expect(own.waiting).toBe(1));
  const closing = own.app.close(5000);
  own.release();
  expect(await waiting).toMatchObject({ isError: false });
  await closing;
  await client.close();
  await own.close();
});
