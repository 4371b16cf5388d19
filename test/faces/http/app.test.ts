import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { soon } from "../../soon.ts";
import { raw, startToys } from "./server.ts";
import { admin, state, toys } from "./stage.ts";

test("concurrent readiness checks share one query to the database", async () => {
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

describe("the catalogue", () => {
  test("lists and describes its actions", async () => {
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

  test("refuses an unknown action with the nearest name", async () => {
    const { status, json } = await toys.call("/v1/actions/count-shep", { key: admin, body: {} });
    expect([status, json.code]).toEqual([404, "not-found"]);
    expect(json.detail).toContain("count-sheep");
    for (const name of ["__proto__", "constructor", "..%2f..%2fetc", "%00"]) {
      expect((await toys.call(`/v1/actions/${name}`, { key: admin, body: {} })).status).toBe(404);
    }
  });

  test.each(["PUT", "DELETE", "PATCH"])("refuses the request %s", async (method) => {
    const { status, headers } = await toys.call("/v1/actions/count-sheep", { key: admin, method });
    expect([status, headers.get("allow")]).toEqual([405, "GET, POST"]);
  });

  test.each([
    ["GET", "/v1/connection/test", "POST"],
    ["POST", `/v1/evidence/${"0".repeat(64)}`, "GET"],
    ["PUT", "/v1/jobs/some", "GET, DELETE"],
    ["POST", "/v1/jobs/some/events", "GET"],
    ["POST", "/openapi.json", "GET"],
  ])("refuses %s %s and names %s", async (method, path, allow) => {
    const { status, headers, json } = await toys.call(path, { key: admin, method });
    expect([status, headers.get("allow"), json.code]).toEqual([405, allow, "invalid-input"]);
  });

  test("has an OpenAPI description", async () => {
    expect((await toys.call("/openapi.json", { key: admin })).json.openapi).toMatch(/^3\.1/);
    expect((await toys.call("/openapi.json?version=3.0", { key: admin })).json.openapi).toMatch(/^3\.0/);
    expect((await toys.call("/openapi.json?version=2.0", { key: admin })).status).toBe(400);
  });
});

describe("a call over HTTP", () => {
  test("that succeeds returns the answer of `perform`", async () => {
    const { status, headers, json } = await toys.call("/v1/actions/count-sheep", { key: admin, body: { mailbox: "ann@example.com" } });
    expect(status).toBe(200);
    expect(headers.get("content-type")).toBe("application/json");
    expect(json).toMatchObject({ success: true, action: "count-sheep", mailbox: "ann@example.com", sheep: 2 });
  });

  test("that fails returns problem details", async () => {
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

  test("that needs confirmation is refused with the items it would have changed", async () => {
    const { status, json } = await toys.call("/v1/actions/shear-sheep", { key: admin, body: {} });
    expect([status, json.code]).toEqual([428, "confirmation-required"]);
    expect(json.results).toEqual([{ name: "Dolly", status: "planned" }]);
  });

  test("is in the audit log with the id of its API key", async () => {
    const key = await toys.key(["send"]);
    await toys.call("/v1/actions/tell-shepherd", { key, body: { text: "audited" } });
    const entries = readFileSync(join(toys.folder, "audit.jsonl"), "utf8").trim().split("\n");
    expect(JSON.parse(entries.at(-1) ?? "")).toMatchObject({
      action: "tell-shepherd",
      actor: `key:${key.slice(4, 16)}`,
      connection: "farm",
    });
  });

  test("that takes too long is ended, and the failure names the time limit", async () => {
    const own = await startToys(state, { timeoutMs: 50 });
    const { status, json } = await own.call("/v1/actions/count-sheep", { key: admin, body: { wait: true } });
    expect([status, json.code]).toEqual([504, "timeout"]);
    await own.close();
  });

  test("above the number of concurrent calls is refused with a time to wait", async () => {
    const own = await startToys(state, { maxConcurrency: 2 });
    const held = [1, 2].map(async () => own.call("/v1/actions/count-sheep", { key: await own.key(["read"]), body: { wait: true } }));
    await soon(() => expect(own.waiting).toBe(2));
    const refused = await own.call("/v1/actions/count-sheep", { key: admin, body: {} });
    expect([refused.status, refused.json.code, refused.headers.get("retry-after")]).toEqual([429, "busy", "1"]);
    own.release();
    expect((await Promise.all(held)).map(({ status }) => status)).toEqual([200, 200]);
    expect((await own.call("/v1/actions/count-sheep", { key: admin, body: {} })).status).toBe(200);
    await own.close();
  });

  test("is accepted whatever another caller does, and a containment action even beside the caller's own reads", async () => {
    const own = await startToys(state);
    const [greedy, other] = [await own.key(["read", "contain"]), await own.key(["read"])];
    const held = Array.from({ length: 8 }, () => own.call("/v1/actions/count-sheep", { key: greedy, body: { wait: true } }));
    await soon(() => expect(own.waiting).toBe(4));
    const asked = [
      own.call("/v1/actions/count-sheep", { key: other, body: {} }),
      own.call("/v1/actions/shear-sheep", { key: greedy, body: { confirm: true } }),
      own.call("/v1/actions/count-sheep", { key: admin, body: {} }),
      own.call("/v1/actions/count-sheep", { key: greedy, body: {} }),
    ];
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([200, 200, 200, 429]);
    own.release();
    expect((await Promise.all(held)).map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 429, 429, 429, 429]);
    await own.close();
  });

  test("takes no slot while its body arrives, and such bodies of one caller keep out no other caller", async () => {
    const own = await startToys(state, { maxConcurrency: 4 });
    const slow = await own.key(["read"]);
    const head = `POST /v1/actions/count-sheep HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${slow}\r\nContent-Type: application/json\r\n`;
    const begun = Array.from({ length: 4 }, () => raw(own.url, `${head}Content-Length: 9\r\n\r\n{`, 1500));
    await soon(async () => expect((await own.call("/v1/actions/count-sheep", { key: slow, body: {} })).status).toBe(429));
    const key = await own.key(["read"]);
    const held = [1, 2].map(() => own.call("/v1/actions/count-sheep", { key, body: { wait: true } }));
    await soon(() => expect(own.waiting).toBe(2));
    own.release();
    expect((await Promise.all(held)).map(({ status }) => status)).toEqual([200, 200]);
    expect((await Promise.all(begun)).filter((reply) => reply.includes(" 429 "))).toHaveLength(2);
    await own.close();
  });

  test("that reads is stopped if its caller disconnects", async () => {
    const stop = new AbortController();
    const headers = { authorization: `Bearer ${admin}`, "content-type": "application/json" };
    const sent = fetch(`${toys.url}/v1/actions/count-sheep`, { method: "POST", body: '{"wait":true}', headers, signal: stop.signal });
    await soon(() => expect(toys.waiting).toBe(1));
    stop.abort();
    await expect(sent).rejects.toThrow();
    await soon(() => expect(toys.waiting).toBe(0));
  });

  test("that sends is completed if its caller disconnects", async () => {
    const stop = new AbortController();
    const headers = { authorization: `Bearer ${admin}`, "content-type": "application/json" };
    const body = '{"wait":true,"text":"after all"}';
    const sent = fetch(`${toys.url}/v1/actions/tell-shepherd`, { method: "POST", body, headers, signal: stop.signal });
    await soon(() => expect(toys.waiting).toBe(1));
    stop.abort();
    await expect(sent).rejects.toThrow();
    toys.release();
    await soon(() => expect(toys.told).toContain("after all"));
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
    ["very deep JSON", `${'{"a":'.repeat(40_000)}1${"}".repeat(40_000)}`, 400],
  ])("%s is refused", async (_, body, expected) => {
    const { status, json } = await toys.call("/v1/actions/count-sheep", {
      key: admin,
      body,
      headers: { "content-type": "application/json" },
    });
    expect([status, json.code]).toEqual([expected, "invalid-input"]);
  });

  test("in a body of another content type is refused", async () => {
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/mixed; boundary=x", "application/jsonx"]) {
      const { status } = await toys.call("/v1/actions/count-sheep", { key: admin, body: "{}", headers: { "content-type": type } });
      expect([type, status]).toEqual([type, 415]);
    }
  });

  test("announced as too large is refused before it arrives", async () => {
    const head = `POST /v1/actions/count-sheep HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${admin}\r\nContent-Type: application/json\r\n`;
    expect(await raw(toys.url, `${head}Content-Length: 999999999\r\n\r\n`)).toMatch(/^HTTP\/1\.1 413 [\s\S]*"code":"too-large"/);
  });

  test("is refused at the point where the body grows too large", async () => {
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

  test.each(["a;b", "x".repeat(129), "ä", "", "a b"])("in the request id %j is replaced", async (id) => {
    const text = `GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Request-Id: ${id}\r\n\r\n`;
    expect(await raw(toys.url, text)).toMatch(/x-request-id: [0-9a-f]{8}-[0-9a-f-]{27}\r\n/);
  });

  test("that causes a defect is reported in the log, not in the answer", async () => {
    const { status, text } = await toys.call("/v1/actions/count-sheep", { key: admin, body: { wolf: "defect" } });
    expect([status, JSON.parse(text).code]).toEqual([500, "internal"]);
  });

  test("leaves no secret, query or message in the log", async () => {
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

  test("from a page in a browser is refused", async () => {
    const { headers } = await toys.call("/v1/actions", { method: "OPTIONS", key: admin, headers: { origin: "https://evil.example" } });
    expect(headers.get("access-control-allow-origin")).toBeNull();
  });
});

describe("a stop of the server", () => {
  test("lets running calls end and begins no more", async () => {
    const own = await startToys(state);
    const held = own.call("/v1/actions/tell-shepherd", { key: admin, body: { text: "last", wait: true } });
    await soon(() => expect(own.waiting).toBe(1));
    const stopping = own.app.close(10_000);
    const refused = await own.call("/v1/actions/count-sheep", { key: admin, body: {} });
    expect([refused.status, refused.json.code, refused.headers.get("connection")]).toEqual([503, "busy", "close"]);
    own.release();
    expect((await held).status).toBe(200);
    await stopping;
    expect(own.told).toEqual(["last"]);
    await own.close();
  });

  test("cancels a call that does not end, and returns its answer", async () => {
    const own = await startToys(state);
    const held = own.call("/v1/actions/count-sheep", { key: admin, body: { wait: true } });
    await soon(() => expect(own.waiting).toBe(1));
    await own.app.close(20);
    expect((await held).json.code).toBe("cancelled");
    await own.close();
  });
});
