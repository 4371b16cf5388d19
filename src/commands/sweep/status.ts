import { mostTroubled, sweepText } from "../../faces/cli/sweep-text.ts";
import { failures, someItemsFailedExit } from "../../failure.ts";
import type { SweepAnswer } from "../../sweeps/service/sweep-answer.ts";
import type { SubcommandContext, SubcommandResult } from "./subcommand-context.ts";

export async function status(id: string, desk: SubcommandContext): Promise<SubcommandResult> {
  return { ...(await sweepResult(await desk.service.status(id, desk.caller), desk)), exit: 0 };
}

export async function list({ service, caller }: SubcommandContext): Promise<SubcommandResult> {
  const answer = await service.list(caller);
  return { document: answer, shown: (columns) => sweepText(answer.message, answer.sweeps, columns) };
}

/** Returns the printed answer of a sweep, and the exit code. `ran`: the command had to run the sweep to its end. */
export async function sweepResult(
  answer: SweepAnswer,
  { service, caller, command }: SubcommandContext,
  ran = false,
): Promise<SubcommandResult> {
  const isCutOff = ran && answer.state === "paused";
  const said = isCutOff ? { ...answer, success: false, message: `${answer.message} It was paused before its end.` } : answer;
  const exit = isCutOff && answer.success ? failures.cancelled.exit : said.success ? 0 : someItemsFailedExit;
  const isTroubled = !answer.success || Object.keys(answer.counts).some((name) => name === "not_undoable");
  const troubled = isTroubled ? await service.troubled(answer.sweep, caller, mostTroubled) : [];
  return { document: said, shown: (columns) => sweepText(said.message, [said], columns, { troubled, command }), exit };
}
