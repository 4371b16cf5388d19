import { askSweep } from "../../faces/cli/sweep-text.ts";
import { Failure } from "../../failure.ts";
import type { Direction } from "../../state/sweep-states.ts";
import { demandConnection } from "../../sweeps/header.ts";
import { progressText, watchSweep } from "../../sweeps/service/progress.ts";
import type { Desk, Told } from "./desk.ts";
import { toldOf } from "./status.ts";

/** How soon the command sees that a sweep has ended. Milliseconds. */
const lookEveryMs = 250;

/** Approves where that is asked for, begins, and works until the sweep ends or is held up. */
export async function run(id: string, how: Direction | "resume", desk: Desk): Promise<Told> {
  const { state, line, screen, service, caller, complain } = desk;
  const hash = line.fields.plan;
  const kept = await service.look(id, caller);
  if (typeof hash === "string" && hash !== kept.sweep.planHash)
    throw new Failure("changed", `The plan of the sweep ${id} has another hash, ${kept.sweep.planHash}: nothing was changed.`);
  const isDetached = line.fields.detach === true || line.fields.detach === "true";
  // Before anything begins: a worker elsewhere would go on trying, since another process may have the connection.
  if (!isDetached) demandConnection(kept.plan.connection, (await desk.connection(kept.sweep.connection)).connection);
  const isApproved = how === "act" ? kept.sweep.state !== "planned" : how === "resume";
  if (!isApproved && !(line.program.yes === true && (how === "undo" || typeof hash === "string")) && !(await askSweep(kept, how, screen))) {
    const what = how === "act" ? `--plan ${kept.sweep.planHash} --yes` : "--yes";
    throw new Failure("confirmation-required", `The sweep ${id} was not confirmed: nothing was changed.`, {
      hint: `Look at the plan with sweep report ${id}, then repeat it with ${what}.`,
    });
  }
  const begun = how === "act" ? await service.run(id, caller, kept.sweep.planHash) : await service[how](id, caller);
  if (isDetached) return toldOf(begun, desk);
  const away = () => desk.progress("waiting 2 s: the database does not answer");
  const worker = await desk.work();
  try {
    for await (const progress of watchSweep(state, id, screen.signal, lookEveryMs, away)) {
      desk.progress(progressText(progress));
      if (progress.answer.state !== "running") break;
    }
    // Whoever stops the command means the sweep.
    if (screen.signal.aborted) await service.halt(id, "pause", caller).catch(complainUnlessEnded(complain));
  } finally {
    await worker.close();
  }
  return toldOf(await service.status(id, caller), desk, true);
}

function complainUnlessEnded(complain: Desk["complain"]): (thrown: unknown) => void {
  return (thrown) => {
    if (thrown instanceof Failure && thrown.code !== "changed") complain(thrown);
  };
}
