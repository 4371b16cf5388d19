import fc from "fast-check";
import { expect, test } from "vitest";
import { cell, record, table } from "../../src/faces/table.ts";
import { width } from "../../src/faces/terminal.ts";

test("a table shows short columns first and names those that have no room", () => {
  const rows = [
    { item_id: "A".repeat(120), subject: "Invoice", size: 12 },
    { item_id: "B".repeat(120), subject: "Re: Invoice", size: 3400 },
  ];
  expect(table(rows, 40)).toBe(
    ["Subject      Size", "───────────  ────", "Invoice      12", "Re: Invoice  3400", "(no room for item_id; --json has them)"].join("\n"),
  );
});

test("no line is wider than the terminal, and no cell breaks its line, whatever the mail says", () => {
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
  [true, "yes"],
  [null, ""],
  [{ deep: { er: 1 } }, '{"deep":{"er":1}}'],
])("%j is shown as %j", (value, shown) => {
  expect(cell(value)).toBe(shown);
});

test("a text of several lines is shown line by line, up to a limit", () => {
  expect(record({ reply: "one\ntwo\u001b\nthree", state: "Enabled" }, 40, 2)).toBe(
    ["Reply  one", "       two␛", "       … (1 more lines; --json has them)", "State  Enabled"].join("\n"),
  );
});
