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
  /** The one that is meant when none is named; undefined when there are several and none was chosen. */
  readonly defaultName: string | undefined;
  /** Opened once and kept; asked only for a name of `names`. Throws Failure `invalid-settings`. */
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

export interface CallSettings {
  readonly maxConcurrency: number;
  /** Milliseconds that one call may take. */
  readonly timeoutMs: number;
  /** What stands before the path of a link; empty for links relative to this server. */
  readonly publicUrl: string;
}

/** One call that came to its end. */
interface FinishedCall {
  readonly reply: Reply;
  readonly answer: Answer;
  /** Whether anything may have been changed, sent or deleted. */
  readonly touched: boolean;
}

/** A place, or why there is none. */
export type Admission = { readonly leave: () => void } | { readonly refused: Reply };

/** Makes the calls of every face of the server. */
export interface Calls {
  /** What the door needs, for a caller and a connection: nothing in it reaches another mailbox. Throws Failure. */
  hostFor(caller: Caller, connection: string): Promise<Host>;
  /**
   * A place for a body on its way: no more bodies than that are in memory, and who sends one slowly takes no place of calls. With the `role` of a
   * call also refused when that would find no place now; without one it may be what a running call waits for. `leave` is to be called in any case.
   */
  admitBody(caller: Caller, role: Role | undefined, requestId: string): Admission;
  /** Takes a place among what runs at once, or says that there is none; once the body is there. `leave` is to be called in any case. */
  admitCall(caller: Caller, role: Role, requestId: string): Admission;
  /** Runs a call that has its place; never rejects. */
  run(order: CallOrder): Promise<Reply>;
  /** The same without the limit of what runs at once, for what has one of its own, and with the time that a job has. */
  runJob(order: CallOrder): Promise<Reply>;
  /**
   * Runs what calls the door by itself for a caller and needs `role`, within the limit of what runs at once; the signal is given when the server
   * ends before it does, or the caller's key is revoked. Throws Failure `busy` when every place is taken or the server is being stopped,
   * `access-denied` when the key was revoked.
   */
  runWithin<T>(caller: Caller, role: Role, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** Answers once for each key: what `work` gives, or what it gave before. `isUndone`: nothing was done, the key may be given again. */
  runOnce(order: CallOrder, key: string, work: () => Promise<{ readonly reply: Reply; readonly isUndone: boolean }>): Promise<Reply>;
  /** Of keys, whose calls end then. */
  readonly revocations: Revocations;
  /** True when no more is begun. */
  readonly stopped: boolean;
  readonly running: number;
  /** From now on nothing is begun; resolves when all that runs has ended, or was told to and had a moment. */
  stop(graceMs: number): Promise<void>;
}

/** After it was told to stop, what runs has so long to say how far it came. */
const lastWordsMs = 5_000;
/** A job that runs for half a day does not come to an end any more. */
const jobMs = 12 * 60 * 60 * 1000;
/** A database that went away comes back within seconds or minutes. */
const rewriteMs = 1000;
/** A caller that found every place taken is told to wait so long: most calls take a second or two. */
const busySeconds = 1;

export function openCalls(
  { connections, state }: { readonly connections: Connections; readonly state: Pick<State, "idempotency" | "keys"> },
  { maxConcurrency, timeoutMs, publicUrl }: CallSettings,
  /** Told of what goes wrong after the caller has its answer, and of what only the log may hold of a failure. */
  complain: (failure: Failure, requestId?: string) => void,
): Calls {
  const places = openConcurrencyShares(maxConcurrency);
  const bodies = openConcurrencyShares(maxConcurrency);
  const revocations = openRevocations(state.keys);
  // Not AbortSignal.any: a signal that lives as long as the server would keep something of every call.
  const running = new Set<AbortController>();
  let stopped = false;
  // Also what is still to be written down after its answer is known.
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

  const hostFor = async (caller: Caller, connection: string): Promise<Host> => {
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
    // While its body was on the way, or it waited.
    if (revocations.has(caller.id)) throw revokedMeanwhile();
    const stop = new AbortController();
    const abort = () => stop.abort();
    const limit = openTimeLimit(milliseconds, "with `Prefer: respond-async`, or raise serve.timeout_seconds");
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

  /** Writes down what became of a key; later, when the database is away: else it would be called running for as long as we are. Never rejects. */
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
    // A later token of the same caller may grant less: what an earlier one was answered is not for it.
    const scope = JSON.stringify(caller.grant.mailboxes ?? "all");
    const begun = await idempotency.begin(caller.id, key, `${action.name} ${connection} ${requested.fingerprint} ${scope}`);
    if (begun.state === "other-body") {
      const message = "This Idempotency-Key was given before with another action, connection or input.";
      return problem(new Failure("invalid-input", message, { hint: "Give every new call a new key." }), { requestId, status: 422 });
    }
    if (begun.state === "running") {
      const message = "The call of this Idempotency-Key is still running.";
      const failure = new Failure("busy", message, { hint: "Repeat it with the same key to get its answer." });
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
    // Whatever becomes of that: it was done, and that the key is not remembered must not hide it.
    await written(() => (isUndone ? idempotency.forget(caller.id, key) : idempotency.finish(caller.id, key, reply)));
    return reply;
  };

  const full = () =>
    new Failure("busy", `Too many calls are running: ${maxConcurrency} are let in at a time, and of one caller a part of them.`, {
      hint: "Repeat in a moment, or raise serve.max_concurrency.",
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
  return new Failure("busy", "The server is being stopped.", { hint: "Repeat in a moment." });
}

/** Of a call whose process died. */
export function lostCallFailure(): Failure {
  return new Failure("unknown-outcome", "The server was stopped in the middle of this call: whether it was done is not known.");
}

/** 200 for a call that went through, whatever became of single items; else the problem, with all else that the answer says. */
export function replyOf(answer: Answer, requestId: string): Reply {
  const { error, success: _, message: _message, ...members } = answer;
  if (error !== undefined) return problem(error, { requestId, members });
  return { status: 200, body: harmlessJson(answer), headers: { "content-type": "application/json" } };
}

/** Certain that nothing was done: then the key may be given again, with this input or a better one. */
function isUndone(action: Action, { answer, touched }: FinishedCall): boolean {
  if (!touched) return !answer.success;
  const code = answer.error?.code;
  if (code === undefined) return false;
  if (["invalid-input", "confirmation-required", "unexpected-count", "invalid-settings"].includes(code)) return true;
  // What was stopped in the middle may have been sent.
  const stopped = code === "cancelled" || code === "timeout";
  return answer.error?.retryable === true && (effects[action.effect].repeatable || !stopped);
}
