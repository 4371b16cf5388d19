import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { raw, startToys, type ToyServer } from "../server.ts";
import { state, toys } from "../stage.ts";

describe("metrics", () => {
  test("count requests and calls without names", async () => {
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

  describe("opened to this machine", () => {
    let own: ToyServer;
    beforeAll(async () => {
      own = await startToys(state, { openMetrics: true });
    });
    afterAll(() => own.close());
    /** The status of a request of this machine for this host. */
    const statusOf = async (host: string, headers: readonly string[] = []) => {
      const lines = ["GET /metrics HTTP/1.1", `Host: ${host}`, ...headers, "Connection: close"];
      const reply = await raw(own.url, `${lines.join("\r\n")}\r\n\r\n`);
      expect(reply.includes("mailcordon_http_requests_total")).toBe(reply.startsWith("HTTP/1.1 200"));
      return Number(/^HTTP\/1\.1 (\d+)/.exec(reply)?.[1]);
    };

    test.each(["127.0.0.1", "127.0.0.2", "localhost", "LOCALHOST", "[::1]"])("are returned for the host %s", async (name) => {
      expect([await statusOf(name), await statusOf(`${name}:${new URL(own.url).port}`)]).toEqual([200, 200]);
    });

    test.each(["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "192.0.2.1", "0.0.0.0"])(
      "are refused for the host %s, which a web page can point to this machine",
      async (name) => {
        expect(await statusOf(`${name}:${new URL(own.url).port}`)).toBe(401);
      },
    );

    test("are returned to an API key for any host", async () => {
      expect(await statusOf("monitored.example", [`Authorization: Bearer ${await own.key(["read"])}`])).toBe(200);
    });

    test("are refused for a page of another origin", async () => {
      expect(await statusOf("127.0.0.1", ["Origin: https://evil.example"])).toBe(401);
      expect(await statusOf("127.0.0.1", ["Origin: null"])).toBe(401);
    });
  });
});
