import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getRequestListener } from "@hono/node-server";
import * as z from "zod";
import { type Action, defineItemAction, defineWholeAnswerAction } from "../../../src/catalogue/action-definition.ts";
import type { Exchange, Mailbox } from "../../../src/exchange/exchange.ts";
import { sameOverGraph } from "../../../src/exchange/port-methods.ts";
import { type App, buildApp } from "../../../src/faces/http/app.ts";
import type { AppOptions, HttpSettings } from "../../../src/faces/http/app-context.ts";
import { Failure } from "../../../src/failure.ts";
import { openAudit } from "../../../src/perform/audit/audit-log.ts";
import { openEvidence } from "../../../src/perform/evidence/hash-and-store.ts";
import { openIndexedEvidence } from "../../../src/perform/evidence/indexed-evidence.ts";
import type { Grant, Role } from "../../../src/state/keys.ts";
import type { State } from "../../../src/state/state.ts";
import { catalogueOf } from "../toy.ts";

/** The record of the toy actions, and the means to hold them up. */
export interface Shepherd {
  /** All progress texts, in order. */
  readonly told: string[];
  /** How many calls are waiting. */
  waiting: number;
  /** Lets everything go that waits. */
  release(): void;
}

/** Two actions that a test can watch and hold up: one reads, one sends; and one that destroys, which asks first. */
export function toyActions(shepherd: Shepherd, gate: () => Promise<void>): readonly Action[] {
  const held = async (wait: boolean, signal: AbortSignal | undefined) => {
    if (!wait) return;
    shepherd.waiting += 1;
    try {
      const stopped = new Promise<never>((_, reject) => {
        const stop = () => reject(new Failure("cancelled", "It was stopped."));
        if (signal?.aborted) stop();
        signal?.addEventListener("abort", stop);
      });
      await Promise.race([gate(), stopped]);
    } finally {
      shepherd.waiting -= 1;
    }
  };
  const countSheep = defineWholeAnswerAction({
    name: "count-sheep",
    title: "Count Sheep",
    summary: "Count the sheep.",
    uses: [],
    overGraph: sameOverGraph,
    input: z.strictObject({
      mailbox: z.string().optional(),
      wait: z.boolean().default(false),
      wolf: z.enum(["none", "busy", "defect"]).default("none"),
      keep: z.string().optional(),
      say: z.string().optional(),
    }),
    output: z.strictObject({ sheep: z.number(), file_ref: z.string().optional(), sha256: z.string().optional() }),
    example: { mailbox: "ann@example.com" },
  }).run(async ({ wait, wolf, keep, say }, { call, evidence, mailbox }) => {
    if (say !== undefined) call.progress?.(say);
    await held(wait, call.signal);
    if (wolf === "busy") throw new Failure("busy", "The wolf came.", { wireCode: "ErrorWolf", requestId: "wolf-7" });
    if (wolf === "defect") throw new Error("marked-defect");
    if (keep === undefined) return { sheep: 2 };
    const bytes = (async function* () {
      yield Buffer.from(keep);
    })();
    const { file_ref, sha256 } = await evidence.keep(bytes, { name: 'wo"ol\r\nü.eml', source: { mailbox: mailbox.address } });
    return { sheep: 2, file_ref, sha256 };
  });
  const tellShepherd = defineItemAction({
    name: "tell-shepherd",
    title: "Tell Shepherd",
    summary: "Send word.",
    uses: [],
    overGraph: sameOverGraph,
    effect: "send",
    done: "told",
    input: z.strictObject({
      mailbox: z.string().optional(),
      text: z.string(),
      wait: z.boolean().default(false),
      wolf: z.boolean().default(false),
      attachments: z.array(z.strictObject({ path: z.string() })).default([]),
    }),
    each: z.strictObject({ files: z.array(z.string()) }),
  })
    .select(async function* ({ wolf }) {
      if (wolf) throw new Failure("busy", "The wolf came.");
      yield { asked: {}, outcome: { ok: true, value: { row: { to: "shepherd@example.com" } } } };
    })
    .act(async function* (_, { text, wait, attachments }, { readFile, call }) {
      const files: string[] = [];
      for (const { path } of attachments) {
        const file = await readFile?.(path);
        const pieces: Uint8Array[] = [];
        for await (const piece of file?.open() ?? []) pieces.push(piece);
        files.push(`${file?.name}: ${Buffer.concat(pieces).toString("latin1").slice(0, 100)} (${file?.size})`);
      }
      await held(wait, call.signal);
      shepherd.told.push(text);
      yield { ok: true, value: { files } };
    });
  const shearSheep = defineItemAction({
    name: "shear-sheep",
    title: "Shear Sheep",
    summary: "Take the wool off.",
    uses: [],
    overGraph: sameOverGraph,
    effect: "destroy",
    done: "shorn",
    input: z.strictObject({ mailbox: z.string().optional(), confirm: z.boolean().default(false), wait: z.boolean().default(false) }),
    each: z.strictObject({}),
  })
    .select(async function* () {
      yield { asked: {}, outcome: { ok: true, value: { row: { name: "Dolly" } } } };
    })
    .act(async function* (_, { wait }, { call }) {
      await held(wait, call.signal);
      shepherd.told.push("shorn");
      yield { ok: true, value: {} };
    });
  return [countSheep, shearSheep, tellShepherd];
}

/** A server of the toys, on a real socket. */
export interface ToyServer extends Shepherd {
  readonly url: string;
  readonly app: App;
  /** Folder of the evidence and the audit. */
  readonly folder: string;
  readonly log: readonly Readonly<Record<string, unknown>>[];
  /** Makes a key and gives its secret. */
  key(roles: readonly Role[], limits?: Partial<Omit<Grant, "roles">>): Promise<string>;
  call(path: string, options?: CallOptions): Promise<Called>;
  close(graceMs?: number): Promise<void>;
}

export interface CallOptions {
  readonly key?: string | undefined;
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Called {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body, when it is JSON. */
  // biome-ignore format: one line
  readonly json: Readonly<Record<string, unknown>>;
}

const settings: HttpSettings = {
  publicUrl: "",
  behindProxy: false,
  maxBodyBytes: 1024 * 1024,
  maxConcurrency: 8,
  timeoutMs: 20_000,
  openMetrics: false,
};

export async function startToys(
  state: State,
  changed: Partial<HttpSettings> = {},
  options: Partial<Pick<AppOptions, "catalogue" | "connections" | "readToken" | "testConnection" | "mount">> = {},
): Promise<ToyServer> {
  const folder = mkdtempSync(join(tmpdir(), "mailcordon-http-"));
  const log: Readonly<Record<string, unknown>>[] = [];
  let open: (() => void)[] = [];
  const shepherd: Shepherd = {
    told: [],
    waiting: 0,
    release() {
      for (const let_go of open) let_go();
      open = [];
    },
  };
  const actions = toyActions(shepherd, () => new Promise((resolve) => open.push(resolve)));
  const evidence = openEvidence(folder);
  const audit = openAudit(join(folder, "audit.jsonl"));
  const app = await buildApp({
    catalogue: catalogueOf(actions),
    connections: {
      names: ["farm", "hill"],
      defaultName: "farm",
      open: async (connection) => ({
        exchange: toyExchange(),
        evidence,
        audit,
        connection,
        readFile: () => Promise.reject(new Error("the disk of the server was asked")),
      }),
    },
    state,
    settings: { ...settings, ...changed },
    log: { request: (line) => log.push(line), error: (line) => log.push({ ...line, level: "error" }) },
    evidence: openIndexedEvidence(folder, state.evidenceLines),
    version: "1.2.3",
    testConnection: async (name, { mailbox }) => ({ success: false, message: `${name} looked at`, checks: [{ mailbox }] }),
    ...options,
  });
  const server = createServer(getRequestListener((request, env) => app.fetch(request, env)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let closed: Promise<void> | undefined;
  return Object.assign(shepherd, {
    url,
    app,
    folder,
    log,
    async key(roles: readonly Role[], limits: Partial<Omit<Grant, "roles">> = {}) {
      const grant = { mailboxes: undefined, connections: undefined, ...limits, roles };
      return (await state.keys.create({ name: "toy", grant })).secret;
    },
    async call(path: string, { key, method, body, headers = {} }: CallOptions = {}) {
      const isText = typeof body === "string" || body instanceof FormData || body instanceof Uint8Array;
      const reply = await fetch(`${url}${path}`, {
        method: method ?? (body === undefined ? "GET" : "POST"),
        headers: {
          ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
          ...(body === undefined || isText ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: isText ? body : JSON.stringify(body) }),
      });
      const text = await reply.text();
      const isJson = /json/.test(reply.headers.get("content-type") ?? "");
      return { status: reply.status, headers: reply.headers, text, json: isJson && text !== "" ? JSON.parse(text) : {} };
    },
    close(graceMs = 0) {
      closed ??= (async () => {
        const ended = new Promise((resolve) => server.close(resolve));
        await app.close(graceMs);
        server.closeAllConnections();
        await ended;
        rmSync(folder, { recursive: true, force: true });
      })();
      return closed;
    },
  });
}

function toyExchange(): Exchange {
  return {
    backend: "ews",
    mailbox: (address) => toyMailbox(address ?? "default@example.com"),
    searchableMailboxes: () => Promise.reject(new Error("not asked")),
    groupMembers: () => Promise.reject(new Error("not asked")),
    atATime: () => 4,
    messageTrace: () => Promise.reject(new Error("not asked")),
    close: async () => undefined,
  };
}

/** A mailbox that has nothing but its address. */
function toyMailbox(address: string): Mailbox {
  return new Proxy({ address } as Mailbox, {
    get: (target, name) => {
      if (name === "address") return target.address;
      // It is no promise, and has one back end.
      if (name === "route" || name === "then") return undefined;
      return () => Promise.reject(new Error(`the toy mailbox was asked for ${String(name)}`));
    },
  });
}

/** Sends these bytes as they are, and gives everything that comes back until the other side ends. */
export function raw(url: string, text: string, pauseMs = 0): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write(text);
      if (pauseMs > 0) setTimeout(() => socket.end(), pauseMs);
    });
    let got = "";
    socket.setEncoding("latin1").on("data", (piece: string) => {
      got += piece;
    });
    socket.on("close", () => resolve(got));
    socket.on("error", (error: NodeJS.ErrnoException) => (error.code === "ECONNRESET" ? resolve(got) : reject(error)));
  });
}
