import { expect, test } from "vitest";
import { defineItemAction } from "../../src/catalogue/action-definition.ts";
import { exitCodeOf } from "../../src/catalogue/answer-envelope.ts";
import { sameOverGraph } from "../../src/exchange/port-methods.ts";
import { Failure, failures } from "../../src/failure.ts";
import { done, failed } from "../../src/outcome.ts";
import { perform } from "../../src/perform/perform.ts";
import { auditEntries, box, each, eraser, host, input, selectWords, story } from "./perform-box.ts";

// Splunk's on-prem connector reports a whole batch as failed when one id of it is.
test("one failed item does not hide the results of the others", async () => {
  const erase = (word: string) => {
    if (word === "two") throw new Failure("busy", "Later.", { wireCode: "ErrorServerBusy", requestId: "r-1" });
  };
  const answer = await perform(eraser({ erase }), { words: ["one", "denied", "two", "three"] }, host);
  expect(answer.counts).toEqual({ requested: 4, succeeded: 2, failed: 2, not_found: 0 });
  expect(answer.results?.map(({ item_id, status }) => [item_id, status])).toEqual([
    ["one", "done"],
    ["denied", "failed"],
    ["two", "failed"],
    ["three", "done"],
  ]);
  expect(answer.results?.[2]?.error).toEqual({
    code: "busy",
    message: "Later.",
    hint: failures.busy.hint,
    retryable: true,
    wire_code: "ErrorServerBusy",
    request_id: "r-1",
  });
  expect(exitCodeOf(answer)).toBe(6);
});

test("items that all failed alike give that failure's exit code, and different failures the common one", async () => {
  const busy = () => {
    throw new Failure("busy", "Later.");
  };
  expect(exitCodeOf(await perform(eraser({ erase: busy }), { words: ["one", "two"] }, host))).toBe(failures.busy.exit);
  expect(exitCodeOf(await perform(eraser({ erase: busy }), { words: ["one", "denied"] }, host))).toBe(6);
});

test("an action that returns too few results reports the missing ones as defects", async () => {
  const answer = await perform(eraser({ shorten: 1 }), { words: ["one", "two"] }, host);
  expect(answer.results?.map(({ status }) => status)).toEqual(["done", "failed"]);
  expect(answer.results?.[1]?.error?.code).toBe("internal");
});

test("an action that throws in the middle still returns a result for every item", async () => {
  const erase = (word: string) => {
    if (word === "two") throw new TypeError("a defect");
  };
  const answer = await perform(eraser({ erase }), { words: ["one", "two", "three"] }, host);
  expect(answer.results?.map(({ status, error }) => [status, error?.code])).toEqual([
    ["done", undefined],
    ["failed", "internal"],
    ["failed", "internal"],
  ]);
  expect(story.at(-1)).toBe("audit ended");
});

test("an item stopped in the middle is reported as possibly done", async () => {
  const erase = (word: string) => {
    if (word === "two") throw new Failure("cancelled", "Stopped.");
  };
  const answer = await perform(eraser({ erase }), { words: ["one", "two"] }, host);
  expect(answer.results?.map(({ error }) => error?.code)).toEqual([undefined, "unknown-outcome"]);
  expect(auditEntries()[1]?.outcome).toMatchObject([{ status: "done" }, { status: "failed", error: "unknown-outcome" }]);
});

test("an action stopped before its first change changes nothing", async () => {
  const answer = await perform(eraser(), { words: ["one"] }, { ...host, signal: AbortSignal.abort() });
  expect(answer).toMatchObject({ success: false, error: { code: "cancelled" } });
  expect([exitCodeOf(answer), box.size, story]).toEqual([failures.cancelled.exit, 3, []]);
});

test("a result that does not match its schema is a defect of that item", async () => {
  const answer = await perform(eraser({ answerWrong: true }), { words: ["one"] }, host);
  expect(answer.results?.[0]).toMatchObject({ status: "failed", error: { code: "internal" } });
});

// OfficeDev/ews-managed-api#147: success was reported though the message was not deleted.
test("a change that Exchange confirms but did not make is not-verified", async () => {
  const stubborn = defineItemAction({
    name: "erase-words",
    title: "Erase Words",
    summary: "Erase words.",
    uses: [],
    overGraph: sameOverGraph,
    effect: "destroy",
    input,
    each,
  })
    .select((asked) => selectWords(asked))
    .act(
      async function* (targets) {
        for (const _ of targets) yield done({ action: "erased" as const, length: 1 });
      },
      {
        async *verify(targets) {
          for (const [at] of targets.entries()) {
            if (at === 0) yield failed(new Failure("not-verified", "It is still there."));
            else if (at === 1) yield failed(new Failure("timeout", "No answer."));
            else yield done(true);
          }
        },
      },
    );
  const answer = await perform(stubborn, { words: ["one", "two", "three"] }, host);
  expect(answer.results?.map(({ status, verified, error }) => [status, verified, error?.code])).toEqual([
    ["failed", false, "not-verified"],
    ["done", false, undefined],
    ["done", true, undefined],
  ]);
});

// A server says of what a proxy hides, of a closed mailbox and of what is still there that it is not there.
test("a server's report of a missing message without a search is a failure, never not_found", async () => {
  const words = defineItemAction({
    name: "erase-words",
    title: "Erase Words",
    summary: "Erase words.",
    uses: [],
    overGraph: sameOverGraph,
    effect: "destroy",
    input,
    each,
  })
    .select(async function* () {
      yield { asked: { item_id: "one" }, outcome: failed(new Failure("not-found", "Gone.", { wireCode: "ErrorItemNotFound" })) };
      yield { asked: { item_id: "two" }, outcome: done({ row: { item_id: "two" } }) };
    })
    .act(async function* () {
      yield failed(new Failure("not-found", "Gone.", { wireCode: "ErrorItemNotFound" }));
    });
  const answer = await perform(words, { words: ["one", "two"] }, host);
  expect(answer).toMatchObject({ success: false, counts: { failed: 2, not_found: 0 } });
  expect(answer.results?.map(({ error }) => [error?.code, error?.wire_code])).toEqual([
    ["could-not-look", "ErrorItemNotFound"],
    ["could-not-look", "ErrorItemNotFound"],
  ]);
  expect(exitCodeOf(answer)).toBe(failures["could-not-look"].exit);
});
