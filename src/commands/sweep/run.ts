import { askSweep } from "../../faces/cli/sweep-text.ts";
import { Failure } from "../../failure.ts";
import type { Direction } from "../../state/sweep-states.ts";
import { follow } from "../../sweeps/follow.ts";
import { approveSweep, beginSweep, haltSweep, keptPlan } from "../../sweeps/sweeps.ts";
import { type Desk, type Told, workerOf } from "./desk.ts";
import { told } from "./status.ts";

/** Approves where that is asked for, begins, and works until the sweep ends or is held up. */
export async function run(id: string, how: Direction | "resume", desk: Desk): Promise<Told> {
  const { state, line, screen, actor, complain } = desk;
  const hash = line.fields.plan;
  const audit = await desk.audit();
  const kept = await keptPlan(state, id);
  if (typeof hash === "string" && hash !== kept.sweep.planHash)
    throw new Failure("changed", `The plan of the sweep ${id} has another hash, ${kept.sweep.planHash}: nothing was touched.`);
  const isApproved = how === "act" ? kept.sweep.state !== "planned" : how === "resume";
  if (!isApproved && !(line.program.yes === true && (how === "undo" || typeof hash === "string")) && !(await askSweep(kept, how, screen))) {
    const what = how === "act" ? `--plan ${kept.sweep.planHash} --yes` : "--yes";
    throw new Failure("confirmation-required", `The sweep ${id} was not confirmed: nothing was changed.`, {
      hint: `Look at the plan with sweep status ${id}, then repeat it with ${what}.`,
    });
  }
  if (how === "act" && kept.sweep.state === "planned") await approveSweep(state, id, kept.sweep.planHash, actor, audit);
  if (how === "resume" && kept.sweep.state !== "paused")
    throw new Failure("changed", `The sweep ${id} is ${kept.sweep.state}, and not paused: nothing was done.`);
  const direction = how === "resume" ? kept.sweep.direction : how;
  // One that runs, be it that its workers have died, is helped.
  const runs = kept.sweep.state === "running" && kept.sweep.direction === direction;
  if (!runs) await beginSweep(state, id, direction, actor, audit);
  if (line.fields.detach === true || line.fields.detach === "true")
    return told(await state.sweeps.get(id), state, `The sweep ${id} is running.`);
  const worker = await workerOf(desk);
  try {
    await follow(state, id, screen.signal, desk.progress);
    // Whoever stops the command means the sweep.
    if (screen.signal.aborted) await haltSweep(state, id, "pause", actor, audit).catch(complainUnlessEnded(complain));
  } finally {
    await worker.close();
  }
  return told(await state.sweeps.get(id), state);
}

function complainUnlessEnded(complain: Desk["complain"]): (thrown: unknown) => void {
  return (thrown) => {
    if (thrown instanceof Failure && thrown.code !== "changed") complain(thrown);
  };
}
