import { sweepText } from "../../faces/cli/sweep-text.ts";
import { failures, someItemsFailedExit } from "../../failure.ts";
import type { SweepAnswer } from "../../sweeps/service/answers.ts";
import type { Desk, Told } from "./desk.ts";

export async function status(id: string, { service, caller }: Desk): Promise<Told> {
  return { ...toldOf(await service.status(id, caller)), exit: 0 };
}

export async function listed({ service, caller }: Desk): Promise<Told> {
  const answer = await service.list(caller);
  return { document: answer, shown: (columns) => sweepText(answer.message, answer.sweeps, columns) };
}

/** A sweep as it is printed, and the exit code. `ran`: the command was to bring it to its end. */
export function toldOf(answer: SweepAnswer, ran = false): Told {
  const { success, message, state } = answer;
  const exit = success ? (ran && state === "paused" ? failures.cancelled.exit : 0) : someItemsFailedExit;
  return { document: answer, shown: (columns) => sweepText(message, [answer], columns), exit };
}
