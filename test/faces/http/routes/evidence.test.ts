import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { raw, type ToyServer } from "../server.ts";
import { admin, toys } from "../stage.ts";

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
