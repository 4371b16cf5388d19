import type { Desk, Told } from "./desk.ts";
import { toldOf } from "./status.ts";

export async function halt(id: string, how: "pause" | "cancel", { service, caller }: Desk): Promise<Told> {
  return toldOf(await service.halt(id, how, caller));
}
