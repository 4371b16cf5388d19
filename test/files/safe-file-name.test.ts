import fc from "fast-check";
import { expect, test } from "vitest";
import { safeFileName, withSuffix } from "../../src/files/safe-file-name.ts";

test.each([
  ["report.pdf", "report.pdf"],
  ["../../etc/passwd", "_.._etc_passwd"],
  ["..\\..\\boot.ini", "_.._boot.ini"],
  ["C:\\Windows\\x.exe", "C__Windows_x.exe"],
  ["a\u0000b.txt", "ab.txt"],
  ["a\r\nb.txt", "ab.txt"],
  ["\u202Efdp.exe", "fdp.exe"],
  ["a\u2066b\u200bc.txt", "abc.txt"],
  [".bashrc", "bashrc"],
  ["...", "x"],
  ["-rf", "_rf"],
  ["name. . .", "name"],
  ["CON", "_CON"],
  ["con.txt", "_con.txt"],
  ["Com1 .log", "_Com1 .log"],
  ["LPT\u00b9", "_LPT\u00b9"],
  ["console.txt", "console.txt"],
  ["", "x"],
  ["   ", "x"],
  ["???", "x"],
  ["\ud800a", "_a"],
  ["R\u00e9sum\u00e9 \ud83d\ude00.doc", "R\u00e9sum\u00e9 \ud83d\ude00.doc"],
])("%j becomes %j", (text, expected) => {
  expect(safeFileName(text, "x")).toBe(expected);
});

test("a long name is cut to 255 bytes, not characters, and keeps its extension whole", () => {
  const name = safeFileName(`${"\u65e5".repeat(200)}.docx`, "x");
  expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
  expect(Buffer.byteLength(name)).toBeGreaterThan(250);
  expect(name).toMatch(/^\u65e5+\.docx$/);
});

// Looked for from each of its characters on, the end of such a run takes minutes.
test.each([".", " ", ". "])("a name with a megabyte of %j in its middle is cut like any other", (filler) => {
  const name = safeFileName(`a${filler.repeat(1_000_000)}x.txt`, "x");
  expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
  expect(name).toMatch(/^a.*\.txt$/);
});

test("a suffix is put before the extension, and the name still fits", () => {
  expect(withSuffix("a.eml", "-1234")).toBe("a-1234.eml");
  expect(withSuffix("README", "-1234")).toBe("README-1234");
  const long = withSuffix(safeFileName(`${"x".repeat(300)}.eml`, "x"), "-1234");
  expect(Buffer.byteLength(long)).toBe(255);
  expect(long).toMatch(/-1234\.eml$/);
});

const hostile = fc.oneof(
  fc.string({ unit: "binary", maxLength: 400 }),
  fc
    .array(fc.constantFrom("..", "/", "\\", ".", " ", "\u0000", "\u202e", "CON", "a", ".txt", "\ud83d\ude00", "-", ":", "\u3000"), {
      maxLength: 200,
    })
    .map((parts) => parts.join("")),
);

test("any name from a message becomes one harmless file name", () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const name = safeFileName(text, "fallback");
      expect(name).not.toBe("");
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
      expect(name).not.toMatch(/[\p{Cc}\p{Cf}\p{Surrogate}\p{Zl}\p{Zp}<>:"/\\|?*]/u);
      expect(name).not.toMatch(/^[.\s-]|[.\s]$/);
      expect(name).not.toMatch(/^(con|prn|aux|nul|com\d|lpt\d)\s*(\.|$)/i);
    }),
    { numRuns: 1000 },
  );
});

test("a safe name is unchanged", () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const once = safeFileName(text, "fallback");
      expect(safeFileName(once, "fallback")).toBe(once);
    }),
    { numRuns: 1000 },
  );
});

// To bring them into Unicode's order takes minutes.
test("a name with a megabyte of marks on one letter is cut like any other", () => {
  const name = safeFileName(`a${"\u0301\u0316".repeat(250_000)}.txt`, "x");
  expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
  expect(name).toMatch(/^a.*\.txt$/s);
});
