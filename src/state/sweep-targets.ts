import * as z from "zod";
import { schema } from "./migrations.ts";
import type { TargetState, UndoState } from "./sweep-states.ts";

/** One message of a plan, with its outcome. */
export interface SweepTarget {
  readonly number: number;
  readonly mailbox: string;
  readonly facts: string;
  readonly state: TargetState;
  readonly attempts: number;
  readonly outcome?: string | undefined;
  readonly outcomeAt?: Date | undefined;
  readonly undoState?: UndoState | undefined;
  readonly undoAttempts: number;
  readonly undoOutcome?: string | undefined;
  readonly undoOutcomeAt?: Date | undefined;
  /** When the sweep found it, if it arrived after the plan. */
  readonly arrivedAt?: Date | undefined;
}

export const TargetRow = z.object({
  number: z.number(),
  address: z.string(),
  facts: z.string(),
  state: z.enum(["planned", "acting", "done", "failed", "changed", "gone"]),
  attempts: z.number(),
  outcome: z.string().nullable(),
  outcome_at: z.date().nullable(),
  undo_state: z.enum(["undoing", "undone", "failed", "impossible"]).nullable(),
  undo_attempts: z.number(),
  undo_outcome: z.string().nullable(),
  undo_outcome_at: z.date().nullable(),
  arrived_at: z.date().nullable(),
});

/** Selects the targets of the sweep `$1`. */
export const selectTargets = `SELECT t.number, m.address, t.facts, t.state, t.attempts, t.outcome, t.outcome_at, t.undo_state, t.undo_attempts, t.undo_outcome,
   t.undo_outcome_at, t.arrived_at
 FROM ${schema}.sweep_targets t JOIN ${schema}.sweep_mailboxes m ON m.sweep = t.sweep AND m.number = t.mailbox WHERE t.sweep = $1`;

export function targetOf(row: z.output<typeof TargetRow>): SweepTarget {
  return {
    number: row.number,
    mailbox: row.address,
    facts: row.facts,
    state: row.state,
    attempts: row.attempts,
    outcome: row.outcome ?? undefined,
    outcomeAt: row.outcome_at ?? undefined,
    undoState: row.undo_state ?? undefined,
    undoAttempts: row.undo_attempts,
    undoOutcome: row.undo_outcome ?? undefined,
    undoOutcomeAt: row.undo_outcome_at ?? undefined,
    arrivedAt: row.arrived_at ?? undefined,
  };
}
