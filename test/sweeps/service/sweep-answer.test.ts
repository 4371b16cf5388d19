import { afterAll, expect, test } from "vitest";
import type { State } from "../../../src/state/state.ts";
import { sweepAnswerOf } from "../../../src/sweeps/service/sweep-answer.ts";
import { temporaryState } from "../../state/temporary.ts";

const folder = temporaryState();
afterAll(() => folder.remove());

test("a status shows the numbers and the state of the same moment, even where a round begins while it is read", async () => {
  const state = await folder.open();
  try {
    const plan = JSON.stringify({
      ...{
        version: 1,
        connection: { name: "main" },
        find: { internet_message_id: [], mailboxes: [], finder: "" },
        action: "delete-email",
        input: {},
      },
      ...{
        limits: {},
        counts: { messages: 1, mailboxes: 1, examined: 1, unexamined: 0 },
        unexamined: [],
        left_alone: [],
        cannot_be_undone: [],
      },
    });
    const mailboxes = [{ address: "ann@example.com", targets: ["{}"] }];
    await state.sweeps.create({ id: "one", connection: "main", plan, planHash: "hash", plannedBy: "ann", mailboxes, chunkSize: 50 });
    await state.sweeps.approve("one", "hash", { id: "bob" });
    const meanwhile = [async () => void (await state.sweeps.begin("one", "act", { id: "bob" }))];
    const busy: State = {
      ...state,
      sweeps: {
        ...state.sweeps,
        async tally(id) {
          const tally = await state.sweeps.tally(id);
          await meanwhile.shift()?.();
          return tally;
        },
      },
    };
    expect(await sweepAnswerOf(busy, await state.sweeps.get("one"))).toMatchObject({ state: "running", counts: { waiting: 1 } });
  } finally {
    await folder.close();
  }
});
