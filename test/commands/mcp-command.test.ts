import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { actionNames } from "../../src/actions/load.ts";
import { type Lab, startLab } from "../../src/lab/lab.ts";
import { socAddress } from "../../src/lab/seed/seed.ts";
import { labPassword } from "../../src/lab/store/store.ts";
import { type Built, build, start } from "../built.ts";
import { soon } from "../soon.ts";

// A whole process, driven by clients that others wrote, over the lab.
let built: Built;
let lab: Lab;
const folder = mkdtempSync(join(tmpdir(), "mailcordon-mcp-"));
// For root, who lets another user have the database.
chmodSync(folder, 0o711);
const environment = { PATH: process.env.PATH ?? "", LAB_PASSWORD: labPassword, HOME: folder };

beforeAll(() => {
  built = build();
});
beforeEach(async () => {
  lab = await startLab();
  const settings = {
    connections: {
      lab: { ews: { url: lab.ewsUrl }, auth: { basic: { username: socAddress, password: "env:LAB_PASSWORD" } }, mailbox: socAddress },
    },
  };
  writeFileSync(join(folder, "mailcordon.yaml"), JSON.stringify(settings));
  return () => lab.close();
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Returns a client with its process, and the standard error of the process. */
async function connected(...words: string[]) {
  const args = [built.program, "mcp", ...words];
  const transport = new StdioClientTransport({ command: process.execPath, args, cwd: folder, env: environment, stderr: "pipe" });
  let said = "";
  transport.stderr?.on("data", (text) => {
    said += String(text);
  });
  const client = new Client({ name: "test", version: "0" });
  await client.connect(transport);
  return { client, said: () => said, [Symbol.asyncDispose]: () => client.close() };
}

const toolNames = actionNames.map((name) => name.replaceAll("-", "_"));

test("every action is a tool whose result matches its schema in the client of the SDK", async () => {
  await using one = await connected();
  const { tools } = await one.client.listTools();
  expect(tools.map(({ name }) => name).filter((name) => !name.startsWith("sweep_"))).toEqual(toolNames);
  // The client checks structured content against the output schema, and throws.
  const { structuredContent, isError } = await one.client.callTool({ name: "search_emails_extended", arguments: { limit: 5 } });
  expect(isError).toBe(false);
  expect(structuredContent).toMatchObject({ success: true, backend: "ews" });
  expect(one.said()).toBe(`Settings: ${join(folder, "mailcordon.yaml")}\n`);
});

test("--read-only leaves only tools that read", async () => {
  await using one = await connected("--read-only");
  const { tools } = await one.client.listTools();
  expect(tools.length).toBeGreaterThan(0);
  expect(tools.every(({ annotations }) => annotations?.readOnlyHint === true)).toBe(true);
  await expect(one.client.callTool({ name: "delete_email", arguments: { item_id: "x" } })).rejects.toThrow("There is no tool");
});

test("a message is found, planned for deletion, deleted by its confirmation and logged, and its evidence is a resource", async () => {
  await using one = await connected();
  const call = (name: string, input: object) => one.client.callTool({ name, arguments: { ...input } });
  const searched = await call("search_emails_extended", { limit: 1 });
  const [mail] = (searched.structuredContent as { items: { item_id: string }[] }).items;
  const input = { item_id: [mail?.item_id], keep_evidence: true };
  const planned = (await call("delete_email", input)).structuredContent as { confirmation: { token: string } };
  expect(planned).toMatchObject({ dry_run: true, confirmation: { targets: 1 } });
  const deleted = await call("delete_email", { ...input, confirmation: planned.confirmation.token });
  expect(deleted.structuredContent).toMatchObject({ success: true, counts: { succeeded: 1 } });
  const [link] = (deleted.content as { type: string; uri: string }[]).filter(({ type }) => type === "resource_link");
  const { contents } = await one.client.readResource({ uri: link?.uri ?? "" });
  expect(contents).toEqual([expect.objectContaining({ blob: expect.stringMatching(/^[A-Za-z0-9+/]+=*$/) })]);
  const audit = readFileSync(join(folder, ".local/state/mailcordon/audit.jsonl"), "utf8").trim().split("\n");
  expect(audit.map((line) => JSON.parse(line).phase)).toEqual(["read", "read", "read", "began", "ended", "read"]);
});

test("the process ends if its client disconnects", async () => {
  const ended = await start(process.execPath, [built.program, "mcp"], environment, folder, "").ended;
  expect(ended).toEqual({ code: 0, out: "", err: `Settings: ${join(folder, "mailcordon.yaml")}\n` });
});

test("sweeps are planned, run after the user agreed, archived and undone", async () => {
  const people = lab.store
    .mailboxes()
    .slice(0, 2)
    .map(({ address }) => address);
  const internetMessageId = "<mcp.1@mailer.example.net>";
  const mime = Buffer.from(`From: m@example.net\r\nSubject: Invoice\r\nMessage-ID: ${internetMessageId}\r\n\r\nPay.\r\n`);
  lab.store.deliver(mime, { from: "m@example.net", to: people, at: new Date(Date.now() - 60_000) });
  await using one = await connected();
  const call = async (name: string, input: object = {}) => {
    const { structuredContent, isError } = await one.client.callTool({ name, arguments: { ...input } });
    // biome-ignore lint/suspicious/noExplicitAny: the document of any tool
    return { ...(structuredContent as any), isError: isError === true };
  };
  const order = { internet_message_id: [internetMessageId], mailboxes: people, action: "delete-email", input: { keep_evidence: true } };
  const { sweep, ...planned } = await call("sweep_plan", order);
  expect(planned).toMatchObject({ success: true, state: "planned", counts: { messages: 2 }, planned_by: expect.any(String) });
  const first = await call("sweep_run", { sweep });
  expect(first).toMatchObject({ dry_run: true, confirmation: { targets: 2 } });
  expect(await call("sweep_run", { sweep, confirmation: "no such token" })).toMatchObject({ isError: true });
  const again = await call("sweep_run", { sweep });
  await call("sweep_run", { sweep, confirmation: again.confirmation.token });
  await soon(async () => expect(await call("sweep_status", { sweep })).toMatchObject({ state: "finished", counts: { done: 2 } }));
  const archived = await call("sweep_archive", { sweep });
  expect(archived).toMatchObject({ success: true, evidence: { kept: 1, missing: 0 }, not_known: [] });
  expect(JSON.stringify(archived)).not.toContain(folder);
  const undo = await call("sweep_undo", { sweep });
  await call("sweep_undo", { sweep, confirmation: undo.confirmation.token });
  await soon(async () => expect(await call("sweep_status", { sweep })).toMatchObject({ counts: { undone: 2 } }));
  await using reader = await connected("--read-only");
  const { tools } = await reader.client.listTools();
  expect(tools.map(({ name }) => name)).toContain("sweep_report");
  expect(tools.map(({ name }) => name)).not.toContain("sweep_run");
  expect((await reader.client.callTool({ name: "sweep_run", arguments: { sweep } })).isError).toBe(true);
}, 120_000);

describe("the inspector's command line", () => {
  const inspector = createRequire(import.meta.url).resolve("@modelcontextprotocol/inspector-cli/build/cli.js");
  const inspect = async (...words: string[]) => {
    const { code, out, err } = await start(
      process.execPath,
      [inspector, "--cli", process.execPath, built.program, "mcp", ...words],
      environment,
      folder,
    ).ended;
    return { code, err, said: code === 0 ? JSON.parse(out) : out };
  };

  test("lists every tool", async () => {
    const { said } = await inspect("--method", "tools/list");
    const names: readonly string[] = said.tools.map(({ name }: { name: string }) => name);
    expect(names.filter((name) => !name.startsWith("sweep_"))).toEqual(toolNames);
    expect(names).toContain("sweep_plan");
  });

  test("calls a tool", async () => {
    const { said } = await inspect("--method", "tools/call", "--tool-name", "get_out_of_office");
    expect(said).toMatchObject({ isError: false, structuredContent: { action: "get-out-of-office", mailbox: socAddress } });
  });
});
