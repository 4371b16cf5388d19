import { randomUUID } from "node:crypto";
import { setMaxListeners } from "node:events";
import { type Context, Hono } from "hono";
import { asFailure, Failure, localOf } from "../../failure.ts";
import type { AppContext, AppOptions, RequestLog } from "./app-context.ts";
import { authenticateCaller, demandInterface, demandRole, interfaceOf, keyIdIn } from "./callers/authentication.ts";
import { openFailureLimit, openProvenClients } from "./callers/rate-limits.ts";
import { errorLine } from "./error-line.ts";
import { type Metrics, openMetrics } from "./metrics.ts";
import { type Env, refuse } from "./respond.ts";
import { actionRoutes } from "./routes/actions.ts";
import { connectionRoutes } from "./routes/connection.ts";
import { evidenceRoutes } from "./routes/evidence.ts";
import { jobRoutes } from "./routes/jobs.ts";
import { isOwnProgram, metricsReply } from "./routes/metrics.ts";
import { openapiRoutes } from "./routes/openapi.ts";
import { protectedResourceRoutes, resourceChallenge } from "./routes/protected-resource.ts";
import { sweepRoutes } from "./routes/sweeps.ts";
import { workOnJobs } from "./run-jobs.ts";
import { openCalls, stoppingFailure } from "./running-calls.ts";
import { sweepService, workOnSweeps } from "./serve-sweeps.ts";

/** The HTTP face. */
export interface App {
  readonly fetch: Hono<Env>["fetch"];
  readonly running: () => number;
  /** Begins no more calls; resolves when the running calls have ended. */
  close(graceMs: number): Promise<void>;
}

/** The HTTP face of a catalogue. */
export async function buildApp(options: AppOptions): Promise<App> {
  const { catalogue, log, settings } = options;
  const actions = new Map(await Promise.all(catalogue.names.map(async (name) => [name, await catalogue.load(name)] as const)));
  const calls = openCalls(options, settings, (failure, requestId) => log.error(errorLine(failure, requestId)));
  const metrics = openMetrics(() => calls.running);
  const app = new Hono<Env>({ strict: true });
  const closing = new AbortController();
  // Every stream of events listens, and there may be many.
  setMaxListeners(0, closing.signal);
  const worker = workOnSweeps(options, closing.signal);
  const appContext: AppContext = {
    ...{ ...options, app, calls, actions, ending: closing.signal },
    sweepService: sweepService(options, calls),
    beginSweeps: () => void worker.begin(),
  };

  app.use(async (c, next) => {
    const began = performance.now();
    c.set("requestId", requestIdOf(c.req.header("x-request-id")));
    c.set("noted", {});
    await next();
    // Do not use c.header, which creates another Response for each header and turns a text into a stream.
    const { headers } = c.res;
    headers.set("x-request-id", c.get("requestId"));
    // Answers are data for programs and must not be rendered: https://cheatsheetseries.owasp.org/cheatsheets/REST_Security_Cheat_Sheet.html
    headers.set("x-content-type-options", "nosniff");
    const challenge = c.res.status === 401 ? resourceChallenge(c, settings) : undefined;
    if (challenge !== undefined) headers.set("www-authenticate", challenge);
    if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
    if (closing.signal.aborted) headers.set("connection", "close");
    logRequest(c, log, metrics, performance.now() - began);
  });
  app.use(async (c, next) =>
    closing.signal.aborted && c.req.path !== "/healthz" ? refuse(c, stoppingFailure(), { headers: { "retry-after": "5" } }) : next(),
  );
  app.get("/healthz", (c) => c.json({ status: "ok" }));
  let asking: Promise<void> | undefined;
  app.get("/readyz", async (c) => {
    try {
      // Anybody may send this request, so only one query at a time goes to the database.
      asking ??= options.state.ready().finally(() => {
        asking = undefined;
      });
      await asking;
      return c.json({ status: "ready" });
    } catch (thrown) {
      log.error(errorLine(asFailure(thrown)));
      return c.json({ status: "not ready" }, 503);
    }
  });
  app.get("/metrics", async (c, next) => {
    const own = settings.openMetrics && isOwnProgram(c, addressOf(c, settings.behindProxy));
    return own ? await metricsReply(metrics)(c) : await next();
  });
  protectedResourceRoutes(app, settings);
  app.use(authentication(options));
  app.use(async (c, next) => {
    // A client sends a large body only after 100 Continue: not without a valid API key, and not if it exceeds the limit.
    const isWanted = Number(c.req.header("content-length") ?? "0") <= settings.maxBodyBytes;
    if (isWanted && /^100-continue$/i.test(c.req.header("expect") ?? "")) c.env.outgoing.writeContinue();
    return await next();
  });
  app.get("/metrics", (c) => {
    demandRole(c.get("caller"), "read");
    return metricsReply(metrics)(c);
  });

  actionRoutes(appContext);
  evidenceRoutes(appContext);
  connectionRoutes(appContext);
  jobRoutes(appContext);
  sweepRoutes(appContext);
  openapiRoutes(appContext);
  options.mount?.(appContext);

  app.notFound((c) =>
    refuse(c, new Failure("not-found", "There is nothing at this path.", { hint: "List the actions with GET /v1/actions." })),
  );
  app.onError((thrown, c) => {
    const failure = asFailure(thrown);
    // A defect: its details belong in the log and must not reach the caller.
    if (failure.code === "internal") {
      log.error({ ...errorLine(failure, c.get("requestId")), stack: failure.stack });
      return refuse(c, new Failure("internal", "A defect of mailcordon stopped this request; the log has details under this request id."));
    }
    if (localOf(failure) !== undefined) log.error(errorLine(failure, c.get("requestId")));
    return refuse(c, failure);
  });

  await workOnJobs(appContext);
  return {
    fetch: app.fetch,
    running: () => calls.running,
    async close(graceMs) {
      closing.abort();
      await Promise.all([calls.stop(graceMs), worker.close()]);
    },
  };
}

/** Requires an API key or token for every path except the health checks. */
function authentication({ state, readToken, settings }: AppOptions) {
  const failures = openFailureLimit();
  const proven = openProvenClients();
  return async (c: Context<Env>, next: () => Promise<void>) => {
    const address = addressOf(c, settings.behindProxy);
    const authorization = c.req.header("authorization");
    const seconds = failures.blockedFor(address);
    // A client that authenticated from this address before is not blocked by failures of others at the same address.
    if (seconds > 0 && !proven.has(address, authorization)) {
      const failure = new Failure("busy", "Too many requests without a valid API key came from this address.", {
        hint: "Wait, then retry with a valid API key.",
      });
      return refuse(c, failure, { status: 429, headers: { "retry-after": String(seconds) } });
    }
    const caller = await authenticateCaller(authorization, state.keys, readToken);
    if (caller === undefined) {
      proven.forget(address, authorization);
      failures.note(address);
      const keyId = keyIdIn(authorization);
      Object.assign(c.get("noted"), { address, ...(keyId === undefined ? {} : { keyId }) });
      const hint = "Send `Authorization: Bearer` with an API key from `mailcordon keys add` that is neither revoked nor expired.";
      return refuse(c, new Failure("unauthenticated", "The request has no valid API key.", { hint }));
    }
    proven.add(address, authorization);
    c.set("caller", caller);
    demandInterface(caller, interfaceOf(c.req.path));
    await next();
    return undefined;
  };
}

/** Returns the client's address: the one the nearest proxy reports, if that is configured. Clients can write the rest of the list themselves. */
function addressOf(c: Context<Env>, behindProxy: boolean): string {
  const forwarded = behindProxy ? c.req.header("x-forwarded-for")?.split(",").at(-1)?.trim() : undefined;
  return forwarded || c.env?.incoming?.socket.remoteAddress || "unknown";
}

/** The caller's own id when it is harmless in a log and a header; else a new one. */
function requestIdOf(given: string | undefined): string {
  return given !== undefined && /^[\w.-]{1,128}$/.test(given) ? given : randomUUID();
}

function logRequest(c: Context<Env>, log: RequestLog, metrics: Metrics, milliseconds: number): void {
  // The last two are of a refused caller only.
  const { action, connection, code, address, keyId } = c.get("noted");
  const line = { route: c.req.routePath, method: c.req.method, status: c.res.status, milliseconds: Math.round(milliseconds * 10) / 10 };
  log.request({ request_id: c.get("requestId"), ...line, caller: c.get("caller")?.id, action, connection, code, address, key_id: keyId });
  metrics.note({ ...line, milliseconds, action, code });
}
