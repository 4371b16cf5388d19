import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { Agent, createServer, request } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { listen } from "../src/lab/listen.ts";
import { manyAddress } from "../src/lab/seed/seed-many.ts";
import { type Cost, runNode } from "./process.ts";
import { cpuMsOf } from "./serve.ts";

const program = resolve("dist/mailcordon.cjs");

export interface Hall {
  readonly backend: "ews" | "graph";
  readonly mailboxes: number;
  /** Milliseconds that the lab lets each request wait; the request counts as running meanwhile. */
  readonly delayMs?: number;
  readonly throttle?: string;
}

/** Requests since the last `take`. */
export interface Counted {
  readonly requests: number;
  /** Requests that the lab turned away. */
  readonly refused: number;
  /** Requests that ran at the same time. */
  readonly most: number;
}

/** The resources that a process has used so far. */
export interface Used {
  readonly cpuMs: number;
  readonly residentMiB: number;
  readonly peakMiB: number;
}

export interface Worker {
  used(): Used;
  stop(): Promise<void>;
}

/** A lab in its own process behind a counter, and settings and a database for the sweeps in it. */
export interface SweepBench {
  readonly url: string;
  readonly user: string;
  readonly password: string;
  /** The file with the addresses of the first `count` mailboxes. */
  addresses(count: number): string;
  take(): Counted;
  /** Runs `mailcordon sweep` in a process of its own. */
  // biome-ignore lint/suspicious/noExplicitAny: the document of any subcommand
  sweep(...words: readonly string[]): Promise<Cost & { readonly document: any }>;
  worker(): Promise<Worker>;
  /** Waits until the sweep has ended. Returns milliseconds from its beginning to its end, and the number of messages that are done. */
  ended(id: string): Promise<{ readonly ms: number; readonly done: number }>;
  close(): Promise<void>;
}

export async function openSweepBench({ backend, mailboxes, delayMs = 0, throttle }: Hall): Promise<SweepBench> {
  const folder = await mkdtemp(join(tmpdir(), "mailcordon-bench-sweep-"));
  // PostgreSQL does not run as root: if we are root, its user must be able to enter the folder.
  await chmod(folder, 0o711);
  const limits = throttle === undefined ? [] : ["--throttle", throttle];
  const delay = delayMs === 0 ? [] : ["--fault", `delay:*:1:999999999,delayMs=${delayMs}`];
  const words = ["lab", "--json", "--quiet", "--mailboxes", String(mailboxes), "--messages", "50", ...limits, ...delay];
  const lab = spawn(process.execPath, [program, ...words], { stdio: ["ignore", "pipe", "inherit"] });
  const [said] = await once(lab.stdout, "data");
  const told = JSON.parse(String(said));
  const counter = await openCounter(new URL(told.ews_url));
  const ewsUrl = String(told.ews_url).replace(new URL(told.ews_url).origin, counter.url);
  const graphUrl = String(told.graph_url).replace(new URL(told.graph_url).origin, counter.url);
  const config = join(folder, "mailcordon.yaml");
  const directory = join(folder, "state");
  writeFileSync(
    config,
    JSON.stringify({ connections: { lab: {} }, evidence_dir: "evidence", audit_file: "audit.jsonl", serve: { state_dir: directory } }),
  );
  const signIn =
    backend === "ews"
      ? { MAILCORDON_EWS_URL: ewsUrl, MAILCORDON_AUTH: "basic", MAILCORDON_USERNAME: told.user, MAILCORDON_PASSWORD: told.password }
      : { MAILCORDON_BACKEND: "graph", MAILCORDON_GRAPH_URL: graphUrl, MAILCORDON_TOKEN: told.graph_token };
  const environment = { ...signIn, MAILCORDON_MAILBOX: told.user, XDG_STATE_HOME: folder, XDG_DATA_HOME: folder, DATABASE_URL: "" };
  const children: ChildProcess[] = [];
  const sweep: SweepBench["sweep"] = async (...given) => {
    const cost = await runNode([program, "sweep", ...given, "--config", config, "--json", "--quiet"], environment);
    return { ...cost, document: JSON.parse(cost.stdout) };
  };
  return {
    url: ewsUrl,
    user: told.user,
    password: told.password,
    addresses(count) {
      const file = join(folder, `${count}.txt`);
      writeFileSync(file, Array.from({ length: count }, (_, at) => `${manyAddress(at + 1)}\n`).join(""));
      return file;
    },
    take: counter.take,
    sweep,
    async worker() {
      const env = { ...process.env, ...environment };
      const child = spawn(process.execPath, [program, "worker", "--config", config, "--quiet"], {
        env,
        stdio: ["ignore", "pipe", "inherit"],
      });
      children.push(child);
      await once(child.stdout, "data");
      return {
        used: () => ({ cpuMs: cpuMsOf(child), residentMiB: memoryOf(child, "VmRSS"), peakMiB: memoryOf(child, "VmHWM") }),
        stop: () => stop(child),
      };
    },
    ended: (id) => ended(sweep, id),
    async close() {
      await Promise.all(children.map(stop));
      await counter.close();
      await stop(lab);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function ended(sweep: SweepBench["sweep"], id: string): Promise<{ readonly ms: number; readonly done: number }> {
  for (;;) {
    const { state, begun_at: begun, ended_at: end, counts } = (await sweep("status", id)).document;
    if (state !== "running") return { ms: Date.parse(end) - Date.parse(begun), done: counts.done };
    // Each look is a process of its own, which takes CPU from the workers.
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, "close");
  child.kill("SIGTERM");
  await closed;
}

function memoryOf({ pid }: ChildProcess, field: "VmRSS" | "VmHWM"): number {
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
}

/** Passes each request on to the lab and counts it. It keeps the Host header, so links in replies lead back to it. */
async function openCounter(to: URL) {
  let counted = { requests: 0, refused: 0, most: 0 };
  let running = 0;
  const agent = new Agent({ keepAlive: true });
  const server = createServer((asked, reply) => {
    running += 1;
    counted = { ...counted, requests: counted.requests + 1, most: Math.max(counted.most, running) };
    reply.once("close", () => {
      running -= 1;
    });
    const { method, url: path, headers } = asked;
    const passed = request({ agent, host: to.hostname, port: to.port, method, path, headers }, (given) => {
      // The lab has no faults but those of throttling: 429, 503, and a SOAP fault under 500.
      if (given.statusCode === 429 || (given.statusCode ?? 0) >= 500) counted = { ...counted, refused: counted.refused + 1 };
      reply.writeHead(given.statusCode ?? 502, given.rawHeaders);
      given.pipe(reply);
    });
    passed.on("error", () => reply.destroy());
    asked.pipe(passed);
  });
  const { url, close } = await listen(server, {});
  return {
    url,
    take() {
      const taken = counted;
      counted = { requests: 0, refused: 0, most: 0 };
      return taken;
    },
    async close() {
      await close();
      agent.destroy();
    },
  };
}
