/** What the scheduler knows of one budget: that of a mailbox, or that of the whole account. */
export interface Lane {
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
  reason: Reason | undefined;
}

/** Why it is waited. */
export interface Reason {
  /** For a person who waits, and for the failure of who does not. */
  readonly text: string;
  /** The server asked for it; otherwise it is our own caution after a fault. */
  readonly asked: boolean;
  /** Such as `ErrorServerBusy`. */
  readonly wireCode?: string | undefined;
}

export function newLane(): Lane {
  return { active: 0, limit: Number.POSITIVE_INFINITY, ceiling: Number.POSITIVE_INFINITY, served: 0, until: 0, reason: undefined };
}

/** A lane of which nothing is known that a new one would not say. */
export function isForgettable(lane: Lane, now: number): boolean {
  return lane.active === 0 && lane.limit === Number.POSITIVE_INFINITY && lane.until <= now;
}

/** How often as many requests as the limit allows must be served until one more is tried. */
const servedPerRaise = 4;
// From here on a limit no longer tells anything: Exchange allows 27 (EWSMaxConcurrency), and nobody gives an account many times that.
const unlimitedFrom = 100;

/** The server did what was asked: after enough of that it may bear one request more. */
export function served(lane: Lane): void {
  if (lane.limit === Number.POSITIVE_INFINITY) return;
  lane.served += 1;
  if (lane.served < lane.limit * servedPerRaise || lane.limit >= lane.ceiling) return;
  lane.served = 0;
  lane.limit = lane.limit + 1 >= unlimitedFrom ? Number.POSITIVE_INFINITY : lane.limit + 1;
}

/**
 * The server turned a request away: half of what is under way (that request included) is enough, and never more than it names. What was
 * under way together is turned away together, and counts once.
 */
export function turnedAway(lane: Lane, named: number | undefined, now: number): void {
  if (named !== undefined) lane.ceiling = Math.min(lane.ceiling, Math.max(1, named));
  const half = lane.until > now ? lane.limit : Math.max(1, Math.floor((lane.active + 1) / 2));
  lane.limit = Math.min(lane.limit, lane.ceiling, half);
  lane.served = 0;
}
