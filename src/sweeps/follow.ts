import { setTimeout as pause } from "node:timers/promises";
import { asFailure } from "../failure.ts";
import type { State } from "../state/state.ts";
import { countsOf } from "./sweeps.ts";

/** How soon whoever waits sees that a sweep has ended. Milliseconds. */
const lookEveryMs = 250;

/** Resolves when the sweep does not run any more, or the signal is given; tells meanwhile how far it is. Throws Failure. */
export async function follow(state: State, id: string, signal: AbortSignal, told: (text: string) => void): Promise<void> {
  const began = performance.now();
  let first: number | undefined;
  while (!signal.aborted) {
    try {
      const sweep = await state.sweeps.get(id);
      const tally = await state.sweeps.tally(id);
      const { waiting, unknown, done, failed, changed, gone, undone = 0, not_undone = 0, not_undoable = 0 } = countsOf(tally);
      const isUndo = sweep.direction === "undo";
      const ended = isUndo ? undone + not_undone + not_undoable : done + failed + changed + gone;
      const all = isUndo ? done + unknown : waiting + unknown + ended;
      first ??= ended;
      const rate = (ended - first) / ((performance.now() - began) / 60_000);
      const left = rate > 0 ? `, ${Math.round(rate)} a minute, ${minutes((all - ended) / rate)} left` : "";
      told(`${ended} of ${all} messages${failed + not_undone > 0 ? `, ${failed + not_undone} failed` : ""}${left}`);
      if (sweep.state !== "running") return;
    } catch (thrown) {
      // A database that is away comes back.
      if (asFailure(thrown).code !== "unreachable") throw thrown;
    }
    await pause(lookEveryMs, undefined, { signal }).catch(() => undefined);
  }
}

function minutes(count: number): string {
  return count < 1 ? "less than a minute" : `${Math.ceil(count)} min`;
}
