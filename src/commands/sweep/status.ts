import { mostTroubled, sweepText } from "../../faces/cli/sweep-text.ts";
import { failures, someItemsFailedExit } from "../../failure.ts";
import type { SweepAnswer } from "../../sweeps/service/answers.ts";
import type { Desk, Told } from "./desk.ts";

export async function status(id: string, desk: Desk): Promise<Told> {
  return { ...(await toldOf(await desk.service.status(id, desk.caller), desk)), exit: 0 };
}

export async function listed({ service, caller }: Desk): Promise<Told> {
  const answer = await service.list(caller);
  return { document: answer, shown: (columns) => sweepText(answer.message, answer.sweeps, columns) };
}

/** Returns a sweep as it is printed, and the exit code. `ran`: the command had to bring the sweep to its end. */
export async function toldOf(answer: SweepAnswer, { service, caller, command }: Desk, ran = false): Promise<Told> {
  const isCutOff = ran && answer.state === "paused";
  const said = isCutOff ? { ...answer, success: false, message: `${answer.message} It was paused before its end.` } : answer;
  const exit = isCutOff && answer.success ? failures.cancelled.exit : said.success ? 0 : someItemsFailedExit;
  const isTroubled = !answer.success || Object.keys(answer.counts).some((name) => name === "not_undoable");
  const troubled = isTroubled ? await service.troubled(answer.sweep, caller, mostTroubled) : [];
  return { document: said, shown: (columns) => sweepText(said.message, [said], columns, { troubled, command }), exit };
}
