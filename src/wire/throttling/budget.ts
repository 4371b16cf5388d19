/** What the scheduler knows of one budget: that of a mailbox, or that of the whole account. */
export interface Budget {
  /** Requests under way. */
  active: number;
  /** How many may be, as learned. Infinite until the server complains. */
  limit: number;
  /** The most that the server was ever heard to allow. */
  ceiling: number;
  /** Served since the limit last changed. */
  served: number;
  /** Nothing is sent before this time (of `performance.now()`). */
  until: number;
  /** Why nothing is sent until then. */
  reason: WaitReason | undefined;
}

/** Why it is waited. */
export interface WaitReason {
  /** For a person who waits, and for the failure of who does not. */
  readonly text: string;
  /** The server asked for it; otherwise it is our own caution after a fault. */
  readonly asked: boolean;
  /** Such as `ErrorServerBusy`. */
  readonly wireCode?: string | undefined;
}

export function newBudget(): Budget {
  return { active: 0, limit: Number.POSITIVE_INFINITY, ceiling: Number.POSITIVE_INFINITY, served: 0, until: 0, reason: undefined };
}

/** A lane of which nothing is known that a new one would not say. */
export function isForgettable(budget: Budget, now: number): boolean {
  return budget.active === 0 && budget.limit === Number.POSITIVE_INFINITY && budget.until <= now;
}

/** How often as many requests as the limit allows must be served until one more is tried. */
const servedPerRaise = 4;
// From here on a limit no longer tells anything: Exchange allows 27 (EWSMaxConcurrency), and nobody gives an account many times that.
const unlimitedFrom = 100;

/** The server did what was asked: after enough of that it may bear one request more. */
export function recordServed(budget: Budget): void {
  if (budget.limit === Number.POSITIVE_INFINITY) return;
  budget.served += 1;
  if (budget.served < budget.limit * servedPerRaise || budget.limit >= budget.ceiling) return;
  budget.served = 0;
  budget.limit = budget.limit + 1 >= unlimitedFrom ? Number.POSITIVE_INFINITY : budget.limit + 1;
}

/**
 * The server turned a request away: half of what is under way (that request included) is enough, and never more than it names. What was
 * under way together is turned away together, and counts once.
 */
export function recordThrottled(budget: Budget, named: number | undefined, now: number): void {
  if (named !== undefined) budget.ceiling = Math.min(budget.ceiling, Math.max(1, named));
  const half = budget.until > now ? budget.limit : Math.max(1, Math.floor((budget.active + 1) / 2));
  budget.limit = Math.min(budget.limit, budget.ceiling, half);
  budget.served = 0;
}
