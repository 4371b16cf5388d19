/** Whether the effect of an action can be undone, apart from the `undo` in its results. */
export interface Reversibility {
  /** One sentence on why the requested change cannot be undone. The input is as its schema reads it. */
  readonly irreversible?: (input: Readonly<Record<string, unknown>>) => string | undefined;
}
