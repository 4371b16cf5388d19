import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openState, type State } from "../../src/state/state.ts";

/** A folder for a state, and every state that was opened in it. */
export interface TemporaryState {
  readonly directory: string;
  open(): Promise<State>;
  remove(): Promise<void>;
}

export function temporaryState(): TemporaryState {
  const directory = mkdtempSync(join(tmpdir(), "mailcordon-state-"));
  const opened: State[] = [];
  return {
    directory,
    async open() {
      const state = await openState({ directory });
      opened.push(state);
      return state;
    },
    async remove() {
      for (const state of opened) await state.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
