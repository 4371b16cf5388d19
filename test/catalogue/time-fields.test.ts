import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isRelative, utc } from "../../src/catalogue/time-fields.ts";

const now = new Date("2026-03-01T10:30:00.000Z");

test.each([
  ["2026-01-31T12:00:00Z", "2026-01-31T12:00:00.000Z"],
  ["2026-01-31 12:00", "2026-01-31T12:00:00.000Z"],
  ["2026-01-31T12:00:00.123456789+02:00", "2026-01-31T10:00:00.123Z"],
  ["2026-01-31", "2026-01-31T00:00:00.000Z"],
  ["2026-01-31 Z", "2026-01-31T00:00:00.000Z"],
  ["2026/01/31 09:05", "2026-01-31T09:05:00.000Z"],
  ["31.1.2026", "2026-01-31T00:00:00.000Z"],
  ["31 Jan 2026 14:00", "2026-01-31T14:00:00.000Z"],
  ["1 September 2026", "2026-09-01T00:00:00.000Z"],
  ["31-Jan-2026", "2026-01-31T00:00:00.000Z"],
  ["January 31, 2026, 2:05 pm", "2026-01-31T14:05:00.000Z"],
  ["Jan 31 2026 12:05 am", "2026-01-31T00:05:00.000Z"],
  ["Sat, 31 Jan 2026 10:20:50 +0100 (CET)", "2026-01-31T09:20:50.000Z"],
  ["Sat, 31 Jan 2026 10:20:50 GMT", "2026-01-31T10:20:50.000Z"],
  ["24h", "2026-02-28T10:30:00.000Z"],
  ["30 minutes ago", "2026-03-01T10:00:00.000Z"],
  ["2w", "2026-02-15T10:30:00.000Z"],
  ["1 day", "2026-02-28T10:30:00.000Z"],
  ["now", "2026-03-01T10:30:00.000Z"],
  ["today", "2026-03-01T00:00:00.000Z"],
  ["Yesterday 18:00 +01:00", "2026-02-28T17:00:00.000Z"],
])("%s is %s", (text, expected) => {
  expect(utc(text, now)).toBe(expected);
});

test.each([
  "01/02/2026",
  "31 Feb 2026",
  "2026-13-01",
  "2026-01-31 25:00",
  "2026-01-31 12:60",
  "2026-01-31 13:00 pm",
  "2026-01-31T12:00:00+99:00",
  "24",
  "24x",
  "999999999w",
  "tomorrow",
  "",
  "12:00",
])("%s is not a time", (text) => {
  expect(utc(text, now)).toBeUndefined();
});

describe("a time", () => {
  test("in ISO 8601 is read as Date reads it", () => {
    const some = fc.date({ min: new Date("1990-01-01"), max: new Date("2099-12-31"), noInvalidDate: true });
    fc.assert(fc.property(some, (date) => utc(date.toISOString()) === date.toISOString()));
  });

  test("of any text is a time or undefined, and costs linear time", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 64 }), (text) => {
        const found = utc(text, now);
        expect(found === undefined || !Number.isNaN(Date.parse(found))).toBe(true);
      }),
    );
    expect(utc(`1${" ".repeat(1_000_000)}x`, now)).toBeUndefined();
  });

  test.each([
    ["24h", true],
    ["today 12:00", true],
    ["now", true],
    ["2026-01-31", false],
  ])("%s depends on the clock: %s", (text, expected) => {
    expect(isRelative(text)).toBe(expected);
  });
});
