import { describe, expect, test } from "vitest";
import { reportCsv, reportHtml, type SweepDocument, type TargetDocument } from "../../src/sweeps/report.ts";

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
};
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
  counts: { messages: 1, mailboxes: 1, examined: 1, unexamined: 1, waiting: 0, unknown: 0, done: 0, failed: 1, changed: 0, gone: 0 },
  unexamined: [{ mailbox: hostile, code: "busy", message: hostile }],
  left_alone: [hostile],
  cannot_be_undone: [hostile],
  planned_by: hostile,
  planned_at: "2026-11-30T12:00:00.000Z",
};

describe("the report of a sweep", () => {
  test("as a page loads and runs nothing that a message says", () => {
    const page = reportHtml(hostile, sweep, [target]);
    const tags = [...page.matchAll(/<\/?([a-z!][a-z0-9]*)/gi)].map(([, name]) => name?.toLowerCase());
    expect(new Set(tags)).toEqual(
      new Set([
        ...["!doctype", "html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "code", "ul", "li"],
        ...["table", "thead", "tbody", "tr", "th", "td"],
      ]),
    );
    expect(page).toContain("default-src 'none'");
    expect(page).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
    expect(page).not.toMatch(/[\u0000\u202e\r]/);
    expect(page).not.toMatch(/\s(?:src|href|on[a-z]+)\s*=\s*["']/i);
  });

  test("as CSV has one line for each message and no formula", () => {
    const [head = "", line = "", ...rest] = reportCsv([target]).split("\r\n");
    expect(rest).toEqual([""]);
    const cells = [...line.matchAll(/"((?:[^"]|"")*)"(?:,|$)/g)].map(([, cell = ""]) => cell.replaceAll('""', '"'));
    expect(cells).toHaveLength(head.split(",").length);
    expect(cells.filter((cell) => /^\s*[=+\-@]/.test(cell))).toEqual([]);
    expect(cells[head.split(",").indexOf("subject")]).toMatch(/^'=HYPERLINK/);
    expect(line).not.toMatch(/[\u0000-\u001f\u202e]/);
  });
});
