import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cut, harmless, pad, width, wrap } from "../../../src/faces/cli/terminal.ts";

describe("harmless", () => {
  test.each([
    ["an escape sequence that clears the screen", "\u001b[2J\u001b]0;owned\u0007", "␛[2J␛]0;owned␇"],
    ["a C1 control sequence introducer", "a\u009b31mred", "a<U+009B>31mred"],
    ["a line break that would forge a line", "ok\r\nmailcordon: done", "ok␍␊mailcordon: done"],
    ["DEL and NUL", "a\u007fb\u0000", "a␡b␀"],
    ["a right-to-left override in a file name", "invoice\u202efdp.exe", "invoice<U+202E>fdp.exe"],
    ["isolates and marks", "\u2066a\u2069\u200e\u200f\u061c", "<U+2066>a<U+2069><U+200E><U+200F><U+061C>"],
    ["line and paragraph separators", "a\u2028b\u2029c", "a<U+2028>b<U+2029>c"],
    ["invisible tag characters", "a\u{e0041}", "a<U+E0041>"],
    ["half a surrogate pair", "a\ud800b", "a<U+D800>b"],
  ])("makes %s visible", (_, hostile, shown) => {
    expect(harmless(hostile)).toBe(shown);
  });

  test("leaves every language and emoji as they are", () => {
    const text = "Grüße, Ελλάδα, 日本語, עברית, हिन्दी, 👩‍💻 ✓ …";
    expect(harmless(text)).toBe(text);
  });

  test("passes no control character to a terminal, whatever the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
        expect(harmless(text)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\u061c]/);
      }),
    );
  });
});

describe("width", () => {
  test.each([
    ["abc", 3],
    ["日本語", 6],
    ["한국", 4],
    ["e\u0301", 1],
    ["ｆｕｌｌ", 8],
    ["🎣", 2],
    ["𗀀", 2],
    ["ab\u200bc", 3],
  ])("of %j is %i columns", (text, columns) => {
    expect(width(text)).toBe(columns);
  });

  test("of a cut text never exceeds the columns, and of a padded text equals them", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 60 }), fc.integer({ min: 1, max: 40 }), (text, columns) => {
        expect(width(cut(text, columns))).toBeLessThanOrEqual(columns);
        expect(width(pad(text, columns))).toBe(columns);
      }),
    );
  });

  test("cuts a pile of combining marks although it has no width", () => {
    expect(cut(`a${"\u0301".repeat(10_000)}`, 10).length).toBeLessThan(60);
  });
});

test("a text that fits is not cut, and a longer text ends with an ellipsis", () => {
  expect(cut("abcde", 5)).toBe("abcde");
  expect(cut("abcdef", 5)).toBe("abcd…");
  expect(cut("日本語", 5)).toBe("日本…");
});

test("wrapped lines keep every word and are indented from the second line on", () => {
  expect(wrap("one two three four", 9, "  ")).toBe("one two\n  three\n  four");
});
