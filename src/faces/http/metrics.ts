import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** What Prometheus reads. */
export interface Metrics {
  readonly contentType: string;
  note(line: RequestLogLine): void;
  text(): Promise<string>;
}

/** From a look-up on this machine to a search of many mailboxes. Seconds. */
const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** Counts requests and calls. Names of mailboxes, callers and addresses are in none of it. */
export function openMetrics(running: () => number): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const requests = new Counter({
    name: "mailcordon_http_requests_total",
    help: "Requests that were answered.",
    labelNames: ["route", "method", "status"],
    registers,
  });
  const seconds = new Histogram({
    name: "mailcordon_http_request_duration_seconds",
    help: "From the head of a request until its answer begins.",
    labelNames: ["route"],
    buckets,
    registers,
  });
  const calls = new Counter({
    name: "mailcordon_actions_total",
    help: "Calls of actions; code is that of the failure of a whole call, or ok.",
    labelNames: ["action", "code"],
    registers,
  });
  new Gauge({
    name: "mailcordon_calls_running",
    help: "Calls that are running now.",
    registers,
    collect() {
      this.set(running());
    },
  });
  return {
    contentType: registry.contentType,
    note({ route, method, status, milliseconds, action, code }) {
      requests.inc({ route, method, status });
      seconds.observe({ route }, milliseconds / 1000);
      if (action !== undefined) calls.inc({ action, code: code ?? "ok" });
    },
    text: () => registry.metrics(),
  };
}

/** What is said of one request, when it was answered. */
export interface RequestLogLine {
  readonly route: string;
  readonly method: string;
  readonly status: number;
  readonly milliseconds: number;
  readonly action?: string | undefined;
  readonly code?: string | undefined;
}
