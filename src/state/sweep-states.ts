/** `planned`: waits for an approval. `paused`, `cancelled`: no further target is begun; targets in progress are completed. */
export type SweepState = "planned" | "approved" | "running" | "paused" | "cancelled" | "finished";
/** Whether a running sweep carries out the action on its targets, or undoes it. */
export type Direction = "act" | "undo";
/**
 * `acting`: the intent is recorded, the outcome is not. `changed`: the target differed from the plan and was left unchanged. `gone`: the target no longer
 * exists, and it is unknown whether the sweep removed it.
 */
export type TargetState = "planned" | "acting" | "done" | "failed" | "changed" | "gone";
/** The states of an undo. `impossible`: nothing is left from which the change could be undone. */
export type UndoState = "undoing" | "undone" | "failed" | "impossible";

/** Selects the targets that a sweep must still work on, by direction. A target that was begun and has no outcome is searched for in the mailbox. */
export const openTargetsSql: Readonly<Record<Direction, string>> = {
  act: "t.state IN ('planned', 'acting')",
  undo: "t.undo_state = 'undoing' OR (t.undo_state IS NULL AND t.state IN ('done', 'acting'))",
};
