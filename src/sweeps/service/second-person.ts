import { Failure } from "../../failure.ts";
import type { Sweep } from "../../state/sweep-store.ts";
import { counted } from "../../text/noun-count.ts";
import type { PlanHeader } from "../plan-header.ts";
import type { SweepCaller } from "./sweep-access.ts";

/** Returns the number of targets that one person may approve alone: the limit of the plan or of these settings, whichever is lower. Undefined: no limit. */
function approvalLimit(header: ApprovalHeader, setting: number | undefined): number | undefined {
  const planned = header.second_person_above;
  return planned === undefined || (setting !== undefined && setting < planned) ? setting : planned;
}

type ApprovalHeader = Pick<PlanHeader, "counts" | "second_person_above"> & { readonly later?: { readonly limit: number } | undefined };

/** Returns the number of targets that an approval covers: messages, residue, related copies, and later arrivals up to their limit. */
function targetsIn({ counts, later }: ApprovalHeader): number {
  const { messages, related = 0, calendar_entries = 0, recoverable_copies = 0, sent_copies = 0 } = counts;
  return messages + related + calendar_entries + recoverable_copies + sent_copies + (later?.limit ?? 0);
}

/** Returns whether another person must approve this sweep. */
export function needsSecondPerson(header: ApprovalHeader, setting: number | undefined): boolean {
  const most = approvalLimit(header, setting);
  return most !== undefined && targetsIn(header) > most;
}

/** Compares names regardless of case: the owner `Ana@example.com` of an API key is the subject `ana@example.com` of a token. */
function isSamePerson(one: string, other: string): boolean {
  const plain = (name: string) => name.normalize("NFKC").trim().toLowerCase();
  return plain(one) === plain(other);
}

/** Throws Failure `access-denied` unless this caller may approve the plan of another person. */
export function demandSecondPerson(sweep: Sweep, header: PlanHeader, setting: number | undefined, caller: SweepCaller): void {
  if (!needsSecondPerson(header, setting)) return;
  const why = whyApprovalIsNeeded(sweep, header, setting);
  if (!caller.isChecked) throw denied(`${why} mailcordon takes this approval over serve alone.`, sweep);
  if (!caller.may("approve")) throw denied(`${why} This needs the role approve, which this caller does not have.`, sweep);
  if (caller.person === undefined) throw denied(`${why} Nobody has said whose API key this is: it has no owner.`, sweep);
  if (sweep.plannedPerson === undefined) throw denied(`${why} Who planned it is not known: its API key has no owner.`, sweep);
  if (isSamePerson(caller.person, sweep.plannedPerson)) throw denied(`${why} This caller is the person who planned it.`, sweep);
}

/** Throws Failure `access-denied` unless the approver is neither the planner nor this caller. */
export function demandApprovedByOther(sweep: Sweep, header: PlanHeader, setting: number | undefined, caller: SweepCaller): void {
  if (!needsSecondPerson(header, setting)) return;
  const why = whyApprovalIsNeeded(sweep, header, setting);
  const { approvedPerson: approver, approvedWithRole, plannedPerson: planner } = sweep;
  if (sweep.state === "planned" || !approvedWithRole || approver === undefined) throw denied(why, sweep);
  if (planner === undefined || isSamePerson(approver, planner)) throw denied(`${why} The person who planned it has approved it.`, sweep);
  if (caller.person === undefined) throw denied(`${why} Nobody has said whose API key this is: it has no owner.`, sweep);
  if (isSamePerson(approver, caller.person)) throw denied(`${why} Whoever approved it cannot run it as well.`, sweep);
}

function whyApprovalIsNeeded({ id }: Sweep, header: PlanHeader, setting: number | undefined): string {
  return `Another person has to approve the sweep ${id}: it has ${counted(targetsIn(header), "target")}, and sweep.second_person_above is ${approvalLimit(header, setting)}.`;
}

function denied(message: string, { id, planHash }: Sweep): Failure {
  return new Failure("access-denied", `${message} Nothing was done.`, {
    hint: `Have somebody else with the role approve say yes to the plan ${planHash} over mailcordon serve: POST /v1/sweeps/${id}/approve. API keys name their person with mailcordon keys add --owner.`,
  });
}
