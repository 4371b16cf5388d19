import { createHash } from "node:crypto";
import { Failure } from "../../failure.ts";
import type { State } from "../../state/state.ts";
import type { Sweep } from "../../state/sweep-store.ts";
import { canonicalJson } from "../canonical-json.ts";
import type { PlanHeader } from "../plan-header.ts";
import { targetsOf } from "../sweep-lifecycle.ts";
import { readFacts } from "../target-facts.ts";

/** Yields the canonical JSON of a whole plan, without holding every target in memory. */
export async function* planText(state: State, sweep: Sweep, header: PlanHeader): AsyncGenerator<string> {
  const members: readonly (readonly [string, unknown])[] = [...Object.entries(header), ["targets", undefined]];
  const sorted = [...members].filter(([name, value]) => name === "targets" || value !== undefined).sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [at, [name, value]] of sorted.entries()) {
    yield `${at === 0 ? "{" : ","}${JSON.stringify(name)}:`;
    if (name !== "targets") {
      yield canonicalJson(value);
      continue;
    }
    let before = "[";
    for await (const { facts, arrivedAt } of targetsOf(state, sweep.id)) {
      if (arrivedAt !== undefined) continue;
      yield `${before}${canonicalJson(readFacts(facts))}`;
      before = ",";
    }
    yield before === "[" ? "[]" : "]";
  }
  yield "}";
}

/** Throws Failure `changed` if the plan in the database no longer has its original hash. */
export async function demandPlan(state: State, sweep: Sweep, header: PlanHeader): Promise<void> {
  const hash = createHash("sha256");
  for await (const piece of planText(state, sweep, header)) hash.update(piece);
  if (hash.digest("hex") === sweep.planHash) return;
  throw new Failure("changed", `The plan of the sweep ${sweep.id} in the database is not the one that was made: somebody has changed it.`, {
    hint: "Find out who has access to the database. The evidence and the audit log are not concerned.",
  });
}
