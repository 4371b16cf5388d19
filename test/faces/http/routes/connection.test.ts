import { describe, expect, test } from "vitest";
import type { AppOptions } from "../../../../src/faces/http/app-context.ts";
import { soon } from "../../../soon.ts";
import { startToys } from "../server.ts";
import { admin, state, toys } from "../stage.ts";

describe("the test of a connection", () => {
  test("returns its findings with 200 whatever they are", async () => {
    const { status, json } = await toys.call("/v1/connection/test?connection=hill", { key: admin, method: "POST" });
    expect([status, json]).toEqual([200, { success: false, message: "hill looked at", checks: [{}] }]);
  });

  test("takes a slot of the concurrent calls and ends with the server", async () => {
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
    await soon(() => expect(looking).toBe(1));
    const second = await own.call("/v1/connection/test", { key: admin, method: "POST" });
    expect([second.status, second.headers.get("retry-after")]).toEqual([429, "1"]);
    const closing = own.app.close(0);
    expect((await first).json.message).toBe("stopped");
    await closing;
    await own.close();
  });

  test("opens no mailbox that the caller may not open, and tells a limited caller only whether the connection works", async () => {
    const seen: unknown[] = [];
    let success = true;
    const testConnection: AppOptions["testConnection"] = async (_, { mailbox }) => {
      seen.push(mailbox);
      return { success, message: "marked server.internal", checks: [{ found: "marked account" }] };
    };
    const own = await startToys(state, {}, { testConnection });
    const key = await own.key(["read"], { mailboxes: ["*@example.org", "ann@example.com"] });
    const look = (body: object) => own.call("/v1/connection/test", { key, body });
    expect((await look({ mailbox: "bob@example.com" })).status).toBe(403);
    expect((await look({ mailbox: "carl@example.org" })).json).toEqual({ success, message: "The connection farm works.", checks: [] });
    success = false;
    const { text, json } = await look({});
    expect([json.success, json.checks, text.includes("marked")]).toEqual([false, [], false]);
    expect(seen).toEqual(["carl@example.org", "ann@example.com"]);
    expect((await look({ else: 1 })).status).toBe(400);
    const domain = await own.key(["read"], { mailboxes: ["*@example.org"] });
    expect((await own.call("/v1/connection/test", { key: domain, body: {} })).status).toBe(403);
    await own.close();
  });
});
