import { haltSweep } from "../../sweeps/sweeps.ts";
import type { Desk, Told } from "./desk.ts";
import { told } from "./status.ts";

export async function halt(id: string, how: "pause" | "cancel", { state, actor, audit }: Desk): Promise<Told> {
  const done = how === "pause" ? "paused" : "cancelled";
  return told(await haltSweep(state, id, how, actor, await audit()), state, `The sweep ${id} is ${done}.`);
}
