// src/commands/sweep/: The subcommands of `mailcordon sweep`, what they work with, and `mailcordon worker`.

import { Failure } from "../../failure.ts";
import { approveSweep } from "../../sweeps/sweeps.ts";
import type { Desk, Told } from "./desk.ts";
import { told } from "./status.ts";

export async function approve(id: string, { state, line, actor, audit }: Desk): Promise<Told> {
  const hash = line.fields.plan;
  if (typeof hash !== "string")
    throw new Failure("invalid-input", "--plan is required: put the hash that sweep plan and sweep status show.");
  return told(await approveSweep(state, id, hash, actor, await audit()), state, `The plan of the sweep ${id} is approved.`);
}
