import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { type Action, defineItemAction, defineWholeAnswerAction } from "../../src/catalogue/action-definition.ts";
import { Answer, answerSchema, exitCodeOf } from "../../src/catalogue/answer-envelope.ts";
import { commonFields } from "../../src/catalogue/common-fields.ts";
import type { Exchange } from "../../src/exchange/exchange.ts";
import { sameOverGraph } from "../../src/exchange/port-methods.ts";
import { asFailure, Failure, failures } from "../../src/failure.ts";
import { done, failed } from "../../src/outcome.ts";
import type { AuditEntry } from "../../src/perform/audit/audit-log.ts";
import { verifyAudit } from "../../src/perform/audit/verify-audit.ts";
import { openEvidence } from "../../src/perform/evidence/hash-and-store.ts";
import { type Host, type Plan, perform } from "../../src/perform/perform.ts";
import { auditEntries, box, calls, each, eraser, exchange, folder, host, input, selectWords, story } from "./perform-box.ts";

test("evidence is kept before the audit entry, the entry written before the change, and the change verified afterwards", async () => {
  const answer = await perform(eraser(), { words: ["one", "two"], keep_evidence: true }, host);
  expect(story).toEqual(["kept one.eml", "kept two.eml", "audit began", "erase one", "erase two", "look one", "look two", "audit ended"]);
  expect(answer).toMatchObject({
    success: true,
    message: "2 words erased.",
    action: "erase-words",
    backend: "ews",
    mailbox: "default@example.com",
    counts: { requested: 2, succeeded: 2, failed: 0, not_found: 0 },
  });
  expect(answer.results?.[0]).toMatchObject({
    item_id: "one",
    subject: "about one",
    status: "done",
    action: "erased",
    length: 3,
    verified: true,
  });
  expect(readFileSync(answer.results?.[1]?.evidence?.file_ref ?? "", "utf8")).toBe("body of two");
  expect(exitCodeOf(answer)).toBe(0);
  expect(answerSchema(eraser()).safeParse(answer).success).toBe(true);
});

describe("a read whose audit entry is required", () => {
  const lines = () => readFileSync(join(folder, "audit.jsonl"), "utf8").trim().split("\n");

  test("has one entry with the caller and the items, without content", async () => {
    await perform(eraser({ effect: "read" }), { words: ["one"] }, { ...host, auditsReads: true, actor: "key:1" });
    expect(lines().map((line) => JSON.parse(line))).toMatchObject([
      { phase: "read", effect: "read", actor: "key:1", mailbox: "default@example.com", targets: [{}] },
    ]);
  });

  test("fails before any read if its entry cannot be written", async () => {
    const audit = { append: () => Promise.reject(new Failure("audit-failed", "The disk is full.")) };
    const answer = await perform(eraser({ effect: "read" }), { words: ["one"] }, { ...host, audit, auditsReads: true });
    expect([answer.error?.code, answer.results]).toEqual(["audit-failed", undefined]);
    expect(story.filter((line) => line.startsWith("erase"))).toEqual([]);
  });
});

test("the audit log names caller, mailbox, targets, options and results, and has no bodies", async () => {
  const erase = (word: string) => {
    if (word === "two") throw new Failure("access-denied", "No.");
  };
  await perform(
    eraser({ erase }),
    { words: ["one", "two"], mailbox: "bob@example.com", keep_evidence: "true" },
    { ...host, connection: "lab" },
  );
  const [began, ended] = auditEntries();
  expect(began).toMatchObject({
    phase: "began",
    actor: "ann",
    connection: "lab",
    mailbox: "bob@example.com",
    effect: "destroy",
    backend: "ews",
  });
  expect(began?.targets).toEqual([
    { item_id: "one", subject: "about one" },
    { item_id: "two", subject: "about two" },
  ]);
  expect(began?.options).toEqual({ keep_evidence: true, dry_run: false, confirm: false });
  expect(began?.outcome?.[0]).toMatchObject({ evidence: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) } });
  expect(ended).toMatchObject({ phase: "ended", call_id: began?.call_id });
  expect(ended?.outcome).toEqual([
    { status: "done", verified: true, action: "erased" },
    { status: "failed", error: "access-denied" },
  ]);
  expect(readFileSync(join(folder, "audit.jsonl"), "utf8")).not.toContain("private");
  expect(await verifyAudit(join(folder, "audit.jsonl"))).toMatchObject({ entries: 2, lastHash: expect.any(String), torn: [] });
});

test("a dry run changes nothing, asks no question and writes no audit entry", async () => {
  const asked = { ...host, confirm: () => Promise.reject(new Error("asked")) };
  const answer = await perform(eraser(), { words: ["one", "gone"], dry_run: "true", keep_evidence: true }, asked);
  expect(answer).toMatchObject({ success: true, dry_run: true, counts: { requested: 2, succeeded: 0, failed: 0, not_found: 1 } });
  expect(answer.results?.map(({ status }) => status)).toEqual(["planned", "not_found"]);
  expect(answer.message).toBe("1 of 2 words would be erased; 1 not found in 3 folders of box.");
  expect([story, readdirSync(folder), box.size]).toEqual([[], [], 3]);
});

test("nothing is deleted without a confirmation, and the plan is returned", async () => {
  const plans: Plan[] = [];
  const refusing = {
    ...host,
    confirm: async (plan: Plan) => {
      plans.push(plan);
      return false;
    },
  };
  const { confirm: _, ...mute } = host;
  for (const each of [refusing, mute]) {
    const answer = await perform(eraser(), { words: ["one"] }, each);
    expect(answer).toMatchObject({
      success: false,
      error: { code: "confirmation-required" },
      results: [{ item_id: "one", status: "planned" }],
    });
    expect(exitCodeOf(answer)).toBe(failures["confirmation-required"].exit);
  }
  expect(plans).toMatchObject([
    {
      action: "erase-words",
      title: "Erase Words",
      effect: "destroy",
      mailbox: "default@example.com",
      noun: "word",
      done: "erased",
      columns: [],
      rows: [{ item_id: "one" }],
    },
  ]);
  expect([story, box.size]).toEqual([[], 3]);
});

test("the field confirm is a confirmation", async () => {
  const { confirm: _, ...mute } = host;
  expect(await perform(eraser(), { words: ["one"], confirm: true }, mute)).toMatchObject({ success: true });
  expect(box.has("one")).toBe(false);
});

test.each(["change", "create", "send", "destroy"] as const)(
  "a caller that may not confirm its own calls cannot confirm a %s in the input, and the host is asked",
  async (effect) => {
    const asked: string[] = [];
    const confirm = async ({ title }: Plan) => {
      asked.push(title);
      return false;
    };
    const answer = await perform(eraser({ effect }), { words: ["one"], confirm: true }, { ...host, confirm, asksAlways: true });
    expect([asked, answer.error?.code, box.has("one")]).toEqual([["Erase Words"], "confirmation-required", true]);
  },
);

test("no question is asked if there is nothing to change", async () => {
  const asked = { ...host, confirm: () => Promise.reject(new Error("asked")) };
  const answer = await perform(eraser(), { words: ["gone"] }, asked);
  expect(answer).toMatchObject({
    success: true,
    counts: { requested: 1, not_found: 1 },
    results: [{ item_id: "gone", status: "not_found" }],
  });
  expect([exitCodeOf(answer), story]).toEqual([0, []]);
  expect(await perform(eraser(), { words: [] }, asked)).toMatchObject({ success: true, message: "No words found." });
});

test("a missing message fails a call that sends or creates something", async () => {
  for (const effect of ["send", "create"] as const) {
    const answer = await perform(eraser({ effect }), { words: ["gone"] }, host);
    expect(answer).toMatchObject({
      success: false,
      counts: { not_found: 1 },
      results: [{ status: "not_found", error: { code: "not-found" } }],
    });
    expect(exitCodeOf(answer)).toBe(failures["not-found"].exit);
  }
});

test.each([{ expected_count: 2 }, { expected_count: 4 }, { expected_count: 0 }, { max_items: 2 }])(
  "nothing is changed if the number found differs from %j",
  async (guard) => {
    const answer = await perform(eraser(), { words: ["one", "two", "three"], ...guard }, host);
    expect(answer).toMatchObject({ success: false, error: { code: "unexpected-count" } });
    expect(answer.results?.map(({ status }) => status)).toEqual(["planned", "planned", "planned"]);
    expect([exitCodeOf(answer), story, box.size]).toEqual([failures["unexpected-count"].exit, [], 3]);
  },
);

test("the expected number is accepted, and missing messages do not count", async () => {
  const answer = await perform(eraser(), { words: ["one", "gone", "two"], expected_count: "2", max_items: 2 }, host);
  expect(answer).toMatchObject({ success: true, counts: { requested: 3, succeeded: 2, failed: 0, not_found: 1 } });
});

test("an item whose two readings differ is not changed, and nothing of it is kept", async () => {
  box.add("unsteady");
  const answer = await perform(eraser(), { words: ["unsteady", "two"], keep_evidence: true }, host);
  expect(answer.results).toMatchObject([{ status: "failed", error: { code: "evidence-failed" } }, { status: "done" }]);
  expect(answer.results?.[0]?.evidence).toBeUndefined();
  expect([box.has("unsteady"), readdirSync(join(folder, "evidence", "files"))]).toEqual([true, ["two.eml"]]);
});

test("an item whose evidence cannot be kept is not changed, and the others are", async () => {
  const answer = await perform(eraser({ unkept: "one" }), { words: ["one", "two"], keep_evidence: true }, host);
  expect(answer.results?.[0]).toMatchObject({ status: "failed", error: { code: "evidence-failed" } });
  expect(answer.results?.[1]).toMatchObject({ status: "done" });
  expect([...box]).toEqual(["one", "three"]);
  expect(exitCodeOf(answer)).toBe(6);
  expect(auditEntries()[0]?.targets).toEqual([{ item_id: "two", subject: "about two" }]);
});

test("nothing is changed if no evidence can be kept, and the audit log has no begin", async () => {
  writeFileSync(join(folder, "file"), "");
  const answer = await perform(
    eraser(),
    { words: ["one"], keep_evidence: true },
    { ...host, evidence: openEvidence(join(folder, "file")) },
  );
  expect([exitCodeOf(answer), box.size, story]).toEqual([failures["evidence-failed"].exit, 3, []]);
});

test("nothing is changed if the audit entry cannot be written", async () => {
  const broken = { ...host, audit: { append: () => Promise.reject(new Failure("audit-failed", "No room.")) } };
  const answer = await perform(eraser(), { words: ["one"] }, broken);
  expect(answer).toMatchObject({ success: false, error: { code: "audit-failed" } });
  expect(box.size).toBe(3);
});

test("the answer reports a missing final audit entry together with the results", async () => {
  const append = (entry: AuditEntry) =>
    entry.phase === "ended" ? Promise.reject(new Failure("audit-failed", "No room.")) : Promise.resolve();
  const answer = await perform(eraser(), { words: ["one"] }, { ...host, audit: { append } });
  expect(answer).toMatchObject({ success: false, error: { code: "audit-failed" }, results: [{ item_id: "one", status: "done" }] });
});

const refuse = () => {
  throw new Failure("refused", "It will not go.");
};

test("the answer does not report a change if everything failed and the final audit entry is missing", async () => {
  const append = (entry: AuditEntry) =>
    entry.phase === "ended" ? Promise.reject(new Failure("audit-failed", "No room.")) : Promise.resolve();
  const answer = await perform(eraser({ erase: refuse }), { words: ["one"] }, { ...host, audit: { append } });
  expect(answer.results).toMatchObject([{ status: "failed" }]);
  expect(answer.error).toMatchObject({
    code: "audit-failed",
    message: expect.stringMatching(/^1 word failed: .* The audit entry of this result could not be written: No room\.$/),
  });
  expect(box.size).toBe(3);
});

describe("the host is notified of a change", () => {
  const touched = async (...[action, input, changes]: [Action, object, Partial<Host>?]) => {
    let times = 0;
    await perform(action, input, { ...host, touching: () => (times += 1), ...changes });
    return times;
  };

  test("once, after the audit has begun and before the first item", async () => {
    await perform(eraser(), { words: ["one", "two"] }, { ...host, touching: () => story.push("touching") });
    expect(story.slice(0, 3)).toEqual(["audit began", "touching", "erase one"]);
    expect(story.filter((what) => what === "touching")).toHaveLength(1);
  });

  test("not by a read, a dry run, a refusal, or a call without its audit or evidence", async () => {
    expect(await touched(eraser({ effect: "read" }), { words: ["one"] })).toBe(0);
    expect(await touched(eraser(), { words: ["one"], dry_run: true })).toBe(0);
    expect(await touched(eraser(), { words: ["one"] }, { confirm: async () => false })).toBe(0);
    expect(await touched(eraser(), { words: 7 })).toBe(0);
    expect(
      await touched(eraser(), { words: ["one"] }, { audit: { append: () => Promise.reject(new Failure("audit-failed", "No.")) } }),
    ).toBe(0);
    expect(await touched(eraser({ unkept: "one" }), { words: ["one"], keep_evidence: true })).toBe(0);
  });
});

test("a read asks no question and writes no audit entry", async () => {
  const { confirm: _, ...mute } = host;
  expect(await perform(eraser({ effect: "read" }), { words: ["one"] }, mute)).toMatchObject({ success: true });
  expect(story).toEqual(["erase one", "look one"]);
});

test("wrong input returns an answer, and no connection is opened", async () => {
  const answer = await perform(eraser(), { words: "one", word: 1 }, host);
  expect(answer).toMatchObject({ success: false, action: "erase-words", error: { code: "invalid-input", retryable: false } });
  expect(answer.message).toMatch(/words: .*word/);
  expect([exitCodeOf(answer), calls]).toEqual([failures["invalid-input"].exit, []]);
  expect(Answer.safeParse(answer).success).toBe(true);
});

test("the mailbox, access and time-out of the input reach the back end, in milliseconds", async () => {
  const controller = new AbortController();
  const input = { words: [], mailbox: "bob@example.com", access: "delegate", timeout_seconds: "1.5" };
  expect(await perform(eraser(), input, { ...host, signal: controller.signal })).toMatchObject({ mailbox: "bob@example.com" });
  expect(calls).toMatchObject([{ access: "delegate", timeoutMs: 1500, signal: controller.signal }]);
});

const counting = defineWholeAnswerAction({
  name: "count-words",
  title: "Count Words",
  summary: "Count words.",
  uses: [],
  overGraph: sameOverGraph,
  input: z.strictObject({ ...commonFields, wrong: z.boolean().default(false) }),
  output: z.strictObject({ words: z.number() }),
}).run(async ({ wrong, mailbox }, { call }) => {
  call.waited?.(1200);
  call.waited?.(300.4);
  if (mailbox === "nobody@example.com")
    throw new Failure("mailbox-not-found", "There is no such mailbox.", { wireCode: "ErrorNonExistentMailbox" });
  return { words: wrong ? Number.NaN : box.size, ...(box.size === 0 ? { message: "No words found" } : {}) };
});

test("an answer without a list is returned beside the envelope, which reports the wait for Exchange", async () => {
  const answer = await perform(counting, {}, host);
  expect(answer).toEqual({
    success: true,
    message: "Count Words: done.",
    action: "count-words",
    backend: "ews",
    mailbox: "default@example.com",
    counts: { requested: 1, succeeded: 1, failed: 0, not_found: 0 },
    words: 3,
    waited_ms: 1500,
  });
});

// Sumo Logic's own integration raised an exception when there were no contacts; its 2.4 was made to correct that.
test("an empty result is a success with the action's own message", async () => {
  box.clear();
  const answer = await perform(counting, {}, host);
  expect(answer).toMatchObject({ success: true, message: "No words found", words: 0 });
});

test("an answer that its schema refuses is a defect", async () => {
  expect(await perform(counting, { wrong: true }, host)).toMatchObject({ success: false, error: { code: "internal" } });
});

test("a call that failed as a whole keeps the server's code", async () => {
  const answer = await perform(counting, { mailbox: "nobody@example.com" }, host);
  expect(answer).toMatchObject({
    success: false,
    mailbox: "nobody@example.com",
    error: { code: "mailbox-not-found", wire_code: "ErrorNonExistentMailbox" },
  });
  expect(exitCodeOf(answer)).toBe(failures["mailbox-not-found"].exit);
});

test.each([
  [["one", "two", "gone"], "2 of 3 words erased; 1 not found in 3 folders of box."],
  [["denied", "one", "denied"], "1 of 3 words erased; 2 failed, the first: No."],
  [["denied"], "1 word failed: No."],
])("the result of %j is reported as %j", async (words, sentence) => {
  expect((await perform(eraser(), { words, confirm: true }, host)).message).toBe(sentence);
});

test("an action without any mailbox changes nothing and names the missing field", async () => {
  const nameless: Exchange = {
    ...exchange,
    mailbox: () => {
      throw new Failure("invalid-input", "No mailbox is named.");
    },
  };
  const answer = await perform(eraser(), { words: ["one"], confirm: true }, { ...host, exchange: nameless });
  expect([answer.error?.code, answer.message, story, box.size]).toEqual(["invalid-input", "No mailbox is named.", [], 3]);
});

test("after a defect in the verification, the item is a failure that says it was done", async () => {
  const action = defineItemAction({
    name: "erase-words",
    title: "Erase Words",
    summary: "Erase words.",
    uses: [],
    overGraph: sameOverGraph,
    effect: "change",
    input,
    each,
  })
    .select((asked) => selectWords(asked))
    .act(
      async function* (targets) {
        for (const _ of targets) yield done({ action: "erased" as const, length: 3 });
      },
      {
        async *verify() {
          yield failed(asFailure(new TypeError("x is not a function")));
        },
      },
    );
  const answer = await perform(action, { words: ["one"] }, host);
  expect(answer.results).toMatchObject([
    {
      status: "failed",
      verified: false,
      error: { code: "internal", message: expect.stringMatching(/^The item was processed, but .*x is not a function/) },
    },
  ]);
  expect(exitCodeOf(answer)).toBe(failures.internal.exit);
});
