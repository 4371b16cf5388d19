import type { Desk, Told } from "./desk.ts";
import { toldOf } from "./status.ts";

export async function halt(id: string, how: "pause" | "cancel", desk: Desk): Promise<Told> {
  return toldOf(await desk.service.halt(id, how, desk.caller), desk);
}
