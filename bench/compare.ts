import type { Measure } from "./measure.ts";
import { type Cost, median } from "./process.ts";

export type Costs = ReadonlyMap<string, readonly Cost[]>;

/** Runs each kind once per round, alternating, so a disturbance of the machine affects all alike. */
export async function interleave(rounds: number, kinds: Readonly<Record<string, () => Promise<Cost>>>): Promise<Costs> {
  const costs = new Map<string, Cost[]>(Object.keys(kinds).map((who) => [who, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [who, run] of Object.entries(kinds)) costs.get(who)?.push(await run());
  }
  return costs;
}

export function medianOf(costs: Costs, who: string, of: (cost: Cost) => number): number {
  return median((costs.get(who) ?? []).map(of));
}

/** Returns how much more it costs than the floor. */
export function over(name: string, what: string, unit: string, ours: number, floor: number, bar: number): Measure {
  const value = ours - floor;
  return {
    name: `${name}, over \`node -e 0\``,
    value,
    unit: `${unit} ${what}`,
    bar,
    ok: value <= bar,
    detail: `${ours.toFixed(0)} against ${floor.toFixed(0)} ${unit}`,
  };
}

/** Returns the cost relative to another client. Without that client there is no result, and the limit counts as missed. */
export function beside(name: string, what: string, ours: number, who: string, theirs: number, bar: number): Measure {
  const value = ours / theirs;
  const detail = Number.isNaN(theirs) ? `${who} is not installed here` : `${ours.toFixed(0)} against ${theirs.toFixed(0)} ms`;
  return { name: `${name}, beside ${who}`, value, unit: `x ${what}`, bar, ok: value <= bar, detail };
}
