import { sweepText } from "../../faces/cli/sweep-text.ts";
import { failures, someItemsFailedExit } from "../../failure.ts";
import type { State } from "../../state/state.ts";
import type { Sweep } from "../../state/sweeps.ts";
import { readHeader } from "../../sweeps/header.ts";
import { sweepDocument } from "../../sweeps/sweeps.ts";
import { parseJson } from "../../text/parse-json.ts";
import type { Told } from "./desk.ts";

export async function status(id: string, state: State): Promise<Told> {
  return { ...(await told(await state.sweeps.get(id), state)), exit: 0 };
}

export async function listed(state: State): Promise<Told> {
  const sweeps = await Promise.all(
    (await state.sweeps.list(100)).map(async (sweep) =>
      sweepDocument(sweep, readHeader(parseJson(sweep.plan)), await state.sweeps.tally(sweep.id)),
    ),
  );
  const message = sweeps.length === 0 ? "There are no sweeps." : `${sweeps.length} ${sweeps.length === 1 ? "sweep" : "sweeps"}.`;
  return { document: { success: true, message, sweeps }, shown: (columns) => sweepText(message, sweeps, columns) };
}

/** A sweep as it is now. It is a success if no target has failed, differs from the plan or has an unknown state. */
export async function told(sweep: Sweep, state: State, said?: string) {
  const document = sweepDocument(sweep, readHeader(parseJson(sweep.plan)), await state.sweeps.tally(sweep.id));
  const { waiting, unknown, done, failed, changed, gone, undone = 0, not_undone = 0, not_undoable = 0 } = document.counts;
  const undo = sweep.direction === "undo" ? ` Undone: ${undone}, not undone: ${not_undone}, cannot be undone: ${not_undoable}.` : "";
  const counts = `Done: ${done}, failed: ${failed}, changed since the plan: ${changed}, gone: ${gone}, waiting: ${waiting + unknown}.${undo}`;
  const message = `${said ?? `The sweep ${sweep.id} is ${sweep.state}.`} ${counts}`;
  const left = sweep.direction === "act" ? failed + changed : failed + not_undone;
  const success = left === 0 && (sweep.state !== "finished" || unknown === 0);
  const exit = success ? (said === undefined && sweep.state === "paused" ? failures.cancelled.exit : 0) : someItemsFailedExit;
  return { document: { success, message, ...document }, shown: (columns: number) => sweepText(message, [document], columns), exit };
}
