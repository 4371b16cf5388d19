import { sweepResult } from "./status.ts";
import type { SubcommandContext, SubcommandResult } from "./subcommand-context.ts";

export async function pauseOrCancel(id: string, how: "pause" | "cancel", desk: SubcommandContext): Promise<SubcommandResult> {
  return sweepResult(await desk.service.pauseOrCancel(id, how, desk.caller), desk);
}
