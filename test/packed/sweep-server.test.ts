import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { backends, type LabHost, openLabHost } from "../actions/lab-host.ts";
import { type Built, build, environmentOf, type Running, start } from "../built.ts";
import { soon } from "../soon.ts";

const people = ["user01@example.com", "user02@example.com"];
const id = "<campaign.1@mailer.example.net>";

describe.each(backends)("sweeps of the installed server over %s", (backend) => {
  let built: Built;
  let host: LabHost;
  let served: Running;
  let url = "";
  let key = "";
  const folder = mkdtempSync(join(tmpdir(), "mailcordon-sweep-server-"));
  // For root, who lets another user have the database.
  chmodSync(folder, 0o711);
  beforeAll(async () => {
    built = build();
    host = await openLabHost({}, backend);
    for (const person of people) host.put(person, { internetMessageId: id, subject: "Your invoice" });
    const config = join(folder, "settings.yaml");
    const settings = { connections: { lab: {} }, evidence_dir: "evidence", audit_file: "audit.jsonl", serve: { state_dir: "state" } };
    writeFileSync(config, JSON.stringify(settings));
    const begin = (...words: readonly string[]) =>
      start(
        process.execPath,
        [built.program, ...words, "--config", config],
        { ...environmentOf(host.lab, backend), DATABASE_URL: "" },
        folder,
      );
    served = begin("serve", "--port", "0", "--quiet");
    await served.said("serves on");
    url = JSON.parse(served.out()).url;
    const added = await begin("keys", "add", "--name", "somebody", "--role", "read,contain").ended;
    key = JSON.parse(added.out).key;
  });
  afterAll(async () => {
    served.kill("SIGTERM");
    await served.ended;
    await host.close();
    rmSync(folder, { recursive: true });
  });
  // biome-ignore lint/suspicious/noExplicitAny: the document of any path
  const ask = async (method: string, path: string, body?: object): Promise<any> => {
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const reply = await fetch(`${url}${path}`, { method, headers, body: body === undefined ? null : JSON.stringify(body) });
    return await reply.json();
  };
  const order = { internet_message_id: [id], mailboxes: people, action: "delete-email", input: { keep_evidence: true } };

  test("are planned, run by the server itself and undone over HTTP", async () => {
    const planned = await ask("POST", "/v1/sweeps", order);
    expect(planned).toMatchObject({ state: "planned", counts: { messages: 2 } });
    await ask("POST", `/v1/sweeps/${planned.sweep}/run`, { plan: planned.plan_hash });
    await soon(async () =>
      expect(await ask("GET", `/v1/sweeps/${planned.sweep}`)).toMatchObject({ state: "finished", counts: { done: 2 } }),
    );
    const { targets } = await ask("GET", `/v1/sweeps/${planned.sweep}/targets`);
    const evidence = await fetch(targets[0].outcome.evidence.file_ref.replace(/^\//, `${url}/`), {
      headers: { authorization: `Bearer ${key}` },
    });
    expect(evidence.status).toBe(200);
    await ask("POST", `/v1/sweeps/${planned.sweep}/undo`);
    await soon(async () => expect(await ask("GET", `/v1/sweeps/${planned.sweep}`)).toMatchObject({ counts: { undone: 2 } }));
  });

  test("are planned and run by tools of MCP", async () => {
    const client = new Client({ name: "test", version: "0" });
    const transport = new StreamableHTTPClientTransport(new URL(`${url}/mcp`), {
      requestInit: { headers: { authorization: `Bearer ${key}` } },
    });
    await client.connect(transport as Parameters<Client["connect"]>[0]);
    // biome-ignore lint/suspicious/noExplicitAny: the document of any tool
    const call = async (name: string, input: object): Promise<any> =>
      (await client.callTool({ name, arguments: { ...input } })).structuredContent;
    const { sweep } = await call("sweep_plan", order);
    const { confirmation } = await call("sweep_run", { sweep });
    expect(await call("sweep_run", { sweep, confirmation: confirmation.token })).toMatchObject({ success: true });
    await soon(async () => expect(await call("sweep_status", { sweep })).toMatchObject({ state: "finished", counts: { done: 2 } }));
    await client.close();
  });
});
