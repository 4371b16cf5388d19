import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Role } from "../../../src/state/keys.ts";
import type { State } from "../../../src/state/state.ts";
import { temporaryState } from "../../state/temporary.ts";
import { raw, startToys, type ToyServer } from "./server.ts";

const folder = temporaryState();
let state: State;
let toys: ToyServer;
let admin: string;
beforeAll(async () => {
  state = await folder.open();
  toys = await startToys(state);
  admin = await toys.key(["admin"]);
});
afterAll(async () => {
  await toys.close();
  await folder.remove();
});

describe("without a key", () => {
  test.each(["/healthz", "/readyz"])("%s answers, and says nothing else", async (path) => {
    const { status, text } = await toys.call(path);
    expect(status).toBe(200);
    expect(JSON.parse(text)).toEqual({ status: expect.stringMatching(/^(ok|ready)$/) });
  });

  // Each failure counts against the address: a server of its own, so that the others are not refused.
  test("nothing else answers, whatever stands in Authorization", async () => {
    const id = (await state.keys.list())[0]?.id;
    const wrong = [
      "",
      "Bearer",
      "Bearer ",
      `Basic ${btoa("a:b")}`,
      `bearer mck_${id}_${"A".repeat(43)}`,
      `Bearer ${admin}x`,
      `Bearer  ${admin} ${admin}`,
    ];
    for (const authorization of wrong) {
      const own = await startToys(state);
      for (const path of ["/v1/actions", "/openapi.json", "/metrics", "/v1/evidence/x", "/v1/jobs/x", "/", "/v1/actions/count-sheep"]) {
        const { status, headers, json } = await own.call(path, { headers: { authorization } });
        expect([authorization, path, status, headers.get("www-authenticate"), json.code]).toEqual([
          authorization,
          path,
          401,
          "Bearer",
          "unauthenticated",
        ]);
      }
      await own.close();
    }
  });

  test("the tenth failure from one address is the last that is looked at, and says how long to wait", async () => {
    const own = await startToys(state);
    const key = await own.key(["read"]);
    for (let count = 0; count < 10; count += 1) expect((await own.call("/v1/actions")).status).toBe(401);
    const refused = await own.call("/v1/actions", { key });
    expect([refused.status, refused.json.code]).toEqual([429, "busy"]);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await own.call("/healthz")).status).toBe(200);
    await own.close();
  });

  test("who was let in before is not kept out by what others at the same address do wrong, unless its key ends", async () => {
    const own = await startToys(state);
    const key = await own.key(["read"]);
    expect((await own.call("/v1/actions", { key })).status).toBe(200);
    for (let count = 0; count < 12; count += 1) await own.call("/v1/actions");
    expect((await own.call("/v1/actions")).status).toBe(429);
    expect((await own.call("/v1/actions", { key })).status).toBe(200);
    await state.keys.revoke(key.slice(4, 16));
    expect((await own.call("/v1/actions", { key })).status).toBe(401);
    expect((await own.call("/v1/actions", { key })).status).toBe(429);
    await own.close();
  });

  test("a client cannot take another address for itself, except behind a proxy", async () => {
    for (const behindProxy of [false, true]) {
      const own = await startToys(state, { behindProxy });
      const failing = (address: string) =>
        own.call("/v1/actions", { headers: { "x-forwarded-for": `198.51.100.${address}, 203.0.113.9` } });
      for (let count = 0; count < 10; count += 1) await failing(String(count));
      expect((await failing("77")).status).toBe(429);
      const elsewhere = await own.call("/v1/actions", { headers: { "x-forwarded-for": "203.0.113.10" } });
      expect(elsewhere.status).toBe(behindProxy ? 401 : 429);
      await own.close();
    }
  });
});

test("however many ask whether the server is ready, the database is asked by one at a time", async () => {
  let asked = 0;
  let answer: (() => void) | undefined;
  const ready = () => {
    asked += 1;
    return new Promise<void>((resolve) => {
      answer = resolve;
    });
  };
  const own = await startToys({ ...state, ready });
  const all = Promise.all(Array.from({ length: 20 }, () => own.call("/readyz")));
  await new Promise((resolve) => setTimeout(resolve, 200));
  answer?.();
  expect((await all).map(({ status }) => status)).toEqual(Array(20).fill(200));
  expect(asked).toBe(1);
  await own.close();
});

describe("the role that an effect needs", () => {
  const needs: Readonly<Record<string, Role>> = { "count-sheep": "read", "shear-sheep": "contain", "tell-shepherd": "send" };
  const table = (["read", "contain", "send", "admin"] as const).flatMap((role) =>
    Object.keys(needs).map((action) => [role, action] as const),
  );
  test.each(table)("with %s alone, %s", async (role, action) => {
    const key = await toys.key([role]);
    const body = action === "tell-shepherd" ? { text: "hello" } : action === "shear-sheep" ? { confirm: true } : {};
    const { status, json } = await toys.call(`/v1/actions/${action}`, { key, body });
    if (role === "admin" || role === needs[action]) expect([status, json.success]).toEqual([200, true]);
    else {
      expect([status, json.code]).toEqual([403, "access-denied"]);
      expect(json.detail).toContain(needs[action]);
    }
  });

  test("what was not let in was not done", async () => {
    const before = toys.told.length;
    await toys.call("/v1/actions/tell-shepherd", { key: await toys.key(["read", "contain"]), body: { text: "forbidden" } });
    expect(toys.told.slice(before)).toEqual([]);
  });
});

describe("a key for some mailboxes and connections", () => {
  test("reaches no other mailbox, nor the default one", async () => {
    const key = await toys.key(["read"], { mailboxes: ["ann@example.com"] });
    expect((await toys.call("/v1/actions/count-sheep", { key, body: { mailbox: "ann@example.com" } })).status).toBe(200);
    for (const body of [{ mailbox: "bob@example.com" }, {}]) {
      const { status, json } = await toys.call("/v1/actions/count-sheep", { key, body });
      expect([status, json.code]).toEqual([403, "access-denied"]);
    }
  });

  test("reaches no other connection, and is not told which there are", async () => {
    const key = await toys.key(["read"], { connections: ["hill"] });
    const call = (query: string) => toys.call(`/v1/actions/count-sheep${query}`, { key, body: {} });
    expect((await call("?connection=hill")).status).toBe(200);
    // It is the only one there is for this key.
    expect((await call("")).status).toBe(200);
    const [there, nowhere] = [await call("?connection=farm"), await call("?connection=nowhere")];
    expect([there.status, there.json.code]).toEqual([403, "access-denied"]);
    expect(there.json.detail).toBe(nowhere.json.detail);
  });

  test("a connection of nobody is an error for who may use all", async () => {
    expect((await toys.call("/v1/actions/count-sheep?connection=nowhere", { key: admin, body: {} })).status).toBe(403);
    expect((await toys.call("/v1/actions/count-sheep?conection=hill", { key: admin, body: {} })).status).toBe(400);
    expect((await toys.call("/v1/actions/count-sheep?connection=hill&connection=farm", { key: admin, body: {} })).status).toBe(400);
  });
});

describe("the catalogue", () => {
  test("is listed and described", async () => {
    const { json } = await toys.call("/v1/actions", { key: admin });
    expect(json.actions).toMatchObject([
      { name: "count-sheep", effect: "read", kind: "Enrichment", role: "read", url: "/v1/actions/count-sheep" },
      { name: "shear-sheep", effect: "destroy", role: "contain" },
      { name: "tell-shepherd", effect: "send", kind: "Notification", role: "send" },
    ]);
    const one = await toys.call("/v1/actions/count-sheep", { key: admin });
    expect(one.json).toMatchObject({
      name: "count-sheep",
      example: { mailbox: "ann@example.com" },
      input_schema: { type: "object", properties: { wolf: { enum: ["none", "busy", "defect"] } } },
      output_schema: { type: "object", properties: { sheep: { type: "number" } } },
    });
  });

  test("has no others, and finds what was meant", async () => {
    const { status, json } = await toys.call("/v1/actions/count-shep", { key: admin, body: {} });
    expect([status, json.code]).toEqual([404, "not-found"]);
    expect(json.detail).toContain("count-sheep");
    for (const name of ["__proto__", "constructor", "..%2f..%2fetc", "%00"]) {
      expect((await toys.call(`/v1/actions/${name}`, { key: admin, body: {} })).status).toBe(404);
    }
  });

  test.each(["PUT", "DELETE", "PATCH"])("%s is no way to ask", async (method) => {
    const { status, headers } = await toys.call("/v1/actions/count-sheep", { key: admin, method });
    expect([status, headers.get("allow")]).toEqual([405, "GET, POST"]);
  });

  test("is described as OpenAPI", async () => {
    expect((await toys.call("/openapi.json", { key: admin })).json.openapi).toMatch(/^3\.1/);
    expect((await toys.call("/openapi.json?version=3.0", { key: admin })).json.openapi).toMatch(/^3\.0/);
    expect((await toys.call("/openapi.json?version=2.0", { key: admin })).status).toBe(400);
  });
});

describe("a call", () => {
  test("that went through is answered with the answer of the door", async () => {
    const { status, headers, json } = await toys.call("/v1/actions/count-sheep", { key: admin, body: { mailbox: "ann@example.com" } });
    expect(status).toBe(200);
    expect(headers.get("content-type")).toBe("application/json");
    expect(json).toMatchObject({ success: true, action: "count-sheep", mailbox: "ann@example.com", sheep: 2 });
  });

  test("that failed is answered with problem details", async () => {
    const headers = { "x-request-id": "abc-123" };
    const reply = await toys.call("/v1/actions/count-sheep", { key: admin, body: { wolf: "busy" }, headers });
    expect(reply.headers.get("content-type")).toBe("application/problem+json");
    expect(reply.status).toBe(503);
    expect(reply.json).toMatchObject({
      type: "urn:mailcordon:failure:busy",
      title: "Busy",
      status: 503,
      detail: "The wolf came.",
      instance: "urn:mailcordon:request:abc-123",
      code: "busy",
      hint: expect.any(String),
      retryable: true,
      wire_code: "ErrorWolf",
      request_id: "abc-123",
      server_request_id: "wolf-7",
      action: "count-sheep",
    });
  });

  test("that must be confirmed says what it would have touched", async () => {
    const { status, json } = await toys.call("/v1/actions/shear-sheep", { key: admin, body: {} });
    expect([status, json.code]).toEqual([428, "confirmation-required"]);
    expect(json.results).toEqual([{ name: "Dolly", status: "planned" }]);
  });

  test("is in the audit with the id of its key", async () => {
    const key = await toys.key(["send"]);
    await toys.call("/v1/actions/tell-shepherd", { key, body: { text: "audited" } });
    const entries = readFileSync(join(toys.folder, "audit.jsonl"), "utf8").trim().split("\n");
    expect(JSON.parse(entries.at(-1) ?? "")).toMatchObject({
      action: "tell-shepherd",
      actor: `key:${key.slice(4, 16)}`,
      connection: "farm",
    });
  });

  test("that is too long is ended, and its time said", async () => {
    const own = await startToys(state, { timeoutMs: 50 });
    const { status, json } = await own.call("/v1/actions/count-sheep", { key: admin, body: { wait: true } });
    expect([status, json.code]).toEqual([504, "timeout"]);
    await own.close();
  });

  test("beyond what runs at once is told to come again", async () => {
    const own = await startToys(state, { maxConcurrency: 2 });
    const held = [1, 2].map(() => own.call("/v1/actions/count-sheep", { key: admin, body: { wait: true } }));
    await vi.waitFor(() => expect(own.waiting).toBe(2));
    const refused = await own.call("/v1/actions/count-sheep", { key: admin, body: {} });
    expect([refused.status, refused.json.code, refused.headers.get("retry-after")]).toEqual([429, "busy", "1"]);
    own.release();
    expect((await Promise.all(held)).map(({ status }) => status)).toEqual([200, 200]);
    expect((await own.call("/v1/actions/count-sheep", { key: admin, body: {} })).status).toBe(200);
    await own.close();
  });

  test("that reads is given up when its caller goes away", async () => {
    const stop = new AbortController();
    const headers = { authorization: `Bearer ${admin}`, "content-type": "application/json" };
    const sent = fetch(`${toys.url}/v1/actions/count-sheep`, { method: "POST", body: '{"wait":true}', headers, signal: stop.signal });
    await vi.waitFor(() => expect(toys.waiting).toBe(1));
    stop.abort();
    await expect(sent).rejects.toThrow();
    await vi.waitFor(() => expect(toys.waiting).toBe(0));
  });

  test("that sends is brought to its end when its caller goes away", async () => {
    const stop = new AbortController();
    const headers = { authorization: `Bearer ${admin}`, "content-type": "application/json" };
    const body = '{"wait":true,"text":"after all"}';
    const sent = fetch(`${toys.url}/v1/actions/tell-shepherd`, { method: "POST", body, headers, signal: stop.signal });
    await vi.waitFor(() => expect(toys.waiting).toBe(1));
    stop.abort();
    await expect(sent).rejects.toThrow();
    toys.release();
    await vi.waitFor(() => expect(toys.told).toContain("after all"));
  });
});

describe("hostile input", () => {
  test.each([
    ["no JSON", "{", 400],
    ["a list", "[]", 400],
    ["a text", '"x"', 400],
    ["null", "null", 400],
    ["what is not UTF-8", Buffer.from([0x7b, 0xff, 0x7d]), 400],
    ["an unknown field", '{"__proto__":{"a":1}}', 400],
    ["a field of the wrong kind", '{"mailbox":{"a":1}}', 400],
    ["very deep JSON", `${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}`, 400],
  ])("%s is refused", async (_, body, expected) => {
    const { status, json } = await toys.call("/v1/actions/count-sheep", {
      key: admin,
      body,
      headers: { "content-type": "application/json" },
    });
    expect([status, json.code]).toEqual([expected, "invalid-input"]);
  });

  test("another kind of body is refused", async () => {
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/mixed; boundary=x", "application/jsonx"]) {
      const { status } = await toys.call("/v1/actions/count-sheep", { key: admin, body: "{}", headers: { "content-type": type } });
      expect([type, status]).toEqual([type, 415]);
    }
  });

  test("a body that is announced as too large is refused before it comes", async () => {
    const head = `POST /v1/actions/count-sheep HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${admin}\r\nContent-Type: application/json\r\n`;
    expect(await raw(toys.url, `${head}Content-Length: 999999999\r\n\r\n`)).toMatch(/^HTTP\/1\.1 413 [\s\S]*"code":"too-large"/);
  });

  test("a body that grows too large is refused where it does", async () => {
    const body = new ReadableStream({
      pull: (controller) => controller.enqueue(Buffer.alloc(100_000, 0x20)),
    });
    const headers = { authorization: `Bearer ${admin}`, "content-type": "application/json" };
    const reply = await fetch(`${toys.url}/v1/actions/count-sheep`, { method: "POST", body, headers, duplex: "half" } as RequestInit).catch(
      () => undefined,
    );
    // The connection may be broken before its sender reads.
    expect([413, undefined]).toContain(reply?.status);
    expect((await toys.call("/healthz")).status).toBe(200);
  });

  test.each(["a;b", "x".repeat(129), "ä", "", "a b"])("the request id %j is replaced", async (id) => {
    const text = `GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Request-Id: ${id}\r\n\r\n`;
    expect(await raw(toys.url, text)).toMatch(/x-request-id: [0-9a-f]{8}-[0-9a-f-]{27}\r\n/);
  });

  test("what a defect threw is in the log and not in the answer", async () => {
    const { status, text } = await toys.call("/v1/actions/count-sheep", { key: admin, body: { wolf: "defect" } });
    expect([status, JSON.parse(text).code]).toEqual([500, "internal"]);
  });

  test("no secret, query or mail is in the log", async () => {
    const key = await toys.key(["send"]);
    await toys.call("/v1/actions/tell-shepherd?connection=farm", { key, body: { text: "marked-mail" } });
    await toys.call("/v1/nothing-marked-path?marked-query=1", { key });
    const text = JSON.stringify(toys.log);
    for (const marked of [key, key.slice(17), "marked-mail", "marked-query", "marked-path"]) expect(text).not.toContain(marked);
    expect(toys.log.at(-2)).toMatchObject({
      route: "/v1/actions/:action",
      status: 200,
      caller: `key:${key.slice(4, 16)}`,
      action: "tell-shepherd",
    });
  });

  test("no page of a browser is let in", async () => {
    const { headers } = await toys.call("/v1/actions", { method: "OPTIONS", key: admin, headers: { origin: "https://evil.example" } });
    expect(headers.get("access-control-allow-origin")).toBeNull();
  });
});

describe("evidence", () => {
  const keep = async (text: string, mailbox: string, query = "") => {
    const { json } = await toys.call(`/v1/actions/count-sheep${query}`, { key: admin, body: { keep: text, mailbox } });
    return { link: String(json.file_ref), sha256: String(json.sha256) };
  };

  test("is linked in the answer, and given byte for byte", async () => {
    const { link, sha256 } = await keep("wool\u0000", "ann@example.com");
    expect(link).toBe(`/v1/evidence/${sha256}`);
    const { status, headers, text } = await toys.call(link, { key: admin });
    expect([status, text]).toEqual([200, "wool\u0000"]);
    expect(headers.get("content-type")).toBe("application/octet-stream");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("content-length")).toBe("5");
    expect(headers.get("content-disposition")).toBe("attachment; filename=\"wo_ol_.eml\"; filename*=UTF-8''wo_ol%C3%BC.eml");
  });

  test("of a mailbox or connection that the caller may not touch is not there", async () => {
    const { link } = await keep("ann's", "ann@example.com", "?connection=hill");
    const statusFor = async (limits: Parameters<ToyServer["key"]>[1]) =>
      (await toys.call(link, { key: await toys.key(["read"], limits) })).status;
    expect(await statusFor({ mailboxes: ["ann@example.com"] })).toBe(200);
    expect(await statusFor({ mailboxes: ["bob@example.com"] })).toBe(404);
    expect(await statusFor({ connections: ["hill"] })).toBe(200);
    expect(await statusFor({ connections: ["farm"] })).toBe(404);
    expect(await statusFor({ connections: ["farm"], mailboxes: ["ann@example.com"] })).toBe(404);
  });

  test("that came from two mailboxes is seen by who may touch one of them, by the connection that it came over", async () => {
    await keep("both", "ann@example.com", "?connection=farm");
    const { link } = await keep("both", "bob@example.com", "?connection=hill");
    const statusFor = async (mailbox: string, connection: string) =>
      (await toys.call(link, { key: await toys.key(["read"], { mailboxes: [mailbox], connections: [connection] }) })).status;
    expect(await statusFor("ann@example.com", "farm")).toBe(200);
    expect(await statusFor("bob@example.com", "hill")).toBe(200);
    expect(await statusFor("ann@example.com", "hill")).toBe(404);
  });

  test("needs the role read", async () => {
    const { link } = await keep("roles", "ann@example.com");
    expect((await toys.call(link, { key: await toys.key(["contain", "send"]) })).status).toBe(403);
  });

  test.each([
    "..%2f..%2fetc%2fpasswd",
    "../../etc/passwd",
    "index.jsonl",
    "%00",
    "0".repeat(64),
    "A".repeat(64),
    `${"0".repeat(64)}/..`,
    "audit.jsonl",
    ".",
    "%2e%2e",
  ])("by no other name: %s", async (name) => {
    const text = `GET /v1/evidence/${name} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${admin}\r\n\r\n`;
    expect(await raw(toys.url, text)).toMatch(/^HTTP\/1\.1 404 /);
  });

  test("that was changed behind our back is never given out whole", async () => {
    const { link, sha256 } = await keep("good", "ann@example.com");
    const line =
      readFileSync(join(toys.folder, "index.jsonl"), "utf8")
        .split("\n")
        .find((each) => each.includes(sha256)) ?? "{}";
    writeFileSync(join(toys.folder, JSON.parse(line).file), "evil");
    await expect(toys.call(link, { key: admin })).rejects.toThrow();
    expect(toys.log).toContainEqual(expect.objectContaining({ level: "error", code: "evidence-failed" }));
  });
});

describe("the test of a connection", () => {
  test("says what was found, with 200 whatever that is", async () => {
    const { status, json } = await toys.call("/v1/connection/test?connection=hill", { key: admin, method: "POST" });
    expect([status, json]).toEqual([200, { success: false, message: "hill looked at", checks: [{}] }]);
  });

  test("takes a place of those that run at once, and ends when the server does", async () => {
    let looking = 0;
    const own = await startToys(
      state,
      { maxConcurrency: 1 },
      {
        testConnection: async (_, { signal }) => {
          looking += 1;
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
          return { success: false, message: "stopped", checks: [] };
        },
      },
    );
    const first = own.call("/v1/connection/test", { key: admin, method: "POST" });
    await vi.waitFor(() => expect(looking).toBe(1));
    const second = await own.call("/v1/connection/test", { key: admin, method: "POST" });
    expect([second.status, second.headers.get("retry-after")]).toEqual([429, "1"]);
    const closing = own.app.close(0);
    expect((await first).json.message).toBe("stopped");
    await closing;
    await own.close();
  });

  test("looks into no mailbox that the caller may not touch", async () => {
    const key = await toys.key(["read"], { mailboxes: ["*@example.org", "ann@example.com"] });
    const look = (body: object) => toys.call("/v1/connection/test", { key, body });
    expect((await look({ mailbox: "bob@example.com" })).status).toBe(403);
    expect((await look({ mailbox: "carl@example.org" })).json.checks).toEqual([{ mailbox: "carl@example.org" }]);
    expect((await look({})).json.checks).toEqual([{ mailbox: "ann@example.com" }]);
    expect((await look({ else: 1 })).status).toBe(400);
    const domain = await toys.key(["read"], { mailboxes: ["*@example.org"] });
    expect((await toys.call("/v1/connection/test", { key: domain, body: {} })).status).toBe(403);
  });
});

describe("metrics", () => {
  test("count requests and calls, and name nobody", async () => {
    const key = await toys.key(["read"]);
    await toys.call("/v1/actions/count-sheep", { key, body: { mailbox: "marked@example.com", wolf: "busy" } });
    const { status, text } = await toys.call("/metrics", { key });
    expect(status).toBe(200);
    expect(text).toMatch(/mailcordon_actions_total\{action="count-sheep",code="busy"\} [1-9]/);
    expect(text).toMatch(/mailcordon_http_requests_total\{route="\/v1\/actions\/:action",method="POST",status="503"\} [1-9]/);
    expect(text).not.toContain("marked@");
    expect(text).not.toContain(key.slice(4, 16));
  });

  test("need the role read, unless a setting opens them to this machine", async () => {
    expect((await toys.call("/metrics", { key: await toys.key(["send"]) })).status).toBe(403);
    const own = await startToys(state, { openMetrics: true });
    expect((await own.call("/metrics")).status).toBe(200);
    await own.close();
    const proxied = await startToys(state, { openMetrics: true, behindProxy: true });
    expect((await proxied.call("/metrics", { headers: { "x-forwarded-for": "203.0.113.9" } })).status).toBe(401);
    await proxied.close();
  });
});

describe("a stop", () => {
  test("lets what runs end, and begins nothing more", async () => {
    const own = await startToys(state);
    const held = own.call("/v1/actions/tell-shepherd", { key: admin, body: { text: "last", wait: true } });
    await vi.waitFor(() => expect(own.waiting).toBe(1));
    const stopping = own.app.close(10_000);
    const refused = await own.call("/v1/actions/count-sheep", { key: admin, body: {} });
    expect([refused.status, refused.json.code, refused.headers.get("connection")]).toEqual([503, "busy", "close"]);
    own.release();
    expect((await held).status).toBe(200);
    await stopping;
    expect(own.told).toEqual(["last"]);
    await own.close();
  });

  test("tells what does not end to stop, and gives its answer", async () => {
    const own = await startToys(state);
    const held = own.call("/v1/actions/count-sheep", { key: admin, body: { wait: true } });
    await vi.waitFor(() => expect(own.waiting).toBe(1));
    await own.app.close(20);
    expect((await held).json.code).toBe("cancelled");
    await own.close();
  });
});
