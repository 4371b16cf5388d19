/** `planned`: waits for an approval. `paused`, `cancelled`: no further target is begun; what was begun is ended. */
export type SweepState = "planned" | "approved" | "running" | "paused" | "cancelled" | "finished";
/** What a sweep that runs does to its targets: the action, or the undo of it. */
export type Direction = "act" | "undo";
/**
 * `acting`: the intent is written, the outcome is not. `changed`: it was not as the plan says, and was not changed. `gone`: it is not there any more, and
 * whether the sweep removed it is not known.
 */
export type TargetState = "planned" | "acting" | "done" | "failed" | "changed" | "gone";
/** The same of an undo. `impossible`: nothing is there by which it could be undone. */
export type UndoState = "undoing" | "undone" | "failed" | "impossible";

/** Targets that are still to be worked on, by what a sweep does. What was begun and has no outcome is looked for in the mailbox. */
export const openTargetsSql: Readonly<Record<Direction, string>> = {
  act: "t.state IN ('planned', 'acting')",
  undo: "t.undo_state = 'undoing' OR (t.undo_state IS NULL AND t.state IN ('done', 'acting'))",
};
