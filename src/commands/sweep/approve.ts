// src/commands/sweep/: The subcommands of `mailcordon sweep`, their context, and `mailcordon worker`.

import { Failure } from "../../failure.ts";
import { sweepResult } from "./status.ts";
import type { SubcommandContext, SubcommandResult } from "./subcommand-context.ts";

export async function approve(id: string, desk: SubcommandContext): Promise<SubcommandResult> {
  const hash = desk.line.fields.plan;
  if (typeof hash !== "string")
    throw new Failure("invalid-input", "--plan is required: put the hash that sweep plan and sweep status show.");
  return sweepResult(await desk.service.approve(id, hash, desk.caller), desk);
}
