import fc from "fast-check";
import { expect, test } from "vitest";
import { cell, recordText, table } from "../../../src/faces/cli/table.ts";
import { width } from "../../../src/faces/cli/terminal.ts";

test("a table shows short columns first and counts the columns that do not fit", () => {
  const rows = [
    { item_id: "A".repeat(120), subject: "Invoice", size: 12 },
    { item_id: "B".repeat(120), subject: "Re: Invoice", size: 3400 },
  ];
  expect(table(rows, 40)).toBe(
    ["Subject      Size", "───────────  ────────", "Invoice      12 bytes", "Re: Invoice  3.4 KB", "(1 more column: --json)"].join("\n"),
  );
});

test("no line is wider than the terminal and no cell breaks its line, whatever the message contains", () => {
  const hostile = fc.string({ unit: "binary", maxLength: 80 });
  const row = fc.record({ subject: hostile, from: fc.record({ name: hostile, address: hostile }), size: fc.integer() });
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 5 }), fc.integer({ min: 30, max: 120 }), (rows, columns) => {
      const lines = table(rows, columns).split("\n");
      expect(lines.length).toBeLessThanOrEqual(rows.length + 3);
      for (const line of lines) {
        expect(width(line)).toBeLessThanOrEqual(columns);
        expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
      }
    }),
    { numRuns: 50 },
  );
});

test.each([
  [{ name: "Ann", address: "ann@example.com" }, "Ann <ann@example.com>"],
  [{ address: "ann@example.com" }, "ann@example.com"],
  [[{ name: "a.txt" }, { name: "b.txt" }], "a.txt, b.txt"],
  [{ label: "Home", number: "1" }, "Home: 1"],
  ["2026-01-31T12:00:05.000Z", "2026-01-31 12:00:05Z"],
  ["2026-01-31T12:00:05.000Z ", "2026-01-31T12:00:05.000Z "],
  [true, "yes"],
  [null, ""],
  [{ deep: { er: 1 } }, "deep er 1"],
])("%j is shown as %j", (value, shown) => {
  expect(cell(value)).toBe(shown);
});

test("a table shows addresses without display names, and times to the minute", () => {
  expect(cell({ name: "Your Bank", address: "x@example.net" }, true)).toBe("x@example.net");
  expect(cell("2026-01-31T12:00:05Z", true)).toBe("2026-01-31 12:00Z");
});

test("a table cuts its first columns to fit all of them, shows ids whole or not at all, and gives a hash that does not fit its own line", () => {
  const rows = [1, 2].map((number) => ({
    id: "X".repeat(60) + number,
    sha256: `${number}`.repeat(64),
    subject: `${number} words of a long subject`,
    folder: `Inbox/Reports of ${number}`,
  }));
  expect(table(rows, 42, { first: ["subject", "sha256", "folder", "id"], note: false })).toBe(
    [
      "Subject                 Folder",
      "──────────────────────  ──────────────────",
      "1 words of a long sub…  Inbox/Reports of 1",
      `  Sha256  ${"1".repeat(64)}`,
      "2 words of a long sub…  Inbox/Reports of 2",
      `  Sha256  ${"2".repeat(64)}`,
    ].join("\n"),
  );
  expect(table(rows, 120, { first: ["subject", "sha256", "folder"], note: false })).toContain(`Inbox/Reports of 2  ${"2".repeat(64)}`);
});

test("a Message-ID of the first columns is never cut and never left out", () => {
  const rows = ["a", "b"].map((letter) => ({
    subject: `Invoice ${letter}`,
    internet_message_id: `<${letter.repeat(90)}@mail.example.net>`,
  }));
  const text = table(rows, 60, { first: ["subject", "internet_message_id"] });
  for (const { internet_message_id } of rows) expect(text).toContain(`Internet message id  ${internet_message_id}`);
});

test.each([
  [0, "0 bytes"],
  [999, "999 bytes"],
  [3650, "3.6 KB (3650 bytes)"],
  [25_000_000, "25.0 MB (25000000 bytes)"],
])("a size of %i is shown as %s", (size, text) => {
  expect(recordText({ size })).toBe(`Size  ${text}`);
});

test("an id that alone distinguishes the rows is shown whole, even beyond the edge", () => {
  const rows = ["X", "Y"].map((letter) => ({ subject: "Invoice", item_id: letter.repeat(250), size: 1 }));
  const text = table(rows, 60, { first: ["subject", "item_id", "size"] });
  for (const { item_id } of rows) expect(text.split("\n")).toContain(item_id);
  expect(text).not.toContain("…");
  const others = table(
    rows.map((row, at) => ({ internet_message_id: `<${at}@x>`.repeat(30), ...row, size: at + 1 })),
    60,
  );
  expect(others).toContain("2 more columns");
  expect(others).not.toContain("…");
});

test("a table without room prints values that are equal in every row once", () => {
  const rows = ["hr", "it"].map((name) => ({ mailbox: `${name}@example.com`, subject: "Overdue invoice: settle today", folder: "Inbox" }));
  const first = ["mailbox", "subject", "folder"];
  expect(table(rows, 60, { first })).toContain("hr@example.com  Overdue invoice: settle today  Inbox");
  expect(table(rows, 38, { first })).toBe(
    [
      "Mailbox",
      "──────────────",
      "hr@example.com",
      "it@example.com",
      "",
      "In every row:",
      "Subject  Overdue invoice: settle today",
      "Folder   Inbox",
    ].join("\n"),
  );
});

test("a text of several lines is printed line by line, up to a limit", () => {
  expect(recordText({ reply: "one\ntwo\u001b\nthree", state: "Enabled" }, 2)).toBe(
    ["Reply  one", "       two␛", "       … (1 more lines; --json has them)", "State  Enabled"].join("\n"),
  );
});

// They do not fit into the arguments of one call.
test("a table can have 300,000 rows", () => {
  const rows = Array.from({ length: 300_000 }, (_, at) => ({ name: `n${at}` }));
  expect(table(rows, 80).split("\n")).toHaveLength(300_002);
});
