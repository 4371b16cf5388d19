import { evidenceOf, keptForms } from "../kept-outcome.ts";
import { type ReportSource, reasonOf, type SweepDocument, type TargetDocument } from "./report-cells.ts";

/** Maximum number of different reasons in a report; further reasons are counted together. */
const mostReasons = 50;

export interface MailboxNumbers {
  readonly mailbox: string;
  readonly states: Map<string, number>;
}

/** The numbers of a report. */
export interface ReportNumbers {
  readonly mailboxes: readonly MailboxNumbers[];
  /** Messages that are not done or not undone, by state and reason. */
  readonly reasons: readonly { readonly state: string; readonly reason: string; readonly messages: number }[];
  /** Outcomes by time: per hour, or per minute if they span at most two hours. */
  readonly times: readonly { readonly time: string; readonly states: Map<string, number> }[];
  readonly undoable: number;
  /** Messages that an undo creates again from their evidence. */
  readonly restorable: number;
  readonly notUndoable: number;
  /** Number of different pieces of evidence. */
  readonly evidence: number;
  /** Number of done messages without evidence. */
  readonly withoutEvidence: number;
}

/** Reads every target once. Memory grows with the number of mailboxes and pieces of evidence, not with the number of messages. */
export async function numbersOf({ targets, sweep }: Pick<ReportSource, "targets" | "sweep">): Promise<ReportNumbers> {
  const mailboxes = new Map<string, MailboxNumbers>();
  const reasons = new Map<string, { state: string; reason: string; messages: number }>();
  const minutes = new Map<string, Map<string, number>>();
  const evidence = new Set<string>();
  let undoable = 0;
  let restorable = 0;
  let notUndoable = 0;
  let withoutEvidence = 0;
  for await (const target of targets()) {
    const state = stateOf(target);
    const own = mailboxes.get(target.mailbox) ?? { mailbox: target.mailbox, states: new Map() };
    mailboxes.set(target.mailbox, own);
    increase(own.states, state);
    const { outcome_at, undo_outcome_at, outcome } = target;
    if (outcome_at !== undefined) increase(minuteOf(minutes, outcome_at), target.state);
    if (undo_outcome_at !== undefined && target.undo !== undefined) increase(minuteOf(minutes, undo_outcome_at), undoStates[target.undo]);
    const pieces = evidenceOf(outcome);
    for (const { sha256 } of pieces) evidence.add(sha256);
    if (pieces.length === 0 && target.state === "done") withoutEvidence += 1;
    const undo = undoOf(target, sweep);
    if (undo === "can be undone") undoable += 1;
    else if (undo === "can be restored as a copy") restorable += 1;
    else if (undo === "cannot be undone") notUndoable += 1;
    if (needsReason(target)) addReason(reasons, state, reasonOf(target));
  }
  return {
    ...{ mailboxes: [...mailboxes.values()], undoable, restorable, notUndoable, evidence: evidence.size, withoutEvidence },
    reasons: [...reasons.values()].sort((a, b) => b.messages - a.messages),
    times: timesOf(minutes),
  };
}

const undoStates = { undoing: "undo not known", undone: "undone", failed: "not undone", impossible: "cannot be undone" } as const;

/** Returns the state in words. */
export function stateOf({ state, undo, undo_outcome }: TargetDocument): string {
  if (undo === "undone" && undo_outcome?.restored_copy === true) return "restored as a copy";
  if (undo !== undefined) return undoStates[undo];
  return state === "acting" ? "not known" : state;
}

/** Returns how `sweep undo` can treat the message; undefined if there is nothing to undo. */
export function undoOf(
  { state, undo, outcome, folder_id }: TargetDocument,
  { restored_from_evidence: restored = [] }: SweepDocument,
): "can be undone" | "can be restored as a copy" | "cannot be undone" | undefined {
  if (state !== "done" || undo === "undone" || undo === "undoing") return undefined;
  if (undo === "impossible") return "cannot be undone";
  if (outcome?.undo !== undefined) return "can be undone";
  const isRestorable = restored.length > 0 && folder_id !== undefined && keptForms(outcome ?? {}).length > 0;
  return isRestorable ? "can be restored as a copy" : "cannot be undone";
}

function needsReason({ state, undo }: TargetDocument): boolean {
  if (undo !== undefined) return undo !== "undone";
  return state !== "done" && state !== "planned";
}

function addReason(reasons: Map<string, { state: string; reason: string; messages: number }>, state: string, said: string): void {
  const reason = said === "" ? "No reason is recorded." : said;
  const key = `${state}\n${reason}`;
  const isNew = !reasons.has(key);
  const kept = isNew && reasons.size >= mostReasons ? `${state}\n` : key;
  const known = reasons.get(kept) ?? {
    state,
    reason: kept === key ? reason : "Other reasons: the list of messages has them.",
    messages: 0,
  };
  known.messages += 1;
  reasons.set(kept, known);
}

function increase(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function minuteOf(minutes: Map<string, Map<string, number>>, time: string): Map<string, number> {
  const minute = time.slice(0, "2026-11-30T12:00".length);
  const counts = minutes.get(minute) ?? new Map<string, number>();
  minutes.set(minute, counts);
  return counts;
}

function timesOf(minutes: Map<string, Map<string, number>>): ReportNumbers["times"] {
  const sorted = [...minutes].sort(([a], [b]) => (a < b ? -1 : 1));
  const span = Date.parse(`${sorted.at(-1)?.[0]}Z`) - Date.parse(`${sorted[0]?.[0]}Z`);
  if (sorted.length === 0 || span <= 2 * 3600 * 1000) return sorted.map(([time, states]) => ({ time: `${time}Z`, states }));
  const hours = new Map<string, Map<string, number>>();
  for (const [minute, states] of sorted) {
    const hour = `${minute.slice(0, "2026-11-30T12".length)}:00Z`;
    const counts = hours.get(hour) ?? new Map<string, number>();
    for (const [name, number] of states) counts.set(name, (counts.get(name) ?? 0) + number);
    hours.set(hour, counts);
  }
  return [...hours].map(([time, states]) => ({ time, states }));
}
