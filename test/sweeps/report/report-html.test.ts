import { describe, expect, test } from "vitest";
import type { ReportSource, SweepDocument, TargetDocument } from "../../../src/sweeps/report/report-cells.ts";
import { reportCsv } from "../../../src/sweeps/report/report-csv.ts";
import { reportHtml } from "../../../src/sweeps/report/report-html.ts";

const hostile = '=HYPERLINK("http://evil.example.com","x")<script>alert(1)</script>\u202e"\'\u0000\r\n<img src=x onerror=alert(1)>';
const target: TargetDocument = {
  mailbox: "ann@example.com",
  item_id: "-1+1",
  internet_message_id: "<1@example.net>",
  folder_path: "@Inbox",
  subject: hostile,
  from: hostile,
  received_at: "2026-11-30T12:00:00.000Z",
  size: 10,
  state: "failed",
  attempts: 1,
  outcome: { error: { code: "busy", message: hostile } },
  outcome_at: "2026-11-30T12:03:00.000Z",
};
const counts = { messages: 1, mailboxes: 1, examined: 1, unexamined: 1, waiting: 0, unknown: 0, done: 0, failed: 1, changed: 0, gone: 0 };
const sweep: SweepDocument = {
  sweep: "20261130-00000000",
  state: "finished",
  direction: "act",
  plan_hash: "abc",
  connection: hostile,
  action: "delete-email",
  input: {},
  find: { internet_message_id: [hostile], mailboxes: "all", finder: "It was searched." },
  limits: {},
  counts,
  unexamined: [{ mailbox: hostile, code: "busy", message: hostile }],
  left_alone: [hostile],
  cannot_be_undone: [hostile],
  planned_by: hostile,
  planned_at: "2026-11-30T12:00:00.000Z",
};

function sourceOf(targets: readonly TargetDocument[], more: Partial<ReportSource> = {}): ReportSource {
  return {
    ...{ message: hostile, sweep },
    async *targets() {
      yield* targets;
    },
    ...more,
  };
}

async function textOf(pieces: AsyncIterable<string>): Promise<string> {
  let text = "";
  for await (const piece of pieces) text += piece;
  return text;
}

/** The words of a page, without its tags. */
const wordsOf = (page: string) =>
  page
    .replace(/<style>.*?<\/style>/s, "")
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ");

describe("the report of a sweep", () => {
  test("as a page loads and runs nothing that a message says", async () => {
    const event = { time: "2026-11-30T12:01:00.000Z", action: hostile, actor: hostile };
    const page = await textOf(reportHtml(sourceOf([target], { events: [event] })));
    const tags = [...page.matchAll(/<\/?([a-z!][a-z0-9]*)/gi)].map(([, name]) => name?.toLowerCase());
    expect(new Set(tags)).toEqual(
      new Set([
        ...["!doctype", "html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "code", "ul", "li"],
        ...["table", "thead", "tbody", "tr", "th", "td", "details", "summary"],
      ]),
    );
    expect(page).toContain("default-src 'none'");
    expect(page).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
    expect(page).not.toMatch(/[\u0000\u202e\r]/);
    expect(page).not.toMatch(/\s(?:src|href|on[a-z]+)\s*=\s*["']/i);
  });

  test("as a page lists unknown outcomes, and does not count them as done", async () => {
    const { outcome: _, outcome_at: __, ...begun } = target;
    const unknown = { ...sweep, counts: { ...counts, failed: 0, unknown: 1 } };
    const words = wordsOf(await textOf(reportHtml(sourceOf([{ ...begun, state: "acting" }], { sweep: unknown }))));
    expect(words).toContain("What became of 1 message: it was begun, and no outcome is recorded yet.");
    expect(words).toContain("Done 0");
    expect(words).toContain("not known No reason is recorded.");
    expect(words).not.toContain("Every mailbox of the plan was examined completely.");
    const whole = { ...sweep, unexamined: [], counts: { ...counts, unexamined: 0 } };
    expect(wordsOf(await textOf(reportHtml(sourceOf([target], { sweep: whole }))))).toContain(
      "Every mailbox of the plan was examined completely.",
    );
  });

  test("as a page groups failures by their reasons, and says which messages can be undone", async () => {
    const evidence = { file_ref: "/evidence/files/a.eml", sha256: "a".repeat(64), size: 1, safe_name: "a.eml" };
    const done: TargetDocument = { ...target, state: "done", outcome: { undo: { item_id: "1", to: "inbox" }, evidence } };
    const failed: TargetDocument = { ...target, outcome: { error: { code: "busy", message: "Exchange is busy." } } };
    const page = await textOf(reportHtml(sourceOf([done, done, { ...done, outcome: {} }, failed, failed, { ...done, undo: "undone" }])));
    const words = wordsOf(page);
    expect(words).toContain("2 failed Exchange is busy.");
    expect(words).toContain("2 messages can be undone");
    expect(words).toContain("1 message that is done cannot be undone.");
    expect(words).toContain("Different pieces of evidence 1 Done without evidence 1");
    expect(words).toContain("2026-11-30T12:03Z done: 4, failed: 2");
    expect(words).toContain("ann@example.com done: 3, failed: 2, undone: 1");
  });

  test("as a page says which messages can be restored as copies, and only where the plan says so", async () => {
    const evidence = { file_ref: "/evidence/files/a.eml", sha256: "a".repeat(64), size: 1, safe_name: "a.eml" };
    const hard: TargetDocument = { ...target, state: "done", folder_id: "inbox", outcome: { evidence } };
    const back: TargetDocument = { ...hard, undo: "undone", undo_outcome: { restored_copy: true } };
    const planned = { ...sweep, restored_from_evidence: ["A copy lacks the times of its flags."] };
    const words = wordsOf(await textOf(reportHtml(sourceOf([hard, { ...hard, outcome: {} }, back], { sweep: planned }))));
    expect(words).toContain("1 message can be restored as a copy from its evidence, by the same command.");
    expect(words).toContain("1 message that is done cannot be undone.");
    expect(words).toContain("A copy lacks the times of its flags.");
    expect(words).toContain("ann@example.com done: 2, restored as a copy: 1");
    const copied = wordsOf(await textOf(reportHtml(sourceOf([hard]))));
    expect(copied).toContain("1 message that is done cannot be undone.");
    expect(copied).not.toContain("can be restored as");
  });

  test("as a page of 10,000 messages keeps most of them closed, and a reason each does not make it longer", async () => {
    const targets = Array.from({ length: 10_000 }, (_, at): TargetDocument => {
      const message = `Exchange said ${at}.`;
      return { ...target, mailbox: `user${at}@example.com`, outcome: { error: { code: "busy", message } } };
    });
    const page = await textOf(reportHtml(sourceOf(targets)));
    expect([...page.matchAll(/<details/g)]).toHaveLength(80);
    expect([...page.matchAll(/<details open>/g)]).toHaveLength(2);
    expect([...page.matchAll(/user9999@example\.com/g)].length).toBeGreaterThan(1);
    expect(wordsOf(page)).toContain("9950 failed Other reasons: the list of messages has them.");
    expect(page.length).toBeLessThan(12_000_000);
  });

  test("as a page shortens a text that would fill it", async () => {
    const page = await textOf(reportHtml(sourceOf([{ ...target, subject: "x".repeat(5000) }])));
    expect(page).toContain("x… [4700 more characters]");
    expect(page).not.toContain("x".repeat(301));
  });

  test("as CSV has one line for each message and no formula", async () => {
    const [head = "", line = "", ...rest] = (await textOf(reportCsv(sourceOf([target])))).split("\r\n");
    expect(rest).toEqual([""]);
    const cells = [...line.matchAll(/"((?:[^"]|"")*)"(?:,|$)/g)].map(([, cell = ""]) => cell.replaceAll('""', '"'));
    expect(cells).toHaveLength(head.split(",").length);
    expect(cells.filter((cell) => /^\s*[=+\-@]/.test(cell))).toEqual([]);
    expect(cells[head.split(",").indexOf("subject")]).toMatch(/^'=HYPERLINK/);
    expect(line).not.toMatch(/[\u0000-\u001f\u202e]/);
  });
});
