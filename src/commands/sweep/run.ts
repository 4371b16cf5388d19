import { askSweep } from "../../faces/cli/sweep-text.ts";
import { Failure } from "../../failure.ts";
import type { Direction } from "../../state/sweep-states.ts";
import { demandConnection } from "../../sweeps/plan-header.ts";
import { followSweep, progressText } from "../../sweeps/service/sweep-progress.ts";
import { sweepResult } from "./status.ts";
import type { SubcommandContext, SubcommandResult } from "./subcommand-context.ts";

/** Interval between two readings of the state of the sweep. Milliseconds. */
const pollIntervalMs = 250;

/** Approves the plan if its hash is given, begins the sweep, and works until the sweep ends or is stopped. */
export async function run(id: string, how: Direction | "resume", context: SubcommandContext): Promise<SubcommandResult> {
  const { state, line, screen, service, caller, complain } = context;
  const hash = line.fields.plan;
  const kept = await service.loadPlan(id, caller);
  if (typeof hash === "string" && hash !== kept.sweep.planHash)
    throw new Failure("changed", `The plan of the sweep ${id} has another hash, ${kept.sweep.planHash}: nothing was changed.`);
  const isDetached = line.fields.detach === true || line.fields.detach === "true";
  // Check before anything begins: a worker would retry forever, since another process may have the connection.
  if (!isDetached) demandConnection(kept.plan.connection, (await context.connection(kept.sweep.connection)).connection);
  const isApproved = how === "act" ? kept.sweep.state !== "planned" : how === "resume";
  if (!isApproved && !(line.program.yes === true && (how === "undo" || typeof hash === "string")) && !(await askSweep(kept, how, screen))) {
    const what = how === "act" ? `--plan ${kept.sweep.planHash} --yes` : "--yes";
    throw new Failure("confirmation-required", `The sweep ${id} was not confirmed: nothing was changed.`, {
      hint: `Look at the plan with sweep report ${id}, then repeat it with ${what}.`,
    });
  }
  const begun = how === "act" ? await service.run(id, caller, kept.sweep.planHash) : await service[how](id, caller);
  if (isDetached) return sweepResult(begun, context);
  const away = () => context.progress("waiting 2 s: the database does not answer");
  const worker = await context.work();
  try {
    for await (const progress of followSweep(state, id, screen.signal, pollIntervalMs, away)) {
      context.progress(progressText(progress));
      if (progress.answer.state !== "running") break;
    }
    // A user who stops the command wants the sweep to pause as well.
    if (screen.signal.aborted) await service.pauseOrCancel(id, "pause", caller).catch(complainUnlessEnded(complain));
  } finally {
    await worker.close();
  }
  return sweepResult(await service.status(id, caller), context, true);
}

function complainUnlessEnded(complain: SubcommandContext["complain"]): (thrown: unknown) => void {
  return (thrown) => {
    if (thrown instanceof Failure && thrown.code !== "changed") complain(thrown);
  };
}
