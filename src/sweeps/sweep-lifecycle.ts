import { randomBytes, randomUUID } from "node:crypto";
import { omitUndefined } from "../catalogue/common-fields.ts";
import { Failure } from "../failure.ts";
import type { AuditLog } from "../perform/audit/audit-log.ts";
import type { State } from "../state/state.ts";
import type { Direction } from "../state/sweep-states.ts";
import type { Sweep, SweepActor, SweepTarget, Tally } from "../state/sweep-store.ts";
import { parseJson } from "../text/parse-json.ts";
import { canonicalJson } from "./canonical-json.ts";
import { readKeptOutcome } from "./kept-outcome.ts";
import { makePlan, type PlanOptions } from "./make-plan.ts";
import { type PlanHeader, planHash, readPlanHeader, type SweepPlan } from "./plan-header.ts";
import type { SweepSpec } from "./sweep-spec.ts";
import { readFacts } from "./target-facts.ts";

/** Mailboxes in one chunk. A worker takes whole chunks. */
const chunkSize = 50;
/** Rows that one query returns. */
const page = 1000;

export interface StoredPlan {
  readonly sweep: Sweep;
  readonly plan: SweepPlan;
}

export interface StoreOptions {
  readonly state: State;
  readonly actor: SweepActor;
  /** A plan with more targets needs the approval of another person. */
  readonly secondPersonAbove?: number | undefined;
}

/** Finds the targets and stores the plan. Changes nothing in Exchange. Throws Failure. */
export async function planSweep(spec: SweepSpec, options: PlanOptions & StoreOptions): Promise<StoredPlan> {
  const { secondPersonAbove } = options;
  const made = await makePlan(spec, options);
  const plan = secondPersonAbove === undefined ? made : { ...made, second_person_above: secondPersonAbove };
  const { targets, ...header } = plan;
  const byMailbox = new Map<string, string[]>();
  for (const facts of targets) {
    const own = byMailbox.get(facts.mailbox);
    if (own === undefined) byMailbox.set(facts.mailbox, [canonicalJson(facts)]);
    else own.push(canonicalJson(facts));
  }
  const id = newId();
  await options.state.sweeps.create({
    id,
    connection: plan.connection.name ?? "",
    plan: canonicalJson(header),
    planHash: planHash(plan),
    plannedBy: options.actor.id,
    plannedPerson: options.actor.person,
    plannedWithin: options.actor.within,
    mailboxes: [...byMailbox].map(([address, facts]) => ({ address, targets: facts })),
    chunkSize,
  });
  return { sweep: await options.state.sweeps.get(id), plan };
}

/** Returns an id of the date, for people, and a random part. */
function newId(): string {
  return `${new Date().toISOString().slice(0, 10).replaceAll("-", "")}-${randomBytes(4).toString("hex")}`;
}

/** Yields every target of a sweep in the order of the plan. */
export async function* targetsOf(state: State, id: string): AsyncGenerator<SweepTarget> {
  for (let after = -1; ; ) {
    const some = await state.sweeps.targets(id, after, page);
    yield* some;
    const last = some.at(-1);
    if (last === undefined || some.length < page) return;
    after = last.number;
  }
}

/** Reads the plan from the database. Throws Failure `changed` if it no longer has its original hash. */
export async function loadPlan(state: State, id: string): Promise<StoredPlan> {
  const sweep = await state.sweeps.get(id);
  const header = readPlanHeader(parseJson(sweep.plan));
  const targets = [];
  // Messages that arrived later are not part of the plan.
  for await (const { facts, arrivedAt } of targetsOf(state, id)) if (arrivedAt === undefined) targets.push(readFacts(facts));
  const plan = { ...header, targets };
  if (planHash(plan) !== sweep.planHash)
    throw new Failure("changed", `The plan of the sweep ${id} in the database is not the one that was made: somebody has changed it.`, {
      hint: "Do not run it. Plan it again, and find out who has access to the database.",
    });
  return { sweep, plan };
}

/** Approves the plan with this hash. Throws Failure. */
export async function approveSweep(state: State, id: string, hash: string, actor: SweepActor, audit: AuditLog | undefined): Promise<Sweep> {
  const { sweep } = await loadPlan(state, id);
  if (sweep.planHash === hash) await auditSweep(audit, "sweep approve", sweep, actor.id);
  await state.sweeps.approve(id, hash, actor);
  return state.sweeps.get(id);
}

/** Starts an approved sweep, continues a paused one, or starts the undo. Throws Failure. */
export async function beginSweep(
  state: State,
  id: string,
  direction: Direction,
  actor: SweepActor,
  audit: AuditLog | undefined,
): Promise<Sweep> {
  const kept = await loadPlan(state, id);
  const { sweep } = kept;
  await auditSweep(audit, direction === "act" ? "sweep run" : "sweep undo", sweep, actor.id);
  if (direction === "act") await startWatch(state, kept);
  const begun = await state.sweeps.begin(id, direction, actor);
  if (direction === "undo") await state.sweeps.watches.end(id, "undo");
  // If no target is open, no worker would end the sweep.
  await state.sweeps.work.finishSweep(id, begun.round);
  return state.sweeps.get(id);
}

/** Starts the watch for later arrivals. This comes before the sweep itself starts, so no message arrives unnoticed in between. */
async function startWatch(state: State, { sweep, plan: { later } }: StoredPlan): Promise<void> {
  if (later === undefined) return;
  const { seconds, every_seconds: everySeconds, limit: most, mailboxes } = later;
  await state.sweeps.watches.start({ sweep: sweep.id, ...{ seconds, everySeconds, most, mailboxes } });
}

/** Pauses or cancels a sweep: workers begin no further target. A finished sweep only stops looking for later arrivals. Throws Failure. */
export async function pauseOrCancelSweep(
  state: State,
  id: string,
  how: "pause" | "cancel",
  actor: string,
  audit: AuditLog | undefined,
): Promise<Sweep> {
  const sweep = await state.sweeps.get(id);
  await auditSweep(audit, `sweep ${how}`, sweep, actor);
  const hasEnded = sweep.state === "finished" || how === "cancel" ? await state.sweeps.watches.end(id, how) : false;
  if (sweep.state !== "finished" || !hasEnded) await state.sweeps[how](id);
  return state.sweeps.get(id);
}

/** Writes the audit entry of a step before the step. If this throws, the step must not happen. */
export async function auditSweep(audit: AuditLog | undefined, action: string, sweep: Sweep, actor: string): Promise<void> {
  const { connection, id, planHash: hash } = sweep;
  const what = { action, effect: "change", actor, connection, mailbox: "", backend: "", call_id: randomUUID(), sweep: id } as const;
  await audit?.append({ phase: "began", ...what, targets: [{ sweep: id, plan_hash: hash }] });
}

/** Returns a sweep as every face shows it. */
export function sweepDocument(sweep: Sweep, header: PlanHeader, tally: Tally) {
  const time = (date: Date | undefined) => date?.toISOString();
  return omitUndefined({
    sweep: sweep.id,
    state: sweep.state,
    direction: sweep.direction,
    plan_hash: sweep.planHash,
    connection: sweep.connection,
    action: header.action,
    input: header.input,
    find: header.find,
    limits: header.limits,
    counts: { ...header.counts, ...countsOf(tally) },
    unexamined: header.unexamined,
    not_examined: header.not_examined,
    residue: header.residue,
    later: header.later && { ...header.later, mailboxes: header.later.mailboxes.length },
    left_alone: header.left_alone,
    restored_from_evidence: header.restored_from_evidence,
    cannot_be_undone: header.cannot_be_undone,
    second_person_above: header.second_person_above,
    ...by("planned", sweep.plannedBy, sweep.plannedPerson),
    planned_at: time(sweep.plannedAt),
    ...by("approved", sweep.approvedBy, sweep.approvedPerson),
    approved_at: time(sweep.approvedAt),
    ...by("begun", sweep.begunBy, sweep.begunPerson),
    begun_at: time(sweep.begunAt),
    ended_at: time(sweep.endedAt),
    ended_state: sweep.endedState,
    ...by("undo_begun", sweep.undoBegunBy, sweep.undoBegunPerson),
    undo_begun_at: time(sweep.undoBegunAt),
    undo_ended_at: time(sweep.undoEndedAt),
  });
}

/** Names who did a step: the person if known, followed by the caller's id in the audit log if it differs. */
function by<Step extends "planned" | "approved" | "begun" | "undo_begun">(
  step: Step,
  id: string | undefined,
  person: string | undefined,
): StepActor<Step>;
function by(step: string, id: string | undefined, person: string | undefined): Readonly<Record<string, string | undefined>> {
  return { [`${step}_by`]: person ?? id, [`${step}_by_id`]: person === undefined || person === id ? undefined : id };
}
type StepActor<Step extends string> = { readonly [member in `${Step}_by` | `${Step}_by_id`]?: string | undefined };

/** Counts targets by outcome. `waiting`: not begun. `unknown`: begun, without a known outcome. */
export function countsOf(tally: Tally) {
  const { planned = 0, acting = 0, done = 0, failed = 0, changed = 0, gone = 0 } = tally;
  const { undo_undone, undo_failed, undo_impossible, undo_undoing, restored_copies } = tally;
  const undone = omitUndefined({
    undone: undo_undone,
    not_undone: undo_failed,
    not_undoable: undo_impossible,
    undo_unknown: undo_undoing,
    restored_copies,
  });
  return { waiting: planned, unknown: acting, done, failed, changed, gone, ...undone };
}

/** Returns a target as every face shows it. */
export function targetDocument(target: SweepTarget) {
  const facts = readFacts(target.facts);
  return omitUndefined({
    ...facts,
    state: target.state,
    attempts: target.attempts,
    outcome: target.outcome === undefined ? undefined : readKeptOutcome(target.outcome),
    outcome_at: target.outcomeAt?.toISOString(),
    undo: target.undoState,
    undo_outcome: target.undoOutcome === undefined ? undefined : readKeptOutcome(target.undoOutcome),
    undo_outcome_at: target.undoOutcomeAt?.toISOString(),
    arrived_at: target.arrivedAt?.toISOString(),
  });
}
