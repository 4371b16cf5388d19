import { type Action, effects } from "../../catalogue/action-definition.ts";
import type { Answer } from "../../catalogue/answer-envelope.ts";
import { restrictToMailboxes } from "../../connection/restrict-to-mailboxes.ts";
import { asFailure, Failure, localOf } from "../../failure.ts";
import { type Host, perform } from "../../perform/perform.ts";
import type { Role } from "../../state/keys.ts";
import type { State } from "../../state/state.ts";
import { harmlessJson } from "../../text/harmless-json.ts";
import type { Opened } from "../cli/program-definition.ts";
import { openTimeLimit } from "../time-limit.ts";
import type { CallRequest } from "./body.ts";
import { type Caller, isUrgent } from "./callers/authentication.ts";
import { openConcurrencyShares } from "./callers/rate-limits.ts";
import { openRevocations, type Revocations, revokedMeanwhile } from "./callers/revoked-keys.ts";
import { linkEvidence } from "./evidence-links.ts";
import { problem, type Reply } from "./problem.ts";

/** The connections of the settings. */
export interface Connections {
  readonly names: readonly string[];
  /** Connection if a request names none; undefined if there are several and no default. */
  readonly defaultName: string | undefined;
  /** Opens a connection once and keeps it. Call it only with a name from `names`. Throws Failure `invalid-settings`. */
  open(name: string): Promise<Opened>;
}

/** One call of one action. */
export interface CallOrder {
  readonly action: Action;
  readonly asked: Pick<CallRequest, "input" | "fingerprint" | "readFile">;
  readonly caller: Caller;
  /** One that the caller may use. */
  readonly connection: string;
  readonly requestId: string;
  readonly idempotencyKey?: string | undefined;
  /** Aborted when the caller went away, or wants it stopped. */
  readonly signal?: AbortSignal | undefined;
  readonly progress?: ((text: string) => void) | undefined;
}

/** A call that is carried out once for each idempotency key. */
export interface OnceOrder extends Pick<CallOrder, "caller" | "connection" | "requestId"> {
  readonly action: Pick<Action, "name" | "effect">;
  readonly asked: Pick<CallRequest, "fingerprint">;
}

export interface CallSettings {
  readonly maxConcurrency: number;
  /** Maximum duration of one call in milliseconds. */
  readonly timeoutMs: number;
  /** Prefix of links; empty for links relative to this server. */
  readonly publicUrl: string;
}

/** One call that came to its end. */
interface FinishedCall {
  readonly reply: Reply;
  readonly answer: Answer;
  /** Whether anything may have been changed, sent or deleted. */
  readonly touched: boolean;
}

/** A place, or the reason why there is none. */
export type Admission = { readonly leave: () => void } | { readonly refused: Reply };

/** Makes the calls of every face of the server. */
export interface Calls {
  /** Returns everything that `perform` needs for a caller and a connection, restricted to the caller's mailboxes. Throws Failure. */
  hostFor(caller: Pick<Caller, "id" | "grant">, connection: string): Promise<Host>;
  /**
   * Takes a place for a body that is arriving: this limits the bodies in memory, and a slow sender takes no place of a call. With the `role` of a
   * call it is also refused if that call would find no place now; without a role it may be what a running call waits for. Always call `leave`.
   */
  admitBody(caller: Caller, role: Role | undefined, requestId: string): Admission;
  /** Takes a place among the running calls, or returns why there is none, once the body has arrived. Always call `leave`. */
  admitCall(caller: Caller, role: Role, requestId: string): Admission;
  /** Runs a call that has its place; never rejects. */
  run(order: CallOrder): Promise<Reply>;
  /** Runs a job without the limit of running calls, because jobs have their own limit, and with the time limit of a job. */
  runJob(order: CallOrder): Promise<Reply>;
  /**
   * Runs work that calls `perform` itself for a caller and needs `role`, within the limit of running calls. The signal is aborted if the server stops
   * first, or the caller's API key is revoked. Throws Failure `busy` if every place is taken or the server is stopping, `access-denied` if the API
   * key was revoked.
   */
  runWithin<T>(caller: Caller, role: Role, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /**
   * Answers once for each idempotency key: with the reply of `work`, or with the earlier reply. `isUndone`: nothing was done, so the idempotency key
   * may be used again.
   */
  runOnce(order: OnceOrder, key: string, work: () => Promise<{ readonly reply: Reply; readonly isUndone: boolean }>): Promise<Reply>;
  /** Revoked API keys, whose calls end. */
  readonly revocations: Revocations;
  /** True when no further calls are begun. */
  readonly stopped: boolean;
  readonly running: number;
  /** Begins no more calls. Resolves when all running calls have ended, or were stopped and had a moment to report. */
  stop(graceMs: number): Promise<void>;
}

/** How long stopped calls have to report how far they came. Milliseconds. */
const lastWordsMs = 5_000;
/** A job that runs for half a day will not end any more. Milliseconds. */
const jobMs = 12 * 60 * 60 * 1000;
/** A database that is away comes back within seconds or minutes. Milliseconds. */
const rewriteMs = 1000;
/** Retry-After for a caller that found no place: most calls take a second or two. */
const busySeconds = 1;

export function openCalls(
  { connections, state }: { readonly connections: Connections; readonly state: Pick<State, "idempotency" | "keys"> },
  { maxConcurrency, timeoutMs, publicUrl }: CallSettings,
  /** Called for failures after the caller has its answer, and for details that only the log may contain. */
  complain: (failure: Failure, requestId?: string) => void,
): Calls {
  const places = openConcurrencyShares(maxConcurrency);
  const bodies = openConcurrencyShares(maxConcurrency);
  const revocations = openRevocations(state.keys);
  // Not AbortSignal.any: a signal that lives as long as the server would keep something of every call.
  const running = new Set<AbortController>();
  let stopped = false;
  // Counts running calls, including those whose answer is known but not yet recorded.
  let busy = 0;
  let settled: (() => void) | undefined;
  const counted = async <T>(work: () => Promise<T>): Promise<T> => {
    busy += 1;
    try {
      return await work();
    } finally {
      busy -= 1;
      if (stopped && busy === 0) settled?.();
    }
  };

  const logged = (failure: Failure, requestId?: string): Failure => {
    if (localOf(failure) !== undefined) complain(failure, requestId);
    return failure;
  };

  const hostFor = async (caller: Pick<Caller, "id" | "grant">, connection: string): Promise<Host> => {
    const opened = await connections.open(connection);
    return {
      ...opened,
      exchange: restrictToMailboxes(opened.exchange, caller.grant.mailboxes),
      evidence: linkEvidence(opened.evidence, connection, publicUrl),
      connection,
      actor: caller.id,
      shown: (failure) => logged(failure),
      readFile: undefined,
    };
  };

  const performed = async (order: CallOrder, milliseconds: number): Promise<FinishedCall> => {
    const { action, asked: requested, caller, connection, requestId, progress } = order;
    // The API key may have been revoked while the body arrived or the call waited.
    if (revocations.has(caller.id)) throw revokedMeanwhile();
    const stop = new AbortController();
    const abort = () => stop.abort();
    const limit = openTimeLimit(milliseconds, "use `Prefer: respond-async`, or raise serve.timeout_seconds");
    limit.signal.addEventListener("abort", abort);
    running.add(stop);
    const unwatch = revocations.watch(caller.id, abort);
    order.signal?.addEventListener("abort", abort, { once: true });
    if (order.signal?.aborted) stop.abort();
    try {
      const host = await hostFor(caller, connection);
      let touched = false;
      const touching = () => {
        touched = true;
      };
      const shown = (failure: Failure) => logged(failure, requestId);
      const runOptions = { shown, signal: stop.signal, timeLimitMs: milliseconds, progress, readFile: requested.readFile, touching };
      const answer = await perform(action, requested.input, { ...host, ...runOptions });
      return { reply: replyOf(limit.asTimeout(answer), requestId), answer, touched };
    } finally {
      limit.end();
      unwatch();
      running.delete(stop);
      order.signal?.removeEventListener("abort", abort);
    }
  };

  /**
   * Records the result of an idempotency key; retries while the database is away, because otherwise the idempotency key would count as running until
   * this process ends. Never rejects.
   */
  const written = async (write: () => Promise<void>, isFirst = true): Promise<void> => {
    try {
      await write();
    } catch (thrown) {
      const failure = asFailure(thrown);
      const again = failure.code === "unreachable" && !stopped;
      if (isFirst || !again) complain(failure);
      if (again) setTimeout(() => void (stopped || written(write, false)), rewriteMs).unref();
    }
  };

  const once: Calls["runOnce"] = async (order, key, work) => {
    const { action, caller, requestId, asked: requested, connection } = order;
    const { idempotency } = state;
    // A later token of the same caller may grant less, so it must not get the answer of an earlier one.
    const scope = JSON.stringify(caller.grant.mailboxes ?? "all");
    const begun = await idempotency.begin(caller.id, key, `${action.name} ${connection} ${requested.fingerprint} ${scope}`);
    if (begun.state === "other-body") {
      const message = "This Idempotency-Key was used before with another action, connection or input.";
      return problem(new Failure("invalid-input", message, { hint: "Use a new Idempotency-Key for every new call." }), {
        requestId,
        status: 422,
      });
    }
    if (begun.state === "running") {
      const message = "The call of this Idempotency-Key is still running.";
      const failure = new Failure("busy", message, { hint: "Retry with the same Idempotency-Key to get the answer." });
      return problem(failure, { requestId, status: 409, headers: { "retry-after": "1" } });
    }
    if (begun.state === "finished") {
      const type = begun.status < 300 ? "application/json" : "application/problem+json";
      const headers = { "content-type": type, "idempotency-replayed": "true" };
      return { status: begun.status, body: begun.body, headers };
    }
    const unknown = begun.state === "lost" && !effects[action.effect].repeatable;
    let reply = problem(lostCallFailure(), { requestId, members: { action: action.name } });
    let isUndone = false;
    try {
      if (!unknown) ({ reply, isUndone } = await work());
    } catch (thrown) {
      // It was not even begun.
      await written(() => idempotency.forget(caller.id, key));
      throw thrown;
    }
    // The call was completed, and a failure to record the idempotency key must not hide that.
    await written(() => (isUndone ? idempotency.forget(caller.id, key) : idempotency.finish(caller.id, key, reply)));
    return reply;
  };

  const full = () =>
    new Failure("busy", `Too many calls are running: at most ${maxConcurrency} at a time, and one caller gets only part of them.`, {
      hint: "Retry in a moment, or raise serve.max_concurrency.",
    });
  const entered = (leave: (() => void) | undefined, requestId: string): Admission => {
    if (leave !== undefined) return { leave };
    return { refused: problem(full(), { requestId, status: 429, headers: { "retry-after": String(busySeconds) } }) };
  };

  return {
    hostFor,
    runOnce: once,
    revocations,
    async runWithin(caller, role, work) {
      if (stopped) throw stoppingFailure();
      const leave = places.take(caller.id, isUrgent(caller, role));
      if (leave === undefined) throw full();
      const stop = new AbortController();
      running.add(stop);
      const unwatch = revocations.watch(caller.id, () => stop.abort());
      try {
        const done = await counted(() => work(stop.signal));
        if (revocations.has(caller.id)) throw revokedMeanwhile();
        return done;
      } finally {
        unwatch();
        running.delete(stop);
        leave();
      }
    },
    runJob: (order) =>
      counted(async () => {
        try {
          return (await performed(order, jobMs)).reply;
        } catch (thrown) {
          return problem(logged(asFailure(thrown), order.requestId), {
            requestId: order.requestId,
            members: { action: order.action.name },
          });
        }
      }),
    get stopped() {
      return stopped;
    },
    admitBody(caller, role, requestId) {
      const urgent = isUrgent(caller, role);
      const isWanted = role === undefined || places.hasRoom(caller.id, urgent);
      return entered(isWanted ? bodies.take(caller.id, urgent) : undefined, requestId);
    },
    admitCall: (caller, role, requestId) => entered(places.take(caller.id, isUrgent(caller, role)), requestId),
    async run(order) {
      const { requestId, idempotencyKey, action } = order;
      if (stopped) return problem(stoppingFailure(), { requestId, headers: { connection: "close", "retry-after": "5" } });
      try {
        const reply = await counted(async () => {
          if (idempotencyKey === undefined || action.effect === "read") return (await performed(order, timeoutMs)).reply;
          return await once(order, idempotencyKey, async () => {
            const done = await performed(order, timeoutMs);
            return { reply: done.reply, isUndone: isUndone(action, done) };
          });
        });
        if (revocations.has(order.caller.id)) throw revokedMeanwhile();
        return reply;
      } catch (thrown) {
        return problem(logged(asFailure(thrown), requestId), { requestId, members: { action: action.name } });
      }
    },
    get running() {
      return busy;
    },
    async stop(graceMs) {
      stopped = true;
      if (busy === 0) return;
      const all = new Promise<void>((resolve) => {
        settled = resolve;
      });
      if (await within(all, graceMs)) return;
      for (const stop of running) stop.abort();
      await within(all, lastWordsMs);
    },
  };
}

/** True when it came in time. */
async function within(work: Promise<void>, milliseconds: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), milliseconds);
  });
  try {
    return await Promise.race([work.then(() => true), over]);
  } finally {
    clearTimeout(timer);
  }
}

export function stoppingFailure(): Failure {
  return new Failure("busy", "The server is stopping.", { hint: "Retry in a moment." });
}

/** Returns the failure of a call whose process died. */
export function lostCallFailure(): Failure {
  return new Failure("unknown-outcome", "The server was stopped during this call, so its outcome is not known.");
}

/** Returns 200 for a call that ended, whatever the results of its items; otherwise the problem, with the other members of the answer. */
export function replyOf(answer: Answer, requestId: string): Reply {
  const { error, success: _, message: _message, ...members } = answer;
  if (error !== undefined) return problem(error, { requestId, members });
  return { status: 200, body: harmlessJson(answer), headers: { "content-type": "application/json" } };
}

/** Returns whether certainly nothing was done: then the idempotency key may be used again, with this input or a corrected one. */
function isUndone(action: Action, { answer, touched }: FinishedCall): boolean {
  if (!touched) return !answer.success;
  const code = answer.error?.code;
  if (code === undefined) return false;
  if (["invalid-input", "confirmation-required", "unexpected-count", "invalid-settings"].includes(code)) return true;
  // A stopped call may have sent its message.
  const stopped = code === "cancelled" || code === "timeout";
  return answer.error?.retryable === true && (effects[action.effect].repeatable || !stopped);
}
