import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const rows = readFileSync(join(root, "SECURITY.md"), "utf8")
  .split("\n")
  .filter((line) => /^\| V\d/.test(line))
  .map((line) => line.split("|").map((cell) => cell.trim()));

describe("the table of promises in SECURITY.md", () => {
  test("has rows, in the order of the chapters of ASVS 5.0", () => {
    const chapters = rows.map(([, chapter = ""]) => Number(/^V(\d+)/.exec(chapter)?.[1]));
    expect(chapters.length).toBeGreaterThan(20);
    expect(chapters).toEqual([...chapters].sort((a, b) => a - b));
  });

  test.each(rows.map(([, , promise = "", link = "", title = ""]) => [promise, link, title] as const))(
    "names an existing test: %s",
    (_, link, title) => {
      const [, shown = "", path = ""] = /^\[(.+)\]\((.+)\)$/.exec(link) ?? [];
      expect(shown).toBe(path);
      expect(path).toMatch(/^test\/.*\.test\.ts$/);
      expect([path, existsSync(join(root, path))]).toEqual([path, true]);
      expect(title.length).toBeGreaterThan(10);
      expect(readFileSync(join(root, path), "utf8")).toContain(title);
    },
  );
});
