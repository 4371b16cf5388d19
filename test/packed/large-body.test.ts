import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { backends, type LabHost, openLabHost } from "../actions/lab-host.ts";
import { type Built, build, environmentOf, type Running, start } from "../built.ts";

/** Characters of base64 in the body: the default of `serve.max_body_mb`. */
const size = 36 * 1024 * 1024;

describe.each(backends)("while the installed server works on a body of 36 MB over %s,", (backend) => {
  let built: Built;
  let host: LabHost;
  let served: Running;
  let url = "";
  let headers: Readonly<Record<string, string>> = {};
  const folder = mkdtempSync(join(tmpdir(), "mailcordon-large-body-"));
  // For root, who lets another user have the database.
  chmodSync(folder, 0o711);
  const raw = Buffer.from(`To: user05@example.com\r\nSubject: large\r\n\r\n${"a line of a message\r\n".repeat(size / 28)}`).toString(
    "base64",
  );
  beforeAll(async () => {
    built = build();
    host = await openLabHost({}, backend);
    const config = join(folder, "settings.yaml");
    writeFileSync(
      config,
      JSON.stringify({ connections: { lab: {} }, evidence_dir: "evidence", audit_file: "audit.jsonl", serve: { state_dir: "state" } }),
    );
    const environment = { ...environmentOf(host.lab, backend), DATABASE_URL: "" };
    const begin = (...words: readonly string[]) =>
      start(process.execPath, [built.program, ...words, "--config", config], environment, folder);
    served = begin("serve", "--port", "0", "--quiet");
    await served.said("serves on");
    url = JSON.parse(served.out()).url;
    const { key } = JSON.parse((await begin("keys", "add", "--name", "large", "--role", "admin").ended).out);
    headers = { authorization: `Bearer ${key}`, "content-type": "application/json", accept: "application/json, text/event-stream" };
  });
  afterAll(async () => {
    served.kill("SIGTERM");
    await served.ended;
    await host.close();
    rmSync(folder, { recursive: true });
  });

  /** Posts a body; counts the answers that another caller gets one after the other until its reply. */
  const post = async (path: string, document: object, more: Readonly<Record<string, string>> = {}) => {
    let ended = false;
    const reply = fetch(`${url}${path}`, { method: "POST", headers: { ...headers, ...more }, body: JSON.stringify(document) })
      .then((one) => one.text())
      .finally(() => {
        ended = true;
      });
    let answers = 0;
    while (!ended) {
      const other = await fetch(`${url}/v1/actions`, { headers });
      await other.arrayBuffer();
      if (other.status === 200 && !ended) answers += 1;
    }
    return { text: await reply, answers };
  };

  test("another caller is answered: a dry run over HTTP", async () => {
    const { text, answers } = await post("/v1/actions/send-email", { raw_mime: raw, dry_run: true });
    expect(JSON.parse(text)).toMatchObject({ success: true, dry_run: true });
    expect(answers).toBeGreaterThanOrEqual(1);
  });

  test("another caller is answered: the plan of a tool over MCP", async () => {
    const call = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "send_email", arguments: { raw_mime: raw } } };
    const clientInfo = { name: "test", version: "1" };
    const params = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo };
    const first = await fetch(`${url}/mcp`, {
      method: "POST",
      headers,
      body: JSON.stringify({ jsonrpc: "2.0", id: 0, method: "initialize", params }),
    });
    await first.text();
    const session = first.headers.get("mcp-session-id") ?? "";
    const { text, answers } = await post("/mcp", call, { "mcp-session-id": session, "mcp-protocol-version": "2025-06-18" });
    expect(text).toContain("Nothing was done yet");
    expect(answers).toBeGreaterThanOrEqual(1);
  });
});
