import { describe, expect, test } from "vitest";
import type { Role } from "../../../../src/state/keys.ts";
import { startToys } from "../server.ts";
import { admin, state, toys } from "../stage.ts";

describe("without a key", () => {
  test.each(["/healthz", "/readyz"])("%s answers only whether the server works", async (path) => {
    const { status, text } = await toys.call(path);
    expect(status).toBe(200);
    expect(JSON.parse(text)).toEqual({ status: expect.stringMatching(/^(ok|ready)$/) });
  });

  // Each failure counts against the address: a server of its own, so that the others are not refused.
  test("every other path is refused, whatever Authorization contains", async () => {
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

  test("a refused API key is in the log with its id and the caller's address, and without its secret", async () => {
    const own = await startToys(state);
    const wrong = `mck_${"0".repeat(12)}_${"A".repeat(43)}`;
    await own.call("/v1/actions", { key: wrong });
    expect(own.log.at(-1)).toMatchObject({ status: 401, address: expect.stringContaining("127.0.0.1"), key_id: "0".repeat(12) });
    expect(JSON.stringify(own.log)).not.toContain("A".repeat(43));
    await own.close();
  });

  test("the tenth failure from one address is the last that is checked, and names the time to wait", async () => {
    const own = await startToys(state);
    const key = await own.key(["read"]);
    for (let count = 0; count < 10; count += 1) expect((await own.call("/v1/actions")).status).toBe(401);
    const refused = await own.call("/v1/actions", { key });
    expect([refused.status, refused.json.code]).toEqual([429, "busy"]);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await own.call("/healthz")).status).toBe(200);
    await own.close();
  });

  test("a caller accepted before stays accepted despite failures of others at its address, until its API key ends", async () => {
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

describe("a caller with some roles", () => {
  const needs: Readonly<Record<string, Role>> = { "count-sheep": "read", "shear-sheep": "contain", "tell-shepherd": "send" };
  const table = (["read", "contain", "send", "admin"] as const).flatMap((role) =>
    Object.keys(needs).map((action) => [role, action] as const),
  );
  test.each(table)("with only %s: %s", async (role, action) => {
    const key = await toys.key([role]);
    const body = action === "tell-shepherd" ? { text: "hello" } : action === "shear-sheep" ? { confirm: true } : {};
    const { status, json } = await toys.call(`/v1/actions/${action}`, { key, body });
    if (role === "admin" || role === needs[action]) expect([status, json.success]).toEqual([200, true]);
    else {
      expect([status, json.code]).toEqual([403, "access-denied"]);
      expect(json.detail).toContain(needs[action]);
    }
  });

  test("that lacks the role changes nothing", async () => {
    const before = toys.told.length;
    await toys.call("/v1/actions/tell-shepherd", { key: await toys.key(["read", "contain"]), body: { text: "forbidden" } });
    expect(toys.told.slice(before)).toEqual([]);
  });
});

describe("an API key limited to mailboxes and connections", () => {
  test("reaches no other mailbox, not even the default one", async () => {
    const key = await toys.key(["read"], { mailboxes: ["ann@example.com"] });
    expect((await toys.call("/v1/actions/count-sheep", { key, body: { mailbox: "ann@example.com" } })).status).toBe(200);
    for (const body of [{ mailbox: "bob@example.com" }, {}]) {
      const { status, json } = await toys.call("/v1/actions/count-sheep", { key, body });
      expect([status, json.code]).toEqual([403, "access-denied"]);
    }
  });

  test("reaches no other connection and learns no name of one", async () => {
    const key = await toys.key(["read"], { connections: ["hill"] });
    const call = (query: string) => toys.call(`/v1/actions/count-sheep${query}`, { key, body: {} });
    expect((await call("?connection=hill")).status).toBe(200);
    // It is the only one there is for this key.
    expect((await call("")).status).toBe(200);
    const [there, nowhere] = [await call("?connection=farm"), await call("?connection=nowhere")];
    expect([there.status, there.json.code]).toEqual([403, "access-denied"]);
    expect(there.json.detail).toBe(nowhere.json.detail);
  });

  test("an unknown connection is reported to a caller that may use all", async () => {
    expect((await toys.call("/v1/actions/count-sheep?connection=nowhere", { key: admin, body: {} })).status).toBe(403);
    expect((await toys.call("/v1/actions/count-sheep?conection=hill", { key: admin, body: {} })).status).toBe(400);
    expect((await toys.call("/v1/actions/count-sheep?connection=hill&connection=farm", { key: admin, body: {} })).status).toBe(400);
  });
});
