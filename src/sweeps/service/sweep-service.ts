import type { Action } from "../../catalogue/action-definition.ts";
import { Failure } from "../../failure.ts";
import type { AuditLog } from "../../perform/audit/audit-log.ts";
import type { State } from "../../state/state.ts";
import type { Direction } from "../../state/sweep-states.ts";
import { type Sweep, wrongState } from "../../state/sweep-store.ts";
import { counted } from "../../text/noun-count.ts";
import { parseJson } from "../../text/parse-json.ts";
import { readPlanHeader } from "../plan-header.ts";
import { readPlanRequest, specOf } from "../plan-request.ts";
import type { Archived, ArchivePaths } from "../report/evidence-archive.ts";
import type { ReportSource } from "../report/report-cells.ts";
import {
  approveSweep,
  auditSweep,
  beginSweep,
  loadPlan,
  pauseOrCancelSweep,
  planSweep,
  type StoredPlan,
  sweepDocument,
  targetDocument,
  targetsOf,
} from "../sweep-lifecycle.ts";
import type { WorkerHost } from "../worker.ts";
import { demandApprovedByOther, demandSecondPerson, needsSecondPerson } from "./second-person.ts";
import { actorOf, demandRole, maySee, type SweepCaller, type SweepRole } from "./sweep-access.ts";
import { type SweepAnswer, sweepAnswerOf } from "./sweep-answer.ts";

export interface SweepServiceOptions {
  readonly state: State;
  /** Loads an action. Throws Failure `invalid-input` if there is no such action. */
  load(action: string): Promise<Action>;
  /** Opens a connection that reaches only the mailboxes of the caller. Throws Failure. */
  open(connection: string, caller: SweepCaller): Promise<WorkerHost>;
  audit(): Promise<AuditLog | undefined>;
  /** `sweep.second_person_above` of the settings. */
  readonly secondPersonAbove: number | undefined;
}

export interface PlanAnswer {
  readonly answer: ReturnType<typeof planAnswerOf>;
  readonly planned: StoredPlan;
}

/**
 * The operations on sweeps, the same for every face. Each method throws Failure: `access-denied` without the role, `not-found` for a sweep that the caller
 * may not see.
 */
export interface SweepService {
  /** Finds the targets and stores the plan. */
  plan(
    raw: unknown,
    caller: SweepCaller,
    how: {
      readonly connection: string;
      readonly signal?: AbortSignal | undefined;
      readonly progress?: ((text: string) => void) | undefined;
    },
  ): Promise<PlanAnswer>;
  /** The newest first. */
  list(caller: SweepCaller): Promise<ReturnType<typeof listAnswer>>;
  status(id: string, caller: SweepCaller): Promise<SweepAnswer>;
  /** Returns the plan with its targets, checked against its hash. */
  loadPlan(id: string, caller: SweepCaller): Promise<StoredPlan>;
  targets(
    id: string,
    caller: SweepCaller,
    page: { readonly after?: number | undefined; readonly limit?: number | undefined },
  ): Promise<TargetPage>;
  /** Returns some messages that are not done or not undone, with the reason. */
  troubled(id: string, caller: SweepCaller, limit: number): Promise<readonly ReturnType<typeof targetDocument>[]>;
  /** Returns the contents of a report. */
  report(id: string, caller: SweepCaller): Promise<{ readonly answer: SweepAnswer; readonly source: ReportSource }>;
  /** Writes the evidence archive. */
  archive(id: string, caller: SweepCaller, place: ArchivePaths): Promise<Archived>;
  approve(id: string, hash: string, caller: SweepCaller): Promise<SweepAnswer>;
  /** Starts an approved sweep. With the hash of its plan, also approves it first. A running sweep continues. */
  run(id: string, caller: SweepCaller, hash?: string | undefined): Promise<SweepAnswer>;
  resume(id: string, caller: SweepCaller): Promise<SweepAnswer>;
  undo(id: string, caller: SweepCaller): Promise<SweepAnswer>;
  pauseOrCancel(id: string, how: "pause" | "cancel", caller: SweepCaller): Promise<SweepAnswer>;
}

export interface TargetPage {
  readonly success: true;
  readonly message: string;
  readonly targets: readonly ReturnType<typeof targetDocument>[];
  /** Value of `after` for the next page; absent on the last page. */
  readonly next_after?: number;
}

/** Newest sweeps that a list covers. A caller limited to mailboxes sees only some of these. */
const mostListed = 100;
const mostOnPage = 1000;

export function openSweepService({ state, load, open, audit, secondPersonAbove }: SweepServiceOptions): SweepService {
  const answer = (sweep: Sweep, said?: string) => sweepAnswerOf(state, sweep, said);
  /** Returns the sweep if the caller may see it. */
  const find = async (id: string, caller: SweepCaller, ...roles: readonly SweepRole[]): Promise<Sweep> => {
    demandRole(caller, ...roles);
    const sweep = await state.sweeps.get(id);
    if (maySee(caller, sweep, caller.mailboxes === undefined ? [] : await state.sweeps.addresses(id))) return sweep;
    // A caller without access must not learn that the sweep exists.
    throw noSweep(id);
  };
  const reportOf = async (sweep: Sweep) => {
    const told = await answer(sweep);
    const { success: _, message, ...document } = told;
    const source: ReportSource = {
      ...{ message, sweep: document },
      async *targets() {
        for await (const target of targetsOf(state, sweep.id)) yield targetDocument(target);
      },
    };
    return { answer: told, source };
  };
  const begin = async (id: string, direction: Direction, caller: SweepCaller) =>
    beginSweep(state, id, direction, actorOf(caller), await audit());

  return {
    async plan(raw, caller, { connection, signal, progress }) {
      demandRole(caller, "read");
      const order = await specOf(readPlanRequest(raw), load);
      const { host, connection: facts } = await open(connection, caller);
      const planned = await planSweep(order, {
        host: { ...host, signal: signal ?? host.signal, progress: progress ?? host.progress },
        connection: facts,
        state,
        actor: actorOf(caller),
        secondPersonAbove,
      });
      await auditSweep(await audit(), "sweep plan", planned.sweep, caller.id);
      return { answer: planAnswerOf(planned), planned };
    },
    async list(caller) {
      demandRole(caller, "read");
      const documents = [];
      for (const sweep of await state.sweeps.list(mostListed)) {
        if (!maySee(caller, sweep, caller.mailboxes === undefined ? [] : await state.sweeps.addresses(sweep.id))) continue;
        documents.push(sweepDocument(sweep, readPlanHeader(parseJson(sweep.plan)), await state.sweeps.tally(sweep.id)));
      }
      return listAnswer(documents);
    },
    status: async (id, caller) => answer(await find(id, caller, "read", "contain", "approve")),
    async loadPlan(id, caller) {
      await find(id, caller, "read", "contain", "approve");
      return loadPlan(state, id);
    },
    async targets(id, caller, { after = -1, limit = 100 }) {
      await find(id, caller, "read", "contain", "approve");
      const most = Math.min(Math.max(1, limit), mostOnPage);
      const rows = await state.sweeps.targets(id, after, most + 1);
      const page = rows.slice(0, most);
      const last = rows.length > most ? page.at(-1)?.number : undefined;
      const message = `${counted(page.length, "target")}${last === undefined ? "." : "; there are more."}`;
      return { success: true, message, targets: page.map(targetDocument), ...(last === undefined ? {} : { next_after: last }) };
    },
    async troubled(id, caller, limit) {
      await find(id, caller, "read", "contain", "approve");
      return (await state.sweeps.troubled(id, limit)).map(targetDocument);
    },
    async report(id, caller) {
      return reportOf(await find(id, caller, "read", "contain", "approve"));
    },
    async archive(id, caller, place) {
      // It has the bytes of evidence, which need this role everywhere.
      const sweep = await find(id, caller, "read");
      const { source } = await reportOf(sweep);
      const { archiveSweep } = await import("../report/evidence-archive.ts");
      return archiveSweep({ ...{ state, sweep, source, audit: await audit(), actor: caller.id }, ...place });
    },
    async approve(id, hash, caller) {
      const sweep = await find(id, caller, "approve", "contain");
      demandSecondPerson(sweep, readPlanHeader(parseJson(sweep.plan)), secondPersonAbove, caller);
      return answer(await approveSweep(state, id, hash, actorOf(caller), await audit()), `The plan of the sweep ${id} is approved.`);
    },
    async run(id, caller, hash) {
      const sweep = await find(id, caller, "contain");
      if (hash !== undefined && hash !== sweep.planHash)
        throw new Failure("changed", `The plan of the sweep ${id} has another hash, ${sweep.planHash}: nothing was changed.`);
      const header = readPlanHeader(parseJson(sweep.plan));
      demandApprovedByOther(sweep, header, secondPersonAbove, caller);
      // A running sweep continues, even if its workers have died.
      if (sweep.state === "running" && sweep.direction === "act") return answer(sweep);
      if (sweep.state === "planned") {
        if (hash === undefined)
          throw new Failure("confirmation-required", `The plan of the sweep ${id} is not approved: nothing was changed.`, {
            hint: "Look at the plan, then run it by the hash of the plan.",
          });
        await approveSweep(state, id, hash, actorOf(caller), await audit());
      }
      return answer(await begin(id, "act", caller));
    },
    async resume(id, caller) {
      const sweep = await find(id, caller, "contain");
      if (sweep.state !== "paused") throw wrongState(sweep, "be resumed");
      if (sweep.direction === "act") demandApprovedByOther(sweep, readPlanHeader(parseJson(sweep.plan)), secondPersonAbove, caller);
      return answer(await begin(id, sweep.direction, caller));
    },
    async undo(id, caller) {
      const sweep = await find(id, caller, "contain");
      if (sweep.state === "running" && sweep.direction === "undo") return answer(sweep);
      return answer(await begin(id, "undo", caller));
    },
    async pauseOrCancel(id, how, caller) {
      await find(id, caller, "contain");
      const done = how === "pause" ? "paused" : "cancelled";
      const halted = await pauseOrCancelSweep(state, id, how, caller.id, await audit());
      return answer(
        halted,
        halted.state === done ? `The sweep ${id} is ${done}.` : `The sweep ${id} looks no more for messages that arrive.`,
      );
    },
  };
}

function noSweep(id: string): Failure {
  return new Failure("not-found", `There is no sweep ${JSON.stringify(id.slice(0, 100))}.`, { hint: "List the sweeps: sweep list." });
}

/** Returns the answer of `plan`. */
export function planAnswerOf({ sweep, plan }: StoredPlan) {
  const { targets, ...header } = plan;
  const { messages, mailboxes, examined, unexamined, related = 0 } = plan.counts;
  const found = `${counted(messages, "message")} in ${counted(mailboxes, "mailbox")}`;
  const copies = related === 0 ? "" : `, with ${counted(related, "related copy")}`;
  const left = targets.length - messages - related;
  const besides = left === 0 ? "" : `, and ${counted(left, "other thing")} that they left behind`;
  const closed = unexamined === 0 ? "" : ` ${counted(unexamined, "mailbox")} could not be examined completely.`;
  const second = needsSecondPerson(header, undefined) ? " Another person has to approve it before it can run." : "";
  return {
    success: unexamined === 0 && examined > 0,
    message: `The sweep ${sweep.id} is planned: ${found}${copies}${besides}.${closed} Nothing was changed.${second}`,
    ...(unexamined > 0 ? { incomplete: true } : {}),
    ...sweepDocument(sweep, header, { planned: targets.length }),
    targets,
  };
}

function listAnswer(sweeps: readonly ReturnType<typeof sweepDocument>[]) {
  const message = sweeps.length === 0 ? "There are no sweeps." : `${counted(sweeps.length, "sweep")}.`;
  return { success: true, message, sweeps };
}
