import { createHash } from "node:crypto";
import type { Context } from "hono";
import { mostBytesOf } from "../../../catalogue/limits.ts";
import { Failure } from "../../../failure.ts";
import { PlanRequest, readPlanRequest } from "../../../sweeps/plan-request.ts";
import type { TargetDocument } from "../../../sweeps/report/report-cells.ts";
import { reportCsv } from "../../../sweeps/report/report-csv.ts";
import { reportHtml } from "../../../sweeps/report/report-html.ts";
import { demandRole as demandSweepRole, type SweepCaller } from "../../../sweeps/service/sweep-access.ts";
import { followSweep, type SweepProgress } from "../../../sweeps/service/sweep-progress.ts";
import type { SweepService } from "../../../sweeps/service/sweep-service.ts";
import { harmlessJson } from "../../../text/harmless-json.ts";
import { sweepCallerOf } from "../../sweep-caller.ts";
import type { AppContext } from "../app-context.ts";
import { readBody, requestBodyOf } from "../body.ts";
import { openEventStreams } from "../event-stream.ts";
import { disposition } from "../evidence-links.ts";
import { planJob, planSweepInJob, sweepUrls } from "../plan-job.ts";
import type { Reply } from "../problem.ts";
import { connectionFor, queryOf } from "../query.ts";
import { document, type Env, noOtherMethod, refuse } from "../respond.ts";
import { planOrderOf } from "../run-jobs.ts";
import { answerNoted, idempotencyKeyOf } from "./actions.ts";
import { acceptedReply, prefersAsync } from "./jobs.ts";
import { sweepArchiveRoute } from "./sweep-archive.ts";

const idleMs = 30_000;
/** A body with the hash of a plan. */
const longestBody = 4096;
/** How soon a stream of events sees a change. Milliseconds. */
const pollIntervalMs = 1000;
const largestPage = 1000;

/** The POST operations on one sweep. */
const steps: Readonly<
  Record<string, (service: SweepService, id: string, caller: SweepCaller, plan: string | undefined) => Promise<object>>
> = {
  approve: (service, id, caller, plan) => service.approve(id, demandHash(plan), caller),
  run: (service, id, caller, plan) => service.run(id, caller, plan),
  pause: (service, id, caller) => service.pauseOrCancel(id, "pause", caller),
  resume: (service, id, caller) => service.resume(id, caller),
  cancel: (service, id, caller) => service.pauseOrCancel(id, "cancel", caller),
  undo: (service, id, caller) => service.undo(id, caller),
};

/** Sweeps: one order for many mailboxes. */
export function sweepRoutes(appContext: AppContext): void {
  const { app, calls, state, settings, connections, sweepService: service, beginSweeps } = appContext;
  if (service === undefined) return;
  sweepArchiveRoute(appContext);
  const follow = openEventStreams(appContext, "sweeps");
  const callerOf = (c: Context<Env>) => sweepCallerOf(c.get("caller"));
  /** Work that reads, within the limit of calls. */
  const reading = (c: Context<Env>, work: () => Promise<Response>) => calls.runWithin(c.get("caller"), "read", work);
  const urlsOf = (id: string) => sweepUrls(id, settings.publicUrl);
  const bodyOf = async (c: Context<Env>, maxBytes: number) => {
    const body = calls.admitBody(c.get("caller"), "read", c.get("requestId"));
    if ("refused" in body) return { response: answerNoted(c.get("noted"), body.refused) };
    const requested = await readBody(requestBodyOf(c), { maxBytes: settings.maxBodyBytes, maxInputBytes: maxBytes, idleMs }).finally(
      body.leave,
    );
    if (!("failure" in requested)) return { requested };
    return { response: refuse(c, requested.failure, { status: requested.status, headers: { connection: "close" } }) };
  };
  /** Answers once for each idempotency key. */
  const once = async (
    c: Context<Env>,
    name: string,
    connection: string,
    fingerprint: string,
    work: () => Promise<Reply>,
  ): Promise<Response> => {
    const key = idempotencyKeyOf(c.req.header("idempotency-key"));
    const order = {
      caller: c.get("caller"),
      connection,
      requestId: c.get("requestId"),
      asked: { fingerprint },
      action: { name, effect: "change" } as const,
    };
    const reply =
      key === undefined ? await work() : await calls.runOnce(order, key, async () => ({ reply: await work(), isUndone: false }));
    return answerNoted(c.get("noted"), reply);
  };

  app.get("/v1/sweeps", (c) => {
    queryOf(c, []);
    return reading(c, async () => {
      const { sweeps, ...rest } = await service.list(callerOf(c));
      return document({ ...rest, sweeps: sweeps.map((sweep) => ({ ...sweep, ...urlsOf(sweep.sweep) })) });
    });
  });

  app.post("/v1/sweeps", async (c) => {
    const caller = c.get("caller");
    demandSweepRole(callerOf(c), "read");
    const connection = connectionFor(caller, queryOf(c, ["connection"]).connection, connections);
    c.get("noted").connection = connection;
    const { requested, response } = await bodyOf(c, mostBytesOf(PlanRequest));
    if (requested === undefined) return response;
    try {
      if (requested.hasFiles) throw new Failure("invalid-input", "A plan takes no files.");
      // Report errors of the request immediately.
      readPlanRequest(requested.input);
      return await once(c, planJob, connection, requested.fingerprint, async () => {
        const reply = await calls.runWithin(caller, "read", () =>
          planSweepInJob(appContext, planOrderOf(caller, { input: requested.input, connection, requestId: c.get("requestId") }), {
            isAsync: prefersAsync(c.req.header("prefer")),
            requestId: c.get("requestId"),
          }),
        );
        return reply.status === 202 ? acceptedReply(reply, settings.publicUrl) : reply;
      });
    } finally {
      await requested.close();
    }
  });

  app.get("/v1/sweeps/:id", (c) => {
    queryOf(c, []);
    const id = c.req.param("id");
    return reading(c, async () => document({ ...(await service.status(id, callerOf(c))), ...urlsOf(id) }));
  });

  app.get("/v1/sweeps/:id/targets", (c) => {
    const { after, limit } = queryOf(c, ["after", "limit"]);
    const page = { after: numberOf("after", after, 0, Number.MAX_SAFE_INTEGER), limit: numberOf("limit", limit, 1, largestPage) };
    return reading(c, async () => document(await service.targets(c.req.param("id"), callerOf(c), page)));
  });

  app.get("/v1/sweeps/:id/report", (c) => {
    const { format = "json" } = queryOf(c, ["format"]);
    if (format !== "json" && format !== "csv" && format !== "html") throw new Failure("invalid-input", "format: put json, csv or html.");
    const id = c.req.param("id");
    return reading(c, async () => {
      const { answer, source } = await service.report(id, callerOf(c));
      const types = { json: "application/json", csv: "text/csv; charset=utf-8", html: "text/html; charset=utf-8" };
      const pieces = { json: () => reportJson(answer, source.targets()), csv: () => reportCsv(source), html: () => reportHtml(source) };
      const headers = {
        "content-type": types[format],
        // A browser saves it: its texts are the senders'.
        ...(format === "json" ? {} : { "content-disposition": disposition(`sweep-${answer.sweep}.${format}`) }),
        "content-security-policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'",
      };
      return new Response(c.req.method === "HEAD" ? null : streamOf(pieces[format]()), { headers });
    });
  });

  app.get("/v1/sweeps/:id/events", async (c) => {
    queryOf(c, []);
    const id = c.req.param("id");
    const known = c.req.header("last-event-id");
    const now = await service.status(id, callerOf(c));
    // A client that reconnects by itself after the end, as EventSource does, stops at this reply.
    if (known?.startsWith("end-") === true && known === eventId(now)) return c.body(null, 204);
    return follow(c, {
      async mayRead(caller) {
        return await service.status(id, sweepCallerOf(caller)).then(
          () => true,
          () => false,
        );
      },
      async *events(signal) {
        let isFirst = true;
        for await (const progress of followSweep(state, id, signal, pollIntervalMs)) {
          // A client that reconnects has this event. Each is the whole sweep, so none that it missed is needed.
          if (!(isFirst && eventId(progress.answer) === known)) yield eventOf(progress, urlsOf(id));
          isFirst = false;
          if (hasEnded(progress.answer)) return;
        }
      },
    });
  });

  for (const [step, work] of Object.entries(steps)) {
    const path = `/v1/sweeps/:id/${step}`;
    app.post(path, async (c) => {
      queryOf(c, []);
      const { requested, response } = await bodyOf(c, longestBody);
      if (requested === undefined) return response;
      const { plan, ...others } = requested.input;
      const [unknown] = Object.keys(others);
      if (unknown !== undefined)
        throw new Failure("invalid-input", `There is no field ${JSON.stringify(unknown.slice(0, 100))}. The only field is plan.`);
      if (plan !== undefined && typeof plan !== "string") throw new Failure("invalid-input", "plan: put the hash of the plan.");
      const id = c.req.param("id") ?? "";
      return await once(c, `sweep ${step} ${id}`, "", requested.fingerprint, async () => {
        const done = await calls.runWithin(c.get("caller"), "contain", () => work(service, id, callerOf(c), plan || undefined));
        beginSweeps();
        return { status: 200, body: harmlessJson({ ...done, ...urlsOf(id) }), headers: { "content-type": "application/json" } };
      });
    });
    noOtherMethod(app, path, "POST");
  }
  for (const path of ["", "/targets", "/report", "/events"]) noOtherMethod(app, `/v1/sweeps/:id${path}`, "GET");
  noOtherMethod(app, "/v1/sweeps", "GET, POST", "Use POST to plan a sweep, GET to list them.");
}

function demandHash(plan: string | undefined): string {
  if (plan !== undefined) return plan;
  throw new Failure("invalid-input", "plan is required: put the hash of the plan, as its answer has it.");
}

function numberOf(name: string, text: string | undefined, least: number, most: number): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new Failure("invalid-input", `${name}: put a number from ${least} to ${most}.`);
}

type Ended = SweepProgress["answer"];

/** Returns whether the state stays until somebody begins the sweep again. */
function hasEnded({ state }: Pick<Ended, "state">): boolean {
  return state === "finished" || state === "cancelled";
}

/** Returns the id of an event: the same for the same answer, waits and workers included. */
function eventId(answer: Ended): string {
  const hash = createHash("sha256").update(JSON.stringify(answer)).digest("hex").slice(0, 32);
  return `${hasEnded(answer) ? "end" : "at"}-${hash}`;
}

/** @see https://html.spec.whatwg.org/multipage/server-sent-events.html */
function eventOf({ answer, ended, all, failed, perMinute, secondsLeft }: SweepProgress, urls: object): string {
  const progress = { ended, all, failed, per_minute: perMinute, seconds_left: secondsLeft };
  const data = harmlessJson({ ...answer, progress, ...urls });
  return `event: ${hasEnded(answer) ? "finished" : "progress"}\nid: ${eventId(answer)}\ndata: ${data}\n\n`;
}

/** One JSON document, without holding all targets at a time. */
async function* reportJson(answer: object, targets: AsyncIterable<TargetDocument>): AsyncGenerator<string> {
  yield `${harmlessJson(answer).slice(0, -1)},"targets":[`;
  let isFirst = true;
  for await (const target of targets) {
    yield `${isFirst ? "" : ","}${harmlessJson(target)}`;
    isFirst = false;
  }
  yield "]}";
}

function streamOf(pieces: AsyncGenerator<string>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await pieces.next();
      if (done) controller.close();
      else controller.enqueue(Buffer.from(value));
    },
    async cancel() {
      await pieces.return(undefined);
    },
  });
}
