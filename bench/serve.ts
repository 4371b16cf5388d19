import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { type Lab, startLab } from "../src/lab/lab.ts";
import { socAddress } from "../src/lab/seed/seed.ts";
import { labPassword } from "../src/lab/store/store.ts";
import { fill, mailbox } from "./mailbox.ts";
import type { Measure } from "./measure.ts";
import { median } from "./process.ts";

const program = resolve("dist/mailcordon.cjs");
const library = resolve("bench/library-calls.mjs");

/** The call, how often it is made in one round, and its label. */
const works = {
  "get-out-of-office": { input: { mailbox }, calls: 1000 },
  "a 100-hit search": { action: "search-emails-extended", input: { mailboxes: [mailbox], folder: "inbox", limit: 100 }, calls: 300 },
} as const satisfies Record<string, { action?: string; input: object; calls: number }>;

/** Calls before the measurement, for server and library: V8 compiles code that runs often, and a server runs for long. */
const warmCalls = 1000;
/** Maximum CPU that the face may add to a call, in milliseconds. */
const addedBar = 1;
/**
 * Calls whose memory is compared, and how often it is read meanwhile. V8 lets its heap grow for the first ten thousand or so and then keeps it: later
 * growth is the server's.
 */
const memoryCalls = { warm: 15_000, measured: 10_000, every: 1000 };
/** MiB. A leak of 2 KiB for each call would be 20. */
const flatBar = 12;

/** Compares `mailcordon serve` with the library called directly, over the same lab. */
export async function measureServe(rounds: number): Promise<Measure[]> {
  const lab = await startLab({ gzip: false });
  const folder = await mkdtemp(join(tmpdir(), "mailcordon-serve-"));
  // PostgreSQL does not run as root: when we are, its user has to get through.
  await chmod(folder, 0o711);
  fill(lab);
  const server = await serve(lab, folder);
  const direct = spawn(process.execPath, [library], {
    cwd: folder,
    env: { ...process.env, ...server.environment },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const answers = createInterface({ input: direct.stdout })[Symbol.asyncIterator]();
  /** Milliseconds of CPU for each call of the library. */
  const ask = async (work: Work): Promise<number> => {
    direct.stdin.write(`${JSON.stringify(work)}\n`);
    const { value, done } = await answers.next();
    if (done) throw new Error(`The library ended before it had called ${work.action}.`);
    return JSON.parse(value).cpuMs;
  };
  try {
    const measures: Measure[] = [];
    for (const [name, { input, calls, ...work }] of Object.entries(works)) {
      const action = "action" in work ? work.action : name;
      for (const clients of [1, 8, 32]) measures.push(await beside({ name, action, input, calls, clients }, server, ask, rounds));
    }
    measures.push(await flat(server));
    return measures;
  } finally {
    direct.stdin.end();
    if (direct.exitCode === null) await once(direct, "close");
    server.process.kill("SIGTERM");
    await once(server.process, "close");
    await lab.close();
    await rm(folder, { recursive: true, force: true });
  }
}

export interface Server {
  readonly url: URL;
  readonly key: string;
  readonly process: ChildProcess;
  /** Variables with which `mailcordon` uses the same settings. */
  readonly environment: Readonly<Record<string, string>>;
  readonly folder: string;
}

/** Starts `mailcordon serve` in a folder of its own, with an API key that may read. `audit` is that section of its settings. */
export async function serve(lab: Lab, folder: string, audit: object = {}): Promise<Server> {
  const basic = { username: socAddress, password: "env:LAB_PASSWORD" };
  const connections = { lab: { ews: { url: lab.ewsUrl }, auth: { basic } } };
  const settings = { connections, audit, serve: { port: 0, max_concurrency: 64 } };
  await writeFile(join(folder, "mailcordon.yaml"), JSON.stringify(settings));
  // State, evidence and audit log of the bench are in its own folder. The database's user must be able to enter the first one.
  await mkdir(join(folder, "state"), { mode: 0o711 });
  const places = { XDG_STATE_HOME: join(folder, "state"), XDG_DATA_HOME: join(folder, "data") };
  const environment = { ...places, LAB_PASSWORD: labPassword, MAILCORDON_CONFIG: join(folder, "mailcordon.yaml") };
  const ways = { cwd: folder, env: { ...process.env, ...environment } };
  const made = execFileSync(process.execPath, [program, "keys", "add", "--name", "bench", "--role", "read", "--json"], ways);
  const child = spawn(process.execPath, [program, "serve", "--quiet", "--json"], { ...ways, stdio: ["ignore", "pipe", "inherit"] });
  const [said] = await once(child.stdout, "data");
  return { url: new URL(JSON.parse(String(said)).url), key: JSON.parse(String(made)).key, process: child, environment, folder };
}

interface Work {
  readonly name: string;
  readonly action: string;
  readonly input: object;
  readonly calls: number;
  readonly clients: number;
}

/** Measures the CPU of a call through the server relative to the library. Prints requests per second and percentiles as well. */
async function beside(work: Work, server: Server, ask: (work: Work) => Promise<number>, rounds: number): Promise<Measure> {
  const through: number[] = [];
  const direct: number[] = [];
  const waits: number[] = [];
  let seconds = 0;
  const first = { ...work, calls: warmCalls };
  await load(server, first);
  await ask(first);
  for (let round = 0; round < rounds; round++) {
    const before = cpuMsOf(server.process);
    const began = performance.now();
    waits.push(...(await load(server, work)));
    seconds += (performance.now() - began) / 1000;
    through.push((cpuMsOf(server.process) - before) / work.calls);
    direct.push(await ask(work));
  }
  waits.sort((a, b) => a - b);
  const at = (part: number) => (waits[Math.floor(waits.length * part)] ?? Number.NaN).toFixed(1);
  const value = median(through) - median(direct);
  return {
    name: `serve: ${work.name}, ${work.clients} ${work.clients === 1 ? "client" : "clients"}, over the library`,
    value,
    unit: "ms CPU for each call",
    bar: addedBar,
    ok: value <= addedBar,
    detail: `${median(through).toFixed(2)} against ${median(direct).toFixed(2)} ms; ${Math.round(waits.length / seconds)} requests a second, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, the lab on the same cores`,
  };
}

async function flat(server: Server): Promise<Measure> {
  const work = { action: "get-out-of-office", input: { mailbox }, clients: 8 };
  // Garbage collection changes the value for moments: one reading says little.
  const residentAfter = async (calls: number) => {
    const samples: number[] = [];
    for (let called = 0; called < calls; called += memoryCalls.every) {
      await load(server, { ...work, calls: memoryCalls.every });
      samples.push(residentMiBOf(server.process));
    }
    return median(samples.slice(-5));
  };
  const before = await residentAfter(memoryCalls.warm);
  const after = await residentAfter(memoryCalls.measured);
  return {
    name: `serve: memory after ${memoryCalls.measured} calls, over before`,
    value: after - before,
    unit: "MiB resident",
    bar: flatBar,
    ok: after - before <= flatBar,
    detail: `${after.toFixed(0)} against ${before.toFixed(0)} MiB, both after ${memoryCalls.warm} warm-up calls`,
  };
}

/** Makes the calls, `clients` at a time. Returns how long each took, in milliseconds. */
export async function load(server: Server, { action, input, calls, clients }: Omit<Work, "name">): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const waits: number[] = [];
  let left = calls;
  try {
    await Promise.all(
      Array.from({ length: clients }, async () => {
        while (left-- > 0) {
          const began = performance.now();
          await call(server, agent, action, JSON.stringify(input));
          waits.push(performance.now() - began);
        }
      }),
    );
  } finally {
    agent.destroy();
  }
  return waits;
}

function call({ url, key }: Server, agent: Agent, action: string, body: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const asked = request(
      { agent, host: url.hostname, port: url.port, path: `/v1/actions/${action}`, method: "POST", headers },
      (reply) => {
        reply.resume();
        reply.on("error", reject);
        reply.on("end", () => (reply.statusCode === 200 ? resolve() : reject(new Error(`${action} answered ${reply.statusCode}`))));
      },
    );
    asked.on("error", reject);
    asked.end(body);
  });
}

// The account of a running process needs /proc: proc(5), in ticks, of which Linux has 100 per second.
export function cpuMsOf({ pid }: ChildProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function residentMiBOf({ pid }: ChildProcess): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
}
