import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openRevocations } from "../../../../src/faces/http/callers/revoked-keys.ts";
import { mountMcp } from "../../../../src/faces/mcp/mount.ts";
import { Failure } from "../../../../src/failure.ts";
import { openEvidence } from "../../../../src/perform/evidence/hash-and-store.ts";
import type { State } from "../../../../src/state/state.ts";
import { soon } from "../../../soon.ts";
import { temporaryState } from "../../../state/temporary.ts";
import { startToys, type ToyServer } from "../server.ts";

const folder = temporaryState();
let state: State;
let elsewhere: State;
let toys: ToyServer;
let admin: string;
/** What a connection test waits for: that it is told to stop. */
let testing: AbortSignal | undefined;
beforeAll(async () => {
  state = await folder.open();
  // Another process, such as that of `mailcordon keys revoke`.
  elsewhere = await folder.open();
  toys = await startToys(
    state,
    {},
    {
      mount: mountMcp,
      testConnection: (_, { signal }) =>
        new Promise((resolve) => {
          testing = signal;
          signal.addEventListener("abort", () => resolve({ success: false, message: "marked-report", checks: [] }));
        }),
    },
  );
  admin = await toys.key(["admin"]);
});
afterAll(async () => {
  toys.release();
  await toys.close();
  await folder.remove();
});

const idOf = (key: string) => key.split("_")[1] ?? "";
const revoke = (key: string) => elsewhere.keys.revoke(idOf(key));
const waiting = (count: number) => soon(() => expect(toys.waiting).toBe(count));
const entriesOf = (key: string) =>
  readFileSync(join(toys.folder, "audit.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line))
    .filter(({ actor }) => actor === `key:${idOf(key)}`);

test("a revocation reaches each watcher of the key and of all keys once, and a late watcher immediately", () => {
  let tell: ((id: string) => void) | undefined;
  const revocations = openRevocations({
    onRevoked: (told) => {
      tell = told;
    },
  });
  const heard: string[] = [];
  revocations.each((caller) => void heard.push(`all: ${caller}`));
  const unwatch = revocations.watch("key:a", () => void heard.push("gone before"));
  revocations.watch("key:a", () => void heard.push("a"));
  revocations.watch("key:b", () => void heard.push("b"));
  revocations.watch("oidc:a", () => void heard.push("a token"));
  unwatch();
  tell?.("a");
  tell?.("a");
  revocations.watch("key:a", () => void heard.push("late"));
  expect(heard).toEqual(["a", "all: key:a", "late"]);
  expect(["key:a", "key:b", "a"].map((caller) => revocations.has(caller))).toEqual([true, false, false]);
});

describe("an API key that another process revokes", () => {
  test("has its read stopped immediately, without any of its data", async () => {
    const key = await toys.key(["read"]);
    const reply = toys.call("/v1/actions/count-sheep", { key, body: { wait: true } });
    await waiting(1);
    await revoke(key);
    const { status, json } = await reply;
    expect([status, json.code, json.sheep, json.results]).toEqual([403, "access-denied", undefined, undefined]);
    expect(toys.waiting).toBe(0);
    expect((await toys.call("/v1/actions", { key })).status).toBe(401);
  });

  test("has its change stopped before the next item, as the audit log states", async () => {
    const key = await toys.key(["contain"]);
    const reply = toys.call("/v1/actions/shear-sheep", { key, body: { wait: true, confirm: true } });
    await waiting(1);
    await revoke(key);
    const { status, json } = await reply;
    expect([status, json.code, json.results]).toEqual([403, "access-denied", undefined]);
    expect(toys.told).not.toContain("shorn");
    expect(entriesOf(key)).toMatchObject([
      { phase: "began" },
      { phase: "ended", outcome: [{ status: "failed", error: "unknown-outcome" }] },
    ]);
  });

  test("starts no call by a request whose body is still arriving", async () => {
    const key = await toys.key(["send"]);
    const body = JSON.stringify({ text: "of a thief" });
    const head = `POST /v1/actions/tell-shepherd HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\nContent-Type: application/json\r\n`;
    const before = toys.log.length;
    const { hostname, port } = new URL(toys.url);
    const socket = connect(Number(port), hostname);
    socket.write(`${head}Connection: close\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 5)}`);
    let got = "";
    socket.setEncoding("latin1").on("data", (piece) => (got += piece));
    // It was let in: its key has been used.
    await soon(async () => {
      const entry = (await state.keys.list()).find(({ id }) => id === idOf(key));
      expect(entry?.lastUsedAt).toBeDefined();
    });
    expect(toys.log.length).toBe(before);
    await revoke(key);
    await soon(async () => expect(await state.keys.find(key)).toBeUndefined());
    socket.write(body.slice(5));
    await soon(() => expect(got).toMatch(/^HTTP\/1\.1 403 /));
    expect(got).toContain("access-denied");
    expect(toys.told).not.toContain("of a thief");
    socket.destroy();
  });

  test("has its running and waiting jobs ended", async () => {
    const key = await toys.key(["read", "send"]);
    const later = (action: string, body: object) =>
      toys.call(`/v1/actions/${action}`, { key, body, headers: { prefer: "respond-async" } }).then(({ json }) => String(json.status_url));
    const jobs: string[] = [];
    for (let count = 0; count < 6; count += 1) jobs.push(await later("count-sheep", { wait: true }));
    await waiting(6);
    jobs.push(await later("tell-shepherd", { text: "from the queue" }));
    await revoke(key);
    await waiting(0);
    for (const job of jobs) {
      await soon(async () => expect((await toys.call(job, { key: admin })).json.status).toBe("cancelled"));
    }
    expect(toys.told).not.toContain("from the queue");
  });

  test("receives no more events of a job", async () => {
    const { json } = await toys.call("/v1/actions/count-sheep", { key: admin, body: { wait: true }, headers: { prefer: "respond-async" } });
    const reader = await toys.key(["admin"]);
    await waiting(1);
    const stream = await fetch(`${toys.url}${json.events_url}`, { headers: { authorization: `Bearer ${reader}` } });
    await revoke(reader);
    // Nothing happens to the job, and the stream ends.
    expect(await stream.text()).not.toContain("event: finished");
    expect(toys.waiting).toBe(1);
    toys.release();
  });

  test("has its test of a connection stopped", async () => {
    const key = await toys.key(["read"]);
    const reply = toys.call("/v1/connection/test", { key, body: {} });
    await soon(() => expect(testing?.aborted).toBe(false));
    await revoke(key);
    const { status, text } = await reply;
    expect([status, testing?.aborted]).toEqual([403, true]);
    expect(text).not.toContain("marked-report");
  });

  test("receives no more bytes of a download", async () => {
    // More than the sockets between hold.
    const wool = "wool ".repeat(4_000_000);
    const key = await toys.key(["read"]);
    const bytes = (async function* () {
      yield Buffer.from(wool);
    })();
    const { sha256 } = await openEvidence(toys.folder).keep(bytes, { name: "wool.txt" });
    const reply = await fetch(`${toys.url}/v1/evidence/${sha256}`, { headers: { authorization: `Bearer ${key}` } });
    expect(reply.status).toBe(200);
    await revoke(key);
    await soon(async () => expect(await state.keys.find(key)).toBeUndefined());
    await expect(reply.arrayBuffer()).rejects.toThrow();
  });

  describe("over MCP", () => {
    async function connected(key: string) {
      const client = new Client({ name: "test", version: "0" }, { capabilities: { elicitation: {} } });
      const ways = { requestInit: { headers: { authorization: `Bearer ${key}` } } };
      const transport = new StreamableHTTPClientTransport(new URL(`${toys.url}/mcp`), ways);
      await client.connect(transport as Parameters<Client["connect"]>[0]);
      return client;
    }
    const stopped = { isError: true, structuredContent: { error: { code: "access-denied", message: expect.stringContaining("revoked") } } };

    test("has its call stopped with the reason", async () => {
      const key = await toys.key(["read"]);
      const client = await connected(key);
      const call = client.callTool({ name: "count_sheep", arguments: { wait: true } });
      await waiting(1);
      await revoke(key);
      expect(await call).toMatchObject(stopped);
      expect(toys.waiting).toBe(0);
      await expect(client.listTools()).rejects.toThrow();
      await client.close();
    });

    test("has its session and its streams ended", async () => {
      const key = await toys.key(["read"]);
      const headers = { authorization: `Bearer ${key}`, accept: "application/json, text/event-stream", "content-type": "application/json" };
      const params = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "test", version: "0" } };
      const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params });
      const begun = await fetch(`${toys.url}/mcp`, { method: "POST", headers, body });
      const session = begun.headers.get("mcp-session-id") ?? "";
      await begun.text();
      const stream = await fetch(`${toys.url}/mcp`, { headers: { ...headers, "mcp-session-id": session } });
      expect(stream.status).toBe(200);
      await revoke(key);
      expect(await stream.text()).toBe("");
    });

    test("has the question to a person withdrawn, and the change is not made", async () => {
      const key = await toys.key(["contain"]);
      const client = await connected(key);
      let asked = false;
      client.setRequestHandler(ElicitRequestSchema, () => {
        asked = true;
        return new Promise(() => {});
      });
      const call = client.callTool({ name: "shear_sheep" });
      await soon(() => expect(asked).toBe(true));
      await revoke(key);
      expect(await call).toMatchObject(stopped);
      expect(toys.told).not.toContain("shorn");
      await client.close();
    });
  });
});

test("calls and jobs of other API keys continue", async () => {
  const [gone, stays] = [await toys.key(["read"]), await toys.key(["read"])];
  const reply = toys.call("/v1/actions/count-sheep", { key: stays, body: { wait: true } });
  const { json } = await toys.call("/v1/actions/count-sheep", { key: stays, body: { wait: true }, headers: { prefer: "respond-async" } });
  await waiting(2);
  const stopped = toys.call("/v1/actions/count-sheep", { key: gone, body: { wait: true } });
  await waiting(3);
  await revoke(gone);
  expect((await stopped).status).toBe(403);
  expect(toys.waiting).toBe(2);
  toys.release();
  expect((await reply).json).toMatchObject({ sheep: 2 });
  await soon(async () => expect((await toys.call(String(json.status_url), { key: stays })).json.status).toBe("finished"));
});

test("a queued job of a revoked API key is not started even if it could not be removed", async () => {
  const alone = temporaryState();
  const opened = await alone.open();
  const cancelAll = () => Promise.reject(new Failure("unreachable", "The database went away."));
  const own = await startToys({ ...opened, jobs: { ...opened.jobs, cancelAll } });
  const [stays, two, gone] = [await own.key(["admin"]), await own.key(["read"]), await own.key(["send"])];
  const later = (key: string, action: string, body: object) =>
    own.call(`/v1/actions/${action}`, { key, body, headers: { prefer: "respond-async" } }).then(({ json }) => String(json.status_url));
  // Every place is taken: it waits. Of one caller six jobs run.
  for (let count = 0; count < 8; count += 1) await later(count < 6 ? stays : two, "count-sheep", { wait: true });
  await soon(() => expect(own.waiting).toBe(8));
  const job = await later(gone, "tell-shepherd", { text: "from the queue" });
  await opened.keys.revoke(idOf(gone));
  await soon(() => expect(own.log).toContainEqual({ level: "error", code: "unreachable", message: "The database went away." }));
  own.release();
  await soon(async () => {
    expect((await own.call(job, { key: stays })).json).toMatchObject({ status: "finished", problem: { code: "access-denied" } });
  });
  expect(own.told).toEqual([]);
  await own.close();
  await alone.remove();
});
