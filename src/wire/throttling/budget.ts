/** The state of one throttling budget: that of a mailbox, or of the whole account. */
export interface Budget {
  /** Number of running requests. */
  active: number;
  /** Learned limit for running requests. Infinite until the server refuses one. */
  limit: number;
  /** The highest number that the server has named as allowed. */
  ceiling: number;
  /** The limit that was in force when the server last refused a request: it is only tried again after long. Infinite until then. */
  tooMany: number;
  /** Whether the last request was refused for throttling. */
  isRefused: boolean;
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
  const infinite = { limit: Number.POSITIVE_INFINITY, ceiling: Number.POSITIVE_INFINITY, tooMany: Number.POSITIVE_INFINITY };
  return { ...infinite, active: 0, isRefused: false, served: 0, until: 0, reason: undefined };
}

/** Returns true for a budget in the state of a new one. */
export function isForgettable(budget: Budget, now: number): boolean {
  return budget.active === 0 && budget.limit === Number.POSITIVE_INFINITY && budget.until <= now && !budget.isRefused;
}

/** The limit rises by one after this many times as many successful requests as it allows. */
const servedPerRaise = 4;
/** The same for a limit that the server has refused before: a refusal costs a wait, and one request in several hundred is few enough. */
const servedPerProbe = 100;
// A higher limit means nothing: Exchange allows 27 (EWSMaxConcurrency), and no account gets many times that.
const unlimitedFrom = 100;

/** Records a successful request: after enough of them the limit rises by one. */
export function recordServed(budget: Budget): void {
  budget.isRefused = false;
  if (budget.limit === Number.POSITIVE_INFINITY) return;
  budget.served += 1;
  const rounds = budget.limit + 1 < budget.tooMany ? servedPerRaise : servedPerProbe;
  if (budget.served < budget.limit * rounds || budget.limit >= budget.ceiling) return;
  budget.served = 0;
  budget.limit = budget.limit + 1 >= unlimitedFrom ? Number.POSITIVE_INFINITY : budget.limit + 1;
}

/**
 * Records that the server refused a request: halves the number of running requests (that one included), and never exceeds the number that the
 * server names. Requests that ran together are refused together, and count once.
 */
export function recordThrottled(budget: Budget, named: number | undefined, now: number): void {
  if (named !== undefined) budget.ceiling = Math.min(budget.ceiling, Math.max(1, named));
  const isFirst = budget.until <= now;
  const half = isFirst ? Math.max(1, Math.floor((budget.active + 1) / 2)) : budget.limit;
  // A number that the server names may be tried soon: only more is too many.
  if (named !== undefined) budget.tooMany = budget.ceiling + 1;
  else if (isFirst) budget.tooMany = Math.max(2, Math.min(budget.limit, budget.active + 1));
  budget.isRefused = true;
  budget.limit = Math.min(budget.limit, budget.ceiling, half);
  budget.served = 0;
}
