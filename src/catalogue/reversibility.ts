/** Whether what an action does can be undone, although its results have `undo`. */
export interface Reversibility {
  /** Why what this input asks for cannot be undone; one sentence. The input is as its schema reads it. */
  readonly irreversible?: (input: Readonly<Record<string, unknown>>) => string | undefined;
}
