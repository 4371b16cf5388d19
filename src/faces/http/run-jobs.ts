import * as z from "zod";
import { effects } from "../../catalogue/action-definition.ts";
import { asFailure, Failure } from "../../failure.ts";
import type { JobOrder, Worker } from "../../state/jobs.ts";
import { type Keys, roles } from "../../state/keys.ts";
import type { AppContext } from "./app-context.ts";
import { type Caller, scopeOf } from "./callers/authentication.ts";
import { errorLine } from "./error-line.ts";
import { type PlanCall, planJob, planReply } from "./plan-job.ts";
import { problem } from "./problem.ts";
import type { CallOrder } from "./running-calls.ts";

/** A call as it waits in the state. */
const Call = z.object({
  input: z.record(z.string(), z.unknown()),
  connection: z.string(),
  requestId: z.string(),
  name: z.string(),
  person: z.string().optional(),
  roles: z.array(z.enum(roles)),
  mailboxes: z.array(z.string()).optional(),
  connections: z.array(z.string()).optional(),
});

/** Returns the stored form of a call. */
export function jobOrderOf({ action, asked: requested, caller, connection, requestId }: CallOrder): JobOrder {
  const call = callOf(caller, { input: requested.input, connection, requestId });
  return { caller: caller.id, scope: scopeOf(caller), action: action.name, repeatable: effects[action.effect].repeatable, call };
}

/** The same for the plan of a sweep, which only reads. */
export function planOrderOf(caller: Caller, plan: PlanCall): JobOrder {
  return { caller: caller.id, scope: scopeOf(caller), action: planJob, repeatable: true, call: callOf(caller, plan) };
}

function callOf({ name, person, grant }: Caller, { input, connection, requestId }: PlanCall): string {
  const call: z.input<typeof Call> = {
    ...{ input, connection, requestId, name, person },
    roles: [...grant.roles],
    ...(grant.mailboxes && { mailboxes: [...grant.mailboxes] }),
    ...(grant.connections && { connections: [...grant.connections] }),
  };
  return JSON.stringify(call);
}

/** Maximum number of jobs at a time: each takes long, and the mail server limits the requests anyway. */
const jobsAtOnce = 8;

/** Runs jobs, including those of other processes that ended. */
export async function workOnJobs(appContext: AppContext): Promise<void> {
  const { actions, calls, state, log, sweepService } = appContext;
  const worker: Worker = async (order, { signal, progress }) => {
    const { input, connection, requestId, name, person, ...grant } = Call.parse(JSON.parse(order.call));
    const action = actions.get(order.action);
    // A newer version may have put it there.
    if (action === undefined && (order.action !== planJob || sweepService === undefined))
      return problem(new Failure("unsupported", "There is no such action in this version."), { requestId });
    if (calls.stopped) return "again";
    const { mailboxes, connections } = grant;
    if (await isRevoked(order.caller, state.keys)) {
      const failure = new Failure("access-denied", "The API key of this call was revoked or expired before the call began.");
      return problem(failure, { requestId, members: { action: order.action } });
    }
    const caller = { id: order.caller, name, person, grant: { roles: grant.roles, mailboxes, connections } };
    if (action === undefined) {
      if (sweepService === undefined) return "again";
      const planned = await planReply(appContext, sweepService, caller, { input, connection, requestId }, { signal, progress });
      return calls.stopped && !signal.aborted && planned.status === 499 ? "again" : planned;
    }
    const readFile = () => Promise.reject(new Failure("invalid-input", "attachments: put the content into base64."));
    const reply = await calls.runJob({
      action,
      asked: { input, fingerprint: "", readFile },
      caller,
      connection,
      requestId,
      signal,
      progress,
    });
    // Stopped because we are, and not because its caller wants it: the next process does it again.
    return calls.stopped && !signal.aborted && order.repeatable && reply.status === 499 ? "again" : reply;
  };
  const complain = (failure: Failure) => log.error(errorLine(failure));
  // A job that cannot be removed from the queue now is refused when it is taken up.
  calls.revocations.each((caller) => void state.jobs.cancelAll(caller).catch((thrown) => complain(asFailure(thrown))));
  await state.jobs.work(jobsAtOnce, worker, complain);
}

/** Returns whether the API key of a queued job was revoked or expired. Tokens cannot be revoked; they expire soon. */
async function isRevoked(caller: string, keys: Keys): Promise<boolean> {
  if (!caller.startsWith("key:")) return false;
  const entry = (await keys.list()).find(({ id }) => caller === `key:${id}`);
  return entry === undefined || entry.revokedAt !== undefined || (entry.expiresAt !== undefined && entry.expiresAt.getTime() <= Date.now());
}
