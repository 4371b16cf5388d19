import { Failure } from "../../../failure.ts";
import { hasEnded, type Job } from "../../../state/jobs.ts";
import type { Role } from "../../../state/keys.ts";
import { harmlessJson } from "../../../text/harmless-json.ts";
import type { AppContext } from "../app-context.ts";
import { type Caller, hasRole, scopeOf } from "../callers/authentication.ts";
import { openEventStreams } from "../event-stream.ts";
import { planJob } from "../plan-job.ts";
import { problem, type Reply } from "../problem.ts";
import { queryOf } from "../query.ts";
import { answer, document, noOtherMethod } from "../respond.ts";
import { jobOrderOf } from "../run-jobs.ts";
import { type CallOrder, lostCallFailure } from "../running-calls.ts";

/** Puts a call on the queue. Returns 202 with the URL of its status. @see https://www.rfc-editor.org/rfc/rfc7240#section-4.1 */
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
  const { app, calls, state, settings } = appContext;
  const withinCalls = async (caller: Caller, role: Role, requestId: string, work: () => Promise<Response>): Promise<Response> => {
    const place = calls.admitCall(caller, role, requestId);
    if ("refused" in place) return answer(place.refused);
    return await work().finally(place.leave);
  };
  const follow = openEventStreams(appContext, "jobs");

  app.get("/v1/jobs/:id", async (c) => {
    queryOf(c, []);
    return await withinCalls(c.get("caller"), "read", c.get("requestId"), async () =>
      document(documentOf(await findJob(appContext, c.get("caller"), c.req.param("id")), settings.publicUrl, c.get("requestId"))),
    );
  });

  app.delete("/v1/jobs/:id", async (c) => {
    queryOf(c, []);
    const caller = c.get("caller");
    // Only a caller who may change messages has a place of the urgent reserve for stopping a job.
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
    const text = (job: Job) => eventOf(job, harmlessJson(documentOf(job, settings.publicUrl, c.get("requestId"))));
    return follow(c, {
      mayRead: (caller) => mayFind(caller, requested),
      async *events(signal) {
        for await (const job of state.jobs.watch(requested.id, signal)) yield text(job);
      },
    });
  });

  noOtherMethod(app, "/v1/jobs/:id", "GET, DELETE", "Use GET for the state of the job, DELETE to cancel it.");
  noOtherMethod(app, "/v1/jobs/:id/events", "GET");
}

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

/** An administrator sees the jobs of others, except an administrator of some mailboxes or connections only: those of an ended job are not known. */
function mayFind(caller: Caller, job: Pick<Job, "caller" | "scope">): boolean {
  const { mailboxes, connections } = caller.grant;
  const isOwn = job.caller === caller.id && (job.scope === undefined || job.scope === scopeOf(caller));
  return isOwn || (hasRole(caller, "admin") && mailboxes === undefined && connections === undefined);
}

function urlsOf(id: string, publicUrl: string): { readonly status_url: string; readonly events_url: string } {
  return { status_url: `${publicUrl}/v1/jobs/${id}`, events_url: `${publicUrl}/v1/jobs/${id}/events` };
}

/** Returns a job as JSON, with `answer` (`plan` for a sweep) for a call that ended, and `problem` for one that failed as a whole. */
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
    ...(answer === undefined
      ? {}
      : { [answer.status >= 300 ? "problem" : action === planJob ? "plan" : "answer"]: JSON.parse(answer.body) }),
  };
}
