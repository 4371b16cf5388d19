import { readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { openEvidence } from "../../../../src/perform/evidence/hash-and-store.ts";
import { soon } from "../../../soon.ts";
import { raw, startToys, type ToyServer } from "../server.ts";
import { admin, state, toys } from "../stage.ts";

const closing: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closing) await close();
});

describe("evidence", () => {
  const keep = async (text: string, mailbox: string, query = "") => {
    const { json } = await toys.call(`/v1/actions/count-sheep${query}`, { key: admin, body: { keep: text, mailbox } });
    return { link: String(json.file_ref), sha256: String(json.sha256) };
  };

  test("is linked in the answer and returned with its exact bytes", async () => {
    const { link, sha256 } = await keep("wool\u0000", "ann@example.com");
    expect(link).toBe(`/v1/evidence/${sha256}`);
    const { status, headers, text } = await toys.call(link, { key: admin });
    expect([status, text]).toEqual([200, "wool\u0000"]);
    expect(headers.get("content-type")).toBe("application/octet-stream");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("content-length")).toBe("5");
    expect(headers.get("content-disposition")).toBe("attachment; filename=\"wo_ol_.eml\"; filename*=UTF-8''wo_ol%C3%BC.eml");
  });

  test("of a mailbox or connection outside the caller's limits is not found", async () => {
    const { link } = await keep("ann's", "ann@example.com", "?connection=hill");
    const statusFor = async (limits: Parameters<ToyServer["key"]>[1]) =>
      (await toys.call(link, { key: await toys.key(["read"], limits) })).status;
    expect(await statusFor({ mailboxes: ["ann@example.com"] })).toBe(200);
    expect(await statusFor({ mailboxes: ["bob@example.com"] })).toBe(404);
    expect(await statusFor({ connections: ["hill"] })).toBe(200);
    expect(await statusFor({ connections: ["farm"] })).toBe(404);
    expect(await statusFor({ connections: ["farm"], mailboxes: ["ann@example.com"] })).toBe(404);
  });

  test("from two mailboxes is found by a caller that may open one of them over the same connection", async () => {
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
  ])("is not found under the name %s", async (name) => {
    const text = `GET /v1/evidence/${name} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${admin}\r\n\r\n`;
    expect(await raw(toys.url, text)).toMatch(/^HTTP\/1\.1 404 /);
  });

  test("that was changed on the disk is never returned whole", async () => {
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

describe("evidence and jobs that a caller requests", () => {
  test("take the caller's slots until the last byte is sent, and leave those of other callers and of containment", async () => {
    const own = await startToys(state);
    closing.push(() => own.close());
    // More than the buffers of a connection hold.
    const piece = Buffer.alloc(1024 * 1024, "w");
    const bytes = (async function* () {
      for (let count = 0; count < 40; count += 1) yield piece;
    })();
    const { sha256 } = await openEvidence(own.folder).keep(bytes, { name: "wool.eml", source: { mailbox: "ann@example.com" } });
    const [greedy, other] = [await own.key(["read", "contain"]), await own.key(["read"])];
    const path = `/v1/evidence/${sha256}`;
    const prefer = { prefer: "respond-async" };
    const { json: job } = await own.call("/v1/actions/count-sheep", { key: greedy, body: {}, headers: prefer });
    const { json: others } = await own.call("/v1/actions/count-sheep", { key: other, body: {}, headers: prefer });
    const { hostname, port } = new URL(own.url);
    const readers = Array.from({ length: 4 }, () => {
      const socket = connect(Number(port), hostname);
      socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${greedy}\r\n\r\n`);
      return socket;
    });
    await Promise.all(readers.map((socket) => new Promise((resolve) => socket.once("readable", resolve))));
    const statusOf = async (asked: string, key: string, method = "GET") => (await own.call(asked, { key, method })).status;
    expect(await statusOf(path, greedy, "HEAD")).toBe(429);
    expect(await statusOf(String(job.status_url), greedy)).toBe(429);
    expect(await statusOf(String(job.status_url), greedy, "DELETE")).toBe(200);
    expect(await statusOf(path, other, "HEAD")).toBe(200);
    expect(await statusOf(String(others.status_url), other)).toBe(200);
    for (const socket of readers) socket.destroy();
    await soon(async () => expect(await statusOf(path, greedy, "HEAD")).toBe(200));
    // None of what was refused or answered kept a place.
    for (let count = 0; count < 10; count += 1) {
      expect(await statusOf(path, greedy, "HEAD")).toBe(200);
      expect(await statusOf(`/v1/evidence/${"0".repeat(64)}`, greedy)).toBe(404);
      expect(await statusOf("/v1/jobs/none", greedy)).toBe(404);
    }
    expect((await own.call(path, { key: greedy })).text.length).toBe(40 * piece.length);
  });
});
