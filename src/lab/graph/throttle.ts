import { ConcurrentRequests } from "../throttling.ts";
import { GraphError } from "./errors.ts";

// Per application and mailbox: https://learn.microsoft.com/en-us/graph/throttling-limits#outlook-service-limits
const windowMs = 600_000;
const requestsPerWindow = 10_000;
const concurrentRequests = 4;
// Per organisation, in a running window: https://learn.microsoft.com/en-us/graph/api/messagetracingroot-list-messagetraces
const traceWindowMs = 300_000;
const tracesPerWindow = 100;

export function throttled(message: string, retryAfterSeconds: number | undefined): GraphError {
  return new GraphError(
    429,
    "ApplicationThrottled",
    message,
    retryAfterSeconds === undefined ? {} : { "Retry-After": String(retryAfterSeconds) },
  );
}

/** Counts the requests of each application to each mailbox. */
export class Throttle {
  readonly #running = new ConcurrentRequests();
  readonly #windows = new Map<string, { start: number; count: number }>();
  readonly #limit: number;
  #traces: readonly number[] = [];

  readonly #isPerApplication: boolean;

  constructor(limit: number | undefined, mode: "application" | "mailbox" = "mailbox") {
    this.#limit = limit ?? requestsPerWindow;
    this.#isPerApplication = mode === "application";
  }

  /** Counts a request. Throws GraphError with status 429 when there were too many. `now`: ms since 1970. */
  count(key: string, now: number): void {
    const window = this.#windows.get(key);
    if (window === undefined || now - window.start >= windowMs) {
      this.#windows.set(key, { start: now, count: 1 });
      return;
    }
    window.count += 1;
    if (window.count <= this.#limit) return;
    throw throttled("Application is over its MailboxRequests limit.", Math.ceil((window.start + windowMs - now) / 1000));
  }

  /** Counts a request for message traces of the organisation. Throws GraphError with status 429 when there were too many. `now`: ms since 1970. */
  countTrace(now: number, limit = tracesPerWindow): void {
    const since = this.#traces.filter((at) => now - at < traceWindowMs);
    const [first = now] = since;
    if (since.length >= limit) throw throttled("Too many message trace requests.", Math.ceil((first + traceWindowMs - now) / 1000));
    this.#traces = [...since, now];
  }

  /** Begins a request; the caller calls the returned function when it ends. Throws GraphError with status 429 when too many run. */
  enter(application: string, mailbox: string): () => void {
    const key = this.#isPerApplication ? application : `${application} ${mailbox}`;
    const leave = this.#running.enter(key, concurrentRequests);
    if (leave === undefined) throw throttled("Application is over its MailboxConcurrency limit.", 1);
    return leave;
  }
}
