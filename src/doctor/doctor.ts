import { asFailure, type FailureCode, failures } from "../failure.ts";
import type { Permission } from "../graph/permissions.ts";
import type { Settings } from "../settings/load-settings.ts";
import type { HttpEvent } from "../wire/http/observe-http.ts";
import { type BackEndChecks, backEndChecksOf } from "./back-ends.ts";
import type { CheckedAction, Checkup, Finding, Granted, Step, StepName } from "./checkup.ts";
import { clock } from "./clock-difference.ts";
import { evidence } from "./evidence-check.ts";
import { settings } from "./read-settings.ts";
import { type ActionReport, type StepReport, verdictOn } from "./verdict.ts";

export type { ActionReport, StepReport } from "./verdict.ts";

export interface DoctorReport {
  /** Whether every checked action would work. */
  readonly success: boolean;
  readonly message: string;
  readonly steps: readonly StepReport[];
  readonly actions: readonly ActionReport[];
  /** The application's permissions for Microsoft Graph, if they were checked. */
  readonly permissions?: readonly { readonly permission: Permission; readonly granted: Granted }[] | undefined;
  /** 0, or the exit code of the first step that blocks an action. */
  readonly exit: number;
}

export interface DoctorOptions {
  /** The actions to check. */
  readonly actions: readonly CheckedAction[];
  /** Checks sweeps as well. `database` looks for the database that keeps them. */
  readonly sweeps?: { database(): Promise<Finding> } | undefined;
  readonly mailbox?: string | undefined;
  readonly load: () => Promise<Settings>;
  readonly signal?: AbortSignal | undefined;
  readonly now?: (() => number) | undefined;
  /** Called for every request and reply. */
  readonly observe?: ((event: HttpEvent) => void) | undefined;
  /** Called with the next step for a person, such as signing in. */
  readonly tell?: ((text: string) => void) | undefined;
  /** Called after each step. */
  readonly progress?: ((step: StepReport) => void) | undefined;
}

/** Checks a connection step by step. Only reads, but for some bytes in the bucket for evidence; an error is a finding, not a failure of doctor. */
export async function doctor(wanted: DoctorOptions): Promise<DoctorReport> {
  const now = wanted.now ?? Date.now;
  const events: { event: HttpEvent; at: number }[] = [];
  const common: Omit<Checkup, "backEnd" | "learned" | "route"> = {
    actions: wanted.actions,
    checksSweeps: wanted.sweeps !== undefined,
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
  };
  const reports: StepReport[] = [];
  // The failed steps, and all that need them, directly or indirectly.
  const blocked = new Map<StepName, StepName>();
  const run = async (step: Step, checkup: Checkup) => {
    const cause = step.needs.map((need) => blocked.get(need)).find((found) => found !== undefined);
    const finding = cause === undefined ? await runStep(step, checkup) : skippedFor(cause);
    if (cause !== undefined) blocked.set(step.name, cause);
    else if (finding.status === "failed") blocked.set(step.name, step.name);
    const report = { name: step.name, ...finding };
    reports.push(report);
    wanted.progress?.(report);
  };
  const first: Checkup = { ...common, backEnd: "ews", route: undefined, learned: {} };
  let backEndChecks: readonly BackEndChecks[] = [];
  try {
    await run(settings, first);
    backEndChecks = backEndChecksOf(first.learned.connection, common);
    for (const { steps, checkup } of backEndChecks) for (const step of steps) await run(step, checkup);
    await run(clock, first);
    const { sweeps } = wanted;
    if (sweeps !== undefined) await run({ name: "database", needs: ["settings"], run: () => sweeps.database() }, first);
    // A folder is made when it is first needed.
    if (first.learned.evidence?.s3 !== undefined) await run(evidence, first);
  } finally {
    for (const { checkup } of backEndChecks) {
      await checkup.learned.exchange?.close();
      checkup.learned.probe?.close();
    }
  }
  return conclude(reports, wanted.actions, backEndChecks);
}

function skippedFor(cause: StepName): Finding {
  return { status: "skipped", tried: "nothing", found: `the step ${cause} must succeed first` };
}

async function runStep(step: Step, checkup: Checkup): Promise<Finding> {
  try {
    return await step.run(checkup);
  } catch (thrown) {
    const { code, message, hint } = asFailure(thrown);
    return { status: "failed", code, tried: `looked at ${step.name}`, found: message, next: [hint] };
  }
}

function conclude(
  reports: readonly StepReport[],
  actions: readonly CheckedAction[],
  backEndChecks: readonly BackEndChecks[],
): DoctorReport {
  const verdicts = actions.map((action) => verdictOn(action, reports, backEndChecks));
  const granted = backEndChecks.find(({ backEnd }) => backEnd === "graph")?.checkup.learned.granted;
  const bad = verdicts.filter(({ works }) => works !== "yes");
  const unkept = reports.find(({ name, status }) => name === "evidence" && status === "failed");
  const success = bad.length === 0 && unkept === undefined;
  return {
    success,
    message: `${worksText(actions.length, bad.length)}${unkept === undefined ? "" : " Evidence cannot be kept."}`,
    steps: reports,
    actions: verdicts,
    ...(granted === undefined ? {} : { permissions: [...granted].map(([permission, answer]) => ({ permission, granted: answer })) }),
    exit: success ? 0 : failures[bad.length === 0 ? (unkept?.code ?? "evidence-failed") : firstCode(reports, bad)].exit,
  };
}

function worksText(all: number, bad: number): string {
  if (bad > 0) return `${bad} of ${all} actions would not work, or could not be judged.`;
  return `${all === 1 ? "The action" : `All ${all} actions`} would work.`;
}

function firstCode(reports: readonly StepReport[], bad: readonly ActionReport[]): FailureCode {
  const blamed = reports.find(({ name }) => bad.some(({ because }) => because === name));
  return blamed?.code ?? "internal";
}
