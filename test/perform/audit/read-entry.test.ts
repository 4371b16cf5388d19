import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { afterAll, describe, expect, test } from "vitest";
import { mountMcp } from "../../../src/faces/mcp/mount.ts";
import { openAudit } from "../../../src/perform/audit/audit-log.ts";
import { searchedOf } from "../../../src/perform/audit/read-entry.ts";
import { openEvidence } from "../../../src/perform/evidence/hash-and-store.ts";
import { startToys, type ToyServer } from "../../faces/http/server.ts";
import { state } from "../../faces/http/stage.ts";

const closing: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

/** A server whose log is at `file`, or which cannot write one, with evidence of one mailbox. */
async function served(auditsReads: boolean, canWrite = true) {
  const folder = mkdtempSync(join(tmpdir(), "mailcordon-evidence-audit-"));
  closing.push(async () => rmSync(folder, { recursive: true }));
  // A folder is where the log should be.
  const file = canWrite ? join(folder, "audit.jsonl") : folder;
  let toys: ToyServer | undefined;
  const connections = {
    names: ["farm"],
    defaultName: "farm",
    open: () =>
      Promise.resolve({
        exchange: { backend: "ews", close: async () => undefined } as never,
        foundFile: undefined,
        evidence: openEvidence(folder),
        audit: openAudit(file),
        auditsReads,
        connection: "farm",
        tlsVerified: true,
        readFile: () => Promise.reject(new Error("not asked")),
      }),
  };
  toys = await startToys(state, {}, { connections, mount: mountMcp });
  closing.push(() => toys.close());
  const wool = (async function* () {
    yield Buffer.from("wool");
  })();
  const source = { mailbox: "ann@example.com", connection: "farm" };
  const { sha256 } = await openEvidence(toys.folder).keep(wool, { name: "wool.eml", source });
  const key = await toys.key(["read"]);
  const mcp = async () => {
    const client = new Client({ name: "test", version: "0" });
    const ways = { requestInit: { headers: { authorization: `Bearer ${key}` } } };
    await client.connect(new StreamableHTTPClientTransport(new URL(`${toys.url}/mcp`), ways) as Transport);
    closing.push(() => client.close());
    return await client.readResource({ uri: `mailcordon-evidence://sha256/${sha256}` });
  };
  const entries = () =>
    readFileSync(file, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  return { http: () => toys.call(`/v1/evidence/${sha256}`, { key }), mcp, entries, sha256 };
}

describe("a read of evidence", () => {
  test.each(["http", "mcp"] as const)("over %s has one audit entry, with the caller, the hash and the mailbox", async (face) => {
    const place = await served(true);
    await place[face]();
    expect(place.entries()).toMatchObject([
      {
        ...{ phase: "read", action: "read-evidence", effect: "read", connection: "farm", mailbox: "ann@example.com" },
        actor: expect.stringMatching(/^key:/),
        time: expect.stringMatching(/^\d{4}-/),
        targets: [{ sha256: place.sha256, name: "wool.eml", size: 4 }],
      },
    ]);
  });

  test.each(["http", "mcp"] as const)("over %s has none with audit.reads: false", async (face) => {
    const place = await served(false);
    await place[face]();
    expect(place.entries).toThrow("ENOENT");
  });

  test("over HTTP returns nothing if its entry cannot be written", async () => {
    const { status, json, text } = await (await served(true, false)).http();
    expect([status, json.code]).toEqual([500, "audit-failed"]);
    expect(text).not.toContain("wool");
    expect(text).not.toContain(tmpdir());
  });

  test("over MCP returns nothing if its entry cannot be written", async () => {
    const refused = await (await served(true, false)).mcp().catch(String);
    expect(refused).toContain("Nothing is returned");
    expect(refused).not.toContain(tmpdir());
  });
});

describe("the mailboxes of a search in the audit log", () => {
  const addresses = Array.from({ length: 150 }, (_, at) => `user${at}@example.com`);

  test("are counted, and the first 100 are named", () => {
    expect(searchedOf(addresses)).toMatchObject({ count: 150, mailboxes: addresses.slice(0, 100) });
  });

  test("have one hash, whatever their order and case", () => {
    const { sha256 } = searchedOf(addresses);
    const sorted = [...addresses].sort().map((address) => `${address}\n`);
    expect(sha256).toBe(createHash("sha256").update(sorted.join("")).digest("hex"));
    expect(searchedOf(addresses.map((address) => address.toUpperCase()).reverse()).sha256).toBe(sha256);
    expect(searchedOf(addresses.slice(1)).sha256).not.toBe(sha256);
  });
});
