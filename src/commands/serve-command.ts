import { createServer as createHttpServer, type Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { join } from "node:path";
import { getRequestListener } from "@hono/node-server";
import { actionNames, loadAction } from "../actions/load.ts";
import { type Opened, type OpenOptions, open } from "../connection/open-connection.ts";
import { doctor } from "../doctor/doctor.ts";
import type { Screen } from "../faces/cli/screen.ts";
import { type App, buildApp } from "../faces/http/app.ts";
import type { ConnectionReport, RequestLog } from "../faces/http/app-context.ts";
import { openTokenReader } from "../faces/http/callers/oidc-tokens.ts";
import { errorLine } from "../faces/http/error-line.ts";
import { openLog } from "../faces/http/log.ts";
import { mountMcp } from "../faces/mcp/mount.ts";
import { asFailure, Failure } from "../failure.ts";
import { settleAudits } from "../perform/audit/entry-queue.ts";
import { loadAudit, loadSettings, readWrittenSettings, type SettingsPlace, type WrittenSettings } from "../settings/load-settings.ts";
import { readServe, type ServerSettings } from "../settings/serve-settings.ts";
import { whereItAnswers } from "../state/audit-heads.ts";
import { openState } from "../state/state.ts";
import { connectionFacts } from "../sweeps/connection-facts.ts";
import type { ConnectionFacts } from "../sweeps/plan-header.ts";
import { harmlessJson } from "../text/harmless-json.ts";
import { shareRequestQueues } from "../wire/throttling/request-queue.ts";
import { readArguments } from "./command-arguments.ts";

const usage = `mailcordon serve: offers the actions over HTTP to callers with an API key
(mailcordon keys add), until it is stopped.

  --host HOST     Address to listen on. Default: serve.host of the settings,
                  otherwise 127.0.0.1.
  --port PORT     Port to listen on; 0 for any free port. Default: serve.port of
                  the settings, otherwise 8025.
  --config FILE   Settings file. Default: mailcordon.yaml in this folder, then in
                  ~/.config/mailcordon/.
  --json          Print the address as JSON, even on a terminal.
  --quiet         Print no lines about requests on standard error.
  --help          Show this help.

After SIGTERM it answers new requests with 503, gives running calls 20 seconds to
end, stops the rest, and gives those five seconds to report how far they came.
`;

const text = { type: "string" } as const;
const toggle = { type: "boolean" } as const;
const options = { host: text, port: text, config: text, json: toggle, quiet: toggle, help: { type: "boolean", short: "h" } } as const;

/** How long running calls may continue after the signal to stop. Container platforms give 30 seconds in all. */
const graceMs = 20_000;
/** A load balancer keeps connections for a minute, and must not find one closed at the moment that it uses it. */
const keepAliveMs = 75_000;
/** A client that sends its head more slowly only occupies a TCP connection. */
const headMs = 15_000;
const pruneEveryMs = 60 * 60 * 1000;

/** Runs `mailcordon serve`, and returns the exit code after it was stopped. Throws Failure if it cannot start. */
export async function runServe(args: readonly string[], screen: Screen, version: string): Promise<number> {
  const requested = readArguments("serve", args, options).values;
  if (requested.help) {
    screen.stdout.write(usage);
    return 0;
  }
  const port = requested.port === undefined ? undefined : Number(requested.port);
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port <= 65_535)) {
    throw new Failure("invalid-input", "--port must be a number from 0 to 65535.");
  }
  const flags = { config: requested.config };
  const written = await readWrittenSettings({ flags });
  const serving = readServe(written, { host: requested.host, port });
  const log = openLog(requested.quiet === true ? undefined : screen.stderr);
  if (written.foundFile !== undefined) log.settings(written.foundFile);
  // Invalid settings of a connection are reported now, and not to the first caller; and before the database is begun.
  const facts = new Map<string, ConnectionFacts>();
  for (const name of written.connections) facts.set(name, connectionFacts((await loadSettings(placeOf(name, written, flags))).connection));
  const state = await openState({ directory: serving.stateDir, databaseUrl: serving.databaseUrl, mayDispatch: serving.worksOnSweeps });
  // All processes that work on sweeps share the number of requests that Exchange allows an account.
  if (serving.worksOnSweeps) shareRequestQueues((account, queue) => state.budgets.join(account, queue));
  const connections = openConnections(written, flags, {
    exclusively: (name, work) => state.exclusively(name, work),
    auditHead: (log) => whereItAnswers(() => state.auditHead(log)),
    evidenceLines: state.evidenceLines,
    busy: true,
  });
  let opened: readonly Opened[] = [];
  try {
    opened = await Promise.all(written.connections.map((name) => connections.open(name)));
    const [first] = opened;
    if (first === undefined) throw new Failure("invalid-settings", "There is no connection.");
    // Reads evidence that the command line has kept meanwhile. Not awaited: a look-up reads the rest.
    void first.evidenceIndex.catchUp?.().catch((thrown: unknown) => log.error(errorLine(asFailure(thrown))));
    const app = await buildApp({
      catalogue: { names: actionNames, load: loadAction },
      connections,
      state,
      settings: { ...serving, requirePerson: written.requirePerson },
      log,
      evidence: first.evidenceIndex,
      version,
      sweeps: {
        secondPersonAbove: written.sweep.secondPersonAbove,
        isWorker: serving.worksOnSweeps,
        auditFile: (await loadAudit({ flags })).file,
        archiveFolder: join(serving.stateDir, "archives"),
        async connectionFacts(name) {
          const known = facts.get(name);
          if (known === undefined) throw new Failure("invalid-settings", `The settings of this server have no connection ${name}.`);
          return known;
        },
      },
      mount: mountMcp,
      readToken: serving.oidc && openTokenReader(serving.oidc),
      testConnection: async (connection, wanted) => reportOf(connection, wanted, written, flags, log),
    });
    const prune = async () => {
      try {
        await state.idempotency.prune(serving.keepHours);
        await state.jobs.prune(serving.keepHours);
      } catch (thrown) {
        log.error(errorLine(asFailure(thrown)));
      }
    };
    const pruning = setInterval(prune, pruneEveryMs);
    try {
      await prune();
      const server = serverFor(app, serving);
      const url = await listen(server, serving);
      const message = `mailcordon serves on ${url}`;
      const json = screen.stdout.isTTY !== true || requested.json === true;
      screen.stdout.write(json ? `${harmlessJson({ success: true, message, url })}\n` : `${message}\n`);
      await untilAborted(screen.signal);
      await closeServer(server, app);
    } finally {
      clearInterval(pruning);
    }
  } finally {
    await Promise.all(opened.map(({ exchange }) => exchange.close()));
    await settleAudits();
    shareRequestQueues(undefined);
    await state.close();
  }
  return 0;
}

/** Opens each connection of the settings at its first use. The environment variables apply to the default connection. */
function openConnections(written: WrittenSettings, flags: NonNullable<SettingsPlace["flags"]>, openOptions: OpenOptions) {
  const known = new Map<string, Promise<Opened>>();
  return {
    names: written.connections,
    defaultName: written.defaultConnection,
    open(name: string): Promise<Opened> {
      const opened = known.get(name) ?? loadSettings(placeOf(name, written, flags)).then((settings) => open(settings, openOptions));
      known.set(name, opened);
      return opened;
    },
  };
}

function placeOf(connection: string, written: WrittenSettings, flags: NonNullable<SettingsPlace["flags"]>): SettingsPlace {
  return { flags: { ...flags, connection }, fileAlone: connection !== written.defaultConnection };
}

async function reportOf(
  connection: string,
  { mailbox, signal }: { readonly mailbox: string | undefined; readonly signal: AbortSignal },
  written: WrittenSettings,
  flags: NonNullable<SettingsPlace["flags"]>,
  log: RequestLog,
): Promise<ConnectionReport> {
  // A caller must not learn where the settings and the files named in them are.
  const load = async () => {
    try {
      return { ...(await loadSettings(placeOf(connection, written, flags))), foundFile: undefined };
    } catch (thrown) {
      log.error(errorLine(asFailure(thrown)));
      throw new Failure("invalid-settings", `The settings of the connection ${connection} are no longer valid.`, {
        hint: "Find the reason in the server's log, or run mailcordon doctor on the server.",
      });
    }
  };
  const { exit: _, steps, ...report } = await doctor({ actions: await Promise.all(actionNames.map(loadAction)), mailbox, signal, load });
  return { ...report, checks: steps };
}

function serverFor(app: App, { tls }: ServerSettings): Server {
  // HTTP/1.0 sends no Host, as in health checks of HAProxy; mailcordon does not use the host name.
  const listener = getRequestListener((request, env) => app.fetch(request, env), { hostname: "localhost" });
  const openOptions = { keepAliveTimeout: keepAliveMs, headersTimeout: headMs };
  const server =
    tls === undefined
      ? createHttpServer(openOptions, listener)
      : createHttpsServer({ ...openOptions, ...tls, minVersion: "TLSv1.2" }, listener);
  // The app decides whether it accepts a body, after it has checked the API key.
  return server.on("checkContinue", listener);
}

/** Returns the URL. Throws Failure `invalid-settings` if it cannot listen on the address. */
function listen(server: Server, { host, port, tls }: ServerSettings): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(new Failure("invalid-settings", `serve.host: cannot listen on ${host}, port ${port} (${error.code}).`, { cause: error }));
    });
    server.listen({ host, port }, () => {
      const address = server.address();
      const taken = typeof address === "object" && address !== null ? address.port : port;
      const name = host.includes(":") ? `[${host}]` : host;
      resolve(`${tls === undefined ? "http" : "https"}://${name}:${taken}`);
    });
  });
}

async function closeServer(server: Server, app: App): Promise<void> {
  // While calls are running, the server still listens: the app answers 503 to every new request, even on a new connection.
  await app.close(graceMs);
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeIdleConnections();
  // Answers that are being sent are still delivered.
  const timer = setTimeout(() => server.closeAllConnections(), 1000);
  await closed;
  clearTimeout(timer);
}

function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
