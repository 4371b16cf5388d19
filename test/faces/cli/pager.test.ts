import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, expect, test } from "vitest";
import { page } from "../../../src/faces/cli/pager.ts";

const folder = mkdtempSync(join(tmpdir(), "mailcordon-pager-"));
afterAll(() => rmSync(folder, { recursive: true }));
const long = Array.from({ length: 40 }, (_, at) => `line ${at}`).join("\n");
const shown = async (text: string, environment: NodeJS.ProcessEnv, rows = 24) => {
  let out = "";
  const output = { isTTY: true, rows, write: (written: string) => (out += written) };
  await page(
    text,
    { stdin: new PassThrough(), stdout: output, stderr: output, signal: new AbortController().signal },
    { PATH: process.env.PATH, ...environment },
  );
  return out;
};
const file = join(folder, "shown");

test("a text longer than the terminal goes to the pager, a command of the shell, and nowhere else", async () => {
  expect(await shown(long, { PAGER: `cat - > ${file}` })).toBe("");
  expect(readFileSync(file, "utf8")).toBe(`${long}\n`);
});

test("MAILCORDON_PAGER takes precedence over PAGER", async () => {
  expect(await shown(long, { PAGER: "false", MAILCORDON_PAGER: `tr a-z A-Z > ${file}` })).toBe("");
  expect(readFileSync(file, "utf8")).toContain("LINE 39");
});

test.each([
  ["a text that fits", "short", { PAGER: "exit 1" }],
  ["an empty variable", long, { PAGER: "" }],
  ["cat", long, { PAGER: "cat" }],
  ["a pager that is not there", long, { PAGER: "no-such-pager-here 2>/dev/null" }],
])("with %s the text is written at once", async (_, text, environment) => {
  expect(await shown(text, environment)).toBe(`${text}\n`);
});

test("a pager that is left early is no failure", async () => {
  expect(await shown(`${long}\n`.repeat(20_000), { PAGER: "true" })).toBe("");
});
