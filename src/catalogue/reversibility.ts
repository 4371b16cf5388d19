/** Whether what an action does can be undone, although its results have `undo`. */
export interface Reversibility {
  /** One sentence on why the requested change cannot be undone. The input is as its schema reads it. */
  readonly irreversible?: (input: Readonly<Record<string, unknown>>) => string | undefined;
}
