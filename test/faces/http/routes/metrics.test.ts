import { describe, expect, test } from "vitest";
import { startToys } from "../server.ts";
import { state, toys } from "../stage.ts";

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
