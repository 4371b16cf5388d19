import type { SweepEvent } from "../../perform/audit/sweep-entries.ts";
import { evidenceOf } from "../kept-outcome.ts";
import type { sweepDocument, targetDocument } from "../sweep-lifecycle.ts";

export type SweepDocument = ReturnType<typeof sweepDocument>;
export type TargetDocument = ReturnType<typeof targetDocument>;

/** The contents of a report. */
export interface ReportSource {
  /** One sentence with the state and the counts. */
  readonly message: string;
  readonly sweep: SweepDocument;
  /** Yields every target in the order of the plan. May be called again. */
  targets(): AsyncIterable<TargetDocument>;
  /** Steps of people in the audit log. Absent if the log was not read. */
  readonly events?: readonly SweepEvent[] | undefined;
}

/** The columns of one message, in their order. */
export const columns = [
  ...["mailbox", "state", "undo", "subject", "from", "received_at", "folder_path", "internet_message_id", "size", "item_id", "new_item_id"],
  ...[
    "evidence_sha256",
    "outcome_at",
    "undo_outcome_at",
    "reason",
    "residue",
    "relation",
    "why",
    "arrived_at",
    "restored_copy",
    "lost",
    "differs",
  ],
] as const;
export type Cells = Readonly<Record<(typeof columns)[number], string>>;

export function cellsOf(target: TargetDocument): Cells {
  const { outcome, undo_outcome } = target;
  return {
    mailbox: target.mailbox,
    state: target.state,
    undo: target.undo ?? "",
    subject: target.subject ?? "",
    from: target.from ?? "",
    received_at: target.received_at ?? "",
    folder_path: target.folder_path ?? "",
    internet_message_id: target.internet_message_id ?? "",
    size: String(target.size ?? ""),
    item_id: target.item_id,
    new_item_id: undo_outcome?.new_item_id ?? outcome?.new_item_id ?? "",
    evidence_sha256: evidenceOf(outcome)
      .map(({ sha256 }) => sha256)
      .join(" "),
    outcome_at: target.outcome_at ?? "",
    undo_outcome_at: target.undo_outcome_at ?? "",
    reason: reasonOf(target),
    residue: target.residue ?? "",
    relation: target.relation ?? "",
    why: target.why ?? "",
    arrived_at: target.arrived_at ?? "",
    restored_copy: undo_outcome?.restored_copy === undefined ? "" : String(undo_outcome.restored_copy),
    lost: (undo_outcome?.lost ?? []).join(", "),
    differs: [...(outcome?.differs ?? []), ...(undo_outcome?.differs ?? [])].join(", "),
  };
}

/** Returns why a message is not done, or the result of a later search; empty if the state explains itself. */
export function reasonOf({ outcome, undo_outcome }: TargetDocument): string {
  const texts = [outcome, undo_outcome].flatMap((kept) => [kept?.error?.message, kept?.message, kept?.settled_by_look, kept?.note]);
  return texts.filter((text) => text !== undefined).join(" ");
}
