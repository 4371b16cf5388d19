import { describe, expect, test } from "vitest";
import { copyOf, makeOnce, type SendSteps, type SentState, sendOnce } from "../../../src/exchange/sending/send-once.ts";
import { Failure, type FailureCode } from "../../../src/failure.ts";

const pace = { settle: [0, 0, 0, 0], find: [0, 0, 0] };
const fail = (code: FailureCode) => new Failure(code, "It failed.");

type Seen = SentState<string> | Failure;

/** What was done, step by step, with a back end that answers orders and looks as it is told. */
function practice(orders: readonly (Failure | undefined)[], looks: readonly Seen[] = [], changes: Partial<SendSteps<string>> = {}) {
  const done: string[] = [];
  const answers = [...orders];
  const seen = [...looks];
  const steps: SendSteps<string> = {
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
    certainlyNotSent: ({ code }) => code === "access-denied" || code === "invalid-input",
    isLost: ({ code }) => code === "unknown-outcome",
    left: async () => [],
    folders: "Sent Items",
    leftIn: "Drafts or Attic",
    ...changes,
  };
  return { done, sent: () => sendOnce(steps, pace) };
}

test("a message is ordered once if the order gets a reply", async () => {
  const { done, sent } = practice([undefined]);
  await sent();
  expect(done).toEqual(["order draft"]);
});

test("an order that was carried out is not repeated after a lost reply", async () => {
  const { done, sent } = practice([fail("unknown-outcome")], [undefined, fail("busy"), fail("unknown-outcome"), "sent"]);
  await sent();
  expect(done).toEqual(["order draft", "look", "look", "look", "look"]);
});

test("an order is repeated only for a draft that the first order cannot send any more; if the second finds nothing, the mark decides", async () => {
  const { done, sent } = practice([fail("unknown-outcome"), fail("not-found")], [{ draft: "moved" }, "sent"]);
  await sent();
  expect(done).toEqual(["order draft", "look", "order moved", "look"]);
});

test("an unknown outcome is reported with the findings and a place to check, and keeps the draft", async () => {
  const looks: [readonly Seen[], string][] = [
    [[undefined, undefined, undefined, undefined], "neither a copy nor the draft was found in Sent Items"],
    [[fail("access-denied")], "The search for it failed: It failed."],
    [["draft", "draft", "draft", "draft"], "no copy of it was in Sent Items, and its draft was still there"],
  ];
  for (const [seen, words] of looks) {
    const { done, sent } = practice([fail("unknown-outcome")], seen);
    await expect(sent()).rejects.toMatchObject({
      code: "unknown-outcome",
      message: expect.stringContaining(words),
      hint: expect.stringMatching(/^Look in Sent Items before you send it again\./),
    });
    expect(done.filter((step) => !step.startsWith("look"))).toEqual(["order draft"]);
  }
});

describe("after an unclear reply, the order", () => {
  const replies = (["refused", "not-found", "changed", "busy", "broken-reply", "quota-exceeded", "internal"] as const).map((code) => ({
    code,
  }));
  test.each(replies)("($code) was carried out if the mark is in Sent Items", async ({ code }) => {
    const { done, sent } = practice([fail(code)], ["draft", "sent"]);
    await sent();
    expect(done).toEqual(["order draft", "look", "look"]);
  });

  test.each(replies)("($code) is not repeated although the draft could be sent, and the draft is kept and named", async ({ code }) => {
    const left = [{ mailbox: "ann@example.com", folder: "drafts", itemId: "id" }];
    const { done, sent } = practice([fail(code)], ["draft", "draft", "draft"], { left: async () => left });
    await expect(sent()).rejects.toMatchObject({
      code: "unknown-outcome",
      retryable: false,
      message: expect.stringContaining("A draft is left in Drafts of ann@example.com."),
      leftDrafts: left,
    });
    expect(done).toEqual(["order draft", "look", "look", "look"]);
  });
});

test("after three lost orders the draft is deleted, and nothing was sent", async () => {
  const lost = fail("unknown-outcome");
  const { done, sent } = practice([lost, lost, lost], [{ draft: "b" }, { draft: "c" }, { draft: "d" }]);
  await expect(sent()).rejects.toMatchObject({ message: expect.stringMatching(/^Nothing was sent\./) });
  expect(done.filter((step) => step !== "look")).toEqual(["order draft", "order b", "order c", "discard d"]);
});

test("an order cancelled on its way is not repeated", async () => {
  const { done, sent } = practice([fail("cancelled")], [{ draft: "b" }]);
  await expect(sent()).rejects.toMatchObject({ code: "cancelled" });
  expect(done).toEqual(["order draft", "look", "discard b"]);
});

test("a message that cannot be completed, or is refused, leaves no draft; a remaining draft is reported", async () => {
  const refused = practice([fail("access-denied")]);
  await expect(refused.sent()).rejects.toMatchObject({ code: "access-denied" });
  expect(refused.done).toEqual(["order draft", "discard draft"]);
  const stays = practice([], [], { complete: () => Promise.reject(fail("too-large")), discard: () => Promise.reject(fail("busy")) });
  await expect(stays.sent()).rejects.toMatchObject({ code: "too-large", message: "Nothing was sent. It failed." });
  const left = [{ mailbox: "ann@example.com", folder: "deleteditems", itemId: "id" }];
  const found = practice([fail("access-denied")], [], { discard: () => Promise.reject(fail("busy")), left: async () => left });
  await expect(found.sent()).rejects.toMatchObject({
    code: "access-denied",
    message: "Nothing was sent. It failed. A draft is left in Deleted Items of ann@example.com.",
    leftDrafts: left,
  });
  // A reply that says success deletes nothing by itself.
  const unmoved = practice([fail("access-denied")], [], { discard: () => Promise.resolve(), left: async () => left });
  await expect(unmoved.sent()).rejects.toMatchObject({ code: "access-denied", leftDrafts: left });
  const hidden = practice([fail("access-denied")], [], {
    discard: () => Promise.reject(fail("busy")),
    left: () => Promise.reject(fail("busy")),
  });
  await expect(hidden.sent()).rejects.toMatchObject({
    message: "Nothing was sent. It failed. A draft may be left in Drafts or Attic: it could not be searched.",
  });
  const gone = practice([fail("access-denied")], [], { discard: () => Promise.reject(fail("not-found")) });
  await expect(gone.sent()).rejects.toMatchObject({ message: expect.not.stringContaining("Drafts") });
});

test("a draft whose reply was lost is searched before another is made", async () => {
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
      left: async () => [],
      leftIn: "Drafts",
    };
  };
  expect([await makeOnce(steps([undefined, "first"]), pace), made]).toEqual(["first", 1]);
  expect([await makeOnce(steps([undefined, undefined]), pace), made]).toEqual(["second", 2]);
});

test("a copy is searched as long as it may appear, and a failure to read it leaves the message sent", async () => {
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

test("a defect while the copy is read is thrown, and says that the message was sent", async () => {
  const find = () => Promise.reject(new TypeError("x is not a function"));
  await expect(copyOf(find, pace, undefined)).rejects.toMatchObject({
    code: "internal",
    message: expect.stringMatching(/^The message was sent\./),
  });
});
