import { Failure } from "../../failure.ts";
import { neverReached } from "../http/http-failure.ts";
import { type Budget, isForgettable, newBudget, recordServed, recordThrottled, type WaitReason } from "./budget.ts";

/** The parts of a call that the queue needs: its cancellation and its progress. */
export interface WaitingCall {
  readonly signal?: AbortSignal | undefined;
  readonly progress?: ((text: string) => void) | undefined;
  /** Called with the milliseconds of a wait that the server asked for. Simultaneous waits count once. */
  readonly waited?: ((milliseconds: number) => void) | undefined;
}

/** Limits of one caller. */
export interface QueueLimits {
  /** Longest wait, in milliseconds. */
  readonly maxWaitMs: number;
  /** Maximum number of running requests of the account. */
  readonly maxConcurrency: number;
  /** Maximum number of running requests of the account for one mailbox. Default: as for the account. */
  readonly maxPerMailbox?: number | undefined;
  /** Number of running requests with which a budget that processes share begins, before more were seen to work. Default: `maxConcurrency`. */
  readonly firstConcurrency?: number | undefined;
}

/** Permission to send one request. */
export interface RequestTurn {
  /** Lets the next request go. `served`: the server did not refuse this one for throttling. Only the first call counts. */
  end(served: boolean): void;
}

/** The budget that a server's fault is about: one mailbox, or (undefined) the whole account. */
export type BudgetScope = string | undefined;

/**
 * Decides which request of one account is sent next to one server. Learns the server's pauses and limits from its faults, for the account and each
 * mailbox; all requests obey them. Mailboxes take turns; within one mailbox, requests keep their order.
 */
export interface RequestQueue {
  /**
   * Waits until a request for this mailbox may be sent, and reports the reason to progress. Failure `cancelled` if the call is cancelled meanwhile;
   * Failure `busy` if the wait exceeds the caller's limit: then nothing was sent.
   */
  waitForTurn(mailbox: string, limits: QueueLimits, call?: WaitingCall): Promise<RequestTurn>;
  /** Stops all sending for this many milliseconds. */
  pause(scope: BudgetScope, ms: number, reason: WaitReason): void;
  /** Records that a request was refused for a budget: fewer run at a time from now on, never more than the server names. Call it before `pause`. */
  recordThrottled(scope: BudgetScope, allowed: number | undefined): void;
  /**
   * As `recordThrottled`, for a server that does not say whose budget was used up. One mailbox may be the reason by itself; when another mailbox is turned
   * away soon after, the budget is that of the account. A mailbox that is turned away again and again says nothing about others.
   */
  recordThrottledMailbox(mailbox: string): void;
  /** Returns how many requests of the account this process may have under way now. */
  atATime(limits: QueueLimits): number;
}

/** This process's part of a budget that several processes share. Without it, a process uses the whole budget. */
export interface SharedBudget {
  /** How many requests of the account this process may have under way. Read before each turn. */
  readonly share: number;
  /** Called when a request waits for its turn: the share may be given out anew. `most`: what the settings allow the account; `first`: what it begins with. */
  recordWanted(most: number, first: number): void;
  /** Called when the server asks a mailbox, or (undefined) the whole account, to wait. */
  recordPause(scope: BudgetScope, ms: number, reason: WaitReason): void;
  /** Called when a request was turned away for the budget of the account. `named`: as many as the server says it allows. */
  recordThrottled(named: number | undefined): void;
}

/** A queue, as seen by the budget that it shares. */
export interface SharedQueue {
  /** Requests of the account that are under way. */
  readonly active: number;
  /** Whether requests are under way or wait for their turn. */
  readonly isBusy: boolean;
  /** Requests that wait for their turn. */
  readonly waiting: number;
  /** Another process was asked to wait. */
  hold(scope: BudgetScope, ms: number, reason: WaitReason): void;
  /** The share has grown. */
  advance(): void;
}

/** Says how the budget of each account is shared: asked once for each queue of this process that is opened from now on. */
let sharing: ((account: string, queue: SharedQueue) => SharedBudget) | undefined;

/** From now on, `join` gives each queue that this process opens its part of a shared budget. */
export function shareRequestQueues(join: typeof sharing): void {
  sharing = join;
}

/** In milliseconds: the longest remembered pause. Exchange asks for at most 5 minutes, and an error must not stop us for a day. */
const longestPauseMs = 300_000;
/** In milliseconds: two mailboxes that are turned away within this time are turned away for one reason. */
const togetherMs = 10_000;
/** In milliseconds: requests that ran together are refused together, and count once. */
const onceMs = 2000;

interface Waiter {
  readonly mailbox: string;
  readonly limits: QueueLimits;
  readonly call: WaitingCall;
  /** The end of its patience, set once it waits for more than our own requests (of `performance.now()`). */
  deadline: number | undefined;
  /** End of the pause that was last reported to progress. */
  toldUntil: number;
  /** Whether it waits at the server's request. */
  isCounted: boolean;
  /** Whether it got its turn or a failure. */
  isOver: boolean;
  grant(turn: RequestTurn): void;
  refuse(failure: Failure): void;
}

/** Why a waiter does not get its turn; `until` if that is known. */
interface Obstacle extends WaitReason {
  readonly until: number | undefined;
}

const requestQueues = new Map<string, RequestQueue>();

/** Returns the queue shared by everything in this process that uses this account of this server (an origin). */
export function requestQueueOf(server: string, account: string): RequestQueue {
  const key = JSON.stringify([server, account]);
  const known = requestQueues.get(key) ?? openRequestQueue((queue) => sharing?.(key, queue));
  requestQueues.set(key, known);
  return known;
}

export function openRequestQueue(join?: (queue: SharedQueue) => SharedBudget | undefined): RequestQueue {
  const account = newBudget();
  const mailboxes = new Map<string, Budget>();
  // In the order of the mailboxes' turns.
  const queues = new Map<string, Waiter[]>();
  let timer: NodeJS.Timeout | undefined;
  let waiting = 0;
  /** The mailbox that was last turned away for an unknown budget. */
  let suspect: { readonly mailbox: string; readonly at: number } | undefined;
  let blamedAt = Number.NEGATIVE_INFINITY;

  const budgetOf = (scope: BudgetScope): Budget => {
    if (scope === undefined) return account;
    const budget = mailboxes.get(scope) ?? newBudget();
    mailboxes.set(scope, budget);
    return budget;
  };

  function turnOf({ mailbox }: Waiter): RequestTurn {
    const budgets = [account, budgetOf(mailbox)];
    for (const budget of budgets) budget.active += 1;
    let isOver = false;
    return {
      end(isServed) {
        if (isOver) return;
        isOver = true;
        for (const budget of budgets) {
          budget.active -= 1;
          if (isServed) recordServed(budget);
        }
        forget(mailbox);
        advance();
      },
    };
  }

  function forget(mailbox: string): void {
    const budget = mailboxes.get(mailbox);
    if (budget && !queues.has(mailbox) && isForgettable(budget, performance.now())) mailboxes.delete(mailbox);
  }

  /** Grants every possible turn, reports the reason to the others, and runs again when the next pause ends. */
  function advance(): void {
    clearTimeout(timer);
    timer = undefined;
    // Reads the clock once: between two readings a pause could end, and then stop nobody and release nobody.
    const now = performance.now();
    while (grantOne(now));
    let next = Number.POSITIVE_INFINITY;
    for (const waiter of [...queues.values()].flat()) {
      // A progress callback may have cancelled its call.
      if (waiter.isOver) continue;
      const obstacle = obstacleOf(waiter, now);
      if (obstacle === undefined) continue;
      waiter.deadline ??= now + waiter.limits.maxWaitMs;
      const { until } = obstacle;
      if (until !== undefined && until > waiter.deadline) refuse(waiter, tooLong(obstacle, until - now));
      else if (now >= waiter.deadline) refuse(waiter, tooLong(obstacle, undefined));
      else {
        tell(waiter, obstacle, now);
        next = Math.min(next, until ?? waiter.deadline);
      }
    }
    // A timer may fire a little early by this clock.
    clearTimeout(timer);
    if (next < Number.POSITIVE_INFINITY) timer = setTimeout(advance, Math.max(1, Math.ceil(next - now)));
  }

  function grantOne(now: number): boolean {
    if (account.until > now || account.active >= Math.min(account.limit, shared?.share ?? Number.POSITIVE_INFINITY)) return false;
    for (const [mailbox, queue] of queues) {
      const budget = budgetOf(mailbox);
      if (budget.until > now || budget.active >= budget.limit) continue;
      const waiter = queue.find(
        ({ limits }) => account.active < limits.maxConcurrency && budget.active < (limits.maxPerMailbox ?? Number.POSITIVE_INFINITY),
      );
      if (waiter === undefined) continue;
      leave(waiter);
      const rest = queues.get(mailbox);
      if (rest !== undefined) {
        queues.delete(mailbox);
        queues.set(mailbox, rest);
      }
      waiter.grant(turnOf(waiter));
      return true;
    }
    return false;
  }

  function leave(waiter: Waiter): void {
    const left = (queues.get(waiter.mailbox) ?? []).filter((one) => one !== waiter);
    waiting -= 1;
    if (left.length > 0) queues.set(waiter.mailbox, left);
    else queues.delete(waiter.mailbox);
    if (waiter.isCounted) stopCounting(waiter.call);
    waiter.isCounted = false;
    waiter.isOver = true;
  }

  function refuse(waiter: Waiter, failure: Failure): void {
    leave(waiter);
    forget(waiter.mailbox);
    waiter.refuse(failure);
  }

  /** Returns the reason for the wait; undefined if the waiter only waits for our own requests. */
  function obstacleOf({ mailbox, limits }: Waiter, now: number): Obstacle | undefined {
    const budget = budgetOf(mailbox);
    const paused = budget.until > account.until ? budget : account;
    if (paused.until > now && paused.reason !== undefined) return { ...paused.reason, until: paused.until };
    const allowed = Math.min(account.limit, budget.limit);
    const share = shared?.share ?? Number.POSITIVE_INFINITY;
    if (share < Math.min(allowed, limits.maxConcurrency))
      return { text: "other processes of mailcordon use what Exchange allows", asked: false, until: undefined };
    if (allowed >= limits.maxConcurrency) return undefined;
    return { text: `Exchange allows ${allowed === 1 ? "1 request" : `${allowed} requests`} at once`, asked: true, until: undefined };
  }

  function tell(waiter: Waiter, { until, text, asked: requested }: Obstacle, now: number): void {
    if (requested && !waiter.isCounted) {
      waiter.isCounted = true;
      startCounting(waiter.call);
    }
    if ((until ?? now) <= waiter.toldUntil || (until === undefined && waiter.toldUntil > 0)) return;
    waiter.toldUntil = until ?? now;
    waiter.call.progress?.(until === undefined ? `waiting: ${text}` : `waiting ${Math.ceil((until - now) / 1000)} s: ${text}`);
  }

  const hold = (scope: BudgetScope, ms: number, reason: WaitReason) => {
    const budget = budgetOf(scope);
    const until = performance.now() + Math.min(Math.max(ms, 0), longestPauseMs);
    if (until <= budget.until) return;
    budget.until = until;
    budget.reason = reason;
    advance();
  };
  const shared = join?.({
    get active() {
      return account.active;
    },
    get isBusy() {
      return account.active > 0 || queues.size > 0;
    },
    get waiting() {
      return waiting;
    },
    hold,
    advance,
  });
  const turnedAway: RequestQueue["recordThrottled"] = (scope, allowed) => {
    // All processes that share the budget learn from each refusal.
    if (scope === undefined && shared !== undefined) shared.recordThrottled(allowed);
    else recordThrottled(budgetOf(scope), allowed, performance.now());
  };

  return {
    waitForTurn(mailbox, limits, call = {}) {
      return new Promise((resolve, reject) => {
        if (call.signal?.aborted) return reject(cancelled());
        const waiter: Waiter = {
          mailbox,
          limits,
          call,
          deadline: undefined,
          toldUntil: 0,
          isCounted: false,
          isOver: false,
          grant(turn) {
            call.signal?.removeEventListener("abort", stop);
            resolve(turn);
          },
          refuse(failure) {
            call.signal?.removeEventListener("abort", stop);
            reject(failure);
          },
        };
        const stop = () => {
          refuse(waiter, cancelled());
          advance();
        };
        call.signal?.addEventListener("abort", stop, { once: true });
        queues.set(mailbox, [...(queues.get(mailbox) ?? []), waiter]);
        waiting += 1;
        const { maxConcurrency, firstConcurrency = maxConcurrency } = limits;
        shared?.recordWanted(maxConcurrency, Math.min(firstConcurrency, maxConcurrency));
        advance();
      });
    },
    pause(scope, ms, reason) {
      hold(scope, ms, reason);
      shared?.recordPause(scope, ms, reason);
    },
    recordThrottled: turnedAway,
    recordThrottledMailbox(mailbox) {
      const budget = budgetOf(mailbox);
      if (budget.isRefused) return;
      budget.isRefused = true;
      const [before, at] = [suspect, performance.now()];
      suspect = { mailbox, at };
      if (before === undefined || before.mailbox === mailbox || at - before.at > togetherMs || at - blamedAt < onceMs) return;
      blamedAt = at;
      suspect = undefined;
      turnedAway(undefined, undefined);
    },
    atATime: ({ maxConcurrency }) => Math.max(1, Math.min(account.limit, shared?.share ?? Number.POSITIVE_INFINITY, maxConcurrency)),
  };
}

/** The calls that wait for the server now, and since when. Several requests of one call may wait at the same time. */
const counting = new WeakMap<NonNullable<WaitingCall["waited"]>, { waiters: number; readonly since: number }>();

function startCounting({ waited }: WaitingCall): void {
  if (waited === undefined) return;
  const known = counting.get(waited);
  if (known) known.waiters += 1;
  else counting.set(waited, { waiters: 1, since: performance.now() });
}

function stopCounting({ waited }: WaitingCall): void {
  const known = waited && counting.get(waited);
  if (!waited || !known) return;
  known.waiters -= 1;
  if (known.waiters > 0) return;
  counting.delete(waited);
  waited(performance.now() - known.since);
}

function tooLong({ text, wireCode }: Obstacle, ms: number | undefined): Failure {
  const hint = "Retry later or with fewer calls at a time, or raise throttling.max_wait_seconds.";
  if (ms === undefined)
    return neverReached(new Failure("busy", `This request waited too long for its turn: ${text}. It was not sent.`, { wireCode, hint }));
  const message = `Nothing is sent for ${Math.ceil(ms / 1000)} s more: ${text}.`;
  return neverReached(new Failure("busy", message, { wireCode, backOffMs: Math.round(ms), hint }));
}

function cancelled(): Failure {
  return neverReached(new Failure("cancelled", "The call was cancelled while waiting for Exchange."));
}
