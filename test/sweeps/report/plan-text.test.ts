import { describe, expect, test } from "vitest";
import type { State } from "../../../src/state/state.ts";
import type { Sweep, SweepTarget } from "../../../src/state/sweep-store.ts";
import { canonicalJson } from "../../../src/sweeps/canonical-json.ts";
import { planHash, readPlanHeader } from "../../../src/sweeps/plan-header.ts";
import { demandPlan, planText } from "../../../src/sweeps/report/plan-text.ts";
import type { TargetFacts } from "../../../src/sweeps/target-facts.ts";

const header = readPlanHeader({
  ...{ version: 1, connection: { name: "farm" }, action: "delete-email", input: { delete_type: "soft" }, limits: {} },
  find: { internet_message_id: ["<1@example.net>"], mailboxes: "all", finder: "It was searched." },
  ...{ counts: { messages: 0, mailboxes: 0, examined: 0, unexamined: 0 }, unexamined: [], left_alone: [], cannot_be_undone: [] },
});
const facts = (number: number): TargetFacts => ({
  mailbox: "ann@example.com",
  item_id: `id ${number}`,
  subject: `\u2028"\\ \ud83d\ude00 ${number}`,
});

/** The tables of one sweep: more than one page of targets. */
function stateWith(all: readonly TargetFacts[]): State {
  const rows = all.map((one, number) => ({ number, mailbox: one.mailbox, facts: JSON.stringify(one) }) as SweepTarget);
  const targets = async (_: string, after: number, limit: number) => rows.slice(after + 1, after + 1 + limit);
  return { sweeps: { targets } } as unknown as State;
}

const sweepWith = (planHash: string) => ({ id: "20261130-00000000", planHash }) as Sweep;

describe("the text of a plan", () => {
  test.each([0, 1, 2500])("of %i messages is its canonical JSON", async (count) => {
    const targets = Array.from({ length: count }, (_, at) => facts(at));
    const plan = { ...header, targets };
    let text = "";
    for await (const piece of planText(stateWith(targets), sweepWith(""), header)) text += piece;
    expect(text).toBe(canonicalJson(plan));
    await demandPlan(stateWith(targets), sweepWith(planHash(plan)), header);
  });

  test("is refused if somebody changed a message of it in the database", async () => {
    const hash = planHash({ ...header, targets: [facts(1)] });
    await expect(demandPlan(stateWith([facts(2)]), sweepWith(hash), header)).rejects.toMatchObject({ code: "changed" });
  });
});
