import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { linesOf } from "../../src/files/read-lines.ts";

async function linesIn(text: string): Promise<(readonly [string, boolean])[]> {
  const folder = mkdtempSync(join(tmpdir(), "mailcordon-lines-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "file"), text);
  const lines: [string, boolean][] = [];
  for await (const { line, whole } of linesOf(join(folder, "file"))) lines.push([line.toString(), whole]);
  return lines;
}

test("a line ends only with a line feed, which the last one may lack", async () => {
  expect(await linesIn("a\u2028b\u2029c\u0085d\re\n\nf")).toEqual([
    ["a\u2028b\u2029c\u0085d\re", true],
    ["", true],
    ["f", false],
  ]);
  expect(await linesIn("")).toEqual([]);
});

test("a line in many chunks is one line", async () => {
  const long = "ä".repeat(200_000);
  expect(await linesIn(`${long}\n${long}\n`)).toEqual([
    [long, true],
    [long, true],
  ]);
});
