import { asFailure, type FailureCode, failures } from "../failure.ts";
import type { Settings } from "../settings.ts";
import type { HttpEvent } from "../wire/observe.ts";
import type { Checkup, Finding, Step, StepName } from "./checkup.ts";
import { clock } from "./clock.ts";
import { discovery, ews, mailbox, serverVersion } from "./exchange.ts";
import { findServer } from "./find-server.ts";
import { needsOf } from "./needs.ts";
import { nameResolution, proxy, tcp } from "./network.ts";
import { permissions } from "./permissions.ts";
import { settings } from "./read-settings.ts";
import { tls } from "./tls.ts";
import { token } from "./token.ts";

/** What one step came to. */
export interface StepReport extends Finding {
  readonly name: StepName;
}

/** Whether one action would work, and which step stands in its way when not. */
export interface ActionReport {
  readonly action: string;
  readonly works: "yes" | "no" | "unknown";
  readonly because?: StepName | undefined;
}

export interface Report {
  /** Every action that was asked for would work. */
  readonly success: boolean;
  readonly message: string;
  readonly steps: readonly StepReport[];
  readonly actions: readonly ActionReport[];
  /** 0, or that of the code of the first step that stands in the way. */
  readonly exit: number;
}

export interface Wanted {
  /** Names of actions: those that are to work. */
  readonly actions: readonly string[];
  readonly mailbox?: string | undefined;
  readonly load: () => Promise<Settings>;
  readonly signal?: AbortSignal | undefined;
  readonly now?: (() => number) | undefined;
  /** Told of every request and reply. */
  readonly observe?: ((event: HttpEvent) => void) | undefined;
  /** Told what a person is to do meanwhile: to sign in. */
  readonly tell?: ((text: string) => void) | undefined;
  /** Told of each step when it ended. */
  readonly progress?: ((step: StepReport) => void) | undefined;
}

/** In the order in which they are tried: each looks one layer higher. */
const steps: readonly Step[] = [
  settings,
  findServer,
  proxy,
  nameResolution,
  tcp,
  tls,
  token,
  permissions,
  ews,
  mailbox,
  discovery,
  serverVersion,
  clock,
];

/** The steps that every action depends on. */
const foundation: readonly StepName[] = [
  "settings",
  "autodiscover",
  "proxy",
  "name-resolution",
  "tcp",
  "tls",
  "token",
  "permissions",
  "ews",
  "server-version",
];

/** Checks a connection step by step. It reads, and changes nothing; what goes wrong is a finding, not an error. */
export async function doctor(wanted: Wanted): Promise<Report> {
  const now = wanted.now ?? Date.now;
  const events: { event: HttpEvent; at: number }[] = [];
  const checkup: Checkup = {
    actions: wanted.actions,
    mailbox: wanted.mailbox,
    signal: wanted.signal,
    now,
    load: wanted.load,
    events,
    observe: (event) => {
      events.push({ event, at: now() });
      wanted.observe?.(event);
    },
    tell: wanted.tell,
    learned: {},
  };
  const reports: StepReport[] = [];
  // A step that failed, and all that need it, directly or not.
  const blocked = new Map<StepName, StepName>();
  try {
    for (const step of steps) {
      if (checkup.learned.connection?.backend === "graph" && step !== settings) {
        reports.push({ name: step.name, ...overGraph });
        wanted.progress?.({ name: step.name, ...overGraph });
        continue;
      }
      const cause = step.needs.map((need) => blocked.get(need)).find((found) => found !== undefined);
      const finding = cause === undefined ? await examined(step, checkup) : skippedFor(cause);
      if (cause !== undefined) blocked.set(step.name, cause);
      else if (finding.status === "failed") blocked.set(step.name, step.name);
      const report = { name: step.name, ...finding };
      reports.push(report);
      wanted.progress?.(report);
    }
  } finally {
    await checkup.learned.exchange?.close();
  }
  return concluded(reports, wanted.actions);
}

const overGraph: Finding = { status: "skipped", tried: "nothing", found: "it is about Exchange Web Services" };

function skippedFor(cause: StepName): Finding {
  return { status: "skipped", tried: "nothing", found: `it makes no sense before ${cause} is right` };
}

async function examined(step: Step, checkup: Checkup): Promise<Finding> {
  try {
    return await step.run(checkup);
  } catch (thrown) {
    const { code, message, hint } = asFailure(thrown);
    return { status: "failed", code, tried: `looked at ${step.name}`, found: message, next: [hint] };
  }
}

function concluded(reports: readonly StepReport[], actions: readonly string[]): Report {
  const verdicts = actions.map((action) => verdictOn(action, reports));
  const bad = verdicts.filter(({ works }) => works !== "yes");
  const success = bad.length === 0;
  return {
    success,
    message: success
      ? `${actions.length === 1 ? "The action" : `All ${actions.length} actions`} would work.`
      : `${bad.length} of ${actions.length} actions would not work, or that cannot be said.`,
    steps: reports,
    actions: verdicts,
    exit: success ? 0 : failures[firstCode(reports, bad)].exit,
  };
}

function verdictOn(action: string, reports: readonly StepReport[]): ActionReport {
  const { mailbox: needsMailbox, discovery: needsDiscovery } = needsOf(action);
  const wanted: StepName[] = [...foundation];
  if (needsMailbox) wanted.push("mailbox");
  if (needsDiscovery === "always") wanted.push("discovery");
  const of = (status: Finding["status"]) => reports.find((report) => wanted.includes(report.name) && report.status === status);
  const failed = of("failed");
  if (failed !== undefined) return { action, works: "no", because: failed.name };
  // What is unknown below shows in whether the mailbox opens; what is unknown there stays so.
  const open = reports.find(({ name, status, code }) => wanted.includes(name) && status === "unknown" && code !== undefined);
  return open === undefined ? { action, works: "yes" } : { action, works: "unknown", because: open.name };
}

function firstCode(reports: readonly StepReport[], bad: readonly ActionReport[]): FailureCode {
  const blamed = reports.find(({ name }) => bad.some(({ because }) => because === name));
  return blamed?.code ?? "internal";
}
