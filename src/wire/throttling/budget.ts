/** The state of one throttling budget: that of a mailbox, or of the whole account. */
export interface Budget {
  /** Number of running requests. */
  active: number;
  /** Learned limit for running requests. Infinite until the server refuses one. */
  limit: number;
  /** The highest number that the server has named as allowed. */
  ceiling: number;
  /** Successful requests since the limit last changed. */
  served: number;
  /** Nothing is sent before this time (of `performance.now()`). */
  until: number;
  /** The reason for that pause. */
  reason: WaitReason | undefined;
}

/** The reason for a wait. */
export interface WaitReason {
  /** For a waiting person, and for the failure of a caller that does not wait. */
  readonly text: string;
  /** Whether the server asked for the wait; otherwise it is our own caution after a fault. */
  readonly asked: boolean;
  /** Such as `ErrorServerBusy`. */
  readonly wireCode?: string | undefined;
}

export function newBudget(): Budget {
  return { active: 0, limit: Number.POSITIVE_INFINITY, ceiling: Number.POSITIVE_INFINITY, served: 0, until: 0, reason: undefined };
}

/** Returns true for a budget in the state of a new one. */
export function isForgettable(budget: Budget, now: number): boolean {
  return budget.active === 0 && budget.limit === Number.POSITIVE_INFINITY && budget.until <= now;
}

/** The limit rises by one after this many times as many successful requests as it allows. */
const servedPerRaise = 4;
// A higher limit means nothing: Exchange allows 27 (EWSMaxConcurrency), and no account gets many times that.
const unlimitedFrom = 100;

/** Records a successful request: after enough of them the limit rises by one. */
export function recordServed(budget: Budget): void {
  if (budget.limit === Number.POSITIVE_INFINITY) return;
  budget.served += 1;
  if (budget.served < budget.limit * servedPerRaise || budget.limit >= budget.ceiling) return;
  budget.served = 0;
  budget.limit = budget.limit + 1 >= unlimitedFrom ? Number.POSITIVE_INFINITY : budget.limit + 1;
}

/**
 * Records that the server refused a request: halves the number of running requests (that one included), and never exceeds the number that the
 * server names. Requests that ran together are refused together, and count once.
 */
export function recordThrottled(budget: Budget, named: number | undefined, now: number): void {
  if (named !== undefined) budget.ceiling = Math.min(budget.ceiling, Math.max(1, named));
  const half = budget.until > now ? budget.limit : Math.max(1, Math.floor((budget.active + 1) / 2));
  budget.limit = Math.min(budget.limit, budget.ceiling, half);
  budget.served = 0;
}
