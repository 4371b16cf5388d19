import { asFailure, Failure } from "../../../failure.ts";
import { hasEnded, type Job } from "../../../state/jobs.ts";
import type { Role } from "../../../state/keys.ts";
import { harmlessJson } from "../../../text/harmless-json.ts";
import type { AppContext } from "../app-context.ts";
import { authenticateCaller, type Caller, hasRole, scopeOf } from "../callers/authentication.ts";
import { type ConcurrencyLimit, openConcurrencyLimit } from "../callers/rate-limits.ts";
import { errorLine } from "../error-line.ts";
import { problem, type Reply } from "../problem.ts";
import { queryOf } from "../query.ts";
import { answer, document, noOtherMethod, refuse } from "../respond.ts";
import { jobOrderOf } from "../run-jobs.ts";
import { type CallOrder, lostCallFailure } from "../running-calls.ts";

/** Proxies end a TCP connection that is silent for a minute. Milliseconds. */
const keepAliveMs = 15_000;

/** Puts a call on the queue: 202 with where to ask for it. @see https://www.rfc-editor.org/rfc/rfc7240#section-4.1 */
export async function queueJob({ calls, state, settings }: AppContext, order: CallOrder): Promise<Reply> {
  const { idempotencyKey, action } = order;
  const put = async (): Promise<Reply> => {
    const id = await state.jobs.put(jobOrderOf(order));
    const job = { job_id: id, action: action.name, status: "queued", ...urlsOf(id, settings.publicUrl) };
    return { status: 202, body: JSON.stringify(job), headers: {} };
  };
  if (idempotencyKey === undefined || action.effect === "read") return await put();
  return await calls.runOnce(order, idempotencyKey, async () => ({ reply: await put(), isUndone: false }));
}

/** Returns the answer of `queueJob` with the headers of a 202. */
export function acceptedReply({ status, body, headers }: Reply, publicUrl: string): Reply {
  const { job_id }: { job_id?: unknown } = JSON.parse(body);
  const location = urlsOf(String(job_id), publicUrl).status_url;
  const replyHeaders = { "content-type": "application/json", location, "preference-applied": "respond-async", "retry-after": "1" };
  return { status, body, headers: { ...headers, ...replyHeaders } };
}

/** Returns whether a Prefer header requests it. @see https://www.rfc-editor.org/rfc/rfc7240#section-2 */
export function prefersAsync(header: string | undefined): boolean {
  return (header ?? "").split(",").some((preference) => /^\s*respond-async\s*(;|$)/i.test(preference));
}

/** Calls that go on after their request was answered. */
export function jobRoutes(appContext: AppContext): void {
  const { app, calls, state, settings, ending, log } = appContext;
  const withinCalls = async (caller: Caller, role: Role, requestId: string, work: () => Promise<Response>): Promise<Response> => {
    const place = calls.admitCall(caller, role, requestId);
    if ("refused" in place) return answer(place.refused);
    return await work().finally(place.leave);
  };
  // Streams of each caller that follows jobs.
  const streams = new Map<string, ConcurrencyLimit>();

  app.get("/v1/jobs/:id", async (c) => {
    queryOf(c, []);
    return await withinCalls(c.get("caller"), "read", c.get("requestId"), async () =>
      document(documentOf(await findJob(appContext, c.get("caller"), c.req.param("id")), settings.publicUrl, c.get("requestId"))),
    );
  });

  app.delete("/v1/jobs/:id", async (c) => {
    queryOf(c, []);
    const caller = c.get("caller");
    // To stop a job is as urgent as what its caller may do.
    return await withinCalls(caller, hasRole(caller, "contain") ? "contain" : "read", c.get("requestId"), async () => {
      const { id } = await findJob(appContext, caller, c.req.param("id"));
      await state.jobs.cancel(id);
      return document(documentOf(await findJob(appContext, caller, id), settings.publicUrl, c.get("requestId")));
    });
  });

  app.get("/v1/jobs/:id/events", async (c) => {
    queryOf(c, []);
    const requested = await findJob(appContext, c.get("caller"), c.req.param("id"));
    // A client that reconnects by itself after the end, as EventSource does, stops at this reply.
    if (c.req.header("last-event-id") === lastEvent && hasEnded(requested)) return c.body(null, 204);
    const headers = { "content-type": "text/event-stream", "x-accel-buffering": "no" };
    if (c.req.method === "HEAD") return new Response(null, { headers });
    const owner = c.get("caller").id;
    const places = streams.get(owner) ?? openConcurrencyLimit(mostStreams);
    streams.set(owner, places);
    const leave = places.take();
    if (leave === undefined) {
      const failure = new Failure("busy", `This caller already follows ${mostStreams} jobs, the maximum per caller.`);
      return refuse(c, failure, { status: 429, headers: { "retry-after": "5" } });
    }
    const stop = new AbortController();
    const end = () => stop.abort();
    ending.addEventListener("abort", end);
    c.req.raw.signal.addEventListener("abort", end);
    const unwatch = calls.revocations.watch(owner, end);
    // A caller whose API key or token has expired since then gets no more events.
    const isStillLet = async (job: Pick<Job, "caller" | "scope">) => {
      const caller = await authenticateCaller(c.req.header("authorization"), state.keys, appContext.readToken);
      return caller !== undefined && mayFind(caller, job);
    };
    const text = (job: Job) => eventOf(job, harmlessJson(documentOf(job, settings.publicUrl, c.get("requestId"))));
    let gone = false;
    const stream = new ReadableStream<Uint8Array>({
      async start(controller) {
        const write = (piece: string) => {
          // Events that the client does not read are not queued without limit, and a client that disconnected gets none.
          if (!gone && (controller.desiredSize ?? 0) > -mostWaiting) controller.enqueue(Buffer.from(piece));
        };
        const breath = setInterval(() => {
          write(": still here\n\n");
          isStillLet(requested).then((still) => still || end(), end);
        }, keepAliveMs);
        try {
          for await (const job of state.jobs.watch(requested.id, stop.signal)) {
            if (!(await isStillLet(job))) break;
            write(text(job));
          }
        } catch (thrown) {
          // The head was sent already: the client sees a stream that ended early, and requests it again.
          log.error(errorLine(asFailure(thrown), c.get("requestId")));
        } finally {
          clearInterval(breath);
          leave();
          unwatch();
          if (places.taken === 0) streams.delete(owner);
          ending.removeEventListener("abort", end);
          c.req.raw.signal.removeEventListener("abort", end);
          if (!gone) controller.close();
        }
      },
      cancel() {
        gone = true;
        end();
      },
    });
    return new Response(stream, { headers });
  });

  noOtherMethod(app, "/v1/jobs/:id", "GET, DELETE", "Use GET for the state of the job, DELETE to cancel it.");
  noOtherMethod(app, "/v1/jobs/:id/events", "GET");
}

const mostWaiting = 100;
/** Each stream queries the database once a second. */
const mostStreams = 20;

/** Id of the last event. The other events need no id, because each contains everything known. */
const lastEvent = "end";

/** @see https://html.spec.whatwg.org/multipage/server-sent-events.html */
function eventOf(job: Job, data: string): string {
  return `${hasEnded(job) ? `event: finished\nid: ${lastEvent}` : "event: progress"}\ndata: ${data}\n\n`;
}

/** Returns the caller's job. Throws Failure `not-found` for a job of another caller as well. */
async function findJob({ state }: AppContext, caller: Caller, id: string): Promise<Job> {
  const job = await state.jobs.get(id);
  if (job !== undefined && mayFind(caller, job)) return job;
  throw new Failure("not-found", "There is no such job.", {
    hint: "Check the id. The caller that began a job, or an administrator, can read it for serve.keep_hours after its end.",
  });
}

/** An administrator sees the jobs of others, unless it is one of some mailboxes or connections only: which those are is not known of a job that ended. */
function mayFind(caller: Caller, job: Pick<Job, "caller" | "scope">): boolean {
  const { mailboxes, connections } = caller.grant;
  const isOwn = job.caller === caller.id && (job.scope === undefined || job.scope === scopeOf(caller));
  return isOwn || (hasRole(caller, "admin") && mailboxes === undefined && connections === undefined);
}

function urlsOf(id: string, publicUrl: string): { readonly status_url: string; readonly events_url: string } {
  return { status_url: `${publicUrl}/v1/jobs/${id}`, events_url: `${publicUrl}/v1/jobs/${id}/events` };
}

/** Returns a job as JSON, with `answer` for a call that ended, and `problem` for one that failed as a whole. */
function documentOf({ id, action, status, progress, answer, createdAt, finishedAt }: Job, publicUrl: string, requestId: string) {
  const lost = status === "lost" ? { problem: JSON.parse(problem(lostCallFailure(), { requestId, members: { action } }).body) } : {};
  return {
    job_id: id,
    action,
    status,
    ...urlsOf(id, publicUrl),
    progress,
    created_at: createdAt.toISOString(),
    finished_at: finishedAt?.toISOString(),
    ...lost,
    ...(answer === undefined ? {} : { [answer.status === 200 ? "answer" : "problem"]: JSON.parse(answer.body) }),
  };
}
