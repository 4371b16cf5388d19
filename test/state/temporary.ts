import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openState, type State } from "../../src/state/state.ts";

/** A folder for a state, and every state that was opened in it. */
export interface TemporaryState {
  readonly directory: string;
  open(): Promise<State>;
  /** Closes what was opened. */
  close(): Promise<void>;
  remove(): Promise<void>;
}

export function temporaryState(): TemporaryState {
  const directory = mkdtempSync(join(tmpdir(), "mailcordon-state-"));
  const opened: State[] = [];
  const close = async () => {
    for (const state of opened.splice(0)) await state.close();
  };
  return {
    directory,
    async open() {
      const state = await openState({ directory });
      opened.push(state);
      return state;
    },
    close,
    async remove() {
      await close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
