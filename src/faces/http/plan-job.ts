import { asFailure, Failure, localOf } from "../../failure.ts";
import { hasEnded, type JobOrder } from "../../state/jobs.ts";
import type { SweepService } from "../../sweeps/service/sweep-service.ts";
import { harmlessJson } from "../../text/harmless-json.ts";
import { sweepCallerOf } from "../sweep-caller.ts";
import type { AppContext } from "./app-context.ts";
import type { Caller } from "./callers/authentication.ts";
import { errorLine } from "./error-line.ts";
import { problem, type Reply } from "./problem.ts";
import { lostCallFailure } from "./running-calls.ts";

/** The name of a job that plans a sweep; no action has a space. */
export const planJob = "sweep plan";
/** A plan that is made within this time is the answer; otherwise the answer is its job. Milliseconds. */
const answerAsJobAfterMs = 10_000;

/** The input of a plan. */
export interface PlanCall {
  readonly input: Readonly<Record<string, unknown>>;
  readonly connection: string;
  readonly requestId: string;
}

/** Makes the plan in a job, which continues even if the request is lost: 201 with the plan, or 202 with the job. Throws Failure. */
export async function planSweepInJob(
  { state, settings }: Pick<AppContext, "state" | "settings">,
  order: JobOrder,
  { isAsync, requestId }: { readonly isAsync: boolean; readonly requestId: string },
): Promise<Reply> {
  const id = await state.jobs.put(order);
  const own = `${settings.publicUrl}/v1/jobs/${id}`;
  const waiting = { job_id: id, action: planJob, status: "queued", status_url: own, events_url: `${own}/events` };
  const accepted = { status: 202, body: JSON.stringify(waiting), headers: {} };
  if (isAsync) return accepted;
  for await (const job of state.jobs.watch(id, AbortSignal.timeout(answerAsJobAfterMs))) {
    if (!hasEnded(job)) continue;
    if (job.answer === undefined) return problem(lostCallFailure(), { requestId, members: { action: planJob } });
    const { status, body } = job.answer;
    if (status >= 300) return { status, body, headers: { "content-type": "application/problem+json" } };
    const { status_url: location }: { status_url?: unknown } = JSON.parse(body);
    return { status, body, headers: { "content-type": "application/json", location: String(location) } };
  }
  return accepted;
}

/** Plans: the work of such a job. Never rejects. */
export async function planReply(
  { log, settings }: Pick<AppContext, "log" | "settings">,
  service: SweepService,
  caller: Caller,
  { input, connection, requestId }: PlanCall,
  { signal, progress }: { readonly signal: AbortSignal; readonly progress: (text: string) => void },
): Promise<Reply> {
  try {
    const { answer } = await service.plan(input, sweepCallerOf(caller), { connection, signal, progress });
    // The number of targets has no limit, so they have pages of their own.
    const { targets: _, ...rest } = answer;
    return { status: 201, body: harmlessJson({ ...rest, ...sweepUrls(answer.sweep, settings.publicUrl) }), headers: {} };
  } catch (thrown) {
    const failure = asFailure(thrown);
    if (failure.code === "internal" || localOf(failure) !== undefined) log.error(errorLine(failure, requestId));
    const shown =
      failure.code === "internal" ? new Failure("internal", "A defect of mailcordon stopped this plan; the log has details.") : failure;
    return problem(shown, { requestId, members: { action: planJob } });
  }
}

export function sweepUrls(id: string, publicUrl: string) {
  const own = `${publicUrl}/v1/sweeps/${id}`;
  return { status_url: own, targets_url: `${own}/targets`, events_url: `${own}/events` };
}
