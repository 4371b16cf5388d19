// src/commands/sweep/: The subcommands of `mailcordon sweep`, what they work with, and `mailcordon worker`.

import { Failure } from "../../failure.ts";
import type { Desk, Told } from "./desk.ts";
import { toldOf } from "./status.ts";

export async function approve(id: string, desk: Desk): Promise<Told> {
  const hash = desk.line.fields.plan;
  if (typeof hash !== "string")
    throw new Failure("invalid-input", "--plan is required: put the hash that sweep plan and sweep status show.");
  return toldOf(await desk.service.approve(id, hash, desk.caller), desk);
}
