import type * as z from "zod";
import { Failure } from "../../failure.ts";
import type { PlanRequest } from "../../sweeps/plan-request.ts";
import type { archiveAnswer } from "../../sweeps/report/evidence-archive.ts";
import { reportCsv } from "../../sweeps/report/report-csv.ts";
import { reportHtml } from "../../sweeps/report/report-html.ts";
import type { SweepAnswer } from "../../sweeps/service/sweep-answer.ts";
import { followSweep, type SweepProgress } from "../../sweeps/service/sweep-progress.ts";
import type { PlanAnswer, SweepService, TargetPage } from "../../sweeps/service/sweep-service.ts";
import { openSweepHost } from "./sweep-host.ts";

export type { SweepAnswer, SweepProgress, TargetPage };

/** The input of a plan: messages, mailboxes, the action with its inputs, limits. */
export type SweepRequest = z.input<typeof PlanRequest>;
export type SweepPlan = PlanAnswer["answer"];
export type SweepArchive = ReturnType<typeof archiveAnswer>;
export type SweepList = Awaited<ReturnType<SweepService["list"]>>;

/** The settings that sweeps use. */
export interface SweepsPlace {
  /** Settings file. Default: as for `loadSettings`. */
  readonly config?: string | undefined;
  readonly evidenceDir?: string | undefined;
  readonly auditFile?: string | undefined;
  /** Called with the text of each wait of a search or a worker. */
  readonly progress?: ((text: string) => void) | undefined;
  /** Called with failures that stop nothing, such as those of a mailbox that is tried again. */
  readonly complain?: ((failure: Failure) => void) | undefined;
}

/** Sweeps: one action for many mailboxes. The operating system user of this process is recorded as planner and approver. Each method throws Failure. */
export interface OpenSweeps {
  /** Searches for the messages and stores a plan; changes nothing. */
  plan(
    request: SweepRequest,
    how?: { readonly connection?: string | undefined; readonly signal?: AbortSignal | undefined },
  ): Promise<SweepPlan>;
  /** Returns the newest sweeps. */
  list(): Promise<SweepList>;
  status(sweep: string): Promise<SweepAnswer>;
  /** Returns messages of a sweep with their outcomes, a page at a time. */
  targets(sweep: string, page?: { readonly after?: number | undefined; readonly limit?: number | undefined }): Promise<TargetPage>;
  /** Yields the report as text: one page, or one line for each message. */
  report(sweep: string, format: "csv" | "html"): AsyncGenerator<string>;
  /** Writes the evidence archive to a new file. */
  archive(sweep: string, output: string): Promise<SweepArchive>;
  /** Approves the plan with this hash. */
  approve(sweep: string, planHash: string): Promise<SweepAnswer>;
  /** Begins an approved sweep, or approves and begins it by the hash of its plan. A worker carries it out: `work`, another process, or `serve`. */
  run(sweep: string, planHash?: string): Promise<SweepAnswer>;
  pause(sweep: string): Promise<SweepAnswer>;
  resume(sweep: string): Promise<SweepAnswer>;
  cancel(sweep: string): Promise<SweepAnswer>;
  /** Reverses the changes of a sweep. A worker carries it out. */
  undo(sweep: string): Promise<SweepAnswer>;
  /** Works on all sweeps in this process until it is closed. Only one call at a time in a process. */
  work(signal?: AbortSignal): Promise<{ close(): Promise<void> }>;
  /** Yields the progress of a sweep after each change, until the sweep stops running. */
  follow(sweep: string, signal?: AbortSignal): AsyncGenerator<SweepProgress>;
  /** Closes the connections and the database. */
  close(): Promise<void>;
}

/** Interval between two readings of the progress. Milliseconds. */
const pollIntervalMs = 250;

/** Opens the sweeps in the database of these settings. Throws Failure. */
export async function openSweeps({ config, evidenceDir, auditFile, progress, complain }: SweepsPlace = {}): Promise<OpenSweeps> {
  const silent = () => undefined;
  const host = await openSweepHost({
    flags: { config, evidenceDir, auditFile },
    progress: progress ?? silent,
    complain: complain ?? silent,
  });
  const { service, caller, state } = host;
  const forever = new AbortController().signal;
  return {
    plan: async (request, { connection = "", signal } = {}) => (await service.plan(request, caller, { connection, signal })).answer,
    list: () => service.list(caller),
    status: (sweep) => service.status(sweep, caller),
    targets: (sweep, page = {}) => service.targets(sweep, caller, page),
    async *report(sweep, format) {
      if (format !== "csv" && format !== "html") throw new Failure("invalid-input", "The format of a report is csv or html.");
      const { source } = await service.report(sweep, caller);
      yield* format === "csv" ? reportCsv(source) : reportHtml(source);
    },
    archive: (sweep, output) => host.archive(sweep, output),
    approve: (sweep, planHash) => service.approve(sweep, planHash, caller),
    run: (sweep, planHash) => service.run(sweep, caller, planHash),
    pause: (sweep) => service.pauseOrCancel(sweep, "pause", caller),
    resume: (sweep) => service.resume(sweep, caller),
    cancel: (sweep) => service.pauseOrCancel(sweep, "cancel", caller),
    undo: (sweep) => service.undo(sweep, caller),
    work: (signal = forever) => host.work(signal),
    async *follow(sweep, signal = forever) {
      for await (const now of followSweep(state, sweep, signal, pollIntervalMs)) {
        yield now;
        if (now.answer.state !== "running") return;
      }
    },
    close: () => host.close(),
  };
}
