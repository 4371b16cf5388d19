import { writeFileSync } from "node:fs";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import * as z from "zod";
import type { Action } from "../src/catalogue/action-definition.ts";
import { type Answer, exitCodeOf } from "../src/catalogue/answer-envelope.ts";
import { flagOf, toolOf } from "../src/faces/field-spellings.ts";
import { failures } from "../src/failure.ts";
import { type Lab, startLab } from "../src/lab/lab.ts";
import { labPermissions, labToken } from "../src/lab/practice.ts";
import { seedOrganisation, socAddress } from "../src/lab/seed/seed.ts";
import { labPassword, type Store } from "../src/lab/store/store.ts";
import type { Backend } from "./actions/lab-host.ts";
import { build, type Library, start } from "./built.ts";
import { fileWith, noPython, run, scriptOf } from "./faces/automation-service/stage.ts";

export type Input = Readonly<Record<string, unknown>>;

/** The reply of a face to one call. */
export interface Said {
  /** Its document: an answer, or this face's report of a call that failed as a whole. */
  readonly document: unknown;
  /** Exit code, status or error flag: the part of the reply outside the document. */
  readonly beside: unknown;
  /** The content of the lab after a first call that only requested a confirmation. */
  readonly planned?: unknown;
}

export type FaceName = "library" | "command line" | "HTTP" | "MCP over stdio" | "MCP over HTTP" | "Automation Service";

/** One way to call an action. */
export interface Face {
  readonly name: FaceName;
  call(action: Action, input: Input): Promise<Said>;
  /** Returns the part outside the document that belongs to this answer. */
  beside(answer: Answer): unknown;
  /** Returns the location of evidence as this face reports it. */
  link(kept: { readonly name: string; readonly sha256: string }): string;
  close(): Promise<void>;
}

/** An address that always leads to the present lab: a process started once meets a new lab for each call. */
export interface LabPlace {
  readonly ewsUrl: string;
  readonly graphUrl: string;
  /** Replaces the lab by a new one with the same organisation at the same time, so that the same actions give the same ids. */
  renew(): Promise<Store>;
  close(): Promise<void>;
}

export async function openLabPlace(at: Date): Promise<LabPlace> {
  let lab: Lab | undefined;
  const server = createServer((asked, reply) => {
    const { method, url, headers } = asked;
    const passed = request(`${lab?.url}${url}`, { method, headers }, (said) => {
      reply.writeHead(said.statusCode ?? 502, said.rawHeaders);
      said.pipe(reply);
    });
    passed.on("error", () => reply.destroy());
    asked.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // The border is Node's own: a listening TCP server has such an address.
  const { port } = server.address() as AddressInfo;
  return {
    ewsUrl: `http://127.0.0.1:${port}/EWS/Exchange.asmx`,
    graphUrl: `http://127.0.0.1:${port}/v1.0`,
    async renew() {
      await lab?.close();
      lab = await startLab({ seed: false, graph: { tokens: { [labToken]: labPermissions } } });
      lab.store.setNow(at);
      seedOrganisation(lab.store);
      return lab.store;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await lab?.close();
    },
  };
}

/** Adds every face to `faces`, the library first. Each is started once; the last is closed first. `held` returns the content of the lab. */
export async function openFaces(faces: Face[], folder: string, place: LabPlace, backend: Backend, held: () => unknown): Promise<void> {
  const { folder: installed, program } = build();
  const { catalogue, loadSettings, open, perform }: Library = await import(join(installed, "dist/index.js"));
  const evidenceOf = (face: string) => join(folder, `evidence-of-${face}`);
  const config = (face: string) => {
    const file = join(folder, `${face}.yaml`);
    const ews = { ews: { url: place.ewsUrl }, auth: { basic: { username: socAddress, password: "env:LAB_PASSWORD" } } };
    const graph = { backend: "graph", graph: { url: place.graphUrl }, auth: { bearer: { token: "env:LAB_TOKEN" } } };
    const connections = { lab: { ...(backend === "ews" ? ews : graph), mailbox: socAddress } };
    writeFileSync(file, JSON.stringify({ evidence_dir: evidenceOf(face), connections, serve: { state_dir: join(folder, "state") } }));
    return file;
  };
  const environment = { PATH: process.env.PATH ?? "", LAB_PASSWORD: labPassword, LAB_TOKEN: labToken, HOME: folder };
  const begin = (...words: string[]) => start(process.execPath, [program, ...words], environment, folder);
  const filed = (face: string) => ({ link: ({ name }: { name: string }) => join(evidenceOf(face), "files", name) });

  const opened = await open(await loadSettings({ flags: { config: config("library") }, environment }));
  const shipped = ({ name }: Action) => {
    const found = catalogue.find((one) => one.name === name);
    if (found === undefined) throw new Error(`The package has no action ${name}.`);
    return found;
  };
  faces.push({
    name: "library",
    call: async (action, input) => ({ document: await perform(shipped(action), input, opened), beside: undefined }),
    beside: () => undefined,
    ...filed("library"),
    close: () => opened.exchange.close(),
  });

  faces.push({
    name: "command line",
    async call({ name }, input) {
      const flags = Object.entries(input).map(([field, value]) => `${flagOf(field)}=${textOf(value)}`);
      const { code, out } = await begin(name, ...flags, "--json", "--config", config("command-line")).ended;
      return { document: JSON.parse(out), beside: code };
    },
    beside: exitCodeOf,
    ...filed("command-line"),
    close: async () => {},
  });

  const served = begin("serve", "--port", "0", "--quiet", "--config", config("serve"));
  let url = "";
  let key = "";
  const http: Face = {
    name: "HTTP",
    async call({ name }, input) {
      const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
      const reply = await fetch(`${url}/v1/actions/${name}`, { method: "POST", headers, body: JSON.stringify(input) });
      return { document: await reply.json(), beside: [reply.status, reply.headers.get("content-type")] };
    },
    beside: ({ error }) => (error === undefined ? [200, "application/json"] : [failures[error.code].status, "application/problem+json"]),
    link: ({ sha256 }) => `/v1/evidence/${sha256}`,
    async close() {
      served.kill("SIGTERM");
      await served.ended;
    },
  };
  faces.push(http);
  await served.said("\n");
  ({ url } = JSON.parse(served.out()));
  const made = await begin("keys", "add", "--name", "faces", "--role", "read,contain,send", "--config", config("serve")).ended;
  ({ key } = JSON.parse(made.out));

  const stdio = { command: process.execPath, args: [program, "mcp", "--config", config("mcp")], cwd: folder, env: environment };
  faces.push(await mcpFace("MCP over stdio", new StdioClientTransport(stdio), held, filed("mcp").link));
  const headers = { authorization: `Bearer ${key}` };
  const overHttp = new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit: { headers } });
  // The border is the SDK's: its own class does not fit its own interface where undefined is not the same as absent.
  faces.push(await mcpFace("MCP over HTTP", overHttp as Transport, held, http.link));

  if (noPython) return;
  faces.push({
    name: "Automation Service",
    async call({ title }, { attachments, ...input }) {
      const fields = Object.entries(input).map(([field, value]) => [field, textOf(value)]);
      const files = Array.isArray(attachments) ? attachments.map(({ name, base64 }) => fileWith(Buffer.from(base64, "base64"), name)) : [];
      const environment = { api_url: url, api_key: key, attachments: files.join(","), ...Object.fromEntries(fields) };
      const { code, out, err } = await run(scriptOf(title), environment);
      return { document: out === "" ? err : JSON.parse(out), beside: [code, err === ""] };
    },
    beside: ({ success, counts }) => (success || counts.succeeded > 0 ? [0, true] : [1, false]),
    link: ({ sha256 }) => `${url}/v1/evidence/${sha256}`,
    close: async () => {},
  });
}

/** A client that cannot ask a person: everything except reads takes two calls. */
async function mcpFace(name: FaceName, transport: Transport, held: () => unknown, link: Face["link"]): Promise<Face> {
  const client = new Client({ name: "every-face", version: "0" });
  await client.connect(transport);
  return {
    name,
    async call(action, { confirm: _, ...input }) {
      const tool = toolOf(action.name);
      const planned = await client.callTool({ name: tool, arguments: input });
      const { confirmation } = Planned.parse(planned.structuredContent);
      if (action.effect === "read" || confirmation === undefined) return { document: planned.structuredContent, beside: planned.isError };
      const before = held();
      const done = await client.callTool({ name: tool, arguments: { ...input, confirmation: confirmation.token } });
      return { document: done.structuredContent, beside: done.isError, planned: before };
    },
    beside: ({ error, counts }) => error !== undefined || (counts.failed > 0 && counts.succeeded === 0),
    link,
    close: () => client.close(),
  };
}

const Planned = z.looseObject({ confirmation: z.looseObject({ token: z.string() }).optional() });

/** A value as a flag or a variable of the environment has it. */
function textOf(value: unknown): string {
  if (Array.isArray(value) && value.every((each) => typeof each === "string")) return value.join(",");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
