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

/** What a plan is asked for: messages, mailboxes, the action with its inputs, limits. */
export type SweepRequest = z.input<typeof PlanRequest>;
export type SweepPlan = PlanAnswer["answer"];
export type SweepArchive = ReturnType<typeof archiveAnswer>;
export type SweepList = Awaited<ReturnType<SweepService["list"]>>;

/** Which settings sweeps are opened with. */
export interface SweepsPlace {
  /** Settings file. Default: as for `loadSettings`. */
  readonly config?: string | undefined;
  readonly evidenceDir?: string | undefined;
  readonly auditFile?: string | undefined;
  /** Called with what a search or a worker waits for. */
  readonly progress?: ((text: string) => void) | undefined;
  /** Called with failures that stop nothing, such as those of a mailbox that is tried again. */
  readonly complain?: ((failure: Failure) => void) | undefined;
}

/** Sweeps: one action for many mailboxes. Who runs the process is their planner and approver. Each method throws Failure. */
export interface OpenSweeps {
  /** Looks for the messages and keeps a plan; changes nothing. */
  plan(
    request: SweepRequest,
    how?: { readonly connection?: string | undefined; readonly signal?: AbortSignal | undefined },
  ): Promise<SweepPlan>;
  /** The newest sweeps. */
  list(): Promise<SweepList>;
  status(sweep: string): Promise<SweepAnswer>;
  /** Messages of a sweep with what became of them, a page at a time. */
  targets(sweep: string, page?: { readonly after?: number | undefined; readonly limit?: number | undefined }): Promise<TargetPage>;
  /** Yields the report as text: one page, or one line for each message. */
  report(sweep: string, format: "csv" | "html"): AsyncGenerator<string>;
  /** Writes the evidence archive to a new file. */
  archive(sweep: string, output: string): Promise<SweepArchive>;
  /** Approves the plan with this hash. */
  approve(sweep: string, planHash: string): Promise<SweepAnswer>;
  /** Begins an approved sweep, or approves and begins it by the hash of its plan. Workers do it: `work`, another process, or `serve`. */
  run(sweep: string, planHash?: string): Promise<SweepAnswer>;
  pause(sweep: string): Promise<SweepAnswer>;
  resume(sweep: string): Promise<SweepAnswer>;
  cancel(sweep: string): Promise<SweepAnswer>;
  /** Puts back what was done. Workers do it. */
  undo(sweep: string): Promise<SweepAnswer>;
  /** Works on all sweeps in this process until it is closed. One at a time in a process. */
  work(signal?: AbortSignal): Promise<{ close(): Promise<void> }>;
  /** Yields how far a sweep is, after each change, until it runs no longer. */
  follow(sweep: string, signal?: AbortSignal): AsyncGenerator<SweepProgress>;
  /** Closes the connections and the database. */
  close(): Promise<void>;
}

/** How soon a change is seen. Milliseconds. */
const pollIntervalMs = 250;

/** Opens the sweeps of the settings and of their database. Throws Failure. */
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
