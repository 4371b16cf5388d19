import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import * as http from "node:http";
import * as https from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { catalogue } from "../../../src/actions/index.ts";
import { inPlaybookOrder } from "../../../src/actions/playbook-order.ts";
import { type AutomationService, automationService } from "../../../src/faces/automation-service/bundle.ts";
import { countSheep, shearSheep } from "../toy.ts";

/** The scripts run in a Python that is there, as they would in the platform's image. */
const found = spawnSync("python3", ["-c", "import ssl, sys, urllib.request; print(sys.executable)"], { encoding: "utf8" });
/** The program itself: what PATH has may be a script around it. */
const python = found.status === 0 ? found.stdout.trim() : undefined;
export const noPython = python === undefined;
/** Other releases that are at hand, from the oldest that the scripts are written for. */
export const otherPythons = [6, 7, 8, 9, 10, 11, 12, 13, 14]
  .map((minor) => `python3.${minor}`)
  .filter((program) => spawnSync(program, ["-c", "import ssl"]).status === 0);
export const without = noPython ? " (skipped: there is no python3 here)" : "";

export const toyService = await automationService([countSheep, shearSheep], { name: "Toy", version: "2.10" });
export const realService = await automationService(inPlaybookOrder(catalogue), { name: "Mailcordon", version: "1.0", withSweeps: true });

export function scriptOf(title: string, { actions }: AutomationService = realService): string {
  const found = actions.find(({ name }) => name === title);
  if (found === undefined) throw new Error(`There is no action ${title}`);
  return found.script.code;
}

const folder = mkdtempSync(join(tmpdir(), "mailcordon-scripts-"));
const running = new Set<ChildProcess>();
afterAll(() => {
  for (const child of running) child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});
let files = 0;

/** A file in a container. */
export function fileWith(content: string | Uint8Array, name = `file-${++files}`): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** One run of a script as the platform does it: nothing but environment variables, and a locale that knows ASCII only. */
export function run(code: string, environment: Readonly<Record<string, string>>, program = python ?? "python3"): Promise<Ran> {
  const file = fileWith(code);
  const env = { PATH: process.env.PATH, LC_ALL: "C", PYTHONUTF8: "0", PYTHONCOERCECLOCALE: "0", no_proxy: "*", ...environment };
  // A script that hangs is a failure of its own test, not of the whole suite.
  const child = spawn(program, ["-W", "default", file], {
    env,
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 5 * 60_000,
  });
  running.add(child);
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on("data", (piece: Buffer) => out.push(piece));
  child.stderr.on("data", (piece: Buffer) => err.push(piece));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => {
      running.delete(child);
      resolve({ code: status, out: Buffer.concat(out).toString("utf8"), err: Buffer.concat(err).toString("utf8") });
    });
  });
}

/** What a script asked. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Given {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** The connection breaks instead of a reply. */
  readonly breaks?: boolean;
  /** There is never a reply. */
  readonly hangs?: boolean;
}

export interface StandIn {
  readonly url: string;
  readonly asked: readonly Asked[];
  /** The JSON of the only request. */
  sent(): unknown;
}

const servers = new Set<http.Server>();
afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

/** A server that answers what the test says, where the real one would not: it keeps what it was asked. */
export async function standIn(answer: (asked: Asked, count: number) => Given, tls?: https.ServerOptions): Promise<StandIn> {
  const asked: Asked[] = [];
  const listener: http.RequestListener = (request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      const one = { method, path: url, headers, body: Buffer.concat(pieces) };
      asked.push(one);
      const given = answer(one, asked.length);
      if (given.hangs) return;
      if (given.breaks) {
        request.socket.destroy();
        return;
      }
      const body = given.body instanceof Uint8Array || typeof given.body === "string" ? given.body : JSON.stringify(given.body ?? {});
      response.writeHead(given.status ?? 200, { connection: "close", ...given.headers }).end(body);
    });
  };
  const server = tls === undefined ? http.createServer(listener) : https.createServer(tls, listener);
  servers.add(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // The border is Node's own: a listening TCP server has such an address.
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    asked,
    sent: () => {
      if (asked.length !== 1) throw new Error(`${asked.length} requests`);
      return JSON.parse(asked[0]?.body.toString("utf8") ?? "");
    },
  };
}

/** An answer of the service in which all went well. */
export const fine = { success: true, message: "1 counted.", counts: { requested: 1, succeeded: 1, failed: 0, not_found: 0 } };

/** The parts of a form, by name. */
export function partsOf({ headers, body }: Asked): ReadonlyMap<string, { readonly head: string; readonly content: Buffer }> {
  const boundary = /boundary=(\S+)$/.exec(headers["content-type"] ?? "")?.[1];
  if (boundary === undefined) throw new Error(`no form: ${headers["content-type"]}`);
  const text = body.toString("latin1");
  if (!text.startsWith(`--${boundary}\r\n`) || !text.endsWith(`\r\n--${boundary}--\r\n`)) throw new Error("the form has no ends");
  const pieces = `\r\n${text}`.split(`\r\n--${boundary}`).slice(1, -1);
  return new Map(
    pieces.map((piece) => {
      const end = piece.indexOf("\r\n\r\n");
      const head = Buffer.from(piece.slice(2, end), "latin1").toString("utf8");
      return [/ name="([^"]*)"/.exec(head)?.[1] ?? "", { head, content: Buffer.from(piece.slice(end + 4), "latin1") }];
    }),
  );
}
