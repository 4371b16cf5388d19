import { createHash } from "node:crypto";
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { PassThrough } from "node:stream";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { actionNames } from "../../src/actions/load.ts";
import { program } from "../../src/commands/program.ts";
import { runCli } from "../../src/faces/cli/cli.ts";
import { toolOf } from "../../src/faces/field-spellings.ts";
import { type Lab, startLab } from "../../src/lab/lab.ts";
import { labPermissions, labToken } from "../../src/lab/practice.ts";
import { socAddress } from "../../src/lab/seed/seed.ts";
import { labPassword } from "../../src/lab/store/store.ts";
import { soon } from "../soon.ts";

type Inputs = Readonly<Record<string, object>>;

type Broken = keyof Places;
// A file where a folder should be fails for root as well, whom no mode keeps out.
const breakages: readonly (readonly [string, Broken, (path: string) => void])[] = [
  ["the folder of the audit log is a file", "log", replacedByFile],
  ["the folder of the audit log is gone", "log", (path) => rmSync(path, { recursive: true })],
  ["the audit log is a folder", "audit", replacedByFolder],
  ["the lock of the audit log is a folder that holds a file", "lock", replacedByFullFolder],
  ["the audit log is another file", "audit", (path) => writeFileSync(path, "not ours\n".repeat(3))],
  [
    "an entry of the audit log was edited",
    "audit",
    (path) => writeFileSync(path, readFileSync(path, "utf8").replaceAll('"actor":"', '"actor":"x')),
  ],
  ["the audit log was emptied", "audit", (path) => writeFileSync(path, "")],
  ["another chain was appended to the audit log", "audit", (path) => appendFileSync(path, `{"previous":"${"1".repeat(64)}"}\n`)],
  ["the kept end of the audit log is garbage", "heads", (path) => replacedByGarbage(path)],
  ["the folder of kept ends is a file", "heads", replacedByFile],
  ["the folder of the evidence is a file", "evidence", replacedByFile],
  ["the folder of the evidence files is a file", "files", replacedByFile],
  ["the index of the evidence is a folder", "index", replacedByFolder],
];

/** So that each action comes to the evidence or the audit. */
function inputsFor(item: { readonly item_id: readonly string[] }): Inputs {
  return {
    "copy-email": { ...item, destination_folder: "inbox" },
    "delete-attachments": { ...item, confirm: true, save_copy_first: true },
    "delete-email": { ...item, confirm: true, keep_evidence: true },
    "download-mail-as-eml": item,
    "get-attachments": { ...item, as: "file" },
    "junk-mail": { ...item, is_junk: true },
    "reply-to-email": { ...item, body: "x" },
    "send-email": { to: [socAddress], subject: "x", body: "x" },
  };
}

/** In a test run each breakage meets some of the actions, chosen by the seed: of those that keep evidence, and of the others. SOAK=1 runs all. */
const isWhole = process.env.SOAK === "1";
const seed = process.env.FAULT_SEED ?? "1";
const keepEvidence = ["delete-attachments", "delete-email", "download-mail-as-eml", "get-attachments"];

function actionsFor(backend: string, breakage: string): readonly string[] {
  if (isWhole) return actionNames;
  const rank = (name: string) => createHash("sha256").update([seed, backend, breakage, name].join("\n")).digest("hex");
  const ranked = [...actionNames].sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
  const keeping = ranked.filter((name) => keepEvidence.includes(name));
  return [...keeping.slice(0, 2), ...ranked.filter((name) => !keepEvidence.includes(name)).slice(0, 2)];
}

interface Places {
  readonly log: string;
  readonly lock: string;
  readonly audit: string;
  readonly heads: string;
  readonly evidence: string;
  readonly files: string;
  readonly index: string;
}

function replacedByGarbage(folder: string): void {
  for (const name of readdirSync(folder)) writeFileSync(join(folder, name), "{");
}

function replacedByFolder(path: string): void {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path, { recursive: true });
}

function replacedByFullFolder(path: string): void {
  replacedByFolder(path);
  writeFileSync(join(path, "file"), "");
}

function replacedByFile(path: string): void {
  rmSync(path, { recursive: true, force: true });
  writeFileSync(path, "");
}

describe.each(["ews", "graph"] as const)("a server over %s whose files are broken", (backend) => {
  let lab: Lab;
  let url = "";
  let key = "";
  let client: Client;
  const written = { out: "", err: "" };
  const stop = new AbortController();
  let ended: Promise<number> | undefined;
  const home = mkdtempSync(join(tmpdir(), "mailcordon-paths-"));
  // For root, who lets another user have the database.
  chmodSync(home, 0o711);
  const config = join(home, "mailcordon.yaml");
  const places: Places = {
    log: join(home, "log"),
    lock: join(home, "log/audit.jsonl.lock"),
    audit: join(home, "log/audit.jsonl"),
    heads: join(home, "state/mailcordon/audit-heads"),
    evidence: join(home, "evidence"),
    files: join(home, "evidence/files"),
    index: join(home, "evidence/index.jsonl"),
  };
  const run = (words: readonly string[], to: { out: string; err: string }, signal: AbortSignal) =>
    runCli([...words, "--config", config], program(join(import.meta.dirname, "../../package.json")), {
      stdin: new PassThrough(),
      stdout: { write: (text) => (to.out += text) },
      stderr: { write: (text) => (to.err += text) },
      signal,
    });

  beforeAll(async () => {
    lab = await startLab({ graph: { tokens: { [labToken]: labPermissions } } });
    for (const name of ["HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"]) vi.stubEnv(name, home);
    for (const [name, value] of Object.entries({
      XDG_STATE_HOME: join(home, "state"),
      LAB_PASSWORD: labPassword,
      LAB_TOKEN: labToken,
      DATABASE_URL: "",
    }))
      vi.stubEnv(name, value);
    const ews = { ews: { url: lab.ewsUrl }, auth: { basic: { username: socAddress, password: "env:LAB_PASSWORD" } } };
    const graph = { backend: "graph", graph: { url: lab.graphUrl }, auth: { bearer: { token: "env:LAB_TOKEN" } } };
    const connections = { lab: { ...(backend === "ews" ? ews : graph), mailbox: "user03@example.com" } };
    const serve = { state_dir: join(home, "served"), timeout_seconds: 60 };
    writeFileSync(config, JSON.stringify({ evidence_dir: places.evidence, audit_file: places.audit, connections, serve }), { mode: 0o600 });
    const made = { out: "", err: "" };
    await run(["keys", "add", "--name", "test", "--role", "admin"], made, stop.signal);
    ({ key } = JSON.parse(made.out));
    ended = run(["serve", "--port", "0"], written, stop.signal);
    await soon(() => expect(written.out).toContain("\n"));
    ({ url } = JSON.parse(written.out));
    client = new Client({ name: "test", version: "0" });
    const transport = new StreamableHTTPClientTransport(new URL(`${url}/mcp`), {
      requestInit: { headers: { authorization: `Bearer ${key}` } },
    });
    await client.connect(transport as Transport);
    await http("download-mail-as-eml", await someItem());
  });
  afterAll(async () => {
    await client?.close();
    stop.abort();
    await ended;
    await lab.close();
    vi.unstubAllEnvs();
    rmSync(home, { recursive: true, force: true });
  });

  /** A message with an attachment in the Inbox: over EWS its id ends when an action moves it. */
  async function someItem(): Promise<{ readonly item_id: readonly string[] }> {
    const found = JSON.parse(await http("search-emails-extended", { has_attachments: true, limit: 1 }));
    return { item_id: [found.items[0].item_id] };
  }
  async function http(name: string, input: object): Promise<string> {
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    return await (await fetch(`${url}/v1/actions/${name}`, { method: "POST", headers, body: JSON.stringify(input) })).text();
  }
  const mcp = async (name: string, { confirm: _, ...input }: { readonly confirm?: boolean }) =>
    JSON.stringify(await client.callTool({ name: toolOf(name), arguments: input }).catch(String));

  test.each(breakages)("shows no path to any caller but logs all of them: %s", async (breakage, broken, breakIt) => {
    const path = places[broken];
    const inputs = inputsFor(await someItem());
    const saved = join(mkdtempSync(join(tmpdir(), "mailcordon-saved-")), "saved");
    // The server gives its lock back a moment after its last entry.
    await soon(() => expect(existsSync(places.lock)).toBe(false));
    if (existsSync(path)) cpSync(path, saved, { recursive: true });
    const before = written.err.length;
    try {
      breakIt(path);
      let failed = 0;
      for (const name of actionsFor(backend, breakage)) {
        const input = inputs[name] ?? {};
        const began = performance.now();
        for (const text of [await http(name, input), await mcp(name, input)]) {
          for (const own of [home, process.cwd(), `${homedir()}/`, `${tmpdir()}/`]) expect(text, name).not.toContain(own);
          if (/audit-failed|evidence-failed/.test(text)) failed += 1;
        }
        // A download that was left unread would hold up the next one for a minute.
        expect(performance.now() - began, name).toBeLessThan(50_000);
      }
      expect(failed).toBeGreaterThan(isWhole ? 2 : 0);
      expect(written.err.slice(before)).toContain(`"local":"${home}`);
    } finally {
      rmSync(path, { recursive: true, force: true });
      if (existsSync(saved)) cpSync(saved, path, { recursive: true });
      rmSync(dirname(saved), { recursive: true });
    }
  });
});
