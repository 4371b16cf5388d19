import { expect, test } from "vitest";
import { catalogue } from "../../src/actions/index.ts";
import { type Answer, answerSchema, ErrorNoun, errorNoun, exitCodeOf } from "../../src/catalogue/answer-envelope.ts";
import { Failure, type FailureCode, failures, someItemsFailedExit } from "../../src/failure.ts";

function answerOf(...codes: (FailureCode | "done" | "not_found")[]): Answer {
  const results = codes.map((code) => {
    if (code === "done" || code === "not_found") return { status: code };
    return { status: "failed" as const, error: errorNoun(new Failure(code, "No.")) };
  });
  const counts = { requested: codes.length, succeeded: 0, failed: 0, not_found: 0 };
  return { success: codes.every((code) => code === "done" || code === "not_found"), message: "", action: "a", counts, results };
}

test.each([
  [answerOf(), 0],
  [answerOf("done"), 0],
  [answerOf("done", "not_found"), 0],
  [answerOf("busy"), failures.busy.exit],
  [answerOf("busy", "busy"), failures.busy.exit],
  [answerOf("busy", "timeout"), someItemsFailedExit],
  [answerOf("busy", "done"), someItemsFailedExit],
  [answerOf("busy", "not_found"), someItemsFailedExit],
  [{ ...answerOf("done"), success: false, error: errorNoun(new Failure("audit-failed", "No.")) }, failures["audit-failed"].exit],
  [{ ...answerOf(), success: false }, someItemsFailedExit],
])("the exit code of an answer follows from its failures (%#)", (answer, exit) => {
  expect(exitCodeOf(answer)).toBe(exit);
});

test("an answer accepts every code of the failure table, with the hint of that code", () => {
  for (const [code, { hint, retryable }] of Object.entries(failures)) {
    expect(ErrorNoun.parse({ code, message: "x", hint, retryable })).toMatchObject({ code, hint });
  }
});

test("the schema of an action's answers is built only once", () => {
  for (const action of catalogue) expect(answerSchema(action)).toBe(answerSchema(action));
  expect(new Set(catalogue.map(answerSchema)).size).toBe(catalogue.length);
});
