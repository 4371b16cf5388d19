import { expect, test } from "vitest";
import { copyOf, makeOnce, type Steps, sendOnce } from "../../src/exchange/send-once.ts";
import { Failure, type FailureCode } from "../../src/failure.ts";

const pace = { settle: [0, 0, 0, 0], find: [0, 0, 0] };
const fail = (code: FailureCode) => new Failure(code, "It failed.");

type Look = "sent" | { readonly draft: string } | undefined | Failure;

/** What was done, step by step, with a back end that answers orders and looks as it is told. */
function practice(orders: readonly (Failure | undefined)[], looks: readonly Look[] = [], changes: Partial<Steps<string>> = {}) {
  const done: string[] = [];
  const answers = [...orders];
  const seen = [...looks];
  const steps: Steps<string> = {
    make: async () => "draft",
    complete: async (draft) => draft,
    async order(draft) {
      done.push(`order ${draft}`);
      const failure = answers.shift();
      if (failure !== undefined) throw failure;
    },
    looking: () => async () => {
      done.push("look");
      const look = seen.shift();
      if (look instanceof Failure) throw look;
      return look;
    },
    async discard(draft) {
      done.push(`discard ${draft}`);
    },
    folders: "Sent Items",
    leftIn: "Drafts or Attic",
    ...changes,
  };
  return { done, sent: () => sendOnce(steps, pace) };
}

test("what is answered is ordered once", async () => {
  const { done, sent } = practice([undefined]);
  await sent();
  expect(done).toEqual(["order draft"]);
});

test("an order whose answer was lost, and that was carried out, is not given again", async () => {
  const { done, sent } = practice([fail("unknown-outcome")], [undefined, fail("busy"), fail("unknown-outcome"), "sent"]);
  await sent();
  expect(done).toEqual(["order draft", "look", "look", "look", "look"]);
});

test("it is given again only for a draft that the first order cannot send any more; that the second finds nothing is looked into", async () => {
  const { done, sent } = practice([fail("unknown-outcome"), fail("not-found")], [{ draft: "moved" }, "sent"]);
  await sent();
  expect(done).toEqual(["order draft", "look", "order moved", "look"]);
});

test("where it cannot be seen, it is told that it is not known, and where to look; the draft stays", async () => {
  for (const looks of [[undefined, undefined, undefined, undefined], [fail("access-denied")]]) {
    const { done, sent } = practice([fail("unknown-outcome")], looks);
    await expect(sent()).rejects.toMatchObject({ code: "unknown-outcome", hint: "Look into Sent Items before you send it again." });
    expect(done.filter((step) => !step.startsWith("look"))).toEqual(["order draft"]);
  }
});

test("after three lost orders the draft is taken back, and nothing was sent", async () => {
  const lost = fail("unknown-outcome");
  const { done, sent } = practice([lost, lost, lost], [{ draft: "b" }, { draft: "c" }, { draft: "d" }]);
  await expect(sent()).rejects.toMatchObject({ message: expect.stringMatching(/^Nothing was sent\./) });
  expect(done.filter((step) => step !== "look")).toEqual(["order draft", "order b", "order c", "discard d"]);
});

test("one that was cancelled on its way is not given again", async () => {
  const { done, sent } = practice([fail("cancelled")], [{ draft: "b" }]);
  await expect(sent()).rejects.toMatchObject({ code: "cancelled" });
  expect(done).toEqual(["order draft", "look", "discard b"]);
});

test("what cannot be made ready, or is refused, leaves no draft behind; one that stays is told", async () => {
  const refused = practice([fail("access-denied")]);
  await expect(refused.sent()).rejects.toMatchObject({ code: "access-denied" });
  expect(refused.done).toEqual(["order draft", "discard draft"]);
  const stays = practice([], [], { complete: () => Promise.reject(fail("too-large")), discard: () => Promise.reject(fail("busy")) });
  await expect(stays.sent()).rejects.toMatchObject({
    code: "too-large",
    message: "Nothing was sent. It failed. The draft may be left in Drafts or Attic.",
  });
  const gone = practice([fail("refused")], [], { discard: () => Promise.reject(fail("not-found")) });
  await expect(gone.sent()).rejects.toMatchObject({ message: expect.not.stringContaining("Drafts") });
});

test("a draft whose answer was lost is looked for before another is made", async () => {
  let made = 0;
  const steps = (found: readonly (string | undefined)[]) => {
    const looks = [...found];
    made = 0;
    return {
      async make() {
        made += 1;
        if (made === 1) throw fail("unknown-outcome");
        return "second";
      },
      find: async () => looks.shift(),
      discard: async () => undefined,
      leftIn: "Drafts",
    };
  };
  expect([await makeOnce(steps([undefined, "first"]), pace), made]).toEqual(["first", 1]);
  expect([await makeOnce(steps([undefined, undefined]), pace), made]).toEqual(["second", 2]);
});

test("a copy is looked for as long as it may appear, and no failure to read it makes what was sent unsent", async () => {
  const told: string[] = [];
  const looks: (Failure | { readonly itemId: string } | undefined)[] = [undefined, fail("not-found"), { itemId: "copy" }];
  const find = async () => {
    const look = looks.shift();
    if (look instanceof Failure) throw look;
    return look;
  };
  expect(await copyOf(find, pace, (text) => told.push(text))).toEqual({ itemId: "copy" });
  expect(told).toHaveLength(1);
  expect(await copyOf(() => Promise.reject(fail("access-denied")), pace, undefined)).toEqual({});
});

test("a defect while the copy is read is no progress on a success, and says that the message was sent", async () => {
  const find = () => Promise.reject(new TypeError("x is not a function"));
  await expect(copyOf(find, pace, undefined)).rejects.toMatchObject({
    code: "internal",
    message: expect.stringMatching(/^The message was sent\./),
  });
});
