import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import * as z from "zod";
import { type Action, type Effect, reading, type Selected, touching } from "../src/action.ts";
import { Answer, answerSchema, exitCodeOf } from "../src/answer.ts";
import { type AuditEntry, openAudit, verifyAudit } from "../src/audit.ts";
import { openEvidence } from "../src/evidence.ts";
import type { Call, Exchange, Mailbox } from "../src/exchange/exchange.ts";
import { Failure, failures } from "../src/failure.ts";
import { anywhere, confirm, keep_evidence } from "../src/fields.ts";
import { done, failed } from "../src/outcome.ts";
import { type Host, type Plan, perform } from "../src/perform.ts";
import { guarded } from "../src/which-messages.ts";

/** A box of words to practise on. What is done to a word, and when, is written down in `story`. */
let box: Set<string>;
let story: string[];
let calls: Call[];
let folder: string;
let host: Host;

beforeEach(() => {
  box = new Set(["one", "two", "three"]);
  story = [];
  calls = [];
  folder = mkdtempSync(join(tmpdir(), "mailcordon-perform-"));
  const log = openAudit(join(folder, "audit.jsonl"));
  const store = openEvidence(join(folder, "evidence"));
  host = {
    exchange,
    evidence: {
      ...store,
      async keep(bytes, about) {
        const kept = await store.keep(bytes, about);
        story.push(`kept ${about.name}`);
        return kept;
      },
    },
    audit: {
      async append(entry) {
        await log.append(entry);
        story.push(`audit ${entry.phase}`);
      },
    },
    confirm: async () => true,
    actor: "ann",
  };
});
afterEach(() => rmSync(folder, { recursive: true }));

const exchange: Exchange = {
  backend: "ews",
  mailbox(address, call = {}) {
    calls.push(call);
    const nothing = () => {
      throw new Error("the door itself asks nothing of a mailbox");
    };
    const mailbox: Mailbox = {
      address: address ?? "default@example.com",
      search: nothing,
      locate: nothing,
      get: nothing,
      mime: nothing,
      attachments: nothing,
      attachedMessages: nothing,
      attachmentContent: nothing,
      deleteAttachments: nothing,
      folder: nothing,
      createFolder: nothing,
      copy: nothing,
      move: nothing,
      delete: nothing,
      junk: nothing,
      send: nothing,
      reply: nothing,
      contacts: nothing,
      outOfOffice: nothing,
      rights: nothing,
    };
    return mailbox;
  },
  searchableMailboxes: () => Promise.reject(new Error("the door itself asks nothing")),
  close: () => Promise.resolve(),
};

const input = z.strictObject({ ...anywhere, ...guarded, confirm, keep_evidence, words: z.array(z.string()) });
const each = z.strictObject({ action: z.literal("erased"), length: z.number() });

async function* selectWords(asked: z.output<typeof input>): AsyncGenerator<Selected> {
  for (const word of asked.words) {
    if (word === "denied") yield { asked: { item_id: word }, outcome: failed(new Failure("access-denied", "No.")) };
    else if (!box.has(word)) yield { asked: { item_id: word }, outcome: failed(new Failure("not-found", "It is not in the box.")) };
    else yield { asked: { item_id: word }, outcome: done({ row: { item_id: word, subject: `about ${word}`, body_text: "private" } }) };
  }
}

async function* chunksOf(text: string) {
  yield Buffer.from(text);
}

interface Behaviour {
  readonly effect?: Effect;
  /** Throws Failures, makes defects. */
  readonly erase?: (word: string) => void;
  readonly shorten?: number;
  readonly answerWrong?: boolean;
  readonly unkept?: string;
}

function eraser({ effect = "destroy", erase = () => {}, shorten, answerWrong = false, unkept }: Behaviour = {}): Action {
  return touching({ name: "erase-words", title: "Erase Words", summary: "Erase words.", noun: "word", done: "erased", effect, input, each })
    .select((asked) => selectWords(asked))
    .act(
      async function* (targets) {
        for (const { row } of targets.slice(0, shorten)) {
          const word = String(row.item_id);
          story.push(`erase ${word}`);
          try {
            erase(word);
          } catch (thrown) {
            if (!(thrown instanceof Failure) || thrown.code === "cancelled") throw thrown;
            yield failed(thrown);
            continue;
          }
          box.delete(word);
          yield done({ action: "erased" as const, length: answerWrong ? Number.NaN : word.length });
        }
      },
      {
        preserve: {
          wanted: (asked) => asked.keep_evidence,
          async *bytes(targets) {
            for (const { row } of targets) {
              if (row.item_id === unkept) yield failed(new Failure("unreadable", "It cannot be read."));
              else yield done({ name: `${row.item_id}.eml`, bytes: chunksOf(`body of ${row.item_id}`) });
            }
          },
        },
        async *verify(targets) {
          for (const { row } of targets) {
            story.push(`look ${row.item_id}`);
            if (row.item_id === "shy") yield failed(new Failure("timeout", "No answer."));
            else yield box.has(String(row.item_id)) ? failed(new Failure("not-verified", "It is still there.")) : done(true);
          }
        },
      },
    );
}

function auditEntries(): AuditEntry[] {
  return readFileSync(join(folder, "audit.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

test("evidence comes before the audit, the audit before the act, and looking again after it", async () => {
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

test("the audit names actor, mailbox, targets, options and what became of each, and holds no bodies", async () => {
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
  expect(await verifyAudit(join(folder, "audit.jsonl"))).toEqual({ entries: 2, lastHash: expect.any(String), torn: [] });
});

test("a dry run touches nothing, asks nobody, and leaves no trace", async () => {
  const asked = { ...host, confirm: () => Promise.reject(new Error("asked")) };
  const answer = await perform(eraser(), { words: ["one", "gone"], dry_run: "true", keep_evidence: true }, asked);
  expect(answer).toMatchObject({ success: true, dry_run: true, counts: { requested: 2, succeeded: 0, failed: 0, not_found: 1 } });
  expect(answer.results?.map(({ status }) => status)).toEqual(["planned", "not_found"]);
  expect(answer.message).toBe("1 of 2 words would be erased; 1 not found.");
  expect([story, readdirSync(folder), box.size]).toEqual([[], [], 3]);
});

test("nothing is destroyed without a yes, and the plan is told", async () => {
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

test("confirm in the input is the yes", async () => {
  const { confirm: _, ...mute } = host;
  expect(await perform(eraser(), { words: ["one"], confirm: true }, mute)).toMatchObject({ success: true });
  expect(box.has("one")).toBe(false);
});

test.each(["change", "create", "send", "destroy"] as const)(
  "who may not say yes to itself cannot confirm a %s in the input: the host is asked",
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

test("nobody is asked when there is nothing to touch", async () => {
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

test("what is not there fails a call that was to send or make something", async () => {
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
  "where another number is found than %j says, nothing is touched",
  async (guard) => {
    const answer = await perform(eraser(), { words: ["one", "two", "three"], ...guard }, host);
    expect(answer).toMatchObject({ success: false, error: { code: "unexpected-count" } });
    expect(answer.results?.map(({ status }) => status)).toEqual(["planned", "planned", "planned"]);
    expect([exitCodeOf(answer), story, box.size]).toEqual([failures["unexpected-count"].exit, [], 3]);
  },
);

test("the right number goes through, and what is not found does not count", async () => {
  const answer = await perform(eraser(), { words: ["one", "gone", "two"], expected_count: "2", max_items: 2 }, host);
  expect(answer).toMatchObject({ success: true, counts: { requested: 3, succeeded: 2, failed: 0, not_found: 1 } });
});

test("an item whose evidence cannot be kept is not touched; the others are", async () => {
  const answer = await perform(eraser({ unkept: "one" }), { words: ["one", "two"], keep_evidence: true }, host);
  expect(answer.results?.[0]).toMatchObject({ status: "failed", error: { code: "evidence-failed" } });
  expect(answer.results?.[1]).toMatchObject({ status: "done" });
  expect([...box]).toEqual(["one", "three"]);
  expect(exitCodeOf(answer)).toBe(6);
  expect(auditEntries()[0]?.targets).toEqual([{ item_id: "two", subject: "about two" }]);
});

test("where no evidence can be kept at all, nothing is touched and the audit says nothing was begun", async () => {
  writeFileSync(join(folder, "file"), "");
  const answer = await perform(
    eraser(),
    { words: ["one"], keep_evidence: true },
    { ...host, evidence: openEvidence(join(folder, "file")) },
  );
  expect([exitCodeOf(answer), box.size, story]).toEqual([failures["evidence-failed"].exit, 3, []]);
});

test("when the audit cannot be begun, nothing is touched", async () => {
  const broken = { ...host, audit: { append: () => Promise.reject(new Failure("audit-failed", "No room.")) } };
  const answer = await perform(eraser(), { words: ["one"] }, broken);
  expect(answer).toMatchObject({ success: false, error: { code: "audit-failed" } });
  expect(box.size).toBe(3);
});

test("when the audit cannot be ended, the answer says so and still says what was done", async () => {
  const append = (entry: AuditEntry) =>
    entry.phase === "ended" ? Promise.reject(new Failure("audit-failed", "No room.")) : Promise.resolve();
  const answer = await perform(eraser(), { words: ["one"] }, { ...host, audit: { append } });
  expect(answer).toMatchObject({ success: false, error: { code: "audit-failed" }, results: [{ item_id: "one", status: "done" }] });
});

test("reads ask nobody and leave no audit", async () => {
  const { confirm: _, ...mute } = host;
  expect(await perform(eraser({ effect: "read" }), { words: ["one"] }, mute)).toMatchObject({ success: true });
  expect(story).toEqual(["erase one", "look one"]);
});

// Splunk's on-prem connector reports a whole batch as failed when one id of it is.
test("one item that fails does not hide what became of the others", async () => {
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

test("items that all failed alike give that failure's exit code, unlike ones the common one", async () => {
  const busy = () => {
    throw new Failure("busy", "Later.");
  };
  expect(exitCodeOf(await perform(eraser({ erase: busy }), { words: ["one", "two"] }, host))).toBe(failures.busy.exit);
  expect(exitCodeOf(await perform(eraser({ erase: busy }), { words: ["one", "denied"] }, host))).toBe(6);
});

test("an action that answers for fewer items than it got has those as defects", async () => {
  const answer = await perform(eraser({ shorten: 1 }), { words: ["one", "two"] }, host);
  expect(answer.results?.map(({ status }) => status)).toEqual(["done", "failed"]);
  expect(answer.results?.[1]?.error?.code).toBe("internal");
});

test("an action that throws in the middle still has every item answered", async () => {
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

test("what was stopped in the middle may have been done, and says so", async () => {
  const erase = (word: string) => {
    if (word === "two") throw new Failure("cancelled", "Stopped.");
  };
  const answer = await perform(eraser({ erase }), { words: ["one", "two"] }, host);
  expect(answer.results?.map(({ error }) => error?.code)).toEqual([undefined, "unknown-outcome"]);
  expect(auditEntries()[1]?.outcome).toMatchObject([{ status: "done" }, { status: "failed", error: "unknown-outcome" }]);
});

test("what was stopped before the act touches nothing", async () => {
  const answer = await perform(eraser(), { words: ["one"] }, { ...host, signal: AbortSignal.abort() });
  expect(answer).toMatchObject({ success: false, error: { code: "cancelled" } });
  expect([exitCodeOf(answer), box.size, story]).toEqual([failures.cancelled.exit, 3, []]);
});

test("an answer that is not as the action's schema says is a defect of that item", async () => {
  const answer = await perform(eraser({ answerWrong: true }), { words: ["one"] }, host);
  expect(answer.results?.[0]).toMatchObject({ status: "failed", error: { code: "internal" } });
});

// OfficeDev/ews-managed-api#147: success was reported though the message was not deleted.
test("what Exchange says it did and did not do is not-verified", async () => {
  const stubborn = touching({ name: "erase-words", title: "Erase Words", summary: "Erase words.", effect: "destroy", input, each })
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

test("wrong input is an answer, too, and nothing is opened for it", async () => {
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

const counting = reading({
  name: "count-words",
  title: "Count Words",
  summary: "Count words.",
  input: z.strictObject({ ...anywhere, wrong: z.boolean().default(false) }),
  output: z.strictObject({ words: z.number() }),
}).run(async ({ wrong, mailbox }, { call }) => {
  call.waited?.(1200);
  call.waited?.(300.4);
  if (mailbox === "nobody@example.com")
    throw new Failure("mailbox-not-found", "There is no such mailbox.", { wireCode: "ErrorNonExistentMailbox" });
  return { words: wrong ? Number.NaN : box.size, ...(box.size === 0 ? { message: "No words found" } : {}) };
});

test("a whole answer stands beside the envelope, and says how long Exchange made us wait", async () => {
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
test("finding nothing is a success with the action's own words", async () => {
  box.clear();
  const answer = await perform(counting, {}, host);
  expect(answer).toMatchObject({ success: true, message: "No words found", words: 0 });
});

test("a whole answer that its schema refuses is a defect, not an answer", async () => {
  expect(await perform(counting, { wrong: true }, host)).toMatchObject({ success: false, error: { code: "internal" } });
});

test("a call that failed as a whole keeps the wire's own code", async () => {
  const answer = await perform(counting, { mailbox: "nobody@example.com" }, host);
  expect(answer).toMatchObject({
    success: false,
    mailbox: "nobody@example.com",
    error: { code: "mailbox-not-found", wire_code: "ErrorNonExistentMailbox" },
  });
  expect(exitCodeOf(answer)).toBe(failures["mailbox-not-found"].exit);
});

test.each([
  [["one", "two", "gone"], "2 of 3 words erased; 1 not found."],
  [["denied", "one", "denied"], "1 of 3 words erased; 2 failed, the first: No."],
  [["denied"], "1 word failed: No."],
])("what became of %j is said as %j", async (words, sentence) => {
  expect((await perform(eraser(), { words, confirm: true }, host)).message).toBe(sentence);
});
