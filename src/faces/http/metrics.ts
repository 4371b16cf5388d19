import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** Metrics in the format of Prometheus. */
export interface Metrics {
  readonly contentType: string;
  note(line: RequestLogLine): void;
  text(): Promise<string>;
}

/** From a request on this machine to a search of many mailboxes. Seconds. */
const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** Counts requests and calls. No metric contains names of mailboxes, callers or addresses. */
export function openMetrics(running: () => number): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const requests = new Counter({
    name: "mailcordon_http_requests_total",
    help: "Answered requests.",
    labelNames: ["route", "method", "status"],
    registers,
  });
  const seconds = new Histogram({
    name: "mailcordon_http_request_duration_seconds",
    help: "Time from the head of a request until the answer begins.",
    labelNames: ["route"],
    buckets,
    registers,
  });
  const calls = new Counter({
    name: "mailcordon_actions_total",
    help: "Calls of actions. code is the failure code of the whole call, or ok.",
    labelNames: ["action", "code"],
    registers,
  });
  new Gauge({
    name: "mailcordon_calls_running",
    help: "Calls that are currently running.",
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

/** Log line of one answered request. */
export interface RequestLogLine {
  readonly route: string;
  readonly method: string;
  readonly status: number;
  readonly milliseconds: number;
  readonly action?: string | undefined;
  readonly code?: string | undefined;
}
